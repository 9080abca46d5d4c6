//! `DynamoDB`: the embedded database `dynoxide-rs`, behind this machine's signatures and policies.

mod arns;
mod operations;

use std::path::Path;

use anyhow::Context as _;
use bytes::Bytes;
use dynoxide::Database;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::aws_port::service::{Call, Output, Service, ServiceError};
use crate::private_files;
use crate::resources::Resources;
use crate::resources::names::Names;
use arns::TableArns;

/// The tables of a stack.
pub struct Tables {
    database: Database,
    arns: TableArns,
}

impl Tables {
    /// Opens the database in `folder` and creates the tables that a template declares, unless they exist.
    ///
    /// # Errors
    /// A table that `DynamoDB` refuses, or a folder that cannot be written.
    pub fn open(resources: &Resources, names: &Names, folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("dynamodb.sqlite");
        private_files::create(&path)
            .with_context(|| format!("cannot create {}", path.display()))?;
        let database = Database::new(&path.to_string_lossy())
            .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        for table in &resources.tables {
            create(&database, &table.physical_id, &table.properties)
                .with_context(|| format!("Resources.{}", table.logical_id))?;
        }
        Ok(Self {
            database,
            arns: TableArns::new(names),
        })
    }

    /// Actions and resources that an operation needs
    /// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>); a transaction needs
    /// those of its items.
    fn permissions(&self, operation: &str, body: &Value) -> Vec<(String, String)> {
        let table = |body: &Value| match (body["TableName"].as_str(), body["IndexName"].as_str()) {
            (Some(name), Some(index)) => format!("{}/index/{index}", self.arns.arn(name)),
            (Some(name), None) => self.arns.arn(name),
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
                .map(|name| (format!("dynamodb:{operation}"), self.arns.arn(name)))
                .collect(),
            _ => vec![(format!("dynamodb:{operation}"), table(body))],
        }
    }
}

#[async_trait::async_trait]
impl Service for Tables {
    async fn call(&self, call: &Call<'_>) -> Result<Output, ServiceError> {
        for (action, resource) in self.permissions(call.action, call.input) {
            call.check(&action, &resource)?;
        }
        let body = match self.arns.request(call.action, call.input) {
            Some(body) => body,
            None => String::from_utf8_lossy(call.body).into_owned(),
        };
        let database = self.database.clone();
        let operation = call.action.to_owned();
        // SQLite blocks the thread that it runs on.
        let result =
            tokio::task::spawn_blocking(move || operations::run(&database, &operation, &body))
                .await
                .map_err(|error| ServiceError::internal(&error.into()))?
                .ok_or_else(|| call.unsupported("DynamoDB"))?;
        Ok(Output::Response(match result {
            Ok(body) => response(StatusCode::OK, self.arns.response(call.action, body)),
            Err(error) => response(
                StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST),
                error.to_json(),
            ),
        }))
    }
}

fn response(status: StatusCode, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    response
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
            "GlobalSecondaryIndexes": table.global_secondary_indexes,
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
