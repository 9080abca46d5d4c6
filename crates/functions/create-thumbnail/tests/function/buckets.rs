//! The buckets through the real SDK, against an S3 over its wire protocol.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpRequest;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use create_thumbnail::{CreateThumbnail, ThumbnailBucket, Thumbnails};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use local_s3::{Access, AccessDeniedError, AccessRequest, Account, Change, Observer};
use runtime::{Function, Original, Originals, Portion, RawBucket};

use crate::world::{SIZES, World, event, image, invocation, store, thumbnails_of};

/// Allows everything but reading keys that begin with `secret`.
struct Open;

#[async_trait]
impl Access for Open {
    fn secret_key(&self, _access_key: &str) -> Option<String> {
        Some("secret".into())
    }

    async fn check(&self, request: &AccessRequest<'_>) -> Result<(), AccessDeniedError> {
        let AccessRequest {
            action,
            resource_arn,
            ..
        } = request;
        if resource_arn.contains("/secret") {
            let message = format!("not authorized to perform: {action}");
            return Err(AccessDeniedError(message));
        }
        Ok(())
    }
}

struct Deaf;

#[async_trait]
impl Observer for Deaf {
    async fn changed(&self, _change: Change) {}
}

/// A folder that is removed with its owner.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An S3 with the buckets `raw` and `thumbnails`.
async fn s3() -> (Client, Folder) {
    let name = format!("create-thumbnail-{}", uuid::Uuid::new_v4().simple());
    let folder = Folder(std::env::temp_dir().join(name));
    std::fs::create_dir_all(&folder.0).expect("a folder");
    let store = Arc::new(local_s3::Store::open(&folder.0).expect("a store"));
    store.create_bucket("raw").expect("a bucket");
    store.create_bucket("thumbnails").expect("a bucket");
    let account = Account {
        id: "123456789012".to_owned(),
        region: "eu-central-1".to_owned(),
    };
    let service = local_s3::service(account, store, Arc::new(Open), Arc::new(Deaf));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service.clone();
            let handler = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                let service = service.clone();
                async move { Ok::<_, Infallible>(service.call(request).await) }
            });
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), handler));
        }
    });
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new(
            "AKIDEXAMPLE",
            "secret",
            None,
            None,
            "test",
        ))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    (Client::from_conf(config.build()), folder)
}

/// Stands in for a key that the SDK would take for a missing one.
fn placeholder(key: &str) -> &str {
    if key.trim().is_empty() {
        "placeholder"
    } else {
        key
    }
}

/// Changes a request for the placeholder into one for the key.
fn restore(key: &str) -> impl Fn(&mut HttpRequest) + Send + Sync + 'static {
    let encoded = [(" ", "%20"), ("\t", "%09"), ("\u{3000}", "%E3%80%80")]
        .iter()
        .fold(key.to_owned(), |key, (from, to)| key.replace(from, to));
    move |request| {
        let uri = request.uri().replace("placeholder", &encoded);
        request.set_uri(uri).expect("a URI");
    }
}

async fn upload(client: &Client, key: &str, bytes: Vec<u8>) -> String {
    let put = client
        .put_object()
        .bucket("raw")
        .key(placeholder(key))
        .body(ByteStream::from(bytes));
    put.customize()
        .mutate_request(restore(key))
        .send()
        .await
        .expect("an upload")
        .e_tag
        .expect("a tag")
        .trim_matches('"')
        .to_owned()
}

