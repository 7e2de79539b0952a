//! What Nightscout makes of a document when it stores it.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::time::parse_created_at;

/// Whether Nightscout keeps the same of two values of a field.
pub(crate) fn is_stored_alike(field: &str, one: Option<&Value>, other: Option<&Value>) -> bool {
    same_value(&stored(field, one), &stored(field, other))
}

/// A value as Nightscout keeps it: it drops a zero in some fields and an empty text, and stores times in UTC.
fn stored<'a>(field: &str, value: Option<&'a Value>) -> Cow<'a, Value> {
    const ZERO_IS_DROPPED: [&str; 5] = ["insulin", "carbs", "relative", "glucose", "notes"];
    const NOTHING: Cow<'static, Value> = Cow::Owned(Value::Null);
    match value {
        None | Some(Value::Null | Value::Bool(false)) => NOTHING,
        Some(Value::String(text)) if text.is_empty() => NOTHING,
        Some(Value::Number(number)) => match number.as_f64() {
            Some(0.0) if ZERO_IS_DROPPED.contains(&field) => NOTHING,
            // Minutes, which earlier versions wrote with all their decimals: compared to the second.
            Some(minutes) if field == "duration" => {
                Cow::Owned(((minutes * 60.0).round() as i64).into())
            }
            _ => Cow::Owned(number.clone().into()),
        },
        Some(Value::String(text)) if matches!(field, "created_at" | "dateString") => {
            let at = parse_created_at(text).map(|at| at.to_rfc3339().into());
            Cow::Owned(at.unwrap_or(Value::Null))
        }
        Some(value) => Cow::Borrowed(value),
    }
}

/// A database may keep decimals; what differs past the twelfth digit is the same number.
fn same_number(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-12 * one.abs().max(other.abs())
}

/// Whether two values say the same, objects by all of their fields. One that is `null` is no field.
fn same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one
            .as_f64()
            .zip(other.as_f64())
            .is_some_and(|(one, other)| same_number(one, other)),
        (Value::Object(one), Value::Object(other)) => {
            let mut names = one.keys().chain(other.keys());
            names.all(|name| same_value(field(one, name), field(other, name)))
        }
        _ => one == other,
    }
}

fn field<'a>(object: &'a Map<String, Value>, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

/// Whether a stored document is what was sent, as Nightscout keeps it.
pub(super) fn is_stored_as(stored: &Map<String, Value>, sent: &Map<String, Value>) -> bool {
    sent.iter()
        .filter(|(field, _)| *field != "_id")
        .all(|(field, value)| is_stored_alike(field, stored.get(field), Some(value)))
}
