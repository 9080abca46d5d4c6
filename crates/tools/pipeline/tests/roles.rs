//! `infra/environment.yaml`'s roles allow what deploying `infra/infra.yaml` needs and nothing else. Also their trust
//! policies, and what `infra/bootstrap.yaml`'s bucket refuses.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

#[path = "roles/needs.rs"]
mod needs;
#[path = "roles/policies.rs"]
mod policies;

use std::collections::BTreeSet;

use cfn::Template;
use iam::{Effect, Policy};
use needs::{Need, needs};
use policies::{Environment, STAGING, allows, infra, policy_documents};

const PRODUCTION: Environment = Environment("contact-sheet-production", true);

#[test]
fn cloudformation_may_make_and_read_every_resource_of_the_template() {
    let cloudformation = STAGING.role("CloudFormationRole");
    let deploy = STAGING.role("DeployRole");
    let needs = needs(&STAGING);
    for need in &needs {
        let Need { kind, action, .. } = need;
        assert!(need.is_allowed(&cloudformation), "{kind}: {action}");
        // Drift detection uses the permissions of its caller.
        let may = need.is_allowed(&deploy);
        if need.reads {
            assert!(may, "drift of {kind}: {action}");
        } else if !needs::only_reads(action) {
            assert!(!may, "the pipeline itself, {kind}: {action}");
        }
    }
}

/// Allowed although no handler lists them.
const BESIDE_THE_HANDLERS: [&str; 2] = [
    // Tracing, which AWS::ApiGateway::Stage's handlers do not mention.
    "iam:CreateServiceLinkedRole",
    "iam:PutRolePermissionsBoundary",
];

#[test]
fn cloudformation_may_change_nothing_else() {
    let needs = needs(&STAGING);
    let mut needed: BTreeSet<&str> = needs.iter().map(|need| need.action.as_str()).collect();
    needed.extend(BESIDE_THE_HANDLERS);
    let policies = STAGING.role("CloudFormationRole");
    let statements = policies[0]
        .statements()
        .iter()
        .filter(|statement| statement.effect() == Effect::Allow);
    let superfluous: Vec<&String> = statements
        .flat_map(iam::Statement::actions)
        .filter(|action| !needed.contains(action.as_str()))
        .collect();
    assert!(superfluous.is_empty(), "{superfluous:?}");
}

/// What cannot be separated by name, because AWS generates the name or has no resource for the action. Two accounts
/// separate it.
const NOT_BY_NAME: [&str; 3] = [
    "apigateway:",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
];

#[test]
fn an_environment_cannot_change_another() {
    let roles = ["CloudFormationRole", "DeployRole"].map(|role| (role, STAGING.role(role)));
    let mut refused = 0;
    for need in needs(&PRODUCTION) {
        let Need { kind, action, .. } = &need;
        let not_by_name = NOT_BY_NAME.iter().any(|prefix| action.starts_with(prefix));
        // A mapping is tagged by its id, which Lambda generates.
        let mapping_tags = kind == "AWS::Lambda::EventSourceMapping"
            && ["lambda:TagResource", "lambda:UntagResource"].contains(&action.as_str());
        let shared = kind == "AWS::CloudWatch::Dashboard"
            || mapping_tags
            || need.resource.contains(":::contact-sheet-artifacts/");
        if not_by_name || shared || needs::only_reads(action) {
            continue;
        }
        for (role, policies) in &roles {
            assert!(
                !need.is_allowed(policies),
                "{role} of staging, {kind}: {action}"
            );
        }
        refused += 1;
    }
    assert!(refused > 40, "{refused} are few");
}

#[test]
fn the_pipeline_changes_its_own_stack_through_cloudformations_role_only() {
    let policies = STAGING.role("DeployRole");
    let role = STAGING.arn("CloudFormationRole");
    let stack =
        |name: &str| format!("arn:aws:cloudformation:us-east-1:123456789012:stack/{name}/x");
    let own = stack("contact-sheet-staging");
    let by_role = [("cloudformation:RoleArn", role.as_str())];
    let by_other = [(
        "cloudformation:RoleArn",
        "arn:aws:iam::123456789012:role/Admin",
    )];
    for action in [
        "cloudformation:CreateChangeSet",
        "cloudformation:DeleteStack",
    ] {
        assert!(allows(&policies, action, &own, &by_role), "{action}");
        assert!(!allows(&policies, action, &own, &by_other), "{action}");
        assert!(!allows(&policies, action, &own, &[]), "{action}");
    }
    for other in [
        "contact-sheet-production",
        "contact-sheet-bootstrap",
        "contact-sheet-roles-staging",
    ] {
        for action in [
            "CreateChangeSet",
            "DeleteStack",
            "ExecuteChangeSet",
            "DeleteChangeSet",
        ] {
            let action = format!("cloudformation:{action}");
            assert!(
                !allows(&policies, &action, &stack(other), &by_role),
                "{action} on {other}"
            );
        }
    }
    assert!(allows(
        &policies,
        "cloudformation:ExecuteChangeSet",
        &own,
        &[]
    ));
    let roles = stack("contact-sheet-roles-staging");
    assert!(allows(
        &policies,
        "cloudformation:DescribeStacks",
        &roles,
        &[]
    ));
    let to = |service| [("iam:PassedToService", service)];
    assert!(allows(
        &policies,
        "iam:PassRole",
        &role,
        &to("cloudformation.amazonaws.com")
    ));
    assert!(!allows(
        &policies,
        "iam:PassRole",
        &role,
        &to("lambda.amazonaws.com")
    ));
    let others = PRODUCTION.arn("CloudFormationRole");
    assert!(!allows(
        &policies,
        "iam:PassRole",
        &others,
        &to("cloudformation.amazonaws.com")
    ));
    let zip = "arn:aws:s3:::contact-sheet-artifacts/create-thumbnail-1.zip";
    for action in ["s3:GetObject", "s3:PutObject"] {
        assert!(allows(&policies, action, zip, &[]), "{action}");
    }
    for action in [
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:PutObjectAcl",
        "s3:PutBucketPolicy",
    ] {
        assert!(!allows(&policies, action, zip, &[]), "{action}");
    }
}

