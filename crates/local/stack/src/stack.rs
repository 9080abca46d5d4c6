//! A stack: the template's resources, running.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use local_s3::Store;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::access::{AccessControl, Credentials};
use crate::api_port::{ApiAuthorizer, ApiPort, IntegrationBackend};
use crate::aws_port::{AwsPort, S3AccessAdapter};
use crate::cloudformation::CloudFormation;
use crate::command_line::Options;
use crate::data_folder::DataFolder;
use crate::dynamodb::Tables;
use crate::environment::{ACCOUNT, REGION};
use crate::function_calls::FunctionCalls;
use crate::gallery_page::GalleryPage;
use crate::lambda::{Host, Lambda, artifact};
use crate::notifications::Notifications;
use crate::origin_policy::OriginPolicy;
use crate::rekognition::Rekognition;
use crate::resources::Resources;
use crate::resources::names::Names;
use crate::resources::s3::BucketPolicy;
use crate::sns::Topics;
use crate::sqs::Queues;
use crate::stage::Stage;
use crate::{parameters, private_files, server};

const STACK: &str = "contact-sheet";

/// A running stack; dropping it stops it.
pub struct Stack {
    /// `http://127.0.0.1:8080/v1`
    pub api_url: String,
    /// Whether the API's address serves the gallery page.
    pub has_gallery: bool,
    /// `http://127.0.0.1:4566`
    pub aws_url: String,
    /// The keys of the local administrator.
    pub credentials: Credentials,
    /// The keys of each role's session, by the role's logical id.
    pub roles: BTreeMap<String, Credentials>,
    /// The value of `x-api-key`, if the API requires one.
    pub api_key: Option<String>,
    /// True if the API requires signatures.
    pub asks_signature: bool,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
    /// The folder of the functions' logs.
    pub logs: PathBuf,
    tasks: Vec<JoinHandle<()>>,
    _folder: DataFolder,
}

impl Stack {
    /// Starts everything that the template declares.
    ///
    /// # Errors
    /// A fault in the template, a parameter, a port, the data folder or a function.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let folder = DataFolder::open(&options.data)?;
        let api_listener = bind(options.api_port, "--api-port").await?;
        let aws_listener = bind(options.aws_port, "--aws-port").await?;
        let mut template = LoadedTemplate::read(options, &folder)?;
        let (api_address, aws_address) = (api_listener.local_addr()?, aws_listener.local_addr()?);
        for output in &mut template.stack.outputs {
            output.value = local_url(&output.value, api_address, aws_address);
        }
        let executables = executables(
            &template.resources,
            options.artifacts.as_deref(),
            folder.path(),
        )?;

