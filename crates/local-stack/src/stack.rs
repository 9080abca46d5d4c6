//! A stack: the template's resources, running.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, bail};
use api_gateway::{Api, Settings};
use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt as _, Full, Limited};
use local_s3::Store;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::access::{Authority, Caller, Credentials};
use crate::aws::Aws;
use crate::dynamodb::Tables;
use crate::folder::TemporaryFolder;
use crate::gateway::{self, Services, StageKey};
use crate::lambda::{Host, Lambda, artifact};
use crate::notifications::Notifications;
use crate::options::{Data, Options};
use crate::rekognition::Rekognition;
use crate::resources::Resources;
use crate::resources::names::Names;
use crate::sns::Topics;
use crate::sqs::Queues;
use crate::{parameters, server};

/// Where everything on this machine is said to be.
pub const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";
const STACK: &str = "contact-sheet";

/// A running stack; dropping it stops it.
pub struct Stack {
    /// `http://127.0.0.1:8080/v1`
    pub api_url: String,
    /// `http://127.0.0.1:4566`
    pub aws_url: String,
    /// The local administrator's.
    pub credentials: Credentials,
    /// What `x-api-key` must be, if the API asks for it.
    pub api_key: Option<String>,
    /// Whether the API asks for signatures.
    pub asks_signature: bool,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
    /// Where the functions log.
    pub logs: PathBuf,
    servers: Vec<JoinHandle<()>>,
    _folder: Option<TemporaryFolder>,
    _lock: File,
}

/// What a data folder remembers between runs.
#[derive(Serialize, Deserialize)]
struct Identity {
    stack_id: String,
    administrator: Credentials,
    api_key: String,
}

impl Stack {
    /// Starts everything that the template declares.
    ///
    /// # Errors
    /// What is wrong with the template, a parameter, a port, the data folder or a function.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let template = options
            .template
            .clone()
            .unwrap_or_else(|| root.join("infra/infra.yaml"));
        let (folder, data) = match &options.data {
            Data::Kept(folder) => (None, folder.clone()),
            Data::Ephemeral => {
                let folder =
                    TemporaryFolder::new().context("there is no room for temporary data")?;
                let path = folder.path().to_owned();
                (Some(folder), path)
            }
        };
        let lock = lock(&data)?;
        let identity = identity(&data)?;
        let api = bind(options.api_port, "--api-port").await?;
        let aws = bind(options.aws_port, "--aws-port").await?;

        let names = Names {
            environment: environment(&identity),
        };
        let text = fs::read_to_string(&template)
            .with_context(|| format!("cannot read the template {}", template.display()))?;
        let file = template
            .file_name()
            .map_or_else(|| "template".into(), |name| name.to_string_lossy());
        let values = parameters::read(
            &root.join("infra/parameters.local.json"),
            &options.parameters,
        )?;
        let resolved =
            cfn::Template::parse(&file, &text)?.resolve(&values, &names.environment, &names)?;
        let resources = Resources::read(&resolved, &names).map_err(|error| error.in_file(&file))?;
        let authority = Authority::new(&resources, &names, identity.administrator.clone())
            .map_err(|error| error.in_file(&file))?;
        let authority = Arc::new(authority);
        let stage = Stage::of(&resolved, &resources, &file, &identity)?;
        let executables = executables(&resources, options.artifacts.as_deref(), &data)?;

        let logs = data.join("logs");
        fs::create_dir_all(&logs)?;
        let store = Arc::new(Store::open(&data.join("s3"))?);
        for bucket in &resources.buckets {
            store.create_bucket(&bucket.physical_id)?;
        }
        let tables = Tables::open(&resources, &names, &data)?;
        let queues = Arc::new(Queues::open(&resources, &names, &data.join("sqs"))?);
        let aws_address = aws.local_addr()?;
        let lambda = Lambda::new(
            &resources,
            &Host {
                names: &names,
                authority: &authority,
                endpoint: &format!("http://{aws_address}"),
                executables: &executables,
                events: &data.join("lambda"),
                logs: &logs,
            },
        )?;
        let lambda = Arc::new(lambda);
        let topics = Arc::new(Topics::new(
            &resources,
            Arc::clone(&authority),
            Arc::clone(&lambda),
            Arc::clone(&queues),
        ));
        let notifications = Arc::new(Notifications::enable(&resources, topics, REGION)?);
        let services = Arc::new(Aws {
            s3: local_s3::service(
                Arc::clone(&store),
                Arc::new(S3Access(Arc::clone(&authority))),
                notifications,
            ),
            rekognition: Rekognition::new(store),
            authority: Arc::clone(&authority),
            tables,
            queues: Arc::clone(&queues),
        });

