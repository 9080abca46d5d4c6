//! Mutants of a template: in each, one element is removed.

use cfn::{Error, Node, Span, Value};

use crate::edit::{Edit, Lines};

/// The kind of element that is removed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An action of a statement that has more than one.
    Action,
    /// A statement of a policy; the only statement is removed with the policy.
    Statement,
    /// A condition of a statement.
    Condition,
    /// A role's, bucket's, topic's or queue's policy.
    Policy,
    /// A redrive, deletion or replacement policy, or a lifecycle rule.
    Retention,
    /// An `AWS::Lambda::EventSourceMapping`, or its maximum concurrency.
    EventSource,
    /// An `AWS::SNS::Subscription`.
    Subscription,
    /// A line of a mapping template that is not a comment; the only line is removed with the template.
    TemplateLine,
    /// A mapped parameter or header.
    Mapping,
    /// A requirement of a method: credentials, or its required parameters.
    Demand,
    /// An integration response, by its selection pattern, or a gateway response.
    Selection,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Action,
        Self::Statement,
        Self::Condition,
        Self::Policy,
        Self::Retention,
        Self::EventSource,
        Self::Subscription,
        Self::TemplateLine,
        Self::Mapping,
        Self::Demand,
        Self::Selection,
    ];

    /// Whether it is a permission.
    pub fn is_permission(self) -> bool {
        matches!(
            self,
            Self::Action | Self::Statement | Self::Condition | Self::Policy | Self::Demand
        )
    }

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Statement => "statement",
            Self::Condition => "condition",
            Self::Policy => "policy",
            Self::Retention => "redrive, deletion or replacement policy, lifecycle rule",
            Self::EventSource => "event source mapping, its bound",
            Self::Subscription => "subscription",
            Self::TemplateLine => "line of a mapping template",
            Self::Mapping => "mapped parameter or header",
            Self::Demand => "credentials or validator of a method",
            Self::Selection => "selection pattern, gateway response",
        }
    }
}

/// A template with one element removed.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// What was removed: `CreateThumbnailRole.WriteThumbnails.s3:PutObject`.
    pub id: String,
    /// The kind of the element.
    pub kind: Kind,
    /// The template without it.
    pub text: String,
}

/// Every mutant of a template.
///
/// # Errors
/// A template that is not YAML.
pub fn mutants(text: &str) -> Result<Vec<Mutant>, Error> {
    let root = Node::parse(text)?;
    let mut found = Finder {
        lines: Lines::of(text),
        resources: root.get("Resources").map_or(&[], map),
        mutants: Vec::new(),
    };
    for (mapping, _, keys) in root.get("Mappings").map_or(&[][..], map) {
        for (key, _, values) in map(keys) {
            for (name, span, value) in map(values) {
                // Mapping templates that several integrations share.
                if value.as_str().is_some_and(|text| text.contains('\n')) {
                    found.template(&format!("{mapping} {key} {name}"), *span, *span);
                }
            }
        }
    }
    for (name, span, resource) in found.resources {
        found.resource(name, *span, resource);
    }
    Ok(found.mutants)
}

type Entry = (String, Span, Node);

fn map(node: &Node) -> &[Entry] {
    node.as_map().unwrap_or_default()
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    map(node).iter().find(|(name, ..)| name == key)
}

struct Finder<'t> {
    lines: Lines<'t>,
    resources: &'t [Entry],
    mutants: Vec<Mutant>,
}