        let (aws, lambda) = services(
            &template,
            &executables,
            &folder,
            aws_listener.local_addr()?,
            options,
        )?;
        let function_calls = function_calls(&template, options);
        if let Some(page) = &template.gallery {
            page.put(
                options.artifacts.as_deref(),
                &aws,
                aws_listener.local_addr()?,
                &folder.identity.administrator,
            )
            .await?;
        }
        let stage = template.stage;
        let api_port = ApiPort {
            authorizer: ApiAuthorizer {
                access_control: Arc::clone(&template.access_control),
                keys: stage.keys,
            },
            backend: IntegrationBackend {
                aws: Arc::clone(&aws),
                address: aws_listener.local_addr()?,
            },
            api: stage.api,
        };
        let outputs = template.stack.outputs.iter();
        let roles = template.resources.roles.iter().filter_map(|role| {
            let arn = template.names.role_arn(&role.physical_id);
            let session = template.access_control.session(&arn)?;
            Some((role.logical_id.clone(), session.credentials.clone()))
        });
        let policy = Arc::new(OriginPolicy::new(&options.allowed_origins));
        let mut stack = Self {
            has_gallery: template.gallery.is_some(),
            api_url: format!("http://{}/{}", api_listener.local_addr()?, stage.name),
            aws_url: format!("http://{}", aws_listener.local_addr()?),
            credentials: folder.identity.administrator.clone(),
            roles: roles.collect(),
            api_key: api_port
                .authorizer
                .keys
                .first()
                .map(|key| key.value.clone()),
            asks_signature: api_port.api.routes().any(|route| route.iam),
            outputs: outputs
                .map(|output| (output.name.clone(), output.value.clone()))
                .collect(),
            logs: folder.path().join("logs"),
            tasks: lambda.start(),
            _folder: folder,
        };
        stack.tasks.push(tokio::spawn(server::serve(
            aws_listener,
            Arc::clone(&policy),
            move |request, peer| {
                let aws = Arc::clone(&aws);
                let function_calls = Arc::clone(&function_calls);
                async move {
                    let request = request.map(local_s3::Body::http_body);
                    function_calls
                        .handle(request, |request| aws.handle_logged(request, peer))
                        .await
                }
            },
        )));
        let api_port = Arc::new(api_port);
        stack.tasks.push(tokio::spawn(server::serve(
            api_listener,
            policy,
            move |request, peer| {
                let api_port = Arc::clone(&api_port);
                async move { api_port.handle(request, peer).await }
            },
        )));
        Ok(stack)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// The resolved template and what is derived from it, before anything runs.
struct LoadedTemplate {
    names: Names,
    stack: cfn::Stack,
    resources: Resources,
    access_control: Arc<AccessControl>,
    stage: Stage,
    /// `None` is a stack without the gallery page.
    gallery: Option<GalleryPage>,
}

impl LoadedTemplate {
    fn read(options: &Options, folder: &DataFolder) -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let path = options
            .template
            .clone()
            .unwrap_or_else(|| root.join("infra/infra.yaml"));
        let text = fs::read_to_string(&path)
            .with_context(|| format!("cannot read the template {}", path.display()))?;
        let file = path
            .file_name()
            .map_or_else(|| "template".into(), |name| name.to_string_lossy());
        let names = Names {
            environment: cfn::Environment {
                account_id: ACCOUNT.to_owned(),
                region: REGION.to_owned(),
                partition: "aws".to_owned(),
                url_suffix: "amazonaws.com".to_owned(),
                stack_name: STACK.to_owned(),
                stack_id: format!(
                    "arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/{}",
                    folder.identity.stack_id
                ),
                notification_arns: Vec::new(),
            },
        };
        let values = parameters::read(
            &root.join("infra/parameters.local.json"),
            &options.parameters,
        )?;
        let stack =
            cfn::Template::parse(&file, &text)?.resolve(&values, &names.environment, &names)?;
        let resources = Resources::read(&stack, &names)?;
        let access_control =
            AccessControl::new(&resources, &names, folder.identity.administrator.clone())
                .map_err(|error| error.in_file(&file))?;
        Ok(Self {
            gallery: GalleryPage::expected(&values, &resources),
            stage: Stage::of(
                &stack,
                &resources,
                &file,
                &folder.identity.api_key,
                options.path_parameters,
            )?,
            names,
            stack,
            resources,
            access_control: Arc::new(access_control),
        })
    }
}

