//! The pump's profiles against the site's profile document.
//!
//! Nightscout has many profile documents and goes by the one with the newest `startDate`. What others wrote into it, the
//! profiles that the pump does not have included, stays.

use chrono::{DateTime, Duration, NaiveDateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

use crate::config::ProfileMode;
use crate::nightscout::Document;
use crate::nightscout::document::{ENTERED_BY, identifier_of};
use crate::translate::profile::ProfileStore;

/// What belongs to one stored document and not to its contents.
const OF_THE_DOCUMENT: [&str; 7] = [
    "_id",
    "identifier",
    "mills",
    "created_at",
    "date",
    "srvCreated",
    "srvModified",
];

/// What has to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// This document is to be added.
    Add(Document),
    /// This document is to take the place of the one with its `_id`.
    Replace(Document),
}

/// What has to change so that the site's current profile document says what the pump does; `None` where it does so.
pub(crate) fn change(
    wanted: &ProfileStore,
    current: Option<&Document>,
    mode: ProfileMode,
    now: DateTime<Utc>,
) -> Option<Change> {
    let empty = Document::new();
    let current = current.unwrap_or(&empty);
    if says_the_same(current, wanted) {
        return None;
    }
    let mut document = current.clone();
    let mut store = stored_profiles(current).cloned().unwrap_or_default();
    for (name, profile) in &wanted.store {
        let merged = with_keys_of_others(profile, store.get(name));
        store.insert(name.clone(), merged);
    }
    document.insert("store".to_owned(), store.into());
    let mut put = |name: &str, value: &str| document.insert(name.to_owned(), value.into());
    put("defaultProfile", &wanted.default_profile);
    put("units", wanted.units);
    put("enteredBy", ENTERED_BY);
    let replaceable = current.get("_id").is_some_and(Value::is_string);
    let start = start_after(current, now);
    if replaceable && (mode == ProfileMode::Replace || start.is_none()) {
        // Nightscout follows the newest `Profile Switch` since the document's start, whatever the document says. Of this
        // change there may be none, and one of before would go on to count.
        if let Some(start) = start.filter(|_| follows_another(current, wanted)) {
            document.insert("startDate".to_owned(), start.into());
        }
        return Some(Change::Replace(document));
    }
    let start = start.unwrap_or_else(|| as_text(now));
    document.retain(|name, _| !OF_THE_DOCUMENT.contains(&name.as_str()));
    document.insert(
        "identifier".to_owned(),
        identifier(current, &document).into(),
    );
    document.insert("startDate".to_owned(), start.clone().into());
    document.insert("created_at".to_owned(), start.into());
    Some(Change::Add(document))
}

/// The same in two runs at the same moment, which add the same to the same document; no other document has it.
fn identifier(current: &Document, contents: &Document) -> String {
    let after = current.get("_id").and_then(Value::as_str).unwrap_or("none");
    let contents = Value::Object(contents.clone());
    identifier_of(&format!("profile after {after}: {contents}")).to_string()
}

/// The `startDate` with which a document becomes the current one: now. Nightscout compares these as texts, so that one in
/// the future, or one that tconnectsync wrote in the time of a zone ahead of UTC, would go on being current, and a new
/// document would be added in every run: then it is the second after that one. `None` where that one cannot be read.
fn start_after(current: &Document, now: DateTime<Utc>) -> Option<String> {
    let start = as_text(now);
    let newest = current.get("startDate").and_then(Value::as_str);
    let Some(newest) = newest.filter(|newest| **newest >= *start) else {
        return Some(start);
    };
    let shown = NaiveDateTime::parse_from_str(newest.get(..19)?, "%Y-%m-%dT%H:%M:%S").ok()?;
    Some(as_text(shown.and_utc() + Duration::seconds(1)))
}

fn as_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn stored_profiles(document: &Document) -> Option<&Map<String, Value>> {
    document.get("store")?.as_object()
}

fn with_keys_of_others(profile: &Value, stored: Option<&Value>) -> Value {
    match (profile, stored.and_then(Value::as_object)) {
        (Value::Object(profile), Some(stored)) => {
            let mut merged = stored.clone();
            merged.extend(profile.clone());
            merged.into()
        }
        _ => profile.clone(),
    }
}

/// Whether the pump follows another profile than the document says.
fn follows_another(current: &Document, wanted: &ProfileStore) -> bool {
    let default = current.get("defaultProfile").and_then(Value::as_str);
    default.is_some_and(|default| default != wanted.default_profile)
}

fn says_the_same(current: &Document, wanted: &ProfileStore) -> bool {
    let default = current.get("defaultProfile").and_then(Value::as_str);
    let stored = stored_profiles(current);
    default == Some(wanted.default_profile.as_str())
        && wanted.store.iter().all(|(name, profile)| {
            let stored = stored.and_then(|store| store.get(name));
            stored.is_some_and(|stored| same_profile(stored, profile))
        })
}

/// Whether a stored profile says what the wanted one does. `startDate` says nothing there.
fn same_profile(stored: &Value, wanted: &Value) -> bool {
    let Some(wanted) = wanted.as_object() else {
        return false;
    };
    wanted.iter().all(|(key, wanted)| {
        let stored = stored.get(key);
        match key.as_str() {
            "startDate" => true,
            "units" => stored.and_then(Value::as_str).map(is_mmol) == wanted.as_str().map(is_mmol),
            _ => match wanted {
                Value::Array(wanted) => same_schedule(stored, wanted),
                wanted => stored.is_some_and(|stored| same_value(stored, wanted)),
            },
        }
    })
}

/// Nightscout's own test.
fn is_mmol(units: &str) -> bool {
    units.to_ascii_lowercase().contains("mmol")
}

/// Nightscout reckons `timeAsSeconds` anew from `time`, so that only this counts.
fn same_schedule(stored: Option<&Value>, wanted: &[Value]) -> bool {
    let Some(stored) = stored.and_then(Value::as_array) else {
        return false;
    };
    let same_entry = |(stored, wanted): (&Value, &Value)| {
        let minutes = |entry: &Value| minutes(entry.get("time")?.as_str()?);
        let values = stored.get("value").zip(wanted.get("value"));
        minutes(stored).is_some()
            && minutes(stored) == minutes(wanted)
            && values.is_some_and(|(stored, wanted)| same_value(stored, wanted))
    };
    stored.len() == wanted.len() && stored.iter().zip(wanted).all(same_entry)
}

/// `6:30` and `06:30` in minutes.
fn minutes(time: &str) -> Option<u32> {
    let mut parts = time.split(':').map(|part| part.trim().parse::<u32>());
    let (hours, minutes) = (parts.next()?.ok()?, parts.next()?.ok()?);
    Some(60 * hours + minutes)
}

/// Whether two values are the same; Nightscout takes numbers and texts of numbers alike.
fn same_value(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match (number(one), number(other)) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(other.abs()),
        _ => one == other,
    }
}
