//! Reads JSON into the heap, and writes it. Objects keep the order of their members.

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{MAX_DEPTH, Meter, RenderError};
use crate::value::{Entries, Heap, Value};

impl Heap {
    /// Reads JSON. Nesting deeper than `serde_json` allows (128) is an error.
    pub(crate) fn read_json(&mut self, text: &str) -> Result<Value, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let value = Seed(self).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    }

    /// Copies a JSON value into the heap. It must not be nested deeper than 128.
    pub(crate) fn import(&mut self, value: &serde_json::Value) -> Result<Value, serde_json::Error> {
        Seed(self).deserialize(value)
    }

    /// The value as a `serde_json` value; what is not data becomes null.
    pub(crate) fn export(
        &self,
        value: &Value,
        meter: &mut Meter,
    ) -> Result<serde_json::Value, RenderError> {
        self.export_below(value, meter, 0)
    }

    fn export_below(
        &self,
        value: &Value,
        meter: &mut Meter,
        depth: usize,
    ) -> Result<serde_json::Value, RenderError> {
        use serde_json::Value as Json;
        if depth > MAX_DEPTH {
            return Err(RenderError::TooDeep);
        }
        meter.work(1)?;
        Ok(match value {
            Value::Null | Value::Defined(_) | Value::Loop(_) | Value::Input | Value::Util => {
                Json::Null
            }
            Value::Boolean(boolean) => Json::Bool(*boolean),
            Value::Integer(integer) => {
                serde_json::Number::from_i128(*integer).map_or(Json::Null, Json::Number)
            }
            Value::Float(float) => {
                serde_json::Number::from_f64(*float).map_or(Json::Null, Json::Number)
            }
            Value::Text(text) => {
                meter.text(text.len())?;
                Json::String(text.to_string())
            }
            Value::List(id) => {
                let mut elements = Vec::new();
                for element in &self.list(*id).elements {
                    elements.push(self.export_below(element, meter, depth + 1)?);
                }
                Json::Array(elements)
            }
            Value::Map(id) => {
                let mut members = serde_json::Map::new();
                for (key, value) in self.map(*id) {
                    members.insert(key.to_string(), self.export_below(value, meter, depth + 1)?);
                }
                Json::Object(members)
            }
            Value::Entry(id) => self.export_below(&self.entry(*id).1, meter, depth + 1)?,
        })
    }
}

struct Seed<'h>(&'h mut Heap);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Value, E> {
        Ok(Value::Boolean(boolean))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Value, E> {
        Ok(Value::Integer(integer.into()))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Value, E> {
        Ok(Value::Integer(integer.into()))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value, E> {
        Ok(Value::Float(float))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(Seed(self.0))? {
            list.push(element);
        }
        Ok(self.0.new_json_list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut entries = Entries::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(Seed(self.0))?;
            entries.insert(Arc::from(key), value);
        }
        Ok(Value::Map(self.0.new_map(entries)))
    }
}
