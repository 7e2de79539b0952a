//! Compares the pump's profiles with the site's profile document.
//!
//! Nightscout keeps many profile documents and uses the one with the newest `startDate`. Whatever others wrote into it stays,
//! including profiles that the pump does not have.

use chrono::{DateTime, Duration, NaiveDateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

use crate::config::ProfileMode;
use crate::foreign::{number, text_in};
use crate::nightscout::Document;
use crate::nightscout::document::{ENTERED_BY, identifier_of};
use crate::translate::profile::ProfileStore;

/// Fields that belong to one stored document and are not part of its contents.
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

/// What has to change so that the site's current profile document agrees with the pump; `None` if it does already.
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
        match (store.get_mut(name), profile) {
            (Some(Value::Object(stored)), Value::Object(profile)) => {
                stored.extend(profile.clone());
            }
            _ => drop(store.insert(name.clone(), profile.clone())),
        }
    }
    document.insert("store".to_owned(), store.into());
    let mut put = |name: &str, value: &str| document.insert(name.to_owned(), value.into());
    put("defaultProfile", &wanted.default_profile);
    put("units", wanted.units);
    put("enteredBy", ENTERED_BY);
    let replaceable = current.get("_id").is_some_and(Value::is_string);
    let start = start_after(current, now);
    if replaceable && (mode == ProfileMode::Replace || start.is_none()) {
        // Nightscout follows the newest `Profile Switch` since the document's start. There may be none for this change, and
        // an older one would still apply.
        let follows_another = text_in(current, "defaultProfile")
            .is_some_and(|default| default != wanted.default_profile);
        if let Some(start) = start.filter(|_| follows_another) {
            document.insert("startDate".to_owned(), start.into());
        }
        return Some(Change::Replace(document));
    }
    let start = start.unwrap_or_else(|| as_text(now));
    document.retain(|name, _| !OF_THE_DOCUMENT.contains(&name.as_str()));
    // Two runs at the same moment add the same contents after the same document, and so give it the same identifier.
    let after = text_in(current, "_id").unwrap_or("none");
    let contents = Value::Object(document.clone());
    let identifier = identifier_of(&format!("profile after {after}: {contents}"));
    document.insert("identifier".to_owned(), identifier.to_string().into());
    document.insert("startDate".to_owned(), start.clone().into());
    document.insert("created_at".to_owned(), start.into());
    Some(Change::Add(document))
}

/// The `startDate` that makes a document the current one: now, unless the current one starts later. Nightscout compares these
/// as texts, so one in the future, or one that tconnectsync wrote in local time ahead of UTC, would stay current and each run
/// would add a document. Then it is one second after that. `None` if that cannot be read.
fn start_after(current: &Document, now: DateTime<Utc>) -> Option<String> {
    let start = as_text(now);
    let Some(newest) = text_in(current, "startDate").filter(|newest| **newest >= *start) else {
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

fn says_the_same(current: &Document, wanted: &ProfileStore) -> bool {
    let stored = stored_profiles(current);
    text_in(current, "defaultProfile") == Some(wanted.default_profile.as_str())
        && wanted.store.iter().all(|(name, profile)| {
            let stored = stored.and_then(|store| store.get(name));
            stored.is_some_and(|stored| same_profile(stored, profile))
        })
}

/// Whether a stored profile agrees with the wanted one. `startDate` has no meaning there.
fn same_profile(stored: &Value, wanted: &Value) -> bool {
    let Some(wanted) = wanted.as_object() else {
        return false;
    };
    wanted.iter().all(|(key, wanted)| {
        let stored = stored.get(key);
        match (key.as_str(), wanted) {
            ("startDate", _) => true,
            ("units", _) => {
                stored.and_then(Value::as_str).map(is_mmol) == wanted.as_str().map(is_mmol)
            }
            (_, Value::Array(wanted)) => same_schedule(stored, wanted),
            _ => stored.is_some_and(|stored| same_value(stored, wanted)),
        }
    })
}

/// As Nightscout itself tells the units apart.
fn is_mmol(units: &str) -> bool {
    units.to_ascii_lowercase().contains("mmol")
}

/// Nightscout recalculates `timeAsSeconds` from `time`, so only `time` counts.
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

/// Whether two values are the same. Nightscout accepts numbers as texts too.
fn same_value(one: &Value, other: &Value) -> bool {
    match (number(one), number(other)) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(other.abs()),
        _ => one == other,
    }
}
