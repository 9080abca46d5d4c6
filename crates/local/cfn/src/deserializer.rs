//! Deserializes a [`Node`] with serde, with CloudFormation's leniency on scalars, and with errors that say where.

use std::cell::RefCell;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

use crate::{Error, Node, Span, Value};

/// Reads a node into a struct.
///
/// Scalars are converted to the requested type as CloudFormation does: `"true"` to a bool, `"256"` to a number, `5` or
/// `true` to a string. Types that request none (`#[serde(untagged)]`, `#[serde(flatten)]`, JSON values) get the scalar as
/// written.
///
/// ```
/// #[derive(serde::Deserialize)]
/// #[serde(deny_unknown_fields, rename_all = "PascalCase")]
/// struct Queue { message_retention_period: u32 }
///
/// let node = cfn::Node::parse("MessageRetentionPeriod: '1209600'").unwrap();
/// assert_eq!(cfn::from_node::<Queue>(&node).unwrap().message_retention_period, 1_209_600);
///
/// let node = cfn::Node::parse("\nRetention: 5").unwrap();
/// let refused = cfn::from_node::<Queue>(&node).err().unwrap().to_string();
/// assert_eq!(refused, "2:1: Retention: unknown field `Retention`, expected `MessageRetentionPeriod`");
/// ```
///
/// # Errors
/// The error of the type, with the place of the offending key or value and the path to it from `node`.
pub fn from_node<T: DeserializeOwned>(node: &Node) -> Result<T, Error> {
    T::deserialize(Reader(node)).map_err(|error| error.or_at(node.span))
}

#[derive(Clone, Copy)]
struct Reader<'node>(&'node Node);

impl<'de> Reader<'de> {
    fn wrong<T>(self, visitor: &impl Visitor<'de>) -> Result<T, Error> {
        let found = match &self.0.value {
            Value::Null => de::Unexpected::Unit,
            Value::Bool(value) => de::Unexpected::Bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), _, _) => de::Unexpected::Unsigned(value),
                (None, Some(value), _) => de::Unexpected::Signed(value),
                (None, None, value) => de::Unexpected::Float(value.unwrap_or(f64::NAN)),
            },
            Value::String(text) => de::Unexpected::Str(text),
            Value::List(_) => de::Unexpected::Seq,
            Value::Map(_) => de::Unexpected::Map,
        };
        let error: Error = de::Error::invalid_type(found, visitor);
        Err(error.or_at(self.0.span))
    }

    /// Reads a number, or a string that is one.
    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let spelled;
        let number = match &self.0.value {
            Value::Number(number) => number,
            Value::String(text) => match text.trim().parse::<serde_json::Number>() {
                Ok(number) => {
                    spelled = number;
                    &spelled
                }
                Err(_) => return self.wrong(&visitor),
            },
            _ => return self.wrong(&visitor),
        };
        visit_number(number, visitor).map_err(|error| error.or_at(self.0.span))
    }
}

fn visit_number<'de, V: Visitor<'de>>(
    number: &serde_json::Number,
    visitor: V,
) -> Result<V::Value, Error> {
    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(value), _, _) => visitor.visit_u64(value),
        (None, Some(value), _) => visitor.visit_i64(value),
        (None, None, value) => visitor.visit_f64(value.unwrap_or(f64::NAN)),
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.number(visitor)
        })*
    };
}