async fn objects(client: &Client) -> Vec<String> {
    let list = client
        .list_objects_v2()
        .bucket("thumbnails")
        .send()
        .await
        .expect("a list");
    list.contents()
        .iter()
        .filter_map(|object| object.key().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn thumbnails_come_and_go_under_any_key() {
    let (client, _folder) = s3().await;
    let task = CreateThumbnail {
        originals: RawBucket::new(client.clone(), "raw"),
        thumbnails: ThumbnailBucket::new(client.clone(), "thumbnails"),
        store: store().await,
        sizes: SIZES.into(),
        limits: thumbnail::Limits::default(),
    };
    let function = Function {
        task,
        raw_bucket: "raw".into(),
        queue: World::default(),
    };
    for (key, encoded) in [
        ("photo.png", "photo.png"),
        ("a b+c.png", "a+b%2Bc.png"),
        ("å/ö 100%.png", "%C3%A5/%C3%B6+100%25.png"),
        ("日本/写真.png", "%E6%97%A5%E6%9C%AC/%E5%86%99%E7%9C%9F.png"),
        ("🦀'\".png", "%F0%9F%A6%80%27%22.png"),
        (" ", "+"),
        ("\u{3000}\t", "%E3%80%80%09"),
        ("q", "q"),
        ("q/b", "q/b"),
    ] {
        let e_tag = upload(&client, key, image(7)).await;
        function
            .handle(&event(encoded, 1, Some(&e_tag)), &invocation())
            .await
            .unwrap();
        for (size, expected) in thumbnails_of(Some(&image(7))) {
            let thumbnail = client
                .get_object()
                .bucket("thumbnails")
                .key(format!("{size}/{key}"));
            let thumbnail = thumbnail.send().await.unwrap();
            assert_eq!(thumbnail.content_type(), Some("image/jpeg"));
            assert_eq!(thumbnail.cache_control(), Some("private, no-cache"));
            assert_eq!(
                thumbnail.body.collect().await.unwrap().into_bytes(),
                expected
            );
        }
        let delete = client.delete_object().bucket("raw").key(placeholder(key));
        let delete = delete.customize().mutate_request(restore(key));
        delete.send().await.unwrap();
        function
            .handle(&event(encoded, 2, None), &invocation())
            .await
            .unwrap();
        assert_eq!(objects(&client).await, [""; 0]);
    }
}

#[tokio::test]
async fn an_upload_is_read_by_its_entity_tag() {
    let (client, _folder) = s3().await;
    let bucket = RawBucket::new(client.clone(), "raw");
    let limit = Portion::AllUpTo(9);
    assert_eq!(
        bucket.get("k", Some("e"), limit).await.unwrap(),
        Original::Gone
    );
    assert_eq!(bucket.describe("k").await.unwrap(), None);

    let e_tag = upload(&client, "k", b"0123456789".to_vec()).await;
    for (portion, content) in [
        (Portion::All, "0123456789"),
        (Portion::AllUpTo(10), "0123456789"),
        (Portion::AllUpTo(9), ""),
        (Portion::First(4), "0123"),
        (Portion::First(100), "0123456789"),
    ] {
        let found = Original::Found {
            e_tag: e_tag.clone(),
            content: content.into(),
            bytes: 10,
        };
        for tag in [None, Some(e_tag.as_str())] {
            assert_eq!(bucket.get("k", tag, portion).await.unwrap(), found);
        }
        assert_eq!(
            bucket.get("k", Some("other"), portion).await.unwrap(),
            Original::Changed
        );
    }
    let description = bucket.describe("k").await.unwrap().unwrap();
    assert_eq!((description.e_tag, description.bytes), (e_tag, 10));
    assert!((chrono::Utc::now() - description.uploaded_at).num_minutes() < 1);
}

#[tokio::test]
async fn what_s3_refuses_is_an_error_with_its_causes() {
    let (client, _folder) = s3().await;
    let bucket = RawBucket::new(client.clone(), "raw");
    let error = bucket.get("secret", None, Portion::All).await.unwrap_err();
    let message = events::chain(&error);
    assert!(
        message.starts_with("object \"secret\" of bucket raw cannot be read: "),
        "{message}"
    );
    assert!(message.contains("AccessDenied"), "{message}");
    assert!(bucket.describe("secret").await.is_err());

    let missing = RawBucket::new(client.clone(), "missing");
    let error = missing.get("k", None, Portion::All).await.unwrap_err();
    assert!(
        events::chain(&error).contains("NoSuchBucket"),
        "a missing bucket is not a missing object"
    );
    let missing = ThumbnailBucket::new(client, "missing");
    let made = thumbnail::thumbnails(&image(1), &[4], &thumbnail::Limits::default());
    let thumbnail = made.unwrap().items.remove(0);
    let error = missing.put("k", thumbnail).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("object \"4/k\" of bucket missing cannot be written")
    );
    let error = missing.delete("k", 4).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("object \"4/k\" of bucket missing cannot be deleted")
    );
}
