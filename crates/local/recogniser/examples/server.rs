//! `DetectLabels` on a port of its own, beside any emulator of AWS:
//!
//! ```sh
//! cargo run --release -p recogniser --example server -- [--port PORT]
//! export AWS_ENDPOINT_URL_REKOGNITION=http://127.0.0.1:4577
//! aws rekognition detect-labels --image-bytes fileb://photo.jpg
//! ```
//!
//! An image that a request names as an S3 object is read from the S3 that the environment names
//! (`AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`).
//! Signatures are not verified; the port is a loopback port.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use recogniser::Recogniser;
use recogniser::detect_labels::{
    self, DetectLabelsError, MAX_BYTES, MAX_OBJECT_BYTES, Source, detect_labels,
};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

const DEFAULT_PORT: u16 = 4577;
/// An image of 5 MB in base64, and the rest of a request.
const MAX_REQUEST: usize = MAX_BYTES * 4 / 3 + 64 * 1024;

struct Server {
    recogniser: Arc<Recogniser>,
    concurrent: Semaphore,
    s3: aws_sdk_s3::Client,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let port = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => DEFAULT_PORT,
        [option, port] if option == "--port" => port
            .parse()
            .map_err(|_| format!("--port {port}: must be a number from 0 to 65535"))?,
        _ => return Err("usage: server [--port PORT]".into()),
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| format!("cannot bind port {port}: {error}"))?;
    let server = Arc::new(Server {
        recogniser: Arc::new(Recogniser::load()?),
        concurrent: Semaphore::new(recogniser::concurrency()),
        s3: s3().await,
    });
    println!("ready http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let server = Arc::clone(&server);
                async move { Ok::<_, Infallible>(server.respond(request).await) }
            });
            // A connection that breaks concerns its client only.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// A client with path-style addresses, which emulators understand.
async fn s3() -> aws_sdk_s3::Client {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .load()
        .await;
    let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true);
    aws_sdk_s3::Client::from_conf(config.build())
}

impl Server {
    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (status, body) = match self.detect_labels(request).await {
            Ok(labels) => (StatusCode::OK, labels),
            Err(error) => (
                StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST),
                error.to_json(),
            ),
        };
        let mut response = Response::new(Full::from(body.to_string()));
        *response.status_mut() = status;
        response.headers_mut().insert(
            "content-type",
            http::HeaderValue::from_static("application/x-amz-json-1.1"),
        );
        response
    }

    async fn detect_labels(
        &self,
        request: Request<Incoming>,
    ) -> Result<serde_json::Value, DetectLabelsError> {
        let target = request.headers().get("x-amz-target").cloned();
        if target.is_none_or(|target| target != "RekognitionService.DetectLabels") {
            return Err(DetectLabelsError::unsupported_action());
        }
        let body = Limited::new(request.into_body(), MAX_REQUEST)
            .collect()
            .await
            .map_err(|_| DetectLabelsError::image_too_large())?;
        let request = detect_labels::Request::parse(&body.to_bytes())?;
        let image = match request.image() {
            Source::Bytes(bytes) => bytes.clone(),
            Source::S3Object {
                bucket,
                name,
                version,
            } => self.object(bucket, name, version.as_deref()).await?,
        };
        let _permit = self.concurrent.acquire().await;
        let recogniser = Arc::clone(&self.recogniser);
        tokio::task::spawn_blocking(move || detect_labels(&recogniser, &request, &image))
            .await
            .map_err(|_| DetectLabelsError::internal())?
    }

    async fn object(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<Vec<u8>, DetectLabelsError> {
        let object = self
            .s3
            .get_object()
            .bucket(bucket)
            .key(key)
            .set_version_id(version.map(str::to_owned))
            .send()
            .await
            .map_err(|error| {
                let error = aws_sdk_s3::error::DisplayErrorContext(&error);
                eprintln!("cannot read s3://{bucket}/{key}: {error}");
                DetectLabelsError::invalid_s3_object()
            })?;
        let length = object.content_length().unwrap_or_default();
        if usize::try_from(length).is_ok_and(|length| length > MAX_OBJECT_BYTES) {
            return Err(DetectLabelsError::image_too_large());
        }
        let bytes = object.body.collect().await;
        bytes
            .map(aws_sdk_s3::primitives::AggregatedBytes::to_vec)
            .map_err(|_| DetectLabelsError::invalid_s3_object())
    }
}
