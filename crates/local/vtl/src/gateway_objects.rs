//! `$input`, `$context` and `$stageVariables`: the request as visible to a template.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html>

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Meter, RenderError};
use crate::json_path::JsonPath;
use crate::value::{Entries, Heap, MapId, Value};
use crate::{Input, Overrides, ResponseOverride};

/// Values that API Gateway accepts for `$context.responseOverride.status`; others are ignored (recorded).
const STATUSES: std::ops::RangeInclusive<u16> = 100..=599;

/// The body as JSON, parsed on first use.
enum Body {
    Unread,
    NotJson,
    Json(Value),
}

pub(crate) struct GatewayObjects<'r> {
    input: &'r Input,
    pub(crate) context: MapId,
    pub(crate) stage_variables: MapId,
    json: Body,
    /// The body as a value, copied once however often a template uses it.
    shared_body: OnceCell<Arc<str>>,
    params: Option<MapId>,
}

impl<'r> GatewayObjects<'r> {
    pub(crate) fn new(input: &'r Input, heap: &mut Heap) -> Self {
        let context = match heap.import(&input.context) {
            Ok(Value::Map(context)) => context,
            _ => heap.new_map(Entries::new()),
        };
        // Templates assign to the overrides, so they exist whatever is in the context.
        for (name, parts) in [
            ("requestOverride", &["header", "path", "querystring"][..]),
            ("responseOverride", &["header"][..]),
        ] {
            let overrides = map_below(heap, context, name);
            for part in parts {
                map_below(heap, overrides, part);
            }
        }
        let stage_variables = texts(heap, &input.stage_variables);
        Self {
            input,
            context,
            stage_variables,
            json: Body::Unread,
            shared_body: OnceCell::new(),
            params: None,
        }
    }

    /// `$input.body`. An empty body is read as `{}` (recorded).
    pub(crate) fn body(&self) -> Value {
        let shared = self.shared_body.get_or_init(|| self.text().into());
        Value::Text(shared.clone())
    }

    fn text(&self) -> &'r str {
        if self.input.body.is_empty() {
            "{}"
        } else {
            &self.input.body
        }
    }

    /// Calls `$input.name(arguments)`. `None`: there is no such function.
    pub(crate) fn call(
        &mut self,
        name: &str,
        arguments: &[Value],
        heap: &mut Heap,
        meter: &mut Meter,
    ) -> Result<Option<Value>, RenderError> {
        match (name, arguments) {
            ("params", []) => Ok(Some(Value::Map(self.params(heap)))),
            ("params", [name]) => {
                let name = heap.to_text(name, meter)?;
                // In this order, as documented.
                let value = [
                    &self.input.path,
                    &self.input.querystring,
                    &self.input.header,
                ]
                .into_iter()
                .find_map(|parameters| parameters.get(&*name));
                Ok(value.map(|value| Value::text(value.as_str())))
            }
            ("path", [path]) => {
                let path = heap.to_text(path, meter)?;
                self.read(&path, heap, meter)
            }
            ("json", [path]) => {
                let path = heap.to_text(path, meter)?;
                // A missing value is an empty JSON string (recorded).
                let json = match self.read(&path, heap, meter)? {
                    Some(value) => heap.to_json(&value, meter)?,
                    None => "\"\"".to_owned(),
                };
                Ok(Some(Value::text(json)))
            }
            _ => Ok(None),
        }
    }

    fn read(
        &mut self,
        path: &str,
        heap: &mut Heap,
        meter: &mut Meter,
    ) -> Result<Option<Value>, RenderError> {
        let path = JsonPath::parse(path)?;
        let text = self.text();
        if matches!(self.json, Body::Unread) {
            meter.text(text.len())?;
            self.json = heap.read_json(text).map_or(Body::NotJson, Body::Json);
        }
        match &self.json {
            Body::Json(root) => path.read(root, heap, meter),
            Body::Unread | Body::NotJson => Ok(None),
        }
    }

    fn params(&mut self, heap: &mut Heap) -> MapId {
        *self.params.get_or_insert_with(|| {
            let mut all = Entries::new();
            for (name, parameters) in [
                ("path", &self.input.path),
                ("querystring", &self.input.querystring),
                ("header", &self.input.header),
            ] {
                all.insert(name.into(), Value::Map(texts(heap, parameters)));
            }
            heap.new_map(all)
        })
    }
}

fn texts(heap: &mut Heap, texts: &BTreeMap<String, String>) -> MapId {
    let entries = texts
        .iter()
        .map(|(name, text)| (Arc::from(name.as_str()), Value::text(text.as_str())))
        .collect();
    heap.new_map(entries)
}

/// The map at `name` in `map`, created if there is none.
fn map_below(heap: &mut Heap, map: MapId, name: &str) -> MapId {
    if let Some(Value::Map(below)) = heap.map(map).get(name) {
        return *below;
    }
    let below = heap.new_map(Entries::new());
    heap.map_mut(map).insert(name.into(), Value::Map(below));
    below
}

/// Reads `$context.requestOverride` as the template left it.
pub(crate) fn request_override(
    heap: &Heap,
    context: MapId,
    meter: &mut Meter,
) -> Result<Overrides, RenderError> {
    let part =
        |name: &str, meter: &mut Meter| overridden(heap, context, "requestOverride", name, meter);
    Ok(Overrides {
        header: part("header", meter)?,
        querystring: part("querystring", meter)?,
        path: part("path", meter)?,
    })
}

/// Reads `$context.responseOverride` as the template left it.
pub(crate) fn response_override(
    heap: &Heap,
    context: MapId,
    meter: &mut Meter,
) -> Result<ResponseOverride, RenderError> {
    let status = match heap.map(context).get("responseOverride") {
        Some(Value::Map(overrides)) => match heap.map(*overrides).get("status") {
            Some(Value::Integer(status)) => u16::try_from(*status).ok(),
            Some(Value::Text(status)) => status.parse().ok(),
            _ => None,
        },
        _ => None,
    };
    Ok(ResponseOverride {
        status: status.filter(|status| STATUSES.contains(status)),
        header: overridden(heap, context, "responseOverride", "header", meter)?,
    })
}

/// The strings under `$context.name.part`; null overrides nothing.
fn overridden(
    heap: &Heap,
    context: MapId,
    name: &str,
    part: &str,
    meter: &mut Meter,
) -> Result<BTreeMap<String, String>, RenderError> {
    let mut texts = BTreeMap::new();
    if let Some(Value::Map(overrides)) = heap.map(context).get(name)
        && let Some(Value::Map(values)) = heap.map(*overrides).get(part)
    {
        for (key, value) in heap.map(*values) {
            if !matches!(value, Value::Null) {
                texts.insert(key.to_string(), heap.to_text(value, meter)?.to_string());
            }
        }
    }
    Ok(texts)
}
