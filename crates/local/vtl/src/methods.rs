//! The methods of lists, maps, entries, numbers and booleans, as far as templates use them.
//!
//! <https://docs.oracle.com/javase/8/docs/api/java/util/List.html>,
//! <https://docs.oracle.com/javase/8/docs/api/java/util/Map.html>

use std::cmp::Ordering;
use std::sync::Arc;

use crate::error::{Meter, RenderError};
use crate::value::{EntryId, Heap, ListId, MapId, Value, as_float, compare_numbers};

/// A method's result; `None` if there is no such method, which is null in Velocity.
type MethodResult = Result<Option<Value>, RenderError>;

/// The index of the element for `$list[index]` or `$list.get(index)`. With brackets a negative index counts from the end;
/// both throw if it is out of bounds.
pub(crate) fn element_index(
    index: i128,
    length: usize,
    from_end: bool,
) -> Result<usize, RenderError> {
    let positive = match i128::try_from(length) {
        Ok(length) if index < 0 && from_end => index.saturating_add(length),
        _ => index,
    };
    let found = usize::try_from(positive).ok().filter(|at| *at < length);
    found.ok_or(RenderError::OutOfBounds { index, length })
}

/// Methods of Java's lists that are not implemented. They are errors, because null would hide the difference.
const NOT_OF_LISTS: [&str; 9] = [
    "forEach",
    "hashCode",
    "iterator",
    "listIterator",
    "parallelStream",
    "removeIf",
    "replaceAll",
    "sort",
    "stream",
];
/// Methods of Java's maps that are not implemented.
const NOT_OF_MAPS: [&str; 7] = [
    "compute",
    "computeIfAbsent",
    "computeIfPresent",
    "forEach",
    "hashCode",
    "merge",
    "replaceAll",
];
/// Methods of Java's numbers that are not implemented.
const NOT_OF_NUMBERS: [&str; 9] = [
    "bitCount",
    "byteValue",
    "compare",
    "decode",
    "format",
    "parseFloat",
    "reverse",
    "shortValue",
    "signum",
];

/// The error for a method that Java has and this engine doesn't implement.
pub(crate) fn not_here(class: &'static str, method: &str) -> RenderError {
    RenderError::NotSupported {
        class,
        method: method.to_owned(),
    }
}

