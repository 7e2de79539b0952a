//! Treatments: what a document becomes on its way into the database, and which document it replaces.

use serde_json::{Value, json};

use super::super::answer::{Answer, Outcome};
use super::dates::{self, created_at, iso};
use super::site::Site;
use super::values::{Doc, number_value, purify, to_number, truthy};

/// Fields that go through `Number()`.
const NUMBERS: &[&str] = &[
    "glucose",
    "targetTop",
    "targetBottom",
    "carbs",
    "insulin",
    "duration",
    "percent",
    "absolute",
    "relative",
    "preBolus",
];

/// Fields that go when they are 0 or empty.
const DROPPED_AT_ZERO: &[&str] = &[
    "targetTop",
    "targetBottom",
    "carbs",
    "insulin",
    "percent",
    "relative",
    "notes",
    "preBolus",
];

/// The answer to what the database refuses.
pub(super) fn refusal(status: u16) -> Answer {
    let message = if status == 500 {
        "Mongo Error"
    } else {
        "Bad Request"
    };
    Answer::json(
        status,
        &json!({"status": status, "message": message, "description": {}}),
    )
}

/// POST of one document or an array.
pub(super) fn post(site: &mut Site, body: Value) -> Outcome {
    let docs = match body {
        Value::Array(items) => items,
        one => vec![one],
    };
    if docs.iter().any(Value::is_null) {
        site.crashed = true;
        return Outcome::Reset;
    }
    if docs.iter().any(Value::is_array) {
        return refusal(500).into();
    }
    let modern = site.settings.version.is_modern();
    let mut ready = Vec::new();
    for doc in docs {
        let Value::Object(doc) = doc else {
            return Answer::html(500, "TypeError").into();
        };
        let Ok((doc, extra)) = prepare(site, doc) else {
            return Answer::html(500, "RangeError: Invalid time value").into();
        };
        ready.push((doc, extra));
    }
    if modern && let Some(status) = ready.iter().find_map(|(doc, _)| site.refused(doc)) {
        return refusal(status).into();
    }
    let mut answer = Vec::new();
    for (doc, extra) in ready {
        // Old versions write one document after the other and stop at the first that fails.
        if let Some(status) = site.refused(&doc) {
            return refusal(status).into();
        }
        match upsert(site, doc) {
            Ok(stored) => answer.push(Value::Object(stored)),
            Err(status) => return refusal(status).into(),
        }
        if let Some(extra) = extra
            && let Ok(stored) = upsert(site, extra)
        {
            answer.push(Value::Object(stored));
        }
    }
    Answer::json(200, &Value::Array(answer)).into()
}

/// PUT of one document.
pub(super) fn put(site: &mut Site, body: Value) -> Outcome {
    let modern = site.settings.version.is_modern();
    let doc = match body {
        Value::Object(doc) => doc,
        // Stored as a document without anything in it.
        Value::Array(items) if items.is_empty() => {
            site.writes += 1;
            let at = Value::from(iso(site.now()));
            let dated = modern.then(|| ("created_at".to_owned(), at));
            site.treatments.insert(dated.into_iter().collect());
            return Answer::json(200, &json!([])).into();
        }
        _ => return refusal(500).into(),
    };
    if !modern && doc.get("_id").is_some_and(|id| !becomes_object_id(id)) {
        return not_an_object_id().into();
    }
    let Ok((mut doc, _)) = prepare(site, doc) else {
        return Answer::html(500, "RangeError: Invalid time value").into();
    };
    if let Some(status) = site.refused(&doc) {
        return refusal(status).into();
    }
    let id = doc.get("_id").and_then(Value::as_str).map(str::to_owned);
    let stored = match id {
        Some(id) => {
            site.writes += 1;
            match site.treatments.by_id(&id) {
                Some(slot) => site.treatments.replace(slot, doc.clone()),
                None => drop(site.treatments.insert(doc.clone())),
            }
            Ok(doc)
        }
        None if modern => {
            let count = site.treatments.len();
            upsert(site, doc).map(|mut stored| {
                // Unlike POST, only an insertion tells its `_id`.
                if site.treatments.len() == count {
                    stored.remove("_id");
                }
                stored
            })
        }
        None => {
            site.writes += 1;
            let id = site.treatments.insert(doc.clone());
            doc.insert("_id".to_owned(), Value::from(id));
            Ok(doc)
        }
    };
    match stored {
        Ok(doc) if modern => Answer::json(200, &Value::Object(doc)).into(),
        // The older database driver's own words.
        Ok(_) => Answer::json(200, &json!({"result": {"n": 1, "ok": 1}, "connection": {}})).into(),
        Err(status) => refusal(status).into(),
    }
}