#[test]
fn the_system_tests_can_call_the_api_and_nothing_else() {
    let policies = STAGING.role("ProofRole");
    let api = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/v1/PUT/images/x";
    assert!(allows(&policies, "execute-api:Invoke", api, &[]));
    let other = "arn:aws:execute-api:us-east-1:123456789012:z1b2c3d4e5/v1/PUT/images/x";
    assert!(
        !allows(&policies, "execute-api:Invoke", other, &[]),
        "with an ApiId"
    );
    let actions: Vec<&String> = policies
        .iter()
        .flat_map(Policy::statements)
        .flat_map(iam::Statement::actions)
        .collect();
    assert_eq!(actions, ["execute-api:Invoke"]);
    let role = infra("environment.yaml");
    let role = policies::resource(&role, "ProofRole");
    assert!(
        role.get("Properties")
            .unwrap()
            .get("ManagedPolicyArns")
            .is_none()
    );
}

#[test]
fn a_role_is_made_within_the_boundary_and_cannot_lose_it() {
    let policies = STAGING.role("CloudFormationRole");
    let role = "arn:aws:iam::123456789012:role/contact-sheet-staging-ApiUploadRole-x";
    let boundary = STAGING.arn("PermissionsBoundary");
    let within = [("iam:PermissionsBoundary", boundary.as_str())];
    let wider = [(
        "iam:PermissionsBoundary",
        "arn:aws:iam::aws:policy/AdministratorAccess",
    )];
    for action in [
        "iam:CreateRole",
        "iam:PutRolePolicy",
        "iam:PutRolePermissionsBoundary",
    ] {
        assert!(allows(&policies, action, role, &within), "{action}");
        assert!(!allows(&policies, action, role, &wider), "{action}");
        assert!(!allows(&policies, action, role, &[]), "{action}");
    }
    assert!(!allows(
        &policies,
        "iam:DeleteRolePermissionsBoundary",
        role,
        &within
    ));
    assert!(!allows(&policies, "iam:AttachRolePolicy", role, &within));
}

/// Otherwise the template's roles could not do what their policies allow.
#[test]
fn the_boundary_has_every_action_of_the_templates_roles() {
    let boundary = STAGING.boundary();
    let allowed: BTreeSet<&String> = boundary
        .statements()
        .iter()
        .flat_map(iam::Statement::actions)
        .collect();
    let template = infra("infra.yaml");
    let mut seen = 0;
    for action in policies::actions_of_roles(&template) {
        assert!(allowed.contains(&action), "{action}");
        seen += 1;
    }
    assert!(seen > 10, "{seen} actions");
}

#[test]
fn no_role_changes_the_roles_of_the_environment() {
    let boundary = STAGING.arn("PermissionsBoundary");
    for policies in ["CloudFormationRole", "DeployRole"].map(|role| STAGING.role(role)) {
        for own in [
            "CloudFormationRole",
            "DeployRole",
            "ProofRole",
            "PermissionsBoundary",
        ]
        .map(|id| STAGING.arn(id))
        {
            for action in [
                "PutRolePolicy",
                "UpdateAssumeRolePolicy",
                "DeleteRole",
                "CreatePolicyVersion",
            ] {
                let action = format!("iam:{action}");
                let context = [("iam:PermissionsBoundary", boundary.as_str())];
                assert!(
                    !allows(&policies, &action, &own, &context),
                    "{action} on {own}"
                );
            }
        }
    }
    // Also if the name of the roles' stack begins with the environment's name.
    let near = "arn:aws:iam::123456789012:role/contact-sheet-roles-staging-DeployRole-x";
    let policies = Environment("contact-sheet-roles", true).role("CloudFormationRole");
    let to_lambda = [("iam:PassedToService", "lambda.amazonaws.com")];
    assert!(!allows(&policies, "iam:PassRole", near, &to_lambda));
    assert!(!allows(&policies, "iam:DeleteRole", near, &[]));
}