impl<'de> de::Deserializer<'de> for Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.0.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => visit_number(number, visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::List(entries) => visitor.visit_seq(Entries { entries, next: 0 }),
            Value::Map(entries) => visitor.visit_map(Fields { entries, next: 0 }),
        }
        .map_err(|error| error.or_at(self.0.span))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let value = match &self.0.value {
            Value::Bool(value) => *value,
            Value::String(text) if text.eq_ignore_ascii_case("true") => true,
            Value::String(text) if text.eq_ignore_ascii_case("false") => false,
            _ => return self.wrong(&visitor),
        };
        visitor
            .visit_bool(value)
            .map_err(|error: Error| error.or_at(self.0.span))
    }

    numbers!(
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    );

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.scalar_text() {
            Some(text) => visitor
                .visit_string(text)
                .map_err(|error: Error| error.or_at(self.0.span)),
            None => self.wrong(&visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == NODE_FIELD {
            HANDED_OVER.set(Some(self.0.clone()));
            return visitor.visit_unit();
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let choice = match &self.0.value {
            Value::Map(entries) => match entries.as_slice() {
                [(name, span, content)] => Choice {
                    name,
                    span: *span,
                    content: Some(content),
                },
                _ => return self.wrong(&visitor),
            },
            Value::List(_) | Value::Null => return self.wrong(&visitor),
            _ => {
                let name = self.0.scalar_text().unwrap_or_default();
                return visitor
                    .visit_enum(Choice {
                        name: &name,
                        span: self.0.span,
                        content: None,
                    })
                    .map_err(|error| error.or_at(self.0.span));
            }
        };
        visitor
            .visit_enum(choice)
            .map_err(|error| error.or_at(self.0.span))
    }

    forward_to_deserialize_any! {
        bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Entries<'node> {
    entries: &'node [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(entry) = self.entries.get(self.next) else {
            return Ok(None);
        };
        let index = self.next;
        self.next += 1;
        let value = seed.deserialize(Reader(entry));
        value
            .map(Some)
            .map_err(|error| error.or_at(entry.span).within_entry(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len() - self.next)
    }
}

struct Fields<'node> {
    entries: &'node [(String, Span, Node)],
    next: usize,
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((key, span, _)) = self.entries.get(self.next) else {
            return Ok(None);
        };
        let name: StrDeserializer<'_, Error> =
            de::IntoDeserializer::into_deserializer(key.as_str());
        seed.deserialize(name)
            .map(Some)
            .map_err(|error| error.or_at(*span).within(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((key, _, value)) = self.entries.get(self.next) else {
            return Err(Error::without_place("a value was asked for before its key"));
        };
        self.next += 1;
        seed.deserialize(Reader(value))
            .map_err(|error| error.or_at(value.span).within(key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len() - self.next)
    }
}

/// One variant of an enum: `Name`, or `Name: content`.
struct Choice<'name, 'node> {
    name: &'name str,
    span: Span,
    content: Option<&'node Node>,
}

impl<'de> EnumAccess<'de> for Choice<'_, 'de> {
    type Error = Error;
    type Variant = Content<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content<'de>), Error> {
        let name: StrDeserializer<'_, Error> = de::IntoDeserializer::into_deserializer(self.name);
        let variant = seed
            .deserialize(name)
            .map_err(|error| error.or_at(self.span))?;
        Ok((variant, Content(self.content)))
    }
}

struct Content<'node>(Option<&'node Node>);

impl<'de> Content<'de> {
    fn node(self) -> Result<Reader<'de>, Error> {
        self.0
            .map(Reader)
            .ok_or_else(|| Error::without_place("this choice needs a value"))
    }
}

impl<'de> VariantAccess<'de> for Content<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.0 {
            None => Ok(()),
            Some(content) => Err(Error::new(content.span, "this choice takes no value")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.node()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_any(self.node()?, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_any(self.node()?, visitor)
    }
}

/// The name by which a [`Node`] field requests the node itself, with its spans.
///
/// Serde's data model has no spans, and a derived struct can't use a `DeserializeSeed`, which could pass them. So the
/// deserializer leaves the node in [`HANDED_OVER`], and the visitor, which runs next on the same thread, takes it.
const NODE_FIELD: &str = "$cfn::Node";

thread_local! {
    static HANDED_OVER: RefCell<Option<Node>> = const { RefCell::new(None) };
}

impl<'de> de::Deserialize<'de> for Node {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NodeVisitor;
        impl Visitor<'_> for NodeVisitor {
            type Value = Node;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a part of a template")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
                HANDED_OVER
                    .take()
                    .ok_or_else(|| E::custom("a Node can be read by cfn::from_node only"))
            }
        }
        deserializer.deserialize_newtype_struct(NODE_FIELD, NodeVisitor)
    }
}
