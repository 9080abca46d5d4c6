//! `DynamoDB`: the crate `dynoxide-rs` on a port of its own, behind this machine's signatures and policies.

use std::path::Path;

use anyhow::Context as _;
use bytes::Bytes;
use dynoxide::Database;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::aws_port::service::{Call, Output, Service, ServiceError};
use crate::resources::Resources;
use crate::resources::names::Names;

/// The tables of a stack.
pub struct Tables {
    client: Client<HttpConnector, Full<Bytes>>,
    /// The embedded server's address.
    url: String,
    names: Names,
}

impl Tables {
    /// Opens the database in `folder` and makes the tables that a template declares, unless they are there.
    ///
    /// # Errors
    /// A table that `DynamoDB` refuses, or a folder that can't be written.
    pub fn open(resources: &Resources, names: &Names, folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("dynamodb.sqlite");
        let database = Database::new(&path.to_string_lossy())
            .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        for table in &resources.tables {
            create(&database, &table.physical_id, &table.properties)
                .with_context(|| format!("Resources.{}", table.logical_id))?;
        }
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("no port is free")?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}/", listener.local_addr()?);
        // SQLite blocks: on a thread of its own it holds up nobody.
        std::thread::Builder::new()
            .name("dynamodb".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                match runtime {
                    Ok(runtime) => runtime.block_on(async {
                        match tokio::net::TcpListener::from_std(listener) {
                            Ok(listener) => dynoxide::server::serve_on(listener, database).await,
                            Err(error) => tracing::error!("DynamoDB cannot listen: {error}"),
                        }
                    }),
                    Err(error) => tracing::error!("DynamoDB cannot run: {error}"),
                }
            })?;
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            url,
            names: names.clone(),
        })
    }

    async fn forward(&self, head: &Parts, body: &Bytes) -> anyhow::Result<Response<Bytes>> {
        let mut forwarded = Request::builder().method(&head.method).uri(&self.url);
        // The embedded server wants to see a signature, which has been verified by now.
        for name in [
            "authorization",
            "content-type",
            "x-amz-date",
            "x-amz-target",
        ] {
            if let Some(value) = head.headers.get(name) {
                forwarded = forwarded.header(name, value);
            }
        }
        let response = self
            .client
            .request(forwarded.body(Full::new(body.clone()))?)
            .await?;
        let (head, body) = response.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    }

    /// Actions and resources that an operation needs
    /// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>); those of a
    /// transaction are its items'.
    fn needs(&self, operation: &str, body: &Value) -> Vec<(String, String)> {
        let table = |body: &Value| match (body["TableName"].as_str(), body["IndexName"].as_str()) {
            (Some(name), Some(index)) => format!("{}/index/{index}", self.arn(name)),
            (Some(name), None) => self.arn(name),
            (None, _) => "*".to_owned(),
        };
        let items = |list: &str| body[list].as_array().cloned().unwrap_or_default();
        match operation {
            "TransactWriteItems" => items("TransactItems")
                .iter()
                .flat_map(|item| item.as_object().cloned().unwrap_or_default())
                .map(|(kind, item)| {
                    let action = if kind == "ConditionCheck" {
                        "ConditionCheckItem".into()
                    } else {
                        format!("{kind}Item")
                    };
                    (format!("dynamodb:{action}"), table(&item))
                })
                .collect(),
            "TransactGetItems" => items("TransactItems")
                .iter()
                .map(|item| ("dynamodb:GetItem".to_owned(), table(&item["Get"])))
                .collect(),
            "BatchGetItem" | "BatchWriteItem" => body["RequestItems"]
                .as_object()
                .map(|tables| tables.keys().cloned().collect::<Vec<_>>())
                .unwrap_or_default()
                .iter()
                .map(|name| (format!("dynamodb:{operation}"), self.arn(name)))
                .collect(),
            _ => vec![(format!("dynamodb:{operation}"), table(body))],
        }
    }

    fn arn(&self, name_or_arn: &str) -> String {
        if name_or_arn.starts_with("arn:") {
            name_or_arn.to_owned()
        } else {
            self.names.arn("dynamodb", &format!("table/{name_or_arn}"))
        }
    }
}

#[async_trait::async_trait]
impl Service for Tables {
    async fn call(&self, call: &Call<'_>) -> Result<Output, ServiceError> {
        for (action, resource) in self.needs(call.action, call.input) {
            call.check(&action, &resource)?;
        }
        self.forward(call.head, call.body)
            .await
            .map(Output::Response)
            .map_err(|error| ServiceError::internal(&error))
    }
}

fn create(
    database: &Database,
    name: &str,
    table: &crate::resources::tables::Table,
) -> anyhow::Result<()> {
    let exists = database
        .get_table_metadata(name)
        .map_err(|error| anyhow::anyhow!("{error}"))?
        .is_some();
    if !exists {
        let request = json!({
            "TableName": name,
            "BillingMode": table.billing_mode.as_deref().unwrap_or("PAY_PER_REQUEST"),
            "AttributeDefinitions": table.attribute_definitions,
            "KeySchema": table.key_schema,
        });
        database
            .create_table(serde_json::from_value(request)?)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        if let Some(ttl) = table
            .time_to_live_specification
            .as_ref()
            .filter(|ttl| ttl.enabled)
        {
            let request = json!({"TableName": name, "TimeToLiveSpecification": ttl});
            database
                .update_time_to_live(serde_json::from_value(request)?)
                .map_err(|error| anyhow::anyhow!("{error}"))?;
        }
    }
    Ok(())
}