        let api_address = api.local_addr()?;
        let api_url = format!("http://{api_address}/{}", stage.name);
        let api_key = stage.keys.first().map(|key| key.value.clone());
        let asks_signature = stage.api.routes().any(|route| route.iam);
        let front = Arc::new(Front {
            api: stage.api,
            credentials: gateway::Credentials {
                authority: Arc::clone(&authority),
                keys: stage.keys,
            },
            services: Services {
                aws: OnceLock::from(Arc::clone(&services)),
                address: aws_address,
            },
        });
        let servers = vec![
            tokio::spawn(server::serve(aws, move |request, peer| {
                let services = Arc::clone(&services);
                async move {
                    services
                        .handle(request.map(local_s3::Body::from), peer)
                        .await
                }
            })),
            tokio::spawn(server::serve(api, move |request, peer| {
                let front = Arc::clone(&front);
                async move { front.handle(request, peer).await }
            })),
        ];
        lambda.start(&authority, &queues);
        Ok(Self {
            api_url,
            aws_url: format!("http://{aws_address}"),
            credentials: identity.administrator,
            api_key,
            asks_signature,
            outputs: resolved
                .outputs
                .iter()
                .map(|output| (output.name.clone(), output.value.clone()))
                .collect(),
            logs,
            servers,
            _folder: folder,
            _lock: lock,
        })
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

/// The one stage that a template may have on this machine, and what it serves.
struct Stage {
    name: String,
    api: Api,
    keys: Vec<StageKey>,
}

impl Stage {
    fn of(
        stack: &cfn::Stack,
        resources: &Resources,
        file: &str,
        identity: &Identity,
    ) -> anyhow::Result<Self> {
        let [stage] = resources.stages.as_slice() else {
            bail!(
                "{file}: {} stages are declared; this machine serves one",
                resources.stages.len()
            );
        };
        let properties = &stage.properties;
        let at = |message: String| {
            cfn::Error::new(stage.span, message)
                .within(&stage.logical_id)
                .within("Resources")
                .in_file(file)
        };
        let rest_api = resources
            .rest_apis
            .iter()
            .find(|api| api.physical_id == properties.rest_api_id)
            .ok_or_else(|| at(format!("there is no REST API {}", properties.rest_api_id)))?;
        resources
            .deployments
            .iter()
            .find(|deployment| {
                deployment.physical_id == properties.deployment_id
                    && deployment.properties.rest_api_id == properties.rest_api_id
            })
            .ok_or_else(|| {
                at(format!(
                    "there is no deployment {} of that API",
                    properties.deployment_id
                ))
            })?;
        let resource = stack.resource(&rest_api.logical_id);
        let body = resource
            .and_then(|resource| resource.properties.get("Body"))
            .ok_or_else(|| at("the API has no Body".to_owned()))?;
        let api = Api::from_openapi(
            body,
            Settings {
                api_id: rest_api.physical_id.clone(),
                stage: properties.stage_name.clone(),
                account_id: ACCOUNT.to_owned(),
                region: REGION.to_owned(),
                stage_variables: properties.variables.clone(),
                binary_media_types: rest_api.properties.binary_media_types.clone(),
            },
        )
        .map_err(|error| {
            error
                .within("Body")
                .within("Properties")
                .within(&rest_api.logical_id)
                .within("Resources")
                .in_file(file)
        })?;
        let keys = resources.usage_plan_keys.iter().filter_map(|link| {
            let plan = resources
                .usage_plans
                .iter()
                .find(|plan| plan.physical_id == link.properties.usage_plan_id)?;
            let key = resources
                .api_keys
                .iter()
                .find(|key| key.physical_id == link.properties.key_id)?;
            let opens = plan.properties.api_stages.iter().any(|opened| {
                opened.api_id == properties.rest_api_id && opened.stage == properties.stage_name
            });
            (key.properties.enabled && opens).then(|| StageKey {
                id: key.physical_id.clone(),
                value: identity.api_key.clone(),
            })
        });
        Ok(Self {
            name: properties.stage_name.clone(),
            keys: keys.collect(),
            api,
        })
    }
}

/// The API port's handler.
struct Front {
    api: Api,
    credentials: gateway::Credentials,
    services: Services,
}

impl Front {
    async fn handle(
        &self,
        request: http::Request<hyper::body::Incoming>,
        peer: SocketAddr,
    ) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        // One byte too many is enough to refuse a request; the rest need not be read.
        let body = match Limited::new(body, api_gateway::MAX_PAYLOAD + 1)
            .collect()
            .await
        {
            Ok(body) => body.to_bytes(),
            Err(_) => Bytes::from(vec![0; api_gateway::MAX_PAYLOAD + 1]),
        };
        let request = api_gateway::Request::new(http::Request::from_parts(head, body), peer.ip());
        let response = self
            .api
            .handle(request, &self.credentials, &self.services)
            .await;
        if let Some(diagnostic) = &response.diagnostic {
            tracing::info!(status = response.status.as_u16(), "API: {diagnostic}");
        }
        let mut answer = Response::new(Full::new(response.body));
        *answer.status_mut() = response.status;
        *answer.headers_mut() = response.headers;
        answer
    }
}

