//! Values in JSON that others write, and whose types change: a number comes as text, a text as a number, a time with a fraction
//! or with a `Z` that means nothing.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use serde_json::{Map, Value};

/// A text that is not blank, or a number as text.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The text in a field of a document.
pub(crate) fn text_in<'a>(document: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    document.get(field)?.as_str()
}

/// Part of a text: a text, or the code of one character. 0 and an empty text mark the end and give `None`.
pub(crate) fn letters(value: &Value) -> Option<String> {
    match value {
        Value::Number(code) => {
            let code = u32::try_from(code.as_u64()?).ok()?;
            char::from_u32(code)
                .filter(|c| *c != '\0')
                .map(String::from)
        }
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// A finite number, also one written as text.
pub(crate) fn number(value: &Value) -> Option<f64> {
    let number: f64 = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// A whole number, also as text or with a fraction of zero.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    let written = value.as_str().and_then(|text| text.trim().parse().ok());
    value.as_i64().or(written).or_else(|| {
        // Beyond 2^53 a float is no longer one number.
        let is_whole = |number: &f64| number.fract() == 0.0 && number.abs() < 9e15;
        number(value).filter(is_whole).map(|number| number as i64)
    })
}

/// A time on a wall clock, `2026-05-14T00:01:00`, to the second. What follows the digits, a fraction or a `Z`, says
/// nothing: the clock has no zone.
pub(crate) fn wall_clock(text: &str) -> Option<NaiveDateTime> {
    let separated = matches!(text.as_bytes().get(10)?, b'T' | b't' | b' ');
    let date: NaiveDate = text.get(..10)?.parse().ok()?;
    let time: NaiveTime = text.get(11..19)?.parse().ok()?;
    // A second 60 would be a fraction.
    (separated && time.nanosecond() == 0).then(|| date.and_time(time))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_in_every_form() {
        for value in [json!(279), json!(279.0), json!("279"), json!(" 279.0 ")] {
            assert_eq!((whole(&value), number(&value)), (Some(279), Some(279.0)));
        }
        assert_eq!(whole(&json!(i64::MAX)), Some(i64::MAX));
        assert_eq!(whole(&json!(i64::MAX.to_string())), Some(i64::MAX));
        for value in [json!(1.5), json!("1.5"), json!(1e300), json!("9e18")] {
            assert_eq!(whole(&value), None, "{value}");
        }
        for value in [
            json!(null),
            json!([1]),
            json!("x"),
            json!("inf"),
            json!("NaN"),
        ] {
            assert_eq!((whole(&value), number(&value)), (None, None), "{value}");
        }
    }

    #[test]
    fn a_wall_clock_has_no_zone_and_no_fraction() {
        let time = "2026-05-14T00:01:07".parse().ok();
        for text in [
            "2026-05-14T00:01:07",
            "2026-05-14t00:01:07Z",
            "2026-05-14 00:01:07.9",
            "2026-05-14T00:01:07+02:00",
        ] {
            assert_eq!(wall_clock(text), time, "{text}");
        }
        for text in [
            "",
            "2026-05-14",
            "2026-05-14T00:01",
            "2026-05-14T00:01:60",
            "2026-05-14T24:00:00",
            "2026-02-30T00:01:07",
            "2026-05-14_00:01:07",
            "20260514T000107.000",
            "2026-05-14T00:0\u{e9}1:07",
        ] {
            assert_eq!(wall_clock(text), None, "{text}");
        }
    }
}
