//! What is asked of a site.
//!
//! Every query has a date condition, without which a site leaves out what is older than four days, and a count, without
//! which it returns ten or a thousand.

use std::collections::HashSet;

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::SERVICE;
use super::document::Existing;
use super::entry::ExistingEntry;
use super::site::Site;
use super::time::{bound, instant_of, parse_created_at};
use crate::config::Collection;
use crate::http::Call;
use crate::pump::clock::Sighting;

/// A document of any collection, as JSON.
pub type Document = Map<String, Value>;

/// How many documents are asked for at once.
const PAGE: usize = 5000;

/// The largest document, in bytes of its text: those of closed loops, with their predictions, have some fifty thousand.
const LARGEST_DOCUMENT: u64 = 128 * 1024;

/// How much is kept of the documents of one span, in bytes of memory: some ten times what two weeks of a pump's take.
const MOST_KEPT: usize = 20 * 1024 * 1024;

/// The most documents of one span: three uploaders with a reading a minute each do not have as many in a page of two weeks.
const MOST_DOCUMENTS: usize = 100_000;

/// The most pages of one query: what only a site that ignores the date condition could need.
const MAX_PAGES: usize = 1000;

/// The count where only the newest documents matter: enough to see those that two runs wrote at the same moment.
const A_FEW: &str = "10";

/// As many documents as [`A_FEW`] asks for, of a service that does not heed it.
const MOST_OF_A_FEW: usize = 10;

/// Older than any pump: the date condition of queries that mean all time.
const EVER: &str = "2000-01-01";

/// How a collection is asked for a span of time.
struct ByTime {
    call: &'static str,
    collection: Collection,
    lower: &'static str,
    upper: &'static str,
    /// The instant as the conditions take it.
    write: fn(DateTime<Utc>) -> String,
    /// The instant of a document.
    read: fn(&Document) -> Option<DateTime<Utc>>,
}

const TREATMENTS: ByTime = ByTime {
    call: "read treatments",
    collection: Collection::Treatments,
    lower: "find[created_at][$gte]",
    upper: "find[created_at][$lte]",
    write: bound,
    read: |document| parse_created_at(document.get("created_at")?.as_str()?),
};

const ENTRIES: ByTime = ByTime {
    call: "read entries",
    collection: Collection::Entries,
    lower: "find[date][$gte]",
    upper: "find[date][$lte]",
    write: |time| time.timestamp_millis().to_string(),
    read: |document| instant_of(document.get("date")?),
};

/// What a treatment is, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Brief {
    /// Its event type; empty where it has none.
    pub(crate) event_type: String,
    /// The instant that it is filed under; `None` where Nightscout's text cannot be read.
    pub(crate) at: Option<DateTime<Utc>>,
}

