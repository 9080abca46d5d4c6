use std::collections::BTreeSet;

use super::*;

const TEMPLATE: &str = "\
Mappings:
  Errors:
    S3:
      Read: |-
        $c
        $d
      Word: e
Resources:
  Topic:
    Type: AWS::SNS::Topic
    DeletionPolicy: Retain
  TopicPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      PolicyDocument:
        Statement:
          - Sid: One
            Action: sns:Publish
            Condition:
              ArnEquals:
                aws:SourceArn: a
              StringEquals:
                aws:SourceAccount: b
          - Sid: Two
            Action: sns:*
            Condition:
              Bool:
                aws:SecureTransport: false
  Subscription:
    Type: AWS::SNS::Subscription
    DependsOn: [TopicPolicy, Mapping]
    Properties:
      Protocol: lambda
      RedrivePolicy:
        deadLetterTargetArn: q
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    DependsOn: TopicPolicy
    Properties:
      BatchSize: 1
      ScalingConfig:
        MaximumConcurrency: 5
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 360
      RedrivePolicy:
        maxReceiveCount: 1
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      LifecycleConfiguration:
        Rules:
          - Id: First
            Status: Enabled
          # and another
          - Id: Second
            Status: Enabled
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - Action: sts:AssumeRole
      Policies:
        - PolicyName: does
          PolicyDocument:
            Statement:
              - Sid: Write
                Action:
                  - s3:PutObject
                  # and back
                  - s3:DeleteObject
                Resource: x
              - Sid: Read
                Action: s3:GetObject
              - {Sid: Both, Action: [s3:GetObject, s3:ListBucket]}
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body:
        x-amazon-apigateway-gateway-responses:
          DEFAULT_4XX:
            responseTemplates:
              application/json: '{}'
        paths:
          /x:
            options:
              security: []
            get:
              security: !If [UsesIam, [sigv4: []], []]
              x-amazon-apigateway-request-validator: parameters
              responses:
                \"200\": {}
              x-amazon-apigateway-integration:
                requestParameters:
                  a: b
                  c: d
                requestTemplates:
                  application/json: !Sub |
                    ## a comment
                    #set($a = 1)

                    $a
                  text/plain: |-
                    {
                      $b
                    }
                responses:
                  \"200\":
                    statusCode: 200
                  default:
                    statusCode: 502
                    responseParameters:
                      h: v
";

fn all() -> Vec<Mutant> {
    mutants(TEMPLATE).unwrap()
}

fn json(text: &str) -> serde_json::Value {
    Node::parse(text).unwrap().to_json()
}

/// The template without the value at a JSON pointer.
fn without(pointer: &str) -> serde_json::Value {
    let mut whole = json(TEMPLATE);
    let (owner, last) = pointer.rsplit_once('/').unwrap();
    match whole.pointer_mut(owner).unwrap() {
        serde_json::Value::Array(all) => drop(all.remove(last.parse().unwrap())),
        serde_json::Value::Object(all) => drop(all.remove(&last.replace('~', "/")).unwrap()),
        other => panic!("{other}"),
    }
    whole
}

fn mutant(id: &str) -> serde_json::Value {
    let all = all();
    let mutant = all.iter().find(|mutant| mutant.id == id);
    let mutant = mutant.unwrap_or_else(|| panic!("{id} is not among {:#?}", ids()));
    json(&mutant.text)
}

fn ids() -> Vec<String> {
    all().into_iter().map(|mutant| mutant.id).collect()
}

#[test]
fn each_part_is_removed_once() {
    let expected = [
        "Errors S3 Read:1: $c",
        "Errors S3 Read:2: $d",
        "Topic.DeletionPolicy",
        "TopicPolicy",
        "TopicPolicy.One",
        "TopicPolicy.One.ArnEquals aws:SourceArn",
        "TopicPolicy.One.StringEquals aws:SourceAccount",
        "TopicPolicy.Two",
        "TopicPolicy.Two.Bool aws:SecureTransport",
        "Subscription",
        "Subscription.RedrivePolicy",
        "Mapping",
        "Mapping.ScalingConfig",
        "Queue.RedrivePolicy",
        "Bucket.First",
        "Bucket.Second",
        "Role.trust",
        "Role.does",
        "Role.Write",
        "Role.Write.s3:PutObject",
        "Role.Write.s3:DeleteObject",
        "Role.Read",
        "Role.Both",
        "Role.Both.s3:GetObject",
        "Role.Both.s3:ListBucket",
        "DEFAULT_4XX",
        "DEFAULT_4XX responseTemplates: application/json: '{}'",
        "/x get security",
        "/x get request validator",
        "/x get a",
        "/x get c",
        "/x get requestTemplates:2: #set($a = 1)",
        "/x get requestTemplates:4: $a",
        "/x get requestTemplates:1: {",
        "/x get requestTemplates:2: $b",
        "/x get requestTemplates:3: }",
        "/x get 200",
        "/x get default",
        "/x get default h",
    ];
    assert_eq!(ids(), expected);
    let texts: BTreeSet<String> = all().into_iter().map(|mutant| mutant.text).collect();
    assert_eq!(texts.len(), expected.len(), "two mutants are the same");
}

