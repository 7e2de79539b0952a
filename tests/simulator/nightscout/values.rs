//! JavaScript's view of values, and Nightscout's filter on texts.

use serde_json::{Map, Number, Value};

/// A document.
pub(super) type Doc = Map<String, Value>;

/// Numbers as JavaScript keeps them: 2.0 and 2 are the same and print as 2.
pub(super) fn javascript(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(float) = number.as_f64().filter(|_| number.is_f64()) {
                *value = number_value(float);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(javascript),
        Value::Object(members) => members.values_mut().for_each(javascript),
        _ => {}
    }
}

/// A number as JavaScript prints it; null for NaN.
pub(super) fn number_value(float: f64) -> Value {
    if float.fract() == 0.0 && float.abs() < 9e15 {
        Value::from(float as i64)
    } else {
        Number::from_f64(float).map_or(Value::Null, Value::Number)
    }
}

/// `Number(value)`.
pub(super) fn to_number(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
        Value::Bool(yes) => f64::from(u8::from(*yes)),
        Value::Null => 0.0,
        Value::String(text) if text.trim().is_empty() => 0.0,
        Value::String(text) => text.trim().parse().unwrap_or(f64::NAN),
        Value::Array(_) | Value::Object(_) => f64::NAN,
    }
}

/// `parseInt(text)`.
pub(super) fn parse_int(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    text[..text.len() - digits.len() + count].parse().ok()
}

/// What JavaScript takes for true.
pub(super) fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64().is_some_and(|float| float != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// Runs every text with a `<` through something like DOMPurify: tags go (an open one swallows the rest), other marks become
/// entities.
pub(super) fn purify(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('<') => *text = purified(text),
        Value::Array(items) => items.iter_mut().for_each(purify),
        Value::Object(members) => members.values_mut().for_each(purify),
        _ => {}
    }
}

fn purified(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '<' if rest.peek().is_some_and(|next| {
                next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')
            }) =>
            {
                // An element: everything up to its end is markup.
                for skipped in rest.by_ref() {
                    if skipped == '>' {
                        break;
                    }
                }
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            other => out.push(other),
        }
    }
    out
}
