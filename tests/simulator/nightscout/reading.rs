//! GET and DELETE of a collection: count, order, and what an answer adds to the documents.

use serde_json::{Map, Value, json};

use super::super::answer::Answer;
use super::dates;
use super::query::{Find, Schema};
use super::store::Collection;
use super::values::Doc;

/// The documents that a GET asks for; an error is what treatments and devicestatus answer as `null`.
pub(super) fn list<'c>(
    collection: &'c Collection,
    tree: &Map<String, Value>,
    (schema, default_count): (Schema, usize),
    now: i64,
) -> Result<Vec<&'c Doc>, ()> {
    let find = Find::read(tree, schema, now)?;
    let count = match tree.get("count").and_then(Value::as_str) {
        None => default_count,
        Some(text) => {
            let number: f64 = text.trim().parse().map_err(|_| ())?;
            let whole = number.trunc().abs() as usize;
            match (whole, tree.contains_key("find")) {
                // Without a `find` the answer comes from memory, and none is none; the database takes 0 for no limit.
                (0, true) => usize::MAX,
                (whole, _) => whole,
            }
        }
    };
    let ascending = tree
        .get("sort")
        .and_then(|sort| sort.get(schema.date))
        .and_then(Value::as_str)
        == Some("1");
    let (low, high) = find.range();
    let chosen = collection
        .range(low, high)
        .map(|(_, doc)| doc)
        .filter(|doc| find.matches(doc));
    Ok(if ascending {
        chosen.take(count).collect()
    } else {
        chosen.rev().take(count).collect()
    })
}

/// Treatments as an answer has them.
pub(super) fn treatments(docs: Vec<&Doc>, denormalize: bool) -> Answer {
    let newest = docs
        .iter()
        .filter_map(|doc| doc.get("created_at").and_then(Value::as_str))
        .max()
        .map(str::to_owned);
    let present = |doc: &Doc| {
        let mut doc = doc.clone();
        for field in ["carbs", "insulin"] {
            doc.entry(field).or_insert(Value::Null);
        }
        if denormalize {
            dates::denormalize(&mut doc);
        }
        Value::Object(doc)
    };
    let answer = Answer::json(200, &docs.into_iter().map(present).collect());
    let newest = newest.and_then(|text| chrono::DateTime::parse_from_rfc3339(&text).ok());
    match newest {
        Some(newest) => answer.with(
            "last-modified",
            &newest
                .to_utc()
                .format("%a, %d %b %Y %H:%M:%S GMT")
                .to_string(),
        ),
        None => answer,
    }
}

/// Documents as they are.
pub(super) fn plain(docs: Vec<&Doc>) -> Answer {
    Answer::json(200, &docs.into_iter().cloned().map(Value::Object).collect())
}

/// DELETE by id (the path's last part) or by query; the answer tells how many went.
pub(super) fn delete(
    collection: &mut Collection,
    last: &str,
    tree: &Map<String, Value>,
    (schema, now): (Schema, i64),
) -> (usize, Answer) {
    let slots: Vec<usize> = if last.is_empty() || last == "*" {
        let Ok(find) = Find::read(tree, schema, now) else {
            return (0, Answer::html(500, "RangeError: Invalid time value"));
        };
        collection
            .all()
            .filter(|(_, doc)| find.matches(doc))
            .map(|(slot, _)| slot)
            .collect()
    } else {
        let identifier = if last.len() == 36 {
            collection.by_identifier(&Value::from(last))
        } else {
            None
        };
        collection.by_id(last).or(identifier).into_iter().collect()
    };
    slots.iter().for_each(|slot| collection.remove(*slot));
    let count = slots.len();
    // Without any condition the server deletes four days and fails afterwards.
    if last.is_empty() && !tree.contains_key("find") {
        return (
            count,
            Answer::html(500, "TypeError: Cannot read properties of undefined"),
        );
    }
    (
        count,
        Answer::json(200, &json!({"acknowledged": true, "deletedCount": count})),
    )
}