#[test]
fn an_api_is_traced_by_its_own_service_linked_role() {
    let policies = STAGING.role("CloudFormationRole");
    let role = |service: &str| {
        format!("arn:aws:iam::123456789012:role/aws-service-role/{service}/AWSServiceRoleForX")
    };
    for (service, may) in [
        ("ops.apigateway.amazonaws.com", true),
        ("lambda.amazonaws.com", false),
    ] {
        let context = [("iam:AWSServiceName", service)];
        let allowed = allows(
            &policies,
            "iam:CreateServiceLinkedRole",
            &role(service),
            &context,
        );
        assert_eq!(allowed, may, "{service}");
    }
}

/// Their ids are not known in advance, so permission to read one is permission to read all.
#[test]
fn api_keys_are_not_granted_where_the_stack_has_none() {
    let without = Environment("contact-sheet-staging", false);
    for (environment, may) in [(&STAGING, true), (&without, false)] {
        for role in ["CloudFormationRole", "DeployRole"] {
            for kind in ["apikeys/x", "usageplans/x"] {
                let key = format!("arn:aws:apigateway:us-east-1::/{kind}");
                let policies = environment.role(role);
                assert_eq!(
                    allows(&policies, "apigateway:GET", &key, &[]),
                    may,
                    "{role}: {kind}"
                );
            }
        }
    }
}

/// The trust policy is text, which no linter checks.
#[test]
fn each_role_of_the_pipeline_trusts_one_service_connection() {
    for (role, subject) in [
        ("DeployRole", "DeploySubject"),
        ("ProofRole", "ProofSubject"),
    ] {
        let trust = STAGING.trust(role);
        assert_eq!(trust["Statement"].as_array().unwrap().len(), 1);
        let statement = &trust["Statement"][0];
        assert_eq!(statement["Action"], "sts:AssumeRoleWithWebIdentity");
        assert_eq!(
            statement["Principal"]["Federated"],
            "arn:aws:iam::123456789012:oidc-provider/vstoken.dev.azure.com/1"
        );
        assert_eq!(
            statement["Condition"],
            serde_json::json!({"StringEquals": {
                "vstoken.dev.azure.com/1:aud": "api://AzureADTokenExchange",
                "vstoken.dev.azure.com/1:sub": format!("value of {subject}"),
            }})
        );
    }
}

#[test]
fn the_artifacts_bucket_refuses_to_replace_an_object() {
    let document = policies::bucket_policy();
    let policy = Policy::resource_based(&document).unwrap();
    let writes = |context: &[(&str, &str)], key: &str| {
        let everything = serde_json::json!({"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]});
        let identity = Policy::identity_based(&everything).unwrap();
        let object = format!("arn:aws:s3:::contact-sheet-artifacts/{key}");
        let context = [&[("aws:SecureTransport", "true")], context].concat();
        policies::decides(
            &[identity],
            std::slice::from_ref(&policy),
            "s3:PutObject",
            &object,
            &context,
        )
    };
    let creates = ("s3:ObjectCreationOperation", "true");
    let zip = "create-thumbnail-1.zip";
    assert!(writes(&[creates, ("s3:if-none-match", "*")], zip));
    assert!(!writes(&[creates], zip), "without If-None-Match");
    // CreateMultipartUpload and UploadPart.
    assert!(writes(&[("s3:ObjectCreationOperation", "false")], zip));
    assert!(writes(&[creates], "by-hand/0123.template"));
    assert!(!writes(
        &[
            creates,
            ("s3:if-none-match", "*"),
            ("aws:SecureTransport", "false")
        ],
        zip
    ));
}

/// A role's inline policies may have 10,240 characters together, a managed policy 6,144, white space not counted (IAM guide,
/// "IAM and AWS STS quotas").
#[test]
fn policies_fit_iams_quotas() {
    let size = |document: &serde_json::Value| document.to_string().len();
    for role in ["CloudFormationRole", "DeployRole", "ProofRole"] {
        let inline: usize = policy_documents(&STAGING, role).iter().map(size).sum();
        assert!(inline <= 10_240, "{role}: {inline}");
    }
    for managed in ["ReadPolicy", "PermissionsBoundary"] {
        let size = size(&STAGING.managed(managed));
        assert!(size <= 6_144, "{managed}: {size}");
    }
}

/// The alarms that a deployment is watched by are in the template.
#[test]
fn every_alarm_that_a_deployment_watches_is_there() {
    let script = std::fs::read_to_string(policies::root().join(".ci/before-deploy")).unwrap();
    let watched = script
        .lines()
        .find_map(|line| line.strip_prefix("watched=\""))
        .unwrap();
    let watched: Vec<&str> = watched.trim_end_matches('"').split(' ').collect();
    assert!(
        (1..=5).contains(&watched.len()),
        "CloudFormation watches five at most"
    );
    let text = std::fs::read_to_string(policies::root().join("infra/infra.yaml")).unwrap();
    let template = Template::parse("infra.yaml", &text).unwrap();
    for alarm in watched {
        let found = template.resource_types().find(|(id, ..)| *id == alarm);
        assert_eq!(
            found.map(|(_, kind, _)| kind),
            Some("AWS::CloudWatch::Alarm"),
            "{alarm}"
        );
    }
}