fn find(
    wanted: &Value,
    elements: &[Value],
    heap: &Heap,
    meter: &mut Meter,
) -> Result<Option<usize>, RenderError> {
    for (at, element) in elements.iter().enumerate() {
        if heap.equal(element, wanted, meter)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn position(at: Option<usize>) -> Value {
    at.map_or(Value::Integer(-1), Value::size)
}

pub(crate) fn of_list(
    id: ListId,
    name: &str,
    arguments: &[Value],
    heap: &mut Heap,
    meter: &mut Meter,
) -> MethodResult {
    let length = heap.list(id).elements.len();
    let value = match (name, arguments) {
        ("size", []) => Value::size(length),
        ("isEmpty", []) => Value::Boolean(length == 0),
        ("get", [Value::Integer(index)]) => {
            heap.list(id).elements[element_index(*index, length, false)?].clone()
        }
        ("set", [Value::Integer(index), value]) => {
            let at = element_index(*index, length, false)?;
            std::mem::replace(&mut heap.list_mut(id)[at], value.clone())
        }
        ("add", [value]) => {
            heap.list_mut(id).push(value.clone());
            Value::Boolean(true)
        }
        ("add", [Value::Integer(index), value]) => {
            let at = element_index(*index, length + 1, false)?;
            meter.work(length - at)?;
            heap.list_mut(id).insert(at, value.clone());
            Value::Null
        }
        ("addAll", [Value::List(other)]) => {
            let added = heap.list(*other).elements.clone();
            meter.work(added.len())?;
            let changed = !added.is_empty();
            heap.list_mut(id).extend(added);
            Value::Boolean(changed)
        }
        ("remove", [Value::Integer(index)]) => {
            let at = element_index(*index, length, false)?;
            meter.work(length - at)?;
            heap.list_mut(id).remove(at)
        }
        ("remove", [value]) => {
            let found = find(value, &heap.list(id).elements, heap, meter)?;
            if let Some(at) = found {
                heap.list_mut(id).remove(at);
            }
            Value::Boolean(found.is_some())
        }
        ("clear", []) => {
            heap.list_mut(id).clear();
            Value::Null
        }
        ("contains", [value]) => {
            Value::Boolean(find(value, &heap.list(id).elements, heap, meter)?.is_some())
        }
        ("containsAll", [Value::List(wanted)]) => {
            for value in &heap.list(*wanted).elements {
                if find(value, &heap.list(id).elements, heap, meter)?.is_none() {
                    return Ok(Some(Value::Boolean(false)));
                }
            }
            Value::Boolean(true)
        }
        ("indexOf", [value]) => position(find(value, &heap.list(id).elements, heap, meter)?),
        ("lastIndexOf", [value]) => {
            let reversed: Vec<Value> = heap.list(id).elements.iter().rev().cloned().collect();
            meter.work(length)?;
            position(find(value, &reversed, heap, meter)?.map(|at| length - 1 - at))
        }
        ("subList", [Value::Integer(from), Value::Integer(to)]) => {
            let to = element_index(*to, length + 1, false)?;
            let from = element_index(*from, to + 1, false)?;
            meter.work(to - from)?;
            let elements = heap.list(id).elements[from..to].to_vec();
            heap.new_list(elements)
        }
        ("removeAll" | "retainAll", [Value::List(other)]) => {
            let others = heap.list(*other).elements.clone();
            let mut kept = Vec::new();
            for element in heap.list(id).elements.clone() {
                let listed = find(&element, &others, heap, meter)?.is_some();
                if listed == (name == "retainAll") {
                    kept.push(element);
                }
            }
            *heap.list_mut(id) = kept;
            Value::Boolean(heap.list(id).elements.len() != length)
        }
        ("toArray", []) => Value::List(id),
        _ if NOT_OF_LISTS.contains(&name) => return Err(not_here("java.util.List", name)),
        _ => return common(&Value::List(id), name, arguments, heap, meter),
    };
    Ok(Some(value))
}

pub(crate) fn of_map(
    id: MapId,
    name: &str,
    arguments: &[Value],
    heap: &mut Heap,
    meter: &mut Meter,
) -> MethodResult {
    let value = match (name, arguments) {
        ("size", []) => Value::size(heap.map(id).len()),
        ("isEmpty", []) => Value::Boolean(heap.map(id).is_empty()),
        ("get", [key]) => {
            let key = heap.to_text(key, meter)?;
            heap.map(id).get(&key).cloned().unwrap_or(Value::Null)
        }
        ("getOrDefault", [key, default]) => {
            let key = heap.to_text(key, meter)?;
            heap.map(id).get(&key).unwrap_or(default).clone()
        }
        ("put", [key, value]) => {
            let key = heap.to_text(key, meter)?;
            heap.map_mut(id)
                .insert(key, value.clone())
                .unwrap_or(Value::Null)
        }
        ("putIfAbsent", [key, value]) => {
            let key = heap.to_text(key, meter)?;
            match heap.map(id).get(&key) {
                Some(present) if !matches!(present, Value::Null) => present.clone(),
                _ => {
                    heap.map_mut(id).insert(key, value.clone());
                    Value::Null
                }
            }
        }
        ("putAll", [Value::Map(other)]) => {
            let added = heap.map(*other).clone();
            meter.work(added.len())?;
            heap.map_mut(id).extend(added);
            Value::Null
        }
        ("remove", [key]) => {
            let key = heap.to_text(key, meter)?;
            meter.work(heap.map(id).len())?;
            heap.map_mut(id).shift_remove(&key).unwrap_or(Value::Null)
        }
        ("clear", []) => {
            heap.map_mut(id).clear();
            Value::Null
        }
        ("containsKey", [key]) => {
            let key = heap.to_text(key, meter)?;
            Value::Boolean(heap.map(id).contains_key(&key))
        }
        ("containsValue", [value]) => {
            let values = heap.elements(&Value::Map(id));
            Value::Boolean(find(value, &values, heap, meter)?.is_some())
        }
        ("keySet", []) => {
            let keys: Vec<Value> = heap.map(id).keys().cloned().map(Value::Text).collect();
            meter.work(keys.len())?;
            heap.new_list(keys)
        }
        ("values", []) => {
            let values = heap.elements(&Value::Map(id));
            meter.work(values.len())?;
            heap.new_list(values)
        }
        ("entrySet", []) => {
            let entries: Vec<(Arc<str>, Value)> = heap
                .map(id)
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            meter.work(entries.len())?;
            let entries = entries
                .into_iter()
                .map(|(key, value)| heap.new_entry(key, value))
                .collect();
            heap.new_list(entries)
        }
        ("replace", [key, value]) => {
            let key = heap.to_text(key, meter)?;
            match heap.map_mut(id).get_mut(&key) {
                Some(present) => std::mem::replace(present, value.clone()),
                None => Value::Null,
            }
        }
        _ if NOT_OF_MAPS.contains(&name) => return Err(not_here("java.util.Map", name)),
        _ => return common(&Value::Map(id), name, arguments, heap, meter),
    };
    Ok(Some(value))
}

pub(crate) fn of_entry(
    id: EntryId,
    name: &str,
    arguments: &[Value],
    heap: &mut Heap,
    meter: &mut Meter,
) -> MethodResult {
    let (key, value) = heap.entry(id);
    match (name, arguments) {
        ("getKey", []) => Ok(Some(Value::Text(key.clone()))),
        ("getValue", []) => Ok(Some(value.clone())),
        _ => common(&Value::Entry(id), name, arguments, heap, meter),
    }
}

/// `java.lang.Integer`, `Long` and `Double`. Static methods can be called on any number, which templates use for parsing:
/// `#set($Integer = 0)$Integer.parseInt("5")`.
pub(crate) fn of_number(
    number: &Value,
    name: &str,
    arguments: &[Value],
    heap: &mut Heap,
    meter: &mut Meter,
) -> MethodResult {
    let value = match (name, arguments) {
        ("intValue" | "longValue", []) => match number {
            Value::Float(float) => truncated(*float),
            _ => number.clone(),
        },
        ("doubleValue" | "floatValue", []) => as_float(number).map_or(Value::Null, Value::Float),
        ("compareTo", [other]) => match compare_numbers(number, other) {
            Some(Ordering::Less) => Value::Integer(-1),
            Some(Ordering::Equal) => Value::Integer(0),
            Some(Ordering::Greater) => Value::Integer(1),
            None => return Ok(None),
        },
        ("parseInt", [Value::Text(text)]) => parse_integer("parseInt", text)?,
        ("parseLong", [Value::Text(text)]) => parse_integer("parseLong", text)?,
        ("valueOf", [Value::Text(text)]) if matches!(number, Value::Integer(_)) => {
            parse_integer("valueOf", text)?
        }
        ("parseDouble" | "valueOf", [Value::Text(text)]) => match text.trim().parse() {
            Ok(float) => Value::Float(float),
            Err(_) => return Err(not_a_number("parseDouble", text)),
        },
        ("valueOf", [other @ (Value::Integer(_) | Value::Float(_))]) => other.clone(),
        ("toString", [other @ (Value::Integer(_) | Value::Float(_))]) => {
            Value::Text(heap.to_text(other, meter)?)
        }
        ("hashCode", []) => Value::Integer(hash_code(number).into()),
        ("isNaN" | "isInfinite", []) => match number {
            Value::Float(float) if name == "isNaN" => Value::Boolean(float.is_nan()),
            Value::Float(float) => Value::Boolean(float.is_infinite()),
            _ => return Ok(None),
        },
        ("toHexString" | "toOctalString" | "toBinaryString", [Value::Integer(integer)]) => {
            let Ok(int) = i32::try_from(*integer) else {
                return Ok(None);
            };
            Value::text(match name {
                "toHexString" => format!("{int:x}"),
                "toOctalString" => format!("{int:o}"),
                _ => format!("{int:b}"),
            })
        }
        ("max" | "min" | "sum", [Value::Integer(left), Value::Integer(right)]) => {
            Value::Integer(match name {
                "max" => *left.max(right),
                "min" => *left.min(right),
                _ => left.checked_add(*right).ok_or(RenderError::Overflow)?,
            })
        }
        _ if NOT_OF_NUMBERS.contains(&name) => return Err(not_here("java.lang.Number", name)),
        _ => return common(number, name, arguments, heap, meter),
    };
    Ok(Some(value))
}

/// `Integer.hashCode`, `Long.hashCode` or `Double.hashCode`: the two halves of the bits.
fn hash_code(number: &Value) -> i32 {
    let bits = match number {
        Value::Integer(integer) => match (i32::try_from(*integer), i64::try_from(*integer)) {
            (Ok(int), _) => return int,
            (_, Ok(long)) => long.cast_unsigned(),
            _ => return 0,
        },
        other => as_float(other).unwrap_or_default().to_bits(),
    };
    #[expect(clippy::cast_possible_truncation, reason = "as in Java")]
    let folded = (bits ^ (bits >> 32)) as u32;
    folded.cast_signed()
}

/// A double converted to an integer, as in Java's narrowing conversion.
fn truncated(float: f64) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` saturates and converts NaN to 0, as Java does"
    )]
    let integer = float as i64;
    Value::Integer(integer.into())
}

fn parse_integer(method: &'static str, text: &str) -> Result<Value, RenderError> {
    match text.parse::<i64>() {
        Ok(integer) => Ok(Value::Integer(integer.into())),
        Err(_) => Err(not_a_number(method, text)),
    }
}

fn not_a_number(method: &'static str, text: &str) -> RenderError {
    RenderError::Method {
        method,
        problem: format!("{text:?} is not a number"),
    }
}

pub(crate) fn of_boolean(
    boolean: bool,
    name: &str,
    arguments: &[Value],
    heap: &mut Heap,
    meter: &mut Meter,
) -> MethodResult {
    match (name, arguments) {
        ("booleanValue", []) => Ok(Some(Value::Boolean(boolean))),
        ("hashCode", []) => Ok(Some(Value::Integer(if boolean { 1231 } else { 1237 }))),
        ("compareTo", [Value::Boolean(other)]) => {
            let order = i128::from(boolean) - i128::from(*other);
            Ok(Some(Value::Integer(order)))
        }
        ("parseBoolean" | "valueOf", [Value::Text(text)]) => {
            Ok(Some(Value::Boolean(text.eq_ignore_ascii_case("true"))))
        }
        _ => common(&Value::Boolean(boolean), name, arguments, heap, meter),
    }
}

/// The methods of every object.
fn common(
    value: &Value,
    name: &str,
    arguments: &[Value],
    heap: &Heap,
    meter: &mut Meter,
) -> MethodResult {
    match (name, arguments) {
        ("toString", []) => Ok(Some(Value::Text(heap.to_text(value, meter)?))),
        ("toJSONString", []) if matches!(value, Value::List(id) if heap.list(*id).is_json) => {
            Ok(Some(Value::text(heap.to_json(value, meter)?)))
        }
        ("equals", [other]) => {
            let like = std::mem::discriminant(value) == std::mem::discriminant(other);
            Ok(Some(Value::Boolean(
                like && heap.equal(value, other, meter)?,
            )))
        }
        _ => Ok(None),
    }
}
