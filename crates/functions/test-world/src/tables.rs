//! The template's tables in an embedded `DynamoDB`.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};

use crate::Gate;

/// The tables `images`, `labels` and `contents`.
#[derive(Clone, Debug)]
pub struct Tables {
    endpoint: String,
}

impl Tables {
    /// Empty tables in a `DynamoDB` of their own.
    pub async fn create() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let database = dynoxide::Database::memory().expect("a database");
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let tables = Self { endpoint };
        let client = tables.client();
        create(&client, "images", &["Id"]).await;
        create(&client, "labels", &["Label", "Rank"]).await;
        create(&client, "contents", &["Content"]).await;
        tables
    }

    /// A client.
    #[must_use]
    pub fn client(&self) -> Client {
        self.gated(&Gate::default())
    }

    /// A client whose calls wait at a gate.
    #[must_use]
    pub fn gated(&self, gate: &Gate) -> Client {
        let http = aws_smithy_http_client::Builder::new().build_http();
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(credentials)
            .endpoint_url(&self.endpoint)
            .http_client(gate.http_client(http));
        Client::from_conf(config.build())
    }
}

async fn create(client: &Client, name: &str, keys: &[&str]) {
    let mut create = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest);
    for (key, kind) in keys.iter().zip([KeyType::Hash, KeyType::Range]) {
        let element = KeySchemaElement::builder()
            .attribute_name(*key)
            .key_type(kind);
        let attribute = AttributeDefinition::builder()
            .attribute_name(*key)
            .attribute_type(ScalarAttributeType::S);
        create = create
            .key_schema(element.build().expect("a key"))
            .attribute_definitions(attribute.build().expect("an attribute"));
    }
    create.send().await.expect("a table");
}
