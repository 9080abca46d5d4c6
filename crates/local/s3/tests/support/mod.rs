//! A service on a free port, and clients that sign.

// Each test file uses a part of it; a failure to start is a failed test.
#![allow(dead_code, clippy::unwrap_used)]

pub mod raw;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use local_s3::{
    Access, AccessDeniedError, AccessRequest, Account, Change, Observer, Service, Store, service,
};
use tokio::net::TcpListener;

/// May do everything.
pub const ADMIN: (&str, &str) = ("AKIAADMIN", "admin secret");
/// May do everything with objects, and list nothing.
pub const BLIND: (&str, &str) = ("AKIABLIND", "blind secret");
/// May only read, and only below `public/`.
pub const READER: (&str, &str) = ("AKIAREADER", "reader secret");

pub const BUCKET: &str = "pictures";

pub struct Policies;

#[async_trait]
impl Access for Policies {
    fn secret_key(&self, access_key: &str) -> Option<String> {
        [ADMIN, BLIND, READER]
            .into_iter()
            .find(|(key, _)| *key == access_key)
            .map(|(_, secret)| secret.to_owned())
    }

    async fn check(&self, request: &AccessRequest<'_>) -> Result<(), AccessDeniedError> {
        let AccessRequest {
            access_key,
            action,
            resource_arn,
            ..
        } = *request;
        let allowed = match access_key {
            "AKIAADMIN" => true,
            "AKIABLIND" => action.ends_with("Object"),
            "AKIAREADER" => {
                action == "s3:GetObject"
                    && resource_arn.starts_with("arn:aws:s3:::pictures/public/")
                    && request.session_token == Some("the token")
            }
            _ => false,
        };
        allowed.then_some(()).ok_or_else(|| {
            let message = format!("{access_key} may not {action} on {resource_arn}");
            AccessDeniedError(message)
        })
    }

    fn bucket_policy(&self, bucket: &str) -> Option<String> {
        (bucket == BUCKET).then(|| r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned())
    }
}

pub fn account() -> Account {
    Account {
        id: "123456789012".to_owned(),
        region: "eu-central-1".to_owned(),
    }
}

/// Records the announced changes.
#[derive(Default)]
pub struct Changes(Mutex<Vec<Change>>);

impl Changes {
    pub fn all(&self) -> Vec<Change> {
        self.0.lock().unwrap().clone()
    }

    /// Event names and keys.
    pub fn events(&self) -> Vec<(&'static str, String)> {
        self.all()
            .into_iter()
            .map(|change| (change.event_name, change.key))
            .collect()
    }
}

#[async_trait]
impl Observer for Changes {
    async fn changed(&self, change: Change) {
        // Late enough that the client's response would overtake it if the service did not wait.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.0.lock().unwrap().push(change);
    }
}

/// A folder that is removed on drop.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let folder =
            std::env::temp_dir().join(format!("local-s3-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// How many contents are on disk.
    pub fn contents(&self) -> usize {
        std::fs::read_dir(self.0.join("contents")).unwrap().count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A served store with one bucket.
pub struct Stack {
    pub address: SocketAddr,
    pub store: Arc<Store>,
    pub changes: Arc<Changes>,
    pub service: Service,
    pub folder: Arc<Folder>,
}

impl Stack {
    pub async fn start() -> Self {
        Self::start_in(Arc::new(Folder::new())).await
    }

    pub async fn start_in(folder: Arc<Folder>) -> Self {
        let store = Arc::new(Store::open(&folder.0).unwrap());
        store.create_bucket(BUCKET).unwrap();
        let changes = Arc::new(Changes::default());
        let service = service(
            account(),
            store.clone(),
            Arc::new(Policies),
            changes.clone(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = service.clone();
        tokio::spawn(async move {
            loop {
                let (stream, peer) = listener.accept().await.unwrap();
                let service = serving.clone();
                tokio::spawn(http1::Builder::new().serve_connection(
                    TokioIo::new(stream),
                    service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
                        let service = service.clone();
                        request.extensions_mut().insert(peer);
                        async move { Ok::<_, Infallible>(service.call(request).await) }
                    }),
                ));
            }
        });
        Self {
            address,
            store,
            changes,
            service,
            folder,
        }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn client(&self) -> Client {
        self.client_of(ADMIN, None)
    }

    pub fn client_of(&self, (key, secret): (&str, &str), token: Option<&str>) -> Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new(
                key,
                secret,
                token.map(str::to_owned),
                None,
                "test",
            ))
            .endpoint_url(self.endpoint())
            .force_path_style(true)
            .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Client::from_conf(config)
    }
}

pub async fn put(client: &Client, key: &str, content: &'static [u8]) {
    let put = client.put_object().bucket(BUCKET).key(key);
    let put = put.body(ByteStream::from_static(content));
    put.send().await.unwrap();
}

pub async fn delete(client: &Client, key: &str) {
    let delete = client.delete_object().bucket(BUCKET).key(key);
    delete.send().await.unwrap();
}

/// 0 if there was no response.
pub fn status<E>(error: &SdkError<E>) -> u16 {
    error
        .raw_response()
        .map_or(0, |response| response.status().as_u16())
}
