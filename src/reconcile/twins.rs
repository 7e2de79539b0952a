//! Twins: two documents with the same identity of ours, left by two runs at the same moment.
//!
//! Only `_id` has a unique index in Nightscout. It looks up what it is sent and then inserts it, in two steps, so two senders
//! at the same moment may both insert. The older document, by `_id`, stays, so that two runs that both see the twins remove
//! the same one. Documents without an identity of ours are left alone.

use std::collections::HashMap;

use chrono::Duration;
use serde_json::Value;
use uuid::Uuid;

use crate::foreign;
use crate::nightscout::document::ENTERED_BY;
use crate::nightscout::{Collection, Document, ObjectId};

/// Twins of a profile are written at the same moment. A copy made at any other time is a person's.
const SAME_MOMENT: Duration = Duration::hours(1);

/// Which document of ours it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identified {
    /// What twins have in common.
    identity: String,
    /// The `_id`.
    id: ObjectId,
}

/// Separates the younger twins from the documents of a collection, which come with what [`identified`] says of each: the
/// documents that stay, and the `_id`s of the others.
pub(crate) fn part<T>(
    collection: Collection,
    documents: Vec<(Option<Identified>, T)>,
) -> (Vec<T>, Vec<ObjectId>) {
    let mut oldest: HashMap<String, ObjectId> = HashMap::new();
    for known in documents.iter().filter_map(|(known, _)| known.as_ref()) {
        let oldest = oldest.entry(known.identity.clone());
        let oldest = oldest.or_insert_with(|| known.id.clone());
        if known.id < *oldest {
            *oldest = known.id.clone();
        }
    }
    let mut younger = Vec::new();
    let mut kept = Vec::with_capacity(documents.len());
    for (known, document) in documents {
        let twin = known.filter(|known| {
            let oldest = oldest.get(&known.identity);
            oldest.is_some_and(|oldest| {
                *oldest != known.id && may_be_twins(collection, oldest, &known.id)
            })
        });
        match twin {
            Some(twin) => younger.push(twin.id),
            None => kept.push(document),
        }
    }
    younger.sort();
    younger.dedup();
    (kept, younger)
}

/// Which document of ours this is; `None` for one that is not.
pub(crate) fn identified(collection: Collection, document: &Document) -> Option<Identified> {
    let text = |name: &str| foreign::text_in(document, name);
    let author = match collection {
        Collection::Treatments | Collection::Profile => text("enteredBy"),
        Collection::Entries | Collection::DeviceStatus => text("device"),
    };
    if author != Some(ENTERED_BY) {
        return None;
    }
    let events = text("pump_event_id").is_some_and(|events| !events.is_empty());
    let identifier = text("identifier").filter(|identifier| is_our_identifier(identifier));
    let identity = match (collection, identifier) {
        (Collection::Treatments | Collection::Entries, Some(identifier)) if events => {
            identifier.to_owned()
        }
        (Collection::DeviceStatus, Some(identifier)) => identifier.to_owned(),
        // Written by a version that gave these no identifier. tconnectsync's carry an event number.
        (Collection::DeviceStatus, None) if !events => contents(document, &["_id"]),
        (Collection::Profile, Some(identifier)) => {
            let of_each = ["_id", "startDate", "created_at", "mills"];
            format!("{identifier} {}", contents(document, &of_each))
        }
        _ => return None,
    };
    let id = ObjectId::parse(text("_id")?)?;
    Some(Identified { identity, id })
}

/// Our identifiers are made from a name (UUID version 5).
pub(super) fn is_our_identifier(identifier: &str) -> bool {
    Uuid::try_parse(identifier).is_ok_and(|uuid| uuid.get_version_num() == 5)
}

fn contents(document: &Document, but: &[&str]) -> String {
    let mut contents = document.clone();
    contents.retain(|name, _| !but.contains(&name.as_str()));
    Value::Object(contents).to_string()
}