#[test]
fn a_mutant_lacks_what_its_name_says_and_nothing_else() {
    let statements = "/Resources/TopicPolicy/Properties/PolicyDocument/Statement";
    let policy = "/Resources/Role/Properties/Policies/0/PolicyDocument/Statement";
    let integration =
        "/Resources/Api/Properties/Body/paths/~1x/get/x-amazon-apigateway-integration";
    for (id, pointer) in [
        (
            "Topic.DeletionPolicy",
            "/Resources/Topic/DeletionPolicy".to_owned(),
        ),
        ("TopicPolicy.One", format!("{statements}/0")),
        ("TopicPolicy.Two", format!("{statements}/1")),
        (
            "TopicPolicy.One.StringEquals aws:SourceAccount",
            format!("{statements}/0/Condition/StringEquals"),
        ),
        (
            "TopicPolicy.Two.Bool aws:SecureTransport",
            format!("{statements}/1/Condition"),
        ),
        (
            "Subscription.RedrivePolicy",
            "/Resources/Subscription/Properties/RedrivePolicy".to_owned(),
        ),
        (
            "Mapping.ScalingConfig",
            "/Resources/Mapping/Properties/ScalingConfig".to_owned(),
        ),
        (
            "Bucket.Second",
            "/Resources/Bucket/Properties/LifecycleConfiguration/Rules/1".to_owned(),
        ),
        (
            "/x get security",
            "/Resources/Api/Properties/Body/paths/~1x/get/security".to_owned(),
        ),
        (
            "Role.does",
            "/Resources/Role/Properties/Policies".to_owned(),
        ),
        ("Role.Write.s3:PutObject", format!("{policy}/0/Action/0")),
        ("Role.Write.s3:DeleteObject", format!("{policy}/0/Action/1")),
        ("Role.Read", format!("{policy}/1")),
        ("Role.Both", format!("{policy}/2")),
        ("Role.Both.s3:GetObject", format!("{policy}/2/Action/0")),
        ("Role.Both.s3:ListBucket", format!("{policy}/2/Action/1")),
        ("/x get a", format!("{integration}/requestParameters/a")),
        ("/x get 200", format!("{integration}/responses/200")),
        (
            "/x get default h",
            format!("{integration}/responses/default/responseParameters"),
        ),
    ] {
        assert_eq!(mutant(id), without(&pointer), "{id}");
    }
}

#[test]
fn nothing_depends_on_a_removed_resource() {
    let gone = mutant("TopicPolicy");
    assert_eq!(gone["Resources"].get("TopicPolicy"), None);
    assert_eq!(
        gone["Resources"]["Subscription"]["DependsOn"],
        serde_json::json!(["Mapping"])
    );
    assert_eq!(gone["Resources"]["Mapping"].get("DependsOn"), None);
}

#[test]
fn a_role_that_nobody_may_assume_is_still_a_role() {
    let document =
        &mutant("Role.trust")["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"];
    assert_eq!(*document, serde_json::json!({"Statement": []}));
}

#[test]
fn a_template_loses_one_line() {
    let mutant = mutant("/x get requestTemplates:2: #set($a = 1)");
    let template = &mutant["Resources"]["Api"]["Properties"]["Body"]["paths"]["/x"]["get"]["x-amazon-apigateway-integration"]
        ["requestTemplates"]["application/json"]["Fn::Sub"];
    assert_eq!(*template, "## a comment\n\n$a\n");
}

#[test]
fn a_template_without_its_first_line_is_as_deep_as_it_was() {
    let mutant = mutant("/x get requestTemplates:1: {");
    let template = &mutant["Resources"]["Api"]["Properties"]["Body"]["paths"]["/x"]["get"]["x-amazon-apigateway-integration"]
        ["requestTemplates"]["text/plain"];
    assert_eq!(*template, "  $b\n}");
}

#[test]
fn every_mutant_of_the_shipped_template_is_different() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../infra/infra.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let mutants = mutants(&text).unwrap();
    assert!(mutants.len() > 400, "{}", mutants.len());
    let mut seen = BTreeSet::from([text]);
    for mutant in mutants {
        // The others are whole lines, and parsing all of them takes long.
        let parsed = mutant
            .kind
            .is_permission()
            .then(|| Node::parse(&mutant.text));
        assert!(
            !matches!(parsed, Some(Err(_))),
            "{} leaves no YAML",
            mutant.id
        );
        assert!(seen.insert(mutant.text), "{} appears twice", mutant.id);
    }
}