/// Creates the services and connects them as the template declares.
fn services(
    template: &LoadedTemplate,
    executables: &HashMap<String, PathBuf>,
    folder: &DataFolder,
    address: SocketAddr,
    options: &Options,
) -> anyhow::Result<(Arc<AwsPort>, Arc<Lambda>)> {
    let LoadedTemplate {
        names,
        stack,
        resources,
        access_control,
        ..
    } = template;
    let data = folder.path();
    let logs = data.join("logs");
    // Restrict the folders' contents as well.
    for folder in ["logs", "s3", "s3/contents"] {
        let folder = data.join(folder);
        private_files::create_folder(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    private_files::create(&data.join("s3/index.sqlite"))?;
    let store = Arc::new(Store::open(&data.join("s3"))?);
    for bucket in &resources.buckets {
        store.create_bucket(&bucket.physical_id)?;
        bucket
            .properties
            .set_versioning(&store, &bucket.physical_id)?;
    }
    if let Some(page) = &template.gallery {
        store.create_bucket(&page.bucket)?;
    }
    let queues = Queues::open(resources, names, &data.join("sqs.sqlite"))?;
    let lambda = Lambda::new(
        resources,
        &Host {
            names,
            access_control,
            endpoint: &format!("http://{address}"),
            executables,
            queues: &queues,
            logs: &logs,
        },
    )?;
    let lambda = Arc::new(lambda);
    let topics = Topics::new(
        resources,
        Arc::clone(access_control),
        Arc::clone(&queues),
        options.faults.clone(),
    );
    let topics = Arc::new(topics);
    let notifications = Notifications::enable(resources, Arc::clone(&topics), REGION)?;
    let aws = AwsPort {
        s3: local_s3::service(
            local_s3::Account {
                id: names.environment.account_id.clone(),
                region: REGION.to_owned(),
            },
            Arc::clone(&store),
            Arc::new(S3AccessAdapter {
                access_control: Arc::clone(access_control),
                bucket_policies: resources
                    .bucket_policies
                    .iter()
                    .map(|policy| {
                        let BucketPolicy {
                            bucket,
                            policy_document,
                        } = &policy.properties;
                        (bucket.clone(), policy_document.to_string())
                    })
                    .collect(),
            }),
            Arc::new(notifications),
        ),
        tables: Tables::open(resources, names, data)?,
        queues,
        topics,
        cloudformation: CloudFormation::new(stack, names),
        rekognition: Rekognition::new(store, options.rekognition_rate),
        access_control: Arc::clone(access_control),
    };
    Ok((Arc::new(aws), lambda))
}

/// The latency and faults of calls by the template's functions.
fn function_calls(template: &LoadedTemplate, options: &Options) -> Arc<FunctionCalls> {
    let functions = template.resources.functions.iter();
    let access_keys = functions.filter_map(|function| {
        let session = template.access_control.session(&function.properties.role)?;
        Some(session.credentials.access_key.clone())
    });
    Arc::new(FunctionCalls::new(
        access_keys,
        options.latency,
        options.faults.clone(),
    ))
}

fn executables(
    resources: &Resources,
    artifacts: Option<&Path>,
    data: &Path,
) -> anyhow::Result<HashMap<String, PathBuf>> {
    let keys = resources
        .functions
        .iter()
        .map(|function| function.properties.code.key.as_str());
    let keys: Vec<&str> = keys.collect();
    match artifacts {
        Some(folder) => artifact::unpack(&keys, folder, &data.join("functions")),
        None => artifact::build(&keys),
    }
}

/// The URL of an output on this machine: API Gateway's and SQS's endpoints are its two ports.
fn local_url(value: &str, api: SocketAddr, aws: SocketAddr) -> String {
    let Some((host, path)) = value
        .strip_prefix("https://")
        .and_then(|rest| rest.split_once('/'))
    else {
        return value.to_owned();
    };
    let address = match host.split('.').collect::<Vec<_>>().as_slice() {
        [_, "execute-api", REGION, "amazonaws", "com"] => api,
        ["sqs", REGION, "amazonaws", "com"] => aws,
        _ => return value.to_owned(),
    };
    format!("http://{address}/{path}")
}

async fn bind(port: u16, option: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| {
            format!("cannot bind port {port} ({option} chooses another; 0 picks a free one)")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_endpoints_are_those_of_this_machine() {
        let api = "127.0.0.1:8080".parse().unwrap();
        let aws = "127.0.0.1:4566".parse().unwrap();
        for (value, expected) in [
            (
                "https://abc.execute-api.us-east-1.amazonaws.com/v1",
                "http://127.0.0.1:8080/v1",
            ),
            (
                "https://sqs.us-east-1.amazonaws.com/000000000000/queue",
                "http://127.0.0.1:4566/000000000000/queue",
            ),
            ("contact-sheet-raw", "contact-sheet-raw"),
            ("https://example.com/v1", "https://example.com/v1"),
        ] {
            assert_eq!(local_url(value, api, aws), expected);
        }
    }
}