fn text_of(document: &Document, field: &str) -> String {
    let text = document.get(field).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// What a document's names take: its identifier, its `_id`, once more as what tells twins.
const NAMED: usize = 250;

/// What is kept of a document.
pub trait Kept {
    /// About how much memory it takes, in bytes.
    fn heaviness(&self) -> usize;
}

impl Kept for Document {
    fn heaviness(&self) -> usize {
        100 + heaviness(self)
    }
}

impl Kept for Existing {
    fn heaviness(&self) -> usize {
        // What is not needed of somebody else's document was dropped.
        let document = match self.document.is_empty() {
            true => 0,
            false => heaviness(&self.document),
        };
        size_of::<Existing>() + self.event_type.len() + NAMED + document
    }
}

impl Kept for ExistingEntry {
    fn heaviness(&self) -> usize {
        size_of::<ExistingEntry>() + self.identifier.as_ref().map_or(0, |_| NAMED)
    }
}

impl Kept for Sighting {
    fn heaviness(&self) -> usize {
        size_of::<Sighting>()
    }
}

/// With who the document is.
impl<I, T: Kept> Kept for (I, T) {
    fn heaviness(&self) -> usize {
        size_of::<I>() + self.1.heaviness()
    }
}

impl Site {
    /// All treatments of every uploader from one instant to another, both included; without an end up to the newest, future
    /// ones too. In no particular order.
    ///
    /// Of each, what `keep` makes of it: nothing else of the answers is kept.
    pub fn treatments<T: Kept>(
        &self,
        from: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
        keep: impl Fn(Document) -> Option<T>,
    ) -> Result<Vec<T>> {
        self.span(&TREATMENTS, from, until, keep)
    }

    /// All entries of every device, likewise.
    pub fn entries<T: Kept>(
        &self,
        from: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
        keep: impl Fn(Document) -> Option<T>,
    ) -> Result<Vec<T>> {
        self.span(&ENTRIES, from, until, keep)
    }

    /// When the newest treatment of this uploader happened that tells of an event of the pump and is not later than an
    /// instant. What else has its name may be a person's.
    pub fn newest_treatment(
        &self,
        entered_by: &str,
        until: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>> {
        let until = (TREATMENTS.write)(until);
        let newest = self.first(
            TREATMENTS.call,
            Collection::Treatments,
            &[
                ("find[enteredBy]", entered_by),
                (TREATMENTS.lower, EVER),
                (TREATMENTS.upper, &until),
                ("find[pump_event_id][$exists]", "true"),
                ("count", "1"),
            ],
        )?;
        Ok(newest.as_ref().and_then(TREATMENTS.read))
    }

    /// The newest treatments of this uploader, so many at most, in brief.
    pub(crate) fn newest_treatments(&self, entered_by: &str, count: usize) -> Result<Vec<Brief>> {
        let most = count.to_string();
        let query = [
            ("find[enteredBy]", entered_by),
            (TREATMENTS.lower, EVER),
            ("count", most.as_str()),
        ];
        self.briefs(&query, count)
    }

    /// The newest treatments of every uploader that are of any of these event types, from an instant on: a thousand at most, in
    /// brief.
    pub(crate) fn treatments_of(
        &self,
        event_types: &[&str],
        from: DateTime<Utc>,
    ) -> Result<Vec<Brief>> {
        let from = bound(from);
        let mut query = vec![(TREATMENTS.lower, from.as_str()), ("count", "1000")];
        query.extend(
            event_types
                .iter()
                .map(|event_type| ("find[eventType][$in][]", *event_type)),
        );
        self.briefs(&query, 1000)
    }

    fn briefs(&self, query: &[(&str, &str)], most: usize) -> Result<Vec<Brief>> {
        let url = self.url(TREATMENTS.collection.path(), query);
        self.read_list(Call::get(TREATMENTS.call, url), |json| {
            let mut briefs = Vec::new();
            json.each(LARGEST_DOCUMENT, |value: Value| match value {
                Value::Object(document) if briefs.len() < most => briefs.push(Brief {
                    event_type: text_of(&document, "eventType"),
                    at: (TREATMENTS.read)(&document),
                }),
                _ => {}
            })?;
            Ok(briefs)
        })
    }

    /// When the newest treatment of this uploader and of any of these event types happened.
    pub(crate) fn newest_treatment_of(
        &self,
        entered_by: &str,
        event_types: &[&str],
    ) -> Result<Option<DateTime<Utc>>> {
        let mut query = vec![
            ("find[enteredBy]", entered_by),
            (TREATMENTS.lower, EVER),
            ("count", "1"),
        ];
        query.extend(
            event_types
                .iter()
                .map(|event_type| ("find[eventType][$in][]", *event_type)),
        );
        let newest = self.first(TREATMENTS.call, Collection::Treatments, &query)?;
        Ok(newest.as_ref().and_then(TREATMENTS.read))
    }

    /// The newest entry of this device: its instant.
    pub fn newest_entry(&self, device: &str) -> Result<Option<DateTime<Utc>>> {
        let newest = self.first(
            ENTRIES.call,
            Collection::Entries,
            &[
                ("find[device]", device),
                // Milliseconds: a date in words would be read as the year 2000 and a number, and match everything too.
                (ENTRIES.lower, "0"),
                ("count", "1"),
            ],
        )?;
        Ok(newest.as_ref().and_then(ENTRIES.read))
    }

    /// The newest device status of this device.
    pub fn newest_device_status(&self, device: &str) -> Result<Option<Document>> {
        Ok(self.newest_device_statuses(device)?.into_iter().next())
    }

    /// The newest device statuses of this device, a few, the newest first.
    pub(crate) fn newest_device_statuses(&self, device: &str) -> Result<Vec<Document>> {
        self.few(
            Collection::DeviceStatus,
            &[
                ("find[device]", device),
                ("find[created_at][$gte]", EVER),
                ("count", A_FEW),
            ],
        )
    }

    /// Device statuses of this device from one instant to another, both included: a few, the newest first.
    pub(super) fn device_statuses(
        &self,
        device: &str,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<Document>> {
        self.few(
            Collection::DeviceStatus,
            &[
                ("find[device]", device),
                ("find[created_at][$gte]", &bound(from)),
                ("find[created_at][$lte]", &bound(until)),
                ("count", A_FEW),
            ],
        )
    }

    /// The profile store that counts: the one with the newest `startDate`.
    pub fn current_profile(&self) -> Result<Option<Document>> {
        Ok(self.newest_profiles()?.into_iter().next())
    }

    /// The newest profile stores by their `startDate`, a few. The first is the one that counts.
    pub(crate) fn newest_profiles(&self) -> Result<Vec<Document>> {
        self.few(Collection::Profile, &[("count", A_FEW)])
    }

    /// Reads a span page by page, newest first. A page begins where the one before ended, at the same instant, since
    /// several documents can share it; those seen already are dropped.
    fn span<T: Kept>(
        &self,
        how: &ByTime,
        from: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
        keep: impl Fn(Document) -> Option<T>,
    ) -> Result<Vec<T>> {
        let count = PAGE.to_string();
        let lower = (how.write)(from);
        let mut upper = until;
        let mut kept = Vec::new();
        let mut weight = 0;
        let mut seen = HashSet::new();
        for _ in 0..MAX_PAGES {
            let bound = upper.map(how.write);
            let mut query = vec![(how.lower, lower.as_str()), ("count", count.as_str())];
            if let Some(bound) = &bound {
                query.push((how.upper, bound));
            }
            let page = self.page(how, &query, &keep)?;
            let before = seen.len();
            for (identity, document) in page.documents {
                if seen.insert(identity) {
                    weight += document.as_ref().map_or(0, |(weight, _)| *weight);
                    kept.extend(document.map(|(_, document)| document));
                }
            }
            if page.too_much || weight > MOST_KEPT || seen.len() > MOST_DOCUMENTS {
                let what = format!(
                    "answered more documents of one span than any site has ({} read so far)",
                    seen.len()
                );
                return Err(SERVICE.not_understood(how.call, what).into());
            }
            let stuck = seen.len() == before || page.oldest.is_none();
            if is_last_page(page.length) || stuck {
                return Ok(kept);
            }
            upper = page.oldest;
        }
        Err(SERVICE
            .not_understood(how.call, "answered without end")
            .into())
    }

    /// One page of a span.
    fn page<T: Kept>(
        &self,
        how: &ByTime,
        query: &[(&str, &str)],
        keep: &impl Fn(Document) -> Option<T>,
    ) -> Result<Page<T>> {
        let url = self.url(how.collection.path(), query);
        self.read_list(Call::get(how.call, url), |json| {
            let mut page = Page::default();
            let mut weight = 0;
            json.each(LARGEST_DOCUMENT, |value: Value| {
                page.length += 1;
                // Elements that are no objects are no documents.
                let Value::Object(document) = value else {
                    return;
                };
                page.oldest = (how.read)(&document).into_iter().chain(page.oldest).min();
                let identity = identity(&document);
                let document = keep(document).map(|kept| (kept.heaviness(), kept));
                weight += 16 + document.as_ref().map_or(0, |(heavy, _)| *heavy);
                if weight > MOST_KEPT {
                    page.too_much = true;
                } else {
                    page.documents.push((identity, document));
                }
            })?;
            Ok(page)
        })
    }

    /// The documents of a short list; of a long one its beginning.
    fn few(&self, collection: Collection, query: &[(&str, &str)]) -> Result<Vec<Document>> {
        let url = self.url(collection.path(), query);
        self.read_list(Call::get(collection.read(), url), |json| {
            let mut few = Vec::new();
            json.each(LARGEST_DOCUMENT, |value: Value| match value {
                Value::Object(document) if few.len() < MOST_OF_A_FEW => few.push(document),
                _ => {}
            })?;
            Ok(few)
        })
    }

    /// The first document of a list.
    fn first(
        &self,
        call: &'static str,
        collection: Collection,
        query: &[(&str, &str)],
    ) -> Result<Option<Document>> {
        let url = self.url(collection.path(), query);
        self.read_list(Call::get(call, url), |json| {
            let mut first = None;
            json.each(LARGEST_DOCUMENT, |value: Value| match value {
                Value::Object(document) if first.is_none() => first = Some(document),
                _ => {}
            })?;
            Ok(first)
        })
    }
}

/// A page of a span: what is kept of each document, with what that weighs, and who the document is.
struct Page<T> {
    documents: Vec<(u64, Option<(usize, T)>)>,
    /// How many elements there were.
    length: usize,
    oldest: Option<DateTime<Utc>>,
    /// Whether there was more than can be kept.
    too_much: bool,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Page {
            documents: Vec::new(),
            length: 0,
            oldest: None,
            too_much: false,
        }
    }
}

/// Whether nothing can follow a page of this length. A service that imitates Nightscout may return fewer documents than
/// were asked for: the usual limits are taken for such a one.
fn is_last_page(length: usize) -> bool {
    length < PAGE && !matches!(length, 100 | 500 | 1000 | 2000 | 2500)
}

/// What tells a document from the others of a query: its `_id`, or all of it; a hash of that, since it only has to be told
/// from those of one query.
fn identity(document: &Document) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    use std::sync::LazyLock;
    static HASH: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    match document.get("_id") {
        Some(Value::String(id)) => HASH.hash_one(id),
        _ => HASH.hash_one(serde_json::to_string(document).unwrap_or_default()),
    }
}

/// About how much memory a document takes, in bytes.
fn heaviness(document: &Document) -> usize {
    // A map is made of nodes for up to eleven members.
    const NODE: usize = 700;
    let members = document
        .iter()
        .map(|(name, value)| name.len() + weight(value));
    NODE * (1 + document.len() / 6) + members.sum::<usize>()
}

fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(|value| 32 + weight(value)).sum(),
        Value::Object(document) => heaviness(document),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_two_weeks_holds_what_busy_sites_have() {
        let entry = |device: &str| {
            let mut entry = Document::new();
            for name in [
                "_id",
                "dateString",
                "direction",
                "sysTime",
                "noise",
                "filtered",
            ] {
                entry.insert(name.to_owned(), "2026-11-20T13:00:00.000Z".into());
            }
            entry.insert("device".to_owned(), device.into());
            entry.insert("type".to_owned(), "sgv".into());
            entry.insert("sgv".to_owned(), 120.into());
            entry.insert("date".to_owned(), 1_763_643_600_000_i64.into());
            (
                None::<[String; 3]>,
                ExistingEntry::from_document(&entry).unwrap(),
            )
        };
        // A page and what lies around it.
        let minutes = 17 * 24 * 60;
        let of_three_uploaders = 3 * minutes * (16 + entry("xDrip").heaviness());
        assert!(of_three_uploaders < MOST_KEPT, "{of_three_uploaders}");
        let mut treatment = Document::new();
        for name in [
            "_id",
            "eventType",
            "created_at",
            "enteredBy",
            "notes",
            "reason",
        ] {
            treatment.insert(name.to_owned(), "somebody else's document".into());
        }
        let treatment = (None::<[String; 3]>, Existing::lean(treatment));
        let others = 20_000 * (16 + treatment.heaviness());
        assert!(others < MOST_KEPT, "{others}");
    }

    #[test]
    fn the_usual_limits_may_not_be_the_end() {
        let cases = [
            (0, true),
            (1, true),
            (99, true),
            (100, false),
            (1000, false),
            (1310, true),
            (5000, false),
        ];
        for (length, last) in cases {
            assert_eq!(is_last_page(length), last, "{length}");
        }
    }
}
