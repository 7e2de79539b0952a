//! All documents of a span of time, page by page, and how much is kept of them.

use std::collections::HashSet;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Document, LARGEST_DOCUMENT, Query};
use crate::nightscout::SERVICE;
use crate::nightscout::document::Existing;
use crate::nightscout::entry::ExistingEntry;
use crate::nightscout::site::Site;
use crate::pump::clock::Sighting;

/// How many documents are asked for at once.
const PAGE: usize = 5000;

/// How much is kept of the documents of one span, in bytes of memory: some ten times what two weeks of a pump's take.
const MOST_KEPT: usize = 20 * 1024 * 1024;

/// The most documents of one span: three uploaders with a reading a minute each do not have as many in a page of two weeks.
const MOST_DOCUMENTS: usize = 100_000;

/// The most pages of one query. Only a site that ignores the date condition could need as many.
const MAX_PAGES: usize = 1000;

/// The memory, in bytes, that a document's identifiers take: its `identifier` and `_id`, and both again for finding duplicates.
const NAMED: usize = 250;

/// What is kept in memory of a document.
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
        // `Existing::lean` dropped the content of other tools' documents.
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

/// A document with its identity.
impl<I, T: Kept> Kept for (I, T) {
    fn heaviness(&self) -> usize {
        size_of::<I>() + self.1.heaviness()
    }
}

impl Site {
    /// Reads a span page by page, newest first. Each page begins at the instant where the last one ended, because several
    /// documents can share it; documents seen before are dropped.
    pub(super) fn span<T: Kept>(
        &self,
        since: Query,
        mut until: Option<DateTime<Utc>>,
        keep: impl Fn(Document) -> Option<T>,
    ) -> Result<Vec<T>> {
        let call = since.collection.names().read;
        let mut kept = Vec::new();
        let mut weight = 0;
        let mut seen = HashSet::new();
        for _ in 0..MAX_PAGES {
            let query = match until {
                Some(until) => since.clone().until(until),
                None => since.clone(),
            };
            let page = self.page(&query, &keep)?;
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
                bail!(SERVICE.not_understood(call, what));
            }
            let stuck = seen.len() == before || page.oldest.is_none();
            if is_last_page(page.length) || stuck {
                return Ok(kept);
            }
            until = page.oldest;
        }
        bail!(SERVICE.not_understood(call, "answered without end"))
    }

    fn page<T: Kept>(
        &self,
        query: &Query,
        keep: &impl Fn(Document) -> Option<T>,
    ) -> Result<Page<T>> {
        self.read_list(self.asking(query, PAGE), |json| {
            let mut page = Page {
                documents: Vec::new(),
                length: 0,
                oldest: None,
                too_much: false,
            };
            let mut weight = 0;
            json.each(LARGEST_DOCUMENT, |value: Value| {
                page.length += 1;
                // Elements that are no objects are no documents.
                let Value::Object(document) = value else {
                    return;
                };
                let at = query.collection.instant(&document);
                page.oldest = at.into_iter().chain(page.oldest).min();
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
}

/// A page of a span: of each document its identity, and what is kept of it with its weight in bytes.
struct Page<T> {
    documents: Vec<(u64, Option<(usize, T)>)>,
    /// How many elements there were.
    length: usize,
    oldest: Option<DateTime<Utc>>,
    /// Whether the documents are too many to keep.
    too_much: bool,
}

/// Whether a page of this length is the last. Services that imitate Nightscout may cap the count: a page as long as one of
/// the usual caps may not be the last.
fn is_last_page(length: usize) -> bool {
    length < PAGE && !matches!(length, 100 | 500 | 1000 | 2000 | 2500)
}

/// A hash of the `_id`, or of the whole document if it has none: enough to recognise a document within one query.
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
