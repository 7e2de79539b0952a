//! Entries: glucose readings.

use serde_json::{Map, Value};

use super::super::answer::{Answer, Outcome};
use super::super::server::Request;
use super::dates::{self, iso};
use super::query::ENTRIES;
use super::reading;
use super::site::{Site, Version};
use super::treatments::refusal;
use super::values::{Doc, purify};

/// GET; `rest` is the path behind `entries`.
pub(super) fn get(site: &Site, request: &Request, rest: &str, tree: &Map<String, Value>) -> Answer {
    let mut tree = tree.clone();
    let json = request.path.ends_with(".json")
        || request
            .header("accept")
            .is_some_and(|accept| accept.contains("json"));
    match rest {
        "" => {}
        "/current" => drop(tree.insert("count".to_owned(), Value::from("1"))),
        kind => {
            let find = tree
                .entry("find")
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(find) = find {
                find.insert("type".to_owned(), Value::from(kind.trim_start_matches('/')));
            }
        }
    }
    let Ok(docs) = reading::list(&site.entries, &tree, (ENTRIES, 10), site.now()) else {
        return refusal(500);
    };
    if json {
        reading::plain(docs)
    } else {
        tsv(&docs)
    }
}

fn tsv(docs: &[&Doc]) -> Answer {
    let null = Value::Null;
    let line = |doc: &&Doc| {
        let fields = ["dateString", "date", "sgv", "direction", "device"];
        fields
            .map(|field| doc.get(field).unwrap_or(&null).to_string())
            .join("\t")
    };
    Answer::new(
        200,
        "text/plain; charset=utf-8",
        docs.iter().map(line).collect::<Vec<_>>().join("\r\n"),
    )
}

/// POST of one reading or an array.
pub(super) fn post(site: &mut Site, body: Value) -> Outcome {
    let docs = match body {
        Value::Array(items) => items,
        // A single object counts only if it has a date.
        Value::Object(one) if one.contains_key("date") => vec![Value::Object(one)],
        _ => Vec::new(),
    };
    if docs.iter().any(Value::is_null) {
        site.crashed = true;
        return Outcome::Reset;
    }
    let modern = site.settings.version.is_modern();
    if docs.is_empty() && !modern {
        return Outcome::Hang;
    }
    let docs: Vec<Doc> = docs
        .into_iter()
        .filter_map(|doc| {
            if let Value::Object(doc) = doc {
                Some(doc)
            } else {
                None
            }
        })
        .collect();
    if modern && let Some(status) = docs.iter().find_map(|doc| site.refused(doc)) {
        return refusal(status).into();
    }
    let mut answer = Vec::new();
    for mut doc in docs {
        if let Some(status) = site.refused(&doc) {
            return refusal(status).into();
        }
        normalise(site, &mut doc);
        answer.push(Value::Object(upsert(site, doc, modern)));
    }
    Answer::json(200, &Value::Array(answer)).into()
}

/// POST to `entries/preview`: repeats what it is sent and stores nothing.
pub(super) fn preview(body: Value) -> Outcome {
    let docs = match body {
        Value::Array(items) if !items.is_empty() => items,
        Value::Object(one) if one.contains_key("date") => vec![Value::Object(one)],
        _ => return Outcome::Hang,
    };
    Answer::json(200, &Value::Array(docs)).into()
}

fn normalise(site: &Site, doc: &mut Doc) {
    doc.values_mut().for_each(purify);
    let server = site.server_time();
    let offset = |ms: i64| {
        super::super::history::calendar::zone_offset(server.zone, ms.div_euclid(1000)) / 60
    };
    let (time, utc_offset) = match (doc.get("dateString"), doc.get("date")) {
        (Some(Value::String(text)), _) => match dates::parse(text) {
            Some((ms, offset)) => (Some(ms), Some(offset)),
            None => (None, None),
        },
        // 14.2.6 goes by `dateString` alone.
        (None, Some(_)) if site.settings.version == Version::V14_2_6 => {
            (Some(server.now), Some(offset(server.now)))
        }
        (_, Some(Value::Number(number))) => {
            let ms = number.as_f64().unwrap_or_default() as i64;
            (Some(ms), Some(offset(ms)))
        }
        (_, Some(_)) => (None, None),
        (_, None) => (Some(server.now), Some(offset(server.now))),
    };
    let text = time.map_or(Value::Null, |ms| Value::from(iso(ms)));
    if doc.contains_key("dateString") {
        doc.insert("dateString".to_owned(), text.clone());
    }
    doc.insert("sysTime".to_owned(), text);
    doc.insert(
        "utcOffset".to_owned(),
        utc_offset.map_or(Value::Null, Value::from),
    );
}

fn upsert(site: &mut Site, mut doc: Doc, merge: bool) -> Doc {
    site.writes += 1;
    match site.entries.by_key(&doc) {
        Some(slot) => {
            let mut stored = if merge {
                site.entries.get(slot).cloned().unwrap_or_default()
            } else {
                Doc::new()
            };
            stored.extend(doc.clone());
            site.entries.replace(slot, stored);
        }
        None => {
            let id = site.entries.insert(doc.clone());
            doc.insert("_id".to_owned(), Value::from(id));
        }
    }
    doc
}
