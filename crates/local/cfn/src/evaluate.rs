//! Evaluates expressions and predicates.

use std::cell::Cell;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::expression::{Expression, Kind, Part, Sub};
use crate::predicate::Predicate;
use crate::visible_names::{NO_VALUE, NOTIFICATION_ARNS, Names, Section, VisibleNames};
use crate::{Environment, Error, Node, Resource, ResourceTypes, Span, Template, Value};

/// The limit on the total bytes of strings that a template builds. Nested `Fn::Sub`s can double the size at each level, so
/// that a short template could exhaust the memory.
const MAX_BUILT: usize = 16 << 20;

pub(crate) struct Evaluator<'a> {
    pub(crate) template: &'a Template,
    pub(crate) parameters: &'a BTreeMap<String, String>,
    pub(crate) environment: &'a Environment,
    pub(crate) types: &'a dyn ResourceTypes,
    pub(crate) section: Section,
    /// The conditions decided so far.
    pub(crate) conditions: BTreeMap<String, bool>,
    /// The resources computed so far, in dependency order.
    pub(crate) resources: Vec<Resource>,
    /// Bytes of text built so far.
    pub(crate) built: Cell<usize>,
}

impl Evaluator<'_> {
    /// Computes a value; `None` is `AWS::NoValue`.
    pub(crate) fn value(&self, expression: &Expression) -> Result<Option<Node>, Error> {
        let span = expression.span;
        let value = match &expression.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(entries) => Value::List(self.entries(entries)?),
            Kind::Map(fields) => Value::Map(self.fields(fields)?),
            Kind::Ref(name) if name == NO_VALUE => return Ok(None),
            Kind::Ref(name) => self.reference(name, span)?,
            Kind::GetAtt {
                resource,
                attribute,
            } => self.attribute(resource, attribute, span)?,
            Kind::Sub(sub) => self.substitute(sub)?.into(),
            Kind::Join { delimiter, list } => {
                let list = self.texts(list, "Fn::Join")?;
                let length: usize = list.iter().map(|text| text.len() + delimiter.len()).sum();
                self.build(length, span)?;
                list.join(delimiter).into()
            }
            Kind::Select { index, list } => return self.select(index, list, span).map(Some),
            Kind::Split { delimiter, text } => {
                let text = self.text(text, "Fn::Split")?;
                self.build(text.len(), span)?;
                let node = |part: &str| Node {
                    span,
                    value: part.into(),
                };
                Value::List(text.split(delimiter.as_str()).map(node).collect())
            }
            Kind::If {
                condition,
                then,
                otherwise,
            } => {
                let holds = self.conditions.get(condition).copied().unwrap_or_default();
                return self.value(if holds { then } else { otherwise });
            }
            Kind::FindInMap {
                map,
                key,
                attribute,
            } => self.find_in_map(map, key, attribute, span)?,
            Kind::Base64(text) => {
                let text = self.text(text, "Fn::Base64")?;
                self.build(text.len() / 3 * 4 + 4, span)?;
                STANDARD.encode(text).into()
            }
        };
        Ok(Some(Node { span, value }))
    }

    /// Computes a string from any kind of scalar.
    pub(crate) fn text(&self, expression: &Expression, user: &str) -> Result<String, Error> {
        let text = self.value(expression)?.and_then(|node| node.scalar_text());
        text.ok_or_else(|| {
            let message = format!("Template error: {user} needs a string here");
            Error::new(expression.span, message)
        })
    }

    fn list(&self, expression: &Expression, user: &str) -> Result<Vec<Node>, Error> {
        if let Some(Value::List(entries)) = self.value(expression)?.map(|node| node.value) {
            return Ok(entries);
        }
        let message = format!("Template error: {user} needs a list here");
        Err(Error::new(expression.span, message))
    }

    fn texts(&self, expression: &Expression, user: &str) -> Result<Vec<String>, Error> {
        let text = |node: Node| {
            node.scalar_text().ok_or_else(|| {
                let message = format!("Template error: {user} needs a list of strings here");
                Error::new(node.span, message)
            })
        };
        self.list(expression, user)?.into_iter().map(text).collect()
    }

    fn entries(&self, entries: &[Expression]) -> Result<Vec<Node>, Error> {
        let entry = |(index, entry)| {
            self.value(entry)
                .map_err(|error| error.within_entry(index))
                .transpose()
        };
        entries.iter().enumerate().filter_map(entry).collect()
    }

    pub(crate) fn fields(
        &self,
        fields: &[(String, Span, Expression)],
    ) -> Result<Vec<(String, Span, Node)>, Error> {
        let field = |(key, span, value): &(String, Span, Expression)| {
            let value = self
                .value(value)
                .map_err(|error| error.within(key))
                .transpose()?;
            Some(value.map(|value| (key.clone(), *span, value)))
        };
        fields.iter().filter_map(field).collect()
    }

    fn reference(&self, name: &str, span: Span) -> Result<Value, Error> {
        let environment = self.environment;
        let pseudo = match name {
            "AWS::AccountId" => &environment.account_id,
            "AWS::Partition" => &environment.partition,
            "AWS::Region" => &environment.region,
            "AWS::StackId" => &environment.stack_id,
            "AWS::StackName" => &environment.stack_name,
            "AWS::URLSuffix" => &environment.url_suffix,
            NOTIFICATION_ARNS => {
                let arns = environment.notification_arns.iter();
                let node = |arn: &String| Node {
                    span,
                    value: arn.as_str().into(),
                };
                return Ok(Value::List(arns.map(node).collect()));
            }
            _ => return self.declared(name, span),
        };
        Ok(pseudo.as_str().into())
    }

    /// A parameter, or else a resource.
    fn declared(&self, name: &str, span: Span) -> Result<Value, Error> {
        let parameter = self
            .template
            .parameters
            .iter()
            .find(|parameter| parameter.name == name);
        if let Some(parameter) = parameter {
            let value = self.parameters.get(name).map_or("", String::as_str);
            self.build(value.len(), span)?;
            return Ok(parameter.reference(value));
        }
        let resource = self.resource(name, span)?;
        let reference = self.types.reference(resource);
        reference
            .map(Value::String)
            .map_err(|error| error.or_at(span))
    }

    fn attribute(&self, resource: &str, name: &Expression, span: Span) -> Result<Value, Error> {
        let name = self.text(name, "Fn::GetAtt")?;
        let attribute = self.types.attribute(self.resource(resource, span)?, &name);
        attribute
            .map(|node| node.value)
            .map_err(|error| error.or_at(span))
    }

    /// A resource that was already computed; missing only if its condition doesn't hold.
    fn resource(&self, name: &str, span: Span) -> Result<&Resource, Error> {
        let visible = VisibleNames {
            section: self.section,
            names: &Names::default(),
        };
        let resource = self
            .resources
            .iter()
            .find(|resource| resource.logical_id == name);
        resource.ok_or_else(|| visible.unresolved(name, span))
    }

    fn substitute(&self, sub: &Sub) -> Result<String, Error> {
        let variables = sub.variables.iter().map(|(name, value)| {
            self.text(value, "Fn::Sub")
                .map_err(|error| error.within(name))
        });
        let variables: Vec<String> = variables.collect::<Result<_, _>>()?;
        let mut text = String::new();
        for part in &sub.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Variable(index) => {
                    let value = variables.get(*index).map_or("", String::as_str);
                    self.build(value.len(), sub.span)?;
                    text.push_str(value);
                }
                Part::Reference(reference) => text.push_str(&self.text(reference, "Fn::Sub")?),
            }
        }
        self.build(text.len(), sub.span)?;
        Ok(text)
    }

    fn select(&self, index: &Expression, list: &Expression, span: Span) -> Result<Node, Error> {
        let text = self.text(index, "Fn::Select")?;
        let entries = self.list(list, "Fn::Select")?;
        let entry = text
            .trim()
            .parse()
            .ok()
            .and_then(|index: usize| entries.into_iter().nth(index));
        entry.ok_or_else(|| {
            let message = format!(
                "Template error: Fn::Select cannot select nonexistent value at index {text}"
            );
            Error::new(span, message)
        })
    }

    fn find_in_map(
        &self,
        map: &Expression,
        key: &Expression,
        attribute: &Expression,
        span: Span,
    ) -> Result<Value, Error> {
        let user = "Fn::FindInMap";
        let map = self.text(map, user)?;
        let key = self.text(key, user)?;
        let attribute = self.text(attribute, user)?;
        let mapping = self.template.mappings.iter().find(|(name, _)| *name == map);
        let value = mapping.and_then(|(_, mapping)| mapping.get(&key)?.get(&attribute));
        value.map(|node| node.value.clone()).ok_or_else(|| {
            let message =
                format!("Template error: Unable to get mapping for {map}::{key}::{attribute}");
            Error::new(span, message)
        })
    }

    fn build(&self, bytes: usize, span: Span) -> Result<(), Error> {
        self.built.set(self.built.get().saturating_add(bytes));
        if self.built.get() > MAX_BUILT {
            let message = format!(
                "the template builds more than {} MiB of text",
                MAX_BUILT >> 20
            );
            return Err(Error::new(span, message));
        }
        Ok(())
    }

    /// Decides a predicate.
    pub(crate) fn holds(&self, predicate: &Predicate) -> Result<bool, Error> {
        let all = |predicates: &[Predicate], stop: bool| {
            for predicate in predicates {
                if self.holds(predicate)? == stop {
                    return Ok(stop);
                }
            }
            Ok(!stop)
        };
        match predicate {
            Predicate::Equals(left, right) => {
                Ok(self.text(left, "Fn::Equals")? == self.text(right, "Fn::Equals")?)
            }
            Predicate::All(predicates) => all(predicates, false),
            Predicate::Any(predicates) => all(predicates, true),
            Predicate::Not(inner) => self.holds(inner).map(|holds| !holds),
            Predicate::Condition(name, _) => {
                Ok(self.conditions.get(name).copied().unwrap_or_default())
            }
            Predicate::Contains(list, text) => {
                let text = self.text(text, "Fn::Contains")?;
                Ok(self.texts(list, "Fn::Contains")?.contains(&text))
            }
            Predicate::EachMemberEquals(list, text) => {
                let text = self.text(text, "Fn::EachMemberEquals")?;
                Ok(self
                    .texts(list, "Fn::EachMemberEquals")?
                    .iter()
                    .all(|entry| *entry == text))
            }
            Predicate::EachMemberIn(list, allowed) => {
                let allowed = self.texts(allowed, "Fn::EachMemberIn")?;
                let list = self.texts(list, "Fn::EachMemberIn")?;
                Ok(list.iter().all(|entry| allowed.contains(entry)))
            }
        }
    }
}
