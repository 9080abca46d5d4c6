//! Translates between the ARNs of tables in the embedded database and those of this machine.

use dynoxide::streams::{LOCAL_ACCOUNT, LOCAL_REGION};
use serde_json::{Map, Value};

use crate::resources::names::Names;

/// ARNs of tables.
pub struct TableArns {
    /// `arn:aws:dynamodb:us-east-1:000000000000:`
    prefix: String,
    database_prefix: String,
}

impl TableArns {
    pub fn new(names: &Names) -> Self {
        Self {
            prefix: names.arn("dynamodb", ""),
            database_prefix: format!("arn:aws:dynamodb:{LOCAL_REGION}:{LOCAL_ACCOUNT}:"),
        }
    }

    /// The ARN of a table of this machine; any other ARN is returned as it is.
    pub fn arn(&self, name_or_arn: &str) -> String {
        if name_or_arn.starts_with("arn:") {
            name_or_arn.to_owned()
        } else {
            format!("{}table/{name_or_arn}", self.prefix)
        }
    }

    /// A request in the form that the database reads: wherever `DynamoDB` takes a table's name it takes its ARN too
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html#DDB-GetItem-request-TableName>).
    ///
    /// `None` if the database reads it unchanged.
    pub fn request(&self, operation: &str, body: &Value) -> Option<String> {
        let mut body = body.clone();
        let mut changed = self.name_table(&mut body);
        for item in body["TransactItems"].as_array_mut().into_iter().flatten() {
            for (_, item) in item.as_object_mut().into_iter().flatten() {
                changed |= self.name_table(item);
            }
        }
        if let Some(tables) = body["RequestItems"].as_object() {
            let named: Map<String, Value> = tables
                .iter()
                .map(|(table, items)| (self.table_name(table).to_owned(), items.clone()))
                .collect();
            if named != *tables {
                body["RequestItems"] = named.into();
                changed = true;
            }
        }
        if is_about_tables(operation)
            && let Some(arn) = body["ResourceArn"].as_str()
            && let Some(rest) = arn.strip_prefix(&self.prefix)
        {
            body["ResourceArn"] = format!("{}{rest}", self.database_prefix).into();
            changed = true;
        }
        changed.then(|| body.to_string())
    }

    /// A response with this machine's ARNs. Items are not changed.
    pub fn response(&self, operation: &str, body: String) -> String {
        if is_about_tables(operation) {
            body.replace(&self.database_prefix, &self.prefix)
        } else {
            body
        }
    }

    fn name_table(&self, request: &mut Value) -> bool {
        let Some(table) = request["TableName"].as_str() else {
            return false;
        };
        let name = self.table_name(table);
        let changed = name != table;
        if changed {
            request["TableName"] = name.to_owned().into();
        }
        changed
    }

    fn table_name<'a>(&self, name_or_arn: &'a str) -> &'a str {
        name_or_arn
            .strip_prefix(&self.prefix)
            .and_then(|rest| rest.strip_prefix("table/"))
            .unwrap_or(name_or_arn)
    }
}

/// Operations on tables rather than on their items.
fn is_about_tables(operation: &str) -> bool {
    matches!(
        operation,
        "CreateTable"
            | "DeleteTable"
            | "DescribeTable"
            | "ListTagsOfResource"
            | "TagResource"
            | "UntagResource"
            | "UpdateTable"
    )
}
