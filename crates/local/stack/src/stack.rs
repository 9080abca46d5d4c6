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

use crate::access::{Authority, Credentials};
use crate::aws::{Aws, S3Access};
use crate::dynamodb::Tables;
use crate::folder::DataFolder;
use crate::gateway::{self, Front, Services};
use crate::lambda::{Host, Lambda, artifact};
use crate::notifications::Notifications;
use crate::options::Options;
use crate::rekognition::Rekognition;
use crate::resources::Resources;
use crate::resources::names::Names;
use crate::sns::Topics;
use crate::sqs::Queues;
use crate::stage::Stage;
use crate::{parameters, server};

/// Where everything on this machine is said to be.
pub const REGION: &str = "us-east-1";
/// Whose everything on this machine is said to be.
pub const ACCOUNT: &str = "000000000000";
const STACK: &str = "contact-sheet";

/// A running stack; dropping it stops it.
pub struct Stack {
    /// `http://127.0.0.1:8080/v1`
    pub api_url: String,
    /// `http://127.0.0.1:4566`
    pub aws_url: String,
    /// The local administrator's.
    pub credentials: Credentials,
    /// What each role's sessions sign with, by the role's logical id.
    pub roles: BTreeMap<String, Credentials>,
    /// What `x-api-key` must be, if the API asks for it.
    pub api_key: Option<String>,
    /// Whether the API asks for signatures.
    pub asks_signature: bool,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
    /// Where the functions log.
    pub logs: PathBuf,
    tasks: Vec<JoinHandle<()>>,
    _folder: DataFolder,
}

impl Stack {
    /// Starts everything that the template declares.
    ///
    /// # Errors
    /// What is wrong with the template, a parameter, a port, the data folder or a function.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let folder = DataFolder::open(&options.data)?;
        let api_listener = bind(options.api_port, "--api-port").await?;
        let aws_listener = bind(options.aws_port, "--aws-port").await?;
        let declared = Declared::read(options, &folder)?;
        let executables = executables(
            &declared.resources,
            options.artifacts.as_deref(),
            folder.path(),
        )?;

        let (aws, lambda) = services(&declared, &executables, &folder, aws_listener.local_addr()?)?;
        let stage = declared.stage;
        let front = Front {
            credentials: gateway::Credentials {
                authority: Arc::clone(&declared.authority),
                keys: stage.keys,
            },
            services: Services {
                aws: Arc::clone(&aws),
                address: aws_listener.local_addr()?,
            },
            api: stage.api,
        };
        let outputs = declared.stack.outputs.iter();
        let roles = declared.resources.roles.iter().filter_map(|role| {
            let arn = declared.names.role_arn(&role.physical_id);
            let session = declared.authority.session(&arn)?;
            Some((role.logical_id.clone(), session.credentials.clone()))
        });
        let mut stack = Self {
            api_url: format!("http://{}/{}", api_listener.local_addr()?, stage.name),
            aws_url: format!("http://{}", aws_listener.local_addr()?),
            credentials: folder.identity.administrator.clone(),
            roles: roles.collect(),
            api_key: front.credentials.keys.first().map(|key| key.value.clone()),
            asks_signature: front.api.routes().any(|route| route.iam),
            outputs: outputs
                .map(|output| (output.name.clone(), output.value.clone()))
                .collect(),
            logs: folder.path().join("logs"),
            tasks: lambda.start(&declared.authority, &aws.queues),
            _folder: folder,
        };
        stack.tasks.push(tokio::spawn(server::serve(
            aws_listener,
            move |request, peer| {
                let aws = Arc::clone(&aws);
                async move { aws.handle(request.map(local_s3::Body::from), peer).await }
            },
        )));
        let front = Arc::new(front);
        stack.tasks.push(tokio::spawn(server::serve(
            api_listener,
            move |request, peer| {
                let front = Arc::clone(&front);
                async move { front.handle(request, peer).await }
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

/// What the template says, before anything of it runs.
struct Declared {
    names: Names,
    stack: cfn::Stack,
    resources: Resources,
    authority: Arc<Authority>,
    stage: Stage,
}

impl Declared {
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
        let authority = Authority::new(&resources, &names, folder.identity.administrator.clone())
            .map_err(|error| error.in_file(&file))?;
        Ok(Self {
            stage: Stage::of(&stack, &resources, &file, &folder.identity.api_key)?,
            names,
            stack,
            resources,
            authority: Arc::new(authority),
        })
    }
}

/// Connects the services as the template says: buckets to topics to functions, failures to queues.
fn services(
    declared: &Declared,
    executables: &HashMap<String, PathBuf>,
    folder: &DataFolder,
    address: SocketAddr,
) -> anyhow::Result<(Arc<Aws>, Arc<Lambda>)> {
    let Declared {
        names,
        resources,
        authority,
        ..
    } = declared;
    let data = folder.path();
    let logs = data.join("logs");
    fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    let store = Arc::new(Store::open(&data.join("s3"))?);
    for bucket in &resources.buckets {
        store.create_bucket(&bucket.physical_id)?;
    }
    let queues = Arc::new(Queues::open(resources, names, &data.join("sqs"))?);
    let lambda = Lambda::new(
        resources,
        &Host {
            names,
            authority,
            endpoint: &format!("http://{address}"),
            executables,
            events: &data.join("lambda"),
            logs: &logs,
        },
    )?;
    let lambda = Arc::new(lambda);
    let topics = Topics::new(
        resources,
        Arc::clone(authority),
        Arc::clone(&lambda),
        Arc::clone(&queues),
    );
    let notifications = Notifications::enable(resources, Arc::new(topics), REGION)?;
    let aws = Aws {
        s3: local_s3::service(
            Arc::clone(&store),
            Arc::new(S3Access(Arc::clone(authority))),
            Arc::new(notifications),
        ),
        tables: Tables::open(resources, names, data)?,
        queues,
        rekognition: Rekognition::new(store),
        authority: Arc::clone(authority),
    };
    Ok((Arc::new(aws), lambda))
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

async fn bind(port: u16, option: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| {
            format!("port {port} cannot be had ({option} chooses another, 0 any free one)")
        })
}
