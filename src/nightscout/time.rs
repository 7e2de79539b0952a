//! Times as Nightscout stores and returns them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use serde_json::Value;

/// Reads a `created_at`. Nightscout stores UTC, `2026-11-20T13:00:00.000Z`, but sites with `DE_NORMALIZE_DATES` return an
/// offset, and what other tools wrote before or beside it comes with blanks and without colons or offset; without one it
/// is UTC, as Nightscout itself takes it.
///
/// `None` if no document can have that time, see `plausible`.
pub(crate) fn parse_created_at(text: &str) -> Option<DateTime<Utc>> {
    parse(text).and_then(plausible)
}

/// An instant, unless it is centuries away: adding hours or days to it must not overflow. The bounds are wide, because devices
/// have been set to 1970 and to 2106.
pub(super) fn plausible(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (1900..2200).contains(&at.year()).then_some(at)
}

/// An instant in milliseconds since 1970, whole or decimal. `None` if no document can have that time, see `plausible`.
pub(crate) fn instant_of(milliseconds: &Value) -> Option<DateTime<Utc>> {
    let milliseconds = milliseconds
        .as_i64()
        // What does not fit becomes the nearest that does, which is no time of a document either.
        .or_else(|| Some(milliseconds.as_f64()? as i64))?;
    DateTime::from_timestamp_millis(milliseconds).and_then(plausible)
}

fn parse(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(day.and_hms_opt(0, 0, 0)?.and_utc());
    }
    let text = text.replacen(' ', "T", 1).replace(' ', "");
    if let Ok(time) = DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f%#z") {
        return Some(time.to_utc());
    }
    let naive = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M"));
    naive.ok().map(|time| time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_sites_return_is_read() {
        let cases = [
            ("2026-11-20T13:00:00.000Z", "2026-11-20T13:00:00Z"),
            ("2026-11-20T08:00:00.250-05:00", "2026-11-20T13:00:00.250Z"),
            ("2026-11-20T13:00:00+00:00", "2026-11-20T13:00:00Z"),
            ("2026-11-20 08:20:00-0500", "2026-11-20T13:20:00Z"),
            ("2026-11-20 08:20:00 -0500", "2026-11-20T13:20:00Z"),
            ("2026-11-20T13:00:00+0530", "2026-11-20T07:30:00Z"),
            ("2026-11-20T13:00:00", "2026-11-20T13:00:00Z"),
            ("2026-11-20 13:00:00.5", "2026-11-20T13:00:00.500Z"),
            ("2026-11-20", "2026-11-20T00:00:00Z"),
        ];
        for (text, utc) in cases {
            assert_eq!(parse_created_at(text), utc.parse().ok(), "{text}");
        }
        for text in [
            "",
            "not a date",
            "1795200002000",
            "2026-13-20T13:00:00Z",
            "-262143-01-01T00:00:00Z",
            "+262142-12-31T23:59:59Z",
            "-262143-01-01",
            "0001-01-01T00:00:00Z",
            "2200-01-01T00:00:00Z",
            "9999-12-31T23:59:59+14:00",
        ] {
            assert_eq!(parse_created_at(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_an_instant_only_where_documents_are() {
        let at = |value: Value| instant_of(&value);
        let time = "2026-11-20T13:00:00Z".parse().ok();
        assert_eq!(at(1_795_179_600_000_i64.into()), time);
        assert_eq!(at(1_795_179_600_000.0.into()), time);
        for none in [
            i64::MAX.into(),
            i64::MIN.into(),
            u64::MAX.into(),
            1e300.into(),
            (-1e300).into(),
            8_210_266_876_799_999_i64.into(),
            Value::Null,
            "1795179600000".into(),
        ] {
            assert_eq!(at(none), None);
        }
    }
}