/// Normalises a document. The second one is what `preBolus` makes of its carbs.
fn prepare(site: &Site, mut doc: Doc) -> Result<(Doc, Option<Doc>), ()> {
    created_at(&mut doc, site.server_time())?;
    for field in NUMBERS {
        if let Some(value) = doc.get(*field) {
            let number = to_number(value);
            let gone = number.is_nan()
                || number == 0.0 && (DROPPED_AT_ZERO.contains(field) || *field == "glucose");
            if !gone {
                doc.insert((*field).to_owned(), number_value(number));
                continue;
            }
            doc.remove(*field);
            if *field == "glucose" {
                doc.remove("glucoseType");
                doc.remove("units");
            }
        }
    }
    if doc.get("notes").is_some_and(|notes| !truthy(notes)) {
        doc.remove("notes");
    }
    if doc.get("eventType").and_then(Value::as_str) == Some("Announcement") {
        doc.insert("isAnnouncement".to_owned(), Value::Bool(true));
    }
    doc.values_mut().for_each(purify);
    let modern = site.settings.version.is_modern();
    if let Some(Value::String(id)) = doc.get("_id").cloned()
        && !is_object_id(&id)
    {
        doc.remove("_id");
        if modern {
            doc.insert("identifier".to_owned(), Value::from(id));
        }
    }
    let extra = pre_bolus(&mut doc);
    Ok((doc, extra))
}

/// `preBolus` minutes before the meal: the carbs go into a treatment of their own.
fn pre_bolus(doc: &mut Doc) -> Option<Doc> {
    let minutes = doc.get("preBolus").and_then(Value::as_f64)?;
    let carbs = doc.remove("carbs")?;
    let (at, _) = dates::parse(doc.get("created_at")?.as_str()?)?;
    let mut extra = Doc::new();
    extra.insert(
        "created_at".to_owned(),
        Value::from(iso(at + (minutes * 60_000.0) as i64)),
    );
    extra.insert(
        "eventType".to_owned(),
        doc.get("eventType").cloned().unwrap_or_default(),
    );
    extra.insert("carbs".to_owned(), carbs);
    Some(extra)
}

/// What an older version answers to a PUT whose `_id` is none of its database's; it stores nothing.
pub(super) fn not_an_object_id() -> Answer {
    let message =
        "Argument passed in must be a single String of 12 bytes or a string of 24 hex characters";
    Answer::json(
        500,
        &json!({"error": {"message": message, "stack": format!("Error: {message}")}}),
    )
}

/// Whether an older version can make an `_id` of it.
pub(super) fn becomes_object_id(id: &Value) -> bool {
    id.as_str()
        .is_some_and(|id| is_object_id(id) || id.len() == 12)
}

fn is_object_id(id: &str) -> bool {
    id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Writes one normalised document; gives it as the answer has it: with `_id` unless it replaced one by time and type.
fn upsert(site: &mut Site, mut doc: Doc) -> Result<Doc, u16> {
    if doc.get("_id").is_some_and(|id| !id.is_string()) {
        return Err(500);
    }
    let modern = site.settings.version.is_modern();
    let identifier = doc
        .get("identifier")
        .filter(|identifier| modern && truthy(identifier))
        .cloned();
    let treatments = &mut site.treatments;
    let id = doc.get("_id").and_then(Value::as_str).map(str::to_owned);
    let (slot, seen) = match (&identifier, &id) {
        (Some(identifier), _) => {
            doc.remove("_id");
            let by_id = identifier.as_str().and_then(|text| treatments.by_id(text));
            (treatments.by_identifier(identifier).or(by_id), true)
        }
        (None, Some(id)) if modern => (treatments.by_id(id), true),
        (None, Some(id)) => {
            let slot = treatments.by_key(&doc);
            // An `_id` cannot change: the database refuses to replace another document by this one.
            if slot.is_some_and(|slot| treatments.by_id(id) != Some(slot))
                || slot.is_none() && treatments.by_id(id).is_some()
            {
                return Err(500);
            }
            (slot, true)
        }
        (None, None) => (treatments.by_key(&doc), false),
    };
    site.writes += 1;
    match slot {
        Some(slot) => {
            treatments.replace(slot, doc.clone());
            let id = treatments
                .get(slot)
                .and_then(|stored| stored.get("_id").cloned());
            if let Some(id) = id.filter(|_| seen) {
                doc.insert("_id".to_owned(), id);
            } else {
                note_unseen(site, &doc);
            }
        }
        None => {
            let id = treatments.insert(doc.clone());
            doc.insert("_id".to_owned(), Value::from(id));
        }
    }
    Ok(doc)
}

/// The web page re-reads only the last 15 minutes; an older change reaches it only with an `_id` in the answer.
fn note_unseen(site: &mut Site, doc: &Doc) {
    let at = doc
        .get("created_at")
        .and_then(Value::as_str)
        .and_then(dates::parse);
    if at.is_some_and(|(at, _)| site.now() - at > 15 * 60_000) {
        site.unseen_changes += 1;
    }
}
