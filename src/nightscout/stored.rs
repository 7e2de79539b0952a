//! What Nightscout makes of a document when it stores it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::time::parse_created_at;

/// A value as Nightscout keeps it. Two are equal if Nightscout keeps the same of both.
#[derive(Debug)]
pub(crate) enum StoredValue<'a> {
    /// Nothing.
    Nothing,
    /// A time.
    Instant(DateTime<Utc>),
    /// A number.
    Number(f64),
    /// A length of time, to the second.
    Seconds(i64),
    /// Anything else.
    Other(&'a Value),
}

impl<'a> StoredValue<'a> {
    /// Nightscout drops a zero in some fields and an empty text, turns some texts into numbers, and stores times in UTC.
    pub(crate) fn of(field: &str, value: Option<&'a Value>) -> StoredValue<'a> {
        const ZERO_IS_DROPPED: [&str; 5] = ["insulin", "carbs", "relative", "glucose", "notes"];
        let dropped = ZERO_IS_DROPPED.contains(&field);
        match value {
            None | Some(Value::Null | Value::Bool(false)) => StoredValue::Nothing,
            Some(Value::String(text)) if text.is_empty() => StoredValue::Nothing,
            Some(Value::Number(number)) => match number.as_f64() {
                Some(0.0) if dropped => StoredValue::Nothing,
                // Minutes, which earlier versions wrote with all their decimals.
                Some(minutes) if field == "duration" => {
                    StoredValue::Seconds((minutes * 60.0).round() as i64)
                }
                Some(number) => StoredValue::Number(number),
                None => StoredValue::Nothing,
            },
            Some(Value::String(text)) if matches!(field, "created_at" | "dateString") => {
                parse_created_at(text).map_or(StoredValue::Nothing, StoredValue::Instant)
            }
            Some(value) => StoredValue::Other(value),
        }
    }
}

impl PartialEq for StoredValue<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (StoredValue::Nothing, StoredValue::Nothing) => true,
            (StoredValue::Instant(one), StoredValue::Instant(other)) => one == other,
            (StoredValue::Seconds(one), StoredValue::Seconds(other)) => one == other,
            (StoredValue::Number(one), StoredValue::Number(other)) => same_number(*one, *other),
            (StoredValue::Other(one), StoredValue::Other(other)) => same_value(one, other),
            _ => false,
        }
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
        .all(|(field, value)| {
            StoredValue::of(field, stored.get(field)) == StoredValue::of(field, Some(value))
        })
}
