//! The template's tables in an embedded `DynamoDB`.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};

use crate::Gate;

/// The tables `images`, `labels` and `contents`.
#[derive(Clone, Debug)]
pub struct Tables {
    endpoint: String,
}

impl Tables {
    /// Empty tables in a new `DynamoDB`.
    pub async fn create() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let database = dynoxide::Database::memory().expect("a database");
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let tables = Self { endpoint };
        let client = tables.client();
        create(
            &client,
            "images",
            &["Id"],
            Some(("Newest", ["Listed", "ListedAt"])),
        )
        .await;
        create(&client, "labels", &["Label", "Rank"], None).await;
        create(&client, "contents", &["Content"], None).await;
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

async fn create(client: &Client, name: &str, keys: &[&str], index: Option<(&str, [&str; 2])>) {
    let mut create = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(schema(keys)));
    let indexed = index.iter().flat_map(|(_, keys)| keys);
    for key in keys.iter().chain(indexed) {
        let attribute = AttributeDefinition::builder()
            .attribute_name(*key)
            .attribute_type(ScalarAttributeType::S);
        create = create.attribute_definitions(attribute.build().expect("an attribute"));
    }
    if let Some((name, keys)) = index {
        let all = Projection::builder().projection_type(ProjectionType::All);
        let index = GlobalSecondaryIndex::builder()
            .index_name(name)
            .set_key_schema(Some(schema(&keys)))
            .projection(all.build());
        create = create.global_secondary_indexes(index.build().expect("an index"));
    }
    create.send().await.expect("a table");
}

fn schema(keys: &[&str]) -> Vec<KeySchemaElement> {
    let element = |(key, kind): (&&str, KeyType)| {
        let element = KeySchemaElement::builder()
            .attribute_name(*key)
            .key_type(kind);
        element.build().expect("a key")
    };
    keys.iter()
        .zip([KeyType::Hash, KeyType::Range])
        .map(element)
        .collect()
}