/// S3 asks the stack's policies.
struct S3Access(Arc<Authority>);

#[async_trait::async_trait]
impl local_s3::Access for S3Access {
    fn secret_key(&self, access_key: &str) -> Option<String> {
        self.0.secret_key(access_key).map(str::to_owned)
    }

    async fn check(
        &self,
        access_key: Option<&str>,
        session_token: Option<&str>,
        action: &str,
        resource_arn: &str,
        _: &local_s3::Context<'_>,
    ) -> Result<(), String> {
        let principal = self
            .0
            .principal(access_key.unwrap_or_default(), session_token)
            .map_err(|error| error.to_string())?;
        self.0
            .check(Caller::Principal(principal), action, resource_arn)
    }
}

fn environment(identity: &Identity) -> cfn::Environment {
    cfn::Environment {
        account_id: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        partition: "aws".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        stack_name: STACK.to_owned(),
        stack_id: format!(
            "arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/{}",
            identity.stack_id
        ),
        notification_arns: Vec::new(),
    }
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

/// Only one stack at a time may use a data folder.
fn lock(data: &Path) -> anyhow::Result<File> {
    let cannot = || format!("cannot keep data in {}", data.display());
    fs::create_dir_all(data).with_context(cannot)?;
    let file = File::create(data.join("lock")).with_context(cannot)?;
    if file.try_lock().is_err() {
        bail!(
            "another stack is using {} (--data chooses another folder)",
            data.display()
        );
    }
    Ok(file)
}

fn identity(data: &Path) -> anyhow::Result<Identity> {
    let path = data.join("identity.json");
    if let Ok(text) = fs::read(&path) {
        return serde_json::from_slice(&text)
            .with_context(|| format!("{} is not readable", path.display()));
    }
    let identity = Identity {
        stack_id: uuid::Uuid::new_v4().to_string(),
        administrator: Credentials::random_user(),
        api_key: uuid::Uuid::new_v4().simple().to_string(),
    };
    fs::write(&path, serde_json::to_vec_pretty(&identity)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(identity)
}

async fn bind(port: u16, option: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| {
            format!("port {port} cannot be had ({option} chooses another, 0 any free one)")
        })
}