impl Finder<'_> {
    fn add(&mut self, kind: Kind, id: String, edits: &[Edit]) {
        self.mutants.push(Mutant {
            id,
            kind,
            text: self.lines.edited(edits),
        });
    }

    /// Removes an entry of a map, or the map if it is the only entry.
    fn add_entry(&mut self, kind: Kind, id: String, owner: Span, entries: usize, key: Span) {
        let span = if entries == 1 { owner } else { key };
        let range = self.lines.entry(span);
        self.add(kind, id, &[Edit::Remove(range)]);
    }

    fn resource(&mut self, name: &str, span: Span, resource: &Node) {
        for attribute in ["DeletionPolicy", "UpdateReplacePolicy"] {
            if let Some((_, key, _)) = entry(resource, attribute) {
                let range = self.lines.entry(*key);
                self.add(
                    Kind::Retention,
                    format!("{name}.{attribute}"),
                    &[Edit::Remove(range)],
                );
            }
        }
        let kind = resource
            .get("Type")
            .and_then(Node::as_str)
            .unwrap_or_default();
        let Some(properties) = resource.get("Properties") else {
            return;
        };
        let whole = self.resource_edits(name, span);
        match kind {
            "AWS::IAM::Role" => self.role(name, properties),
            "AWS::S3::BucketPolicy" | "AWS::SNS::TopicPolicy" | "AWS::SQS::QueuePolicy" => {
                self.add(Kind::Policy, name.to_owned(), &whole);
                if let Some(document) = properties.get("PolicyDocument") {
                    self.document(name, document);
                }
            }
            "AWS::Lambda::EventSourceMapping" => {
                self.add(Kind::EventSource, name.to_owned(), &whole);
                self.property(Kind::EventSource, name, properties, "ScalingConfig");
            }
            "AWS::SNS::Subscription" => {
                self.add(Kind::Subscription, name.to_owned(), &whole);
                self.property(Kind::Retention, name, properties, "RedrivePolicy");
            }
            "AWS::SQS::Queue" => {
                self.property(Kind::Retention, name, properties, "RedrivePolicy");
            }
            "AWS::S3::Bucket" => self.lifecycle(name, properties),
            "AWS::ApiGateway::RestApi" => {
                if let Some(body) = properties.get("Body") {
                    self.api(&[], body);
                }
            }
            _ => {}
        }
    }

    fn property(&mut self, kind: Kind, name: &str, properties: &Node, property: &str) {
        if let Some((_, span, _)) = entry(properties, property) {
            let range = self.lines.entry(*span);
            self.add(kind, format!("{name}.{property}"), &[Edit::Remove(range)]);
        }
    }

    /// Removes each rule of a bucket, or the configuration if it is the only rule.
    fn lifecycle(&mut self, name: &str, properties: &Node) {
        let Some((_, owner, configuration)) = entry(properties, "LifecycleConfiguration") else {
            return;
        };
        let rules = configuration.get("Rules").and_then(Node::as_list);
        let rules = rules.unwrap_or_default();
        for rule in rules {
            let lines = match rules.len() {
                1 => self.lines.entry(*owner),
                _ => self.lines.item(rule.span),
            };
            let id = rule.get("Id").and_then(Node::as_str).unwrap_or_default();
            let id = format!("{name}.{id}");
            self.add(Kind::Retention, id, &[Edit::Remove(lines)]);
        }
    }

    /// Removes a resource, and its name from every `DependsOn`.
    fn resource_edits(&self, name: &str, span: Span) -> Vec<Edit> {
        let mut edits = vec![Edit::Remove(self.lines.entry(span))];
        for (_, _, resource) in self.resources {
            let Some((_, key, awaited)) = entry(resource, "DependsOn") else {
                continue;
            };
            let awaited: Vec<&str> = match &awaited.value {
                Value::List(all) => all.iter().filter_map(Node::as_str).collect(),
                _ => awaited.as_str().into_iter().collect(),
            };
            if !awaited.contains(&name) {
                continue;
            }
            let rest: Vec<&str> = awaited.into_iter().filter(|one| *one != name).collect();
            let lines = self.lines.entry(*key);
            let indent = " ".repeat(key.column - 1);
            edits.push(if rest.is_empty() {
                Edit::Remove(lines)
            } else {
                Edit::Replace(
                    lines.start,
                    format!("{indent}DependsOn: [{}]", rest.join(", ")),
                )
            });
        }
        edits
    }

    fn role(&mut self, name: &str, properties: &Node) {
        if let Some((_, _, document)) = entry(properties, "AssumeRolePolicyDocument") {
            self.document(&format!("{name}.trust"), document);
            if let Some((_, span, _)) = entry(document, "Statement") {
                let lines = self.lines.entry(*span);
                let none = format!("{}Statement: []", " ".repeat(span.column - 1));
                let edits = [
                    Edit::Replace(lines.start, none),
                    Edit::Remove(lines.start + 1..lines.end),
                ];
                self.add(Kind::Policy, format!("{name}.trust"), &edits);
            }
        }
        let Some((_, owner, policies)) = entry(properties, "Policies") else {
            return;
        };
        let all = policies.as_list().unwrap_or_default();
        for policy in all {
            let lines = if all.len() == 1 {
                self.lines.entry(*owner)
            } else {
                self.lines.item(policy.span)
            };
            let title = policy
                .get("PolicyName")
                .and_then(Node::as_str)
                .unwrap_or_default();
            self.add(
                Kind::Policy,
                format!("{name}.{title}"),
                &[Edit::Remove(lines)],
            );
            if let Some(document) = policy.get("PolicyDocument") {
                self.document(name, document);
            }
        }
    }

    fn document(&mut self, name: &str, document: &Node) {
        let Some(statements) = document.get("Statement").and_then(Node::as_list) else {
            return;
        };
        for (index, statement) in statements.iter().enumerate() {
            let sid = statement.get("Sid").and_then(Node::as_str);
            let sid = sid.map_or_else(|| format!("Statement[{index}]"), str::to_owned);
            let id = format!("{name}.{sid}");
            // Removing the only statement removes the policy, which is already a mutant.
            if statements.len() > 1 {
                let lines = self.lines.item(statement.span);
                self.add(Kind::Statement, id.clone(), &[Edit::Remove(lines)]);
            }
            let actions = statement.get("Action").and_then(Node::as_list);
            for action in actions.filter(|all| all.len() > 1).unwrap_or_default() {
                let text = action.as_str().unwrap_or_default();
                let edit = self.lines.flow_item(action.span, text);
                let edit = edit.unwrap_or_else(|| Edit::Remove(self.lines.item(action.span)));
                self.add(Kind::Action, format!("{id}.{text}"), &[edit]);
            }
            self.conditions(&id, statement);
        }
    }

    fn conditions(&mut self, id: &str, statement: &Node) {
        let Some((_, owner, condition)) = entry(statement, "Condition") else {
            return;
        };
        let operators = map(condition);
        for (operator, span, keys) in operators {
            let above = if operators.len() == 1 { *owner } else { *span };
            for (key, key_span, _) in map(keys) {
                let id = format!("{id}.{operator} {key}");
                self.add_entry(Kind::Condition, id, above, map(keys).len(), *key_span);
            }
        }
    }

    fn api(&mut self, path: &[&str], node: &Node) {
        for item in node.as_list().unwrap_or_default() {
            self.api(path, item);
        }
        for (key, span, value) in map(node) {
            let mut inside = path.to_vec();
            inside.push(key);
            let place = readable(&inside[..inside.len() - 1]);
            let entries = map(value);
            match key.as_str() {
                "requestTemplates" | "responseTemplates" => {
                    for (_, template, _) in entries {
                        let owner = if entries.len() == 1 { *span } else { *template };
                        self.template(&format!("{place} {key}"), owner, *template);
                    }
                }
                "requestParameters" | "responseParameters" => {
                    for (name, one, _) in entries {
                        let id = format!("{place} {name}");
                        self.add_entry(Kind::Mapping, id, *span, entries.len(), *one);
                    }
                }
                "x-amazon-apigateway-request-validator" => {
                    let range = self.lines.entry(*span);
                    let id = format!("{place} request validator");
                    self.add(Kind::Demand, id, &[Edit::Remove(range)]);
                }
                // An empty list requires nothing, and neither does a method without one.
                "security" if !value.as_list().is_some_and(<[Node]>::is_empty) => {
                    let range = self.lines.entry(*span);
                    self.add(
                        Kind::Demand,
                        format!("{place} security"),
                        &[Edit::Remove(range)],
                    );
                }
                "responses" if path.last() == Some(&"x-amazon-apigateway-integration") => {
                    for (pattern, one, _) in entries {
                        let id = format!("{place} {pattern}");
                        self.add_entry(Kind::Selection, id, *span, entries.len(), *one);
                    }
                    self.api(&inside, value);
                }
                "x-amazon-apigateway-gateway-responses" => {
                    for (name, one, _) in entries {
                        self.add_entry(Kind::Selection, name.clone(), *span, entries.len(), *one);
                    }
                    self.api(&inside, value);
                }
                _ => self.api(&inside, value),
            }
        }
    }

    /// Removes each line of a template in block style, or the template if it has one line.
    fn template(&mut self, place: &str, owner: Span, key: Span) {
        let lines = self.lines.entry(key);
        if lines.len() == 1 {
            let text = self.lines.get(lines.start).trim();
            let lines = self.lines.entry(owner);
            self.add(
                Kind::TemplateLine,
                format!("{place}: {text}"),
                &[Edit::Remove(lines)],
            );
            return;
        }
        for number in lines.start + 1..lines.end {
            let text = self.lines.get(number).trim();
            if text.is_empty() || text.starts_with("##") {
                continue;
            }
            let id = format!("{place}:{}: {text}", number - lines.start);
            let mut edits = vec![Edit::Remove(number..number + 1)];
            // The first line determines the block's indentation; without it, the header must state it.
            if number == lines.start + 1 {
                let first = self.lines.get(number);
                let depth = first.len() - first.trim_start().len() + 1 - key.column;
                let head = self.lines.get(lines.start);
                edits.push(Edit::Replace(
                    lines.start,
                    head.replacen('|', &format!("|{depth}"), 1),
                ));
            }
            self.add(Kind::TemplateLine, id, &edits);
        }
    }
}

/// `paths, /images, get, x-amazon-apigateway-integration, responses, 200` is `/images get 200`.
fn readable(path: &[&str]) -> String {
    let is_significant = |step: &&str| {
        !matches!(
            *step,
            "paths"
                | "x-amazon-apigateway-integration"
                | "x-amazon-apigateway-gateway-responses"
                | "responses"
        )
    };
    path.iter()
        .copied()
        .filter(is_significant)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
#[path = "mutants_tests.rs"]
mod tests;
