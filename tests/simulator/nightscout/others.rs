//! Device statuses, profiles and the status page.

use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Outcome};
use super::super::server::Request;
use super::dates::{created_at, iso};
use super::site::Site;
use super::treatments::{becomes_object_id, not_an_object_id, refusal};
use super::values::{Doc, purify};

/// POST of device statuses: always new documents.
pub(super) fn post_devicestatus(site: &mut Site, body: Value) -> Outcome {
    let docs = match body {
        Value::Array(items) if items.is_empty() && !site.settings.version.is_modern() => {
            return Outcome::Hang;
        }
        Value::Array(items) => items,
        one => vec![one],
    };
    if docs.iter().any(Value::is_null) {
        site.crashed = true;
        return Outcome::Reset;
    }
    let mut answer = Vec::new();
    for doc in docs {
        let Value::Object(mut doc) = doc else {
            return refusal(500).into();
        };
        if doc
            .get("_id")
            .is_some_and(|id| id.as_str().is_none_or(|id| id.len() != 24))
        {
            return Answer::json(
                400,
                &json!({"status": 400, "message": "Invalid _id format"}),
            )
            .into();
        }
        doc.remove("_id");
        if let Some(status) = site.refused(&doc) {
            return refusal(status).into();
        }
        if created_at(&mut doc, site.server_time()).is_err() {
            return Answer::html(500, "RangeError: Invalid time value").into();
        }
        doc.values_mut().for_each(purify);
        if let Some(battery) = doc.remove("uploaderBattery") {
            doc.insert("uploader".to_owned(), json!({"battery": battery}));
        }
        site.writes += 1;
        let id = site.devicestatus.insert(doc.clone());
        doc.insert("_id".to_owned(), Value::from(id));
        answer.push(Value::Object(doc));
    }
    Answer::json(200, &Value::Array(answer)).into()
}

/// GET of profiles; `rest` is the path behind `profile`.
pub(super) fn get_profile(site: &Site, rest: &str, tree: &Map<String, Value>) -> Answer {
    let mut newest: Vec<&Doc> = site.profiles.all().map(|(_, doc)| doc).collect();
    newest.reverse();
    match rest {
        "" => {
            let count = tree
                .get("count")
                .and_then(Value::as_str)
                .and_then(|text| text.parse().ok())
                .unwrap_or(10);
            super::reading::plain(newest.into_iter().take(count).collect())
        }
        "/current" => Answer::json(
            200,
            &newest
                .first()
                .map_or(Value::Null, |doc| Value::Object((*doc).clone())),
        ),
        _ => Answer::html(404, "Cannot GET"),
    }
}

/// POST of profiles: always new documents.
pub(super) fn post_profile(site: &mut Site, body: Value) -> Outcome {
    let docs = match body {
        Value::Array(items) => items,
        one => vec![one],
    };
    let mut answer = Vec::new();
    for doc in docs {
        let Value::Object(mut doc) = doc else {
            return refusal(500).into();
        };
        if let Some(status) = site.refused(&doc) {
            return refusal(status).into();
        }
        let now = Value::from(iso(site.now()));
        // Up to 15.0.6 the server's time replaces what was sent.
        if !site.settings.version.is_modern() || !doc.contains_key("created_at") {
            doc.insert("created_at".to_owned(), now);
        }
        doc.values_mut().for_each(purify);
        site.writes += 1;
        let id = site.profiles.insert(doc.clone());
        doc.insert("_id".to_owned(), Value::from(id));
        answer.push(Value::Object(doc));
    }
    Answer::json(200, &Value::Array(answer)).into()
}

/// PUT of a profile, by `_id`.
pub(super) fn put_profile(site: &mut Site, body: Value) -> Outcome {
    let Value::Object(mut doc) = body else {
        return refusal(500).into();
    };
    let id = doc.get("_id").cloned();
    if !site.settings.version.is_modern() && id.as_ref().is_some_and(|id| !becomes_object_id(id)) {
        return not_an_object_id().into();
    }
    if id
        .as_ref()
        .is_some_and(|id| id.as_str().is_none_or(|id| id.len() != 24))
    {
        return Answer::json(
            400,
            &json!({"status": 400, "message": "Invalid _id format"}),
        )
        .into();
    }
    doc.values_mut().for_each(purify);
    doc.entry("created_at")
        .or_insert_with(|| Value::from(iso(site.now())));
    site.writes += 1;
    match id
        .as_ref()
        .and_then(Value::as_str)
        .and_then(|id| site.profiles.by_id(id))
    {
        Some(slot) => site.profiles.replace(slot, doc.clone()),
        None => {
            let id = site.profiles.insert(doc.clone());
            doc.insert("_id".to_owned(), Value::from(id));
        }
    }
    Answer::json(200, &Value::Object(doc)).into()
}

/// The status page: HTML unless JSON is asked for.
pub(super) fn status(site: &Site, request: &Request) -> Answer {
    let json = request.path.ends_with(".json")
        || request
            .header("accept")
            .is_some_and(|accept| accept.contains("json"));
    if !json {
        return Answer::new(200, "text/html; charset=utf-8", "<h1>STATUS OK</h1>");
    }
    let settings = &site.settings;
    let mut enable = settings.plugins.clone();
    enable.extend(settings.careportal.then(|| "careportal".to_owned()));
    // As 14.2.6 and 15.0.7 have it, with and without `BASAL_RENDER`.
    let mut extended_settings = json!({"devicestatus": {"advanced": true, "days": 1}});
    if let Some(render) = &settings.basal_render {
        extended_settings["basal"] = json!({"render": render});
    }
    let now = site.now();
    let version = settings
        .version_text
        .clone()
        .unwrap_or_else(|| settings.version.text().to_owned());
    Answer::json(
        200,
        &json!({
            "status": "ok",
            "name": "nightscout",
            "version": version,
            "serverTime": iso(now),
            "serverTimeEpoch": now,
            "apiEnabled": true,
            "careportalEnabled": settings.careportal,
            "boluscalcEnabled": false,
            "settings": {
                "units": if settings.mmol { "mmol" } else { "mg/dl" },
                "timeFormat": 12,
                "enable": enable,
                "authDefaultRoles": if settings.readable { "readable" } else { "denied" },
                "authFailDelay": settings.auth_fail_delay.as_millis() as u64,
                "deNormalizeDates": settings.de_normalize_dates,
                "thresholds": {"bgHigh": 260, "bgTargetTop": 180, "bgTargetBottom": 80, "bgLow": 55},
            },
            "extendedSettings": extended_settings,
            "authorized": null,
            "runtimeState": "loaded",
        }),
    )
}
