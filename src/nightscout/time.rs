//! Times as Nightscout stores and returns them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

/// Reads a `created_at`. Nightscout stores UTC, `2026-11-20T13:00:00.000Z`, but sites with `DE_NORMALIZE_DATES` return an
/// offset, and what other tools wrote before or beside it comes with blanks and without colons or offset; without one it
/// is UTC, as Nightscout itself takes it.
pub fn parse_created_at(text: &str) -> Option<DateTime<Utc>> {
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

/// A time as the bound of a `find[created_at]`: the form in which it is stored.
pub(super) fn bound(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
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
        for text in ["", "not a date", "1795200002000", "2026-13-20T13:00:00Z"] {
            assert_eq!(parse_created_at(text), None, "{text}");
        }
    }

    #[test]
    fn a_bound_is_utc_to_the_millisecond() {
        let time = parse_created_at("2026-11-20T08:00:00.1239-05:00").unwrap();
        assert_eq!(bound(time), "2026-11-20T13:00:00.123Z");
    }
}
