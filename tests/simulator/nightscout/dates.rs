//! Nightscout's dates: what it makes of `created_at`, `dateString` and the bounds of a query.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use super::super::history::calendar::zone_offset;
use super::values::Doc;

/// Milliseconds since 1970 and the offset that was written, in minutes.
pub(super) type Moment = (i64, i64);

/// `YYYY-MM-DDTHH:MM:SS.sssZ`.
pub(super) fn iso(milliseconds: i64) -> String {
    let instant = DateTime::<Utc>::from_timestamp_millis(milliseconds).unwrap_or_default();
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A date, with or without a time and a zone; without a zone it is UTC.
pub(super) fn parse(text: &str) -> Option<Moment> {
    let (date, rest) = (text.get(..10)?, &text[10..]);
    let number = |text: Option<&str>| {
        text.filter(|t| t.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|t| t.parse::<u32>().ok())
    };
    let (year, month, day) = (
        number(date.get(..4))?,
        number(date.get(5..7))?,
        number(date.get(8..10))?,
    );
    if date.as_bytes()[4] != b'-' || date.as_bytes()[7] != b'-' {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    if rest.is_empty() {
        return Some((date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis(), 0));
    }
    let rest = rest.strip_prefix(['T', ' '])?;
    let zone_at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(zone_at);
    let (time, fraction) = time
        .split_once('.')
        .map_or((time, ""), |(time, fraction)| (time, fraction));
    let mut parts = time
        .split(':')
        .map(|part| number(Some(part)).filter(|_| part.len() == 2));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || parts.next().is_some() {
        return None;
    }
    // JavaScript's dates have milliseconds; the rest is cut off.
    let milli = format!("{fraction:0<3}")[..3].parse().ok()?;
    let offset = zone_minutes(zone)?;
    let local = date.and_hms_milli_opt(hour, minute, second, milli)?;
    Some((local.and_utc().timestamp_millis() - offset * 60_000, offset))
}

fn zone_minutes(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone == "Z" {
        return Some(0);
    }
    let (sign, digits) = (zone.get(..1)?, zone[1..].replace(':', ""));
    if !matches!(digits.len(), 2 | 4) {
        return None;
    }
    let hours: i64 = digits[..2].parse().ok()?;
    let minutes: i64 = digits
        .get(2..4)
        .filter(|rest| !rest.is_empty())
        .map_or(Some(0), |rest| rest.parse().ok())?;
    let offset = hours * 60 + minutes;
    Some(if sign == "-" { -offset } else { offset })
}

/// A bound of a query as the database gets it. An error makes the whole answer `null`.
pub(super) fn bound(text: &str) -> Result<String, ()> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    // A plus that was not encoded arrives as a blank: the first one is put right, which is why "date time" fails.
    let text = text.replacen(' ', "+", 1);
    let parsed = if text.contains(' ') {
        None
    } else {
        parse(&text)
    };
    parsed.map(|(milliseconds, _)| iso(milliseconds)).ok_or(())
}

/// The server's own clock and zone.
#[derive(Clone, Copy)]
pub(super) struct ServerTime {
    pub now: i64,
    pub zone: Tz,
}

impl ServerTime {
    fn offset(self, milliseconds: i64) -> i64 {
        zone_offset(self.zone, milliseconds.div_euclid(1000)) / 60
    }
}

/// Normalises `created_at` and sets `utcOffset`. An `eventTime` that cannot be read is an error.
pub(super) fn created_at(doc: &mut Doc, server: ServerTime) -> Result<(), ()> {
    if let Some(time) = doc.remove("eventTime") {
        let (milliseconds, offset) = event_time(&time, server).ok_or(())?;
        set(doc, milliseconds, offset);
        return Ok(());
    }
    let moment = match doc.get("created_at") {
        None => (server.now, 0),
        Some(Value::String(text)) => parse(text).unwrap_or((server.now, server.offset(server.now))),
        Some(Value::Number(number)) => {
            let milliseconds = number.as_f64().unwrap_or_default() as i64;
            (milliseconds, server.offset(milliseconds))
        }
        Some(_) => (server.now, server.offset(server.now)),
    };
    set(doc, moment.0, moment.1);
    Ok(())
}

fn event_time(value: &Value, server: ServerTime) -> Option<Moment> {
    match value {
        Value::Number(number) => number
            .as_f64()
            .map(|ms| (ms as i64, server.offset(ms as i64))),
        Value::String(text) => {
            let (milliseconds, offset) = parse(text)?;
            let naive = text.len() > 10 && !text.ends_with('Z') && !text[10..].contains(['+', '-']);
            let shift = if naive {
                server.offset(milliseconds)
            } else {
                offset
            };
            Some((
                if naive {
                    milliseconds - shift * 60_000
                } else {
                    milliseconds
                },
                shift,
            ))
        }
        _ => None,
    }
}

fn set(doc: &mut Doc, milliseconds: i64, offset: i64) {
    doc.insert("created_at".to_owned(), Value::from(iso(milliseconds)));
    doc.insert("utcOffset".to_owned(), Value::from(offset));
}

/// `created_at` with the offset that `utcOffset` tells, as a site with `DE_NORMALIZE_DATES` answers it.
pub(super) fn denormalize(doc: &mut Doc) {
    let Some(offset) = doc.get("utcOffset").and_then(Value::as_i64) else {
        return;
    };
    let Some((milliseconds, _)) = doc
        .get("created_at")
        .and_then(Value::as_str)
        .and_then(parse)
    else {
        return;
    };
    let local = iso(milliseconds + offset * 60_000);
    let sign = if offset < 0 { '-' } else { '+' };
    let text = format!(
        "{}{sign}{:02}:{:02}",
        local.trim_end_matches('Z'),
        offset.abs() / 60,
        offset.abs() % 60
    );
    doc.insert("created_at".to_owned(), Value::from(text));
    doc.remove("utcOffset");
}