fn may_be_twins(collection: Collection, older: &ObjectId, younger: &ObjectId) -> bool {
    let apart = || Some(younger.written_at()? - older.written_at()?);
    collection != Collection::Profile || apart().is_some_and(|apart| apart <= SAME_MOMENT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const IDENTIFIER: &str = "85a83dad-0a1b-565c-8c89-d35c33f02840";

    fn documents(values: &[Value]) -> Vec<Document> {
        let objects = values.iter().map(|value| value.as_object().cloned());
        objects.map(Option::unwrap_or_default).collect()
    }

    fn treatment(id: u32, change: impl FnOnce(&mut Value)) -> Value {
        let mut treatment = json!({
            "_id": format!("6b037647fa007d1d{id:08x}"), "enteredBy": ENTERED_BY, "pump_event_id": "7,8",
            "identifier": IDENTIFIER, "eventType": "Meal Bolus", "insulin": 2,
        });
        change(&mut treatment);
        treatment
    }

    fn removed(collection: Collection, values: &[Value]) -> Vec<String> {
        let documents = documents(values).into_iter();
        let documents = documents.map(|document| (identified(collection, &document), document));
        let (kept, younger) = part(collection, documents.collect());
        assert_eq!(kept.len() + younger.len(), values.len());
        younger.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_older_of_two_stays_in_whichever_order_they_come() {
        let (older, younger) = (
            treatment(1, |_| {}),
            treatment(2, |doc| doc["insulin"] = json!(3)),
        );
        for pair in [[older.clone(), younger.clone()], [younger, older]] {
            assert_eq!(
                removed(Collection::Treatments, &pair),
                ["6b037647fa007d1d00000002"]
            );
        }
    }

    #[test]
    fn what_is_not_ours_by_its_identifier_stays() {
        let others: [fn(&mut Value); 5] = [
            |doc| doc["enteredBy"] = json!("Loop"),
            |doc| doc["identifier"] = json!("an identifier of somebody"),
            |doc| doc["identifier"] = json!("85a83dad-0a1b-465c-8c89-d35c33f02840"),
            |doc| doc["identifier"] = json!(null),
            |doc| doc["pump_event_id"] = json!(""),
        ];
        for other in others {
            let pair = [treatment(1, other), treatment(2, other)];
            assert_eq!(
                removed(Collection::Treatments, &pair),
                [""; 0],
                "{}",
                pair[0]
            );
        }
    }

    #[test]
    fn a_profile_that_a_person_copied_stays() {
        let profile = |id: &str, basal: f64| {
            json!({
                "_id": id, "enteredBy": ENTERED_BY, "identifier": IDENTIFIER, "startDate": id,
                "store": {"Everyday": {"basal": [{"time": "00:00", "value": basal}]}},
            })
        };
        let (first, twin) = ("6b0376470000000000000001", "6b0376480000000000000002");
        let next_day = "6b04c7c80000000000000003";
        let removed = |values: &[Value]| removed(Collection::Profile, values);
        assert_eq!(removed(&[profile(twin, 1.0), profile(first, 1.0)]), [twin]);
        assert_eq!(removed(&[profile(twin, 1.1), profile(first, 1.0)]), [""; 0]);
        assert_eq!(
            removed(&[profile(next_day, 1.0), profile(first, 1.0)]),
            [""; 0]
        );
    }

    #[test]
    fn device_statuses_without_identifier_are_twins_where_they_are_the_same_word_for_word() {
        let status = |id: u32, reservoir: i64| {
            json!({
                "_id": format!("6b037647fa007d1d{id:08x}"), "device": ENTERED_BY,
                "created_at": "2026-05-14T10:00:00.000Z", "pump": {"reservoir": reservoir},
            })
        };
        let removed = |values: &[Value]| removed(Collection::DeviceStatus, values);
        assert_eq!(
            removed(&[status(1, 80), status(2, 80)]),
            ["6b037647fa007d1d00000002"]
        );
        assert_eq!(removed(&[status(1, 80), status(2, 79)]), [""; 0]);
        let theirs = |id| {
            let mut theirs = status(id, 80);
            theirs["pump_event_id"] = json!("700");
            theirs
        };
        assert_eq!(removed(&[theirs(1), theirs(2)]), [""; 0]);
    }
}
