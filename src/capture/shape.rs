//! The shape of an answer: the names and types of all its properties, without values.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::anonymous::Anonymous;
use super::names;
use crate::tandem::claims;

/// Events of different codes have different properties, so each code has a shape of its own.
const CODE: &str = "eventCode";
const PROPERTIES: &str = "eventProperties";

/// Stands for all names that a person gave to the objects in one place.
const ANY_NAME: &str = "(name)";

/// Deeper than any answer.
const DEEPEST: usize = 24;

/// The shape of a value.
pub(super) fn of(value: &Value, anonymous: &Anonymous) -> Value {
    at_depth(value, anonymous, 0)
}

fn at_depth(value: &Value, anonymous: &Anonymous, depth: usize) -> Value {
    match value {
        _ if depth > DEEPEST => "deeper".into(),
        Value::Null => "null".into(),
        Value::Bool(_) => "flag".into(),
        Value::Number(_) => "number".into(),
        Value::String(text) => match claims(text) {
            Some(claims @ Value::Object(_)) => {
                json!({"claims": at_depth(&claims, anonymous, depth + 1)})
            }
            _ => "text".into(),
        },
        Value::Array(values) if values.iter().any(|value| value.get(CODE).is_some()) => {
            of_events(values, anonymous, depth)
        }
        Value::Array(values) => {
            let shapes = values.iter();
            let shapes = shapes.map(|value| at_depth(value, anonymous, depth + 1));
            shapes
                .reduce(merged)
                .map_or_else(|| json!([]), |shape| json!([shape]))
        }
        Value::Object(object) => {
            let may_be_told = anonymous.names_properties(object);
            let mut shape = Map::new();
            for (name, value) in object {
                let value = match value {
                    Value::Object(named) if names::is_of_named(name) => {
                        of_named(named, anonymous, depth + 1)
                    }
                    value => at_depth(value, anonymous, depth + 1),
                };
                shape.insert(anonymous.shown_property(name, may_be_told, &shape), value);
            }
            shape.into()
        }
    }
}

/// Objects under names that a person gave: one shape for all, which tells neither the names nor their number.
fn of_named(named: &Map<String, Value>, anonymous: &Anonymous, depth: usize) -> Value {
    let shapes = named.values();
    let shapes = shapes.map(|value| at_depth(value, anonymous, depth + 1));
    let one = shapes.reduce(merged).into_iter();
    Value::Object(one.map(|shape| (ANY_NAME.to_owned(), shape)).collect())
}

/// Events, and their properties by code.
fn of_events(values: &[Value], anonymous: &Anonymous, depth: usize) -> Value {
    let mut of_all: Option<Value> = None;
    let mut by_code: BTreeMap<String, Value> = BTreeMap::new();
    for value in values {
        let mut shape = at_depth(value, anonymous, depth + 1);
        let properties = shape
            .as_object_mut()
            .and_then(|shape| shape.remove(PROPERTIES));
        let code = value.get(CODE).and_then(Value::as_i64);
        if let (Some(properties), Some(code)) = (properties, code) {
            let known = by_code.remove(&code.to_string());
            by_code.insert(code.to_string(), with(known, properties));
        }
        of_all = Some(with(of_all, shape));
    }
    json!([of_all, {PROPERTIES: by_code}])
}

fn with(known: Option<Value>, shape: Value) -> Value {
    let both = known.into_iter().chain([shape]).reduce(merged);
    both.unwrap_or_default()
}

/// One shape for two values in the same place. The name of a property that only one of them has ends with a question mark.
fn merged(one: Value, other: Value) -> Value {
    match (one, other) {
        (one, other) if one == other => one,
        (Value::Object(one), Value::Object(mut other)) => {
            let mut both = Map::new();
            let bare = |name: &str| name.trim_end_matches('?').to_owned();
            let optional = |name: &str| format!("{}?", bare(name));
            for (name, value) in one {
                let there = [bare(&name), optional(&name)]
                    .into_iter()
                    .find_map(|name| Some((name.clone(), other.remove(&name)?)));
                match there {
                    Some((same, value_there)) => {
                        let name = if same == name { name } else { optional(&name) };
                        both.insert(name, merged(value, value_there));
                    }
                    None => drop(both.insert(optional(&name), value)),
                }
            }
            both.extend(
                other
                    .into_iter()
                    .map(|(name, value)| (optional(&name), value)),
            );
            both.into()
        }
        (Value::Array(one), Value::Array(other)) => {
            let both = one.into_iter().chain(other);
            both.reduce(merged)
                .map_or_else(|| json!([]), |shape| json!([shape]))
        }
        (one, other) => alternatives(one, other),
    }
}

/// What a shape is of.
pub(super) fn type_of(shape: &Value) -> String {
    match shape {
        Value::String(name) => name.clone(),
        Value::Array(_) => "list".to_owned(),
        Value::Object(object) if object.contains_key("claims") => "claims".to_owned(),
        _ => "object".to_owned(),
    }
}

/// Two types in one place.
fn alternatives(one: Value, other: Value) -> Value {
    // What a value is when it is not null tells more.
    match (type_of(&one).as_str(), type_of(&other).as_str()) {
        ("null", "list" | "object" | "claims") => other,
        ("list" | "object" | "claims", "null") => one,
        (first, second) => {
            let mut types: Vec<&str> = first.split(" or ").chain(second.split(" or ")).collect();
            types.sort_unstable();
            types.dedup();
            types.join(" or ").into()
        }
    }
}
