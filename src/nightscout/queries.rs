//! What is asked of a site.
//!
//! Every query has a date condition, without which a site leaves out what is older than four days, and a count, without
//! which it returns ten or a thousand.

use std::collections::HashSet;

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::SERVICE;
use super::site::Site;
use super::time::{bound, parse_created_at};
use crate::config::Collection;
use crate::http::Call;

/// A document of any collection, as JSON.
pub type Document = Map<String, Value>;

/// How many documents are asked for at once.
const PAGE: usize = 5000;

/// The most pages of one query: what only a site that ignores the date condition could need.
const MAX_PAGES: usize = 1000;

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
    read: |document| {
        let date = document.get("date")?;
        let milliseconds = date.as_i64().or_else(|| Some(date.as_f64()? as i64))?;
        DateTime::from_timestamp_millis(milliseconds)
    },
};

impl Site {
    /// All treatments of every uploader from one instant to another, both included; without an end up to the newest, future
    /// ones too. In no particular order.
    pub fn treatments(
        &self,
        from: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Vec<Document>> {
        self.span(&TREATMENTS, from, until)
    }

    /// All entries of every device, likewise.
    pub fn entries(
        &self,
        from: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Vec<Document>> {
        self.span(&ENTRIES, from, until)
    }

    /// When the newest treatment of this uploader happened.
    pub fn newest_treatment(&self, entered_by: &str) -> Result<Option<DateTime<Utc>>> {
        let newest = self.list(
            TREATMENTS.call,
            Collection::Treatments,
            &[
                ("find[enteredBy]", entered_by),
                (TREATMENTS.lower, EVER),
                ("count", "1"),
            ],
        )?;
        Ok(newest.iter().filter_map(TREATMENTS.read).max())
    }

    /// When the newest treatment of this uploader and of any of these event types happened.
    pub fn newest_treatment_of(
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
        let newest = self.list(TREATMENTS.call, Collection::Treatments, &query)?;
        Ok(newest.iter().filter_map(TREATMENTS.read).max())
    }

    /// The newest entry of this device: its instant.
    pub fn newest_entry(&self, device: &str) -> Result<Option<DateTime<Utc>>> {
        let newest = self.list(
            ENTRIES.call,
            Collection::Entries,
            &[
                ("find[device]", device),
                // Milliseconds: a date in words would be read as the year 2000 and a number, and match everything too.
                (ENTRIES.lower, "0"),
                ("count", "1"),
            ],
        )?;
        Ok(newest.iter().filter_map(ENTRIES.read).max())
    }

    /// The newest device status of this device.
    pub fn newest_device_status(&self, device: &str) -> Result<Option<Document>> {
        let newest = self.list(
            "read devicestatus",
            Collection::DeviceStatus,
            &[
                ("find[device]", device),
                ("find[created_at][$gte]", EVER),
                ("count", "1"),
            ],
        )?;
        Ok(newest.into_iter().next())
    }

    /// The profile store that counts: the one with the newest `startDate`.
    pub fn current_profile(&self) -> Result<Option<Document>> {
        let newest = self.list("read profile", Collection::Profile, &[("count", "1")])?;
        Ok(newest.into_iter().next())
    }

    /// Reads a span page by page, newest first. A page begins where the one before ended, at the same instant, since
    /// several documents can share it; those seen already are dropped.
    fn span(
        &self,
        how: &ByTime,
        from: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Vec<Document>> {
        let count = PAGE.to_string();
        let lower = (how.write)(from);
        let mut upper = until;
        let mut documents: Vec<Document> = Vec::new();
        let mut seen = HashSet::new();
        for _ in 0..MAX_PAGES {
            let bound = upper.map(how.write);
            let mut query = vec![(how.lower, lower.as_str()), ("count", count.as_str())];
            if let Some(bound) = &bound {
                query.push((how.upper, bound));
            }
            let page = self.list(how.call, how.collection, &query)?;
            let is_last = is_last_page(page.len());
            let oldest = page.iter().filter_map(how.read).min();
            let before = documents.len();
            if is_last && before == 0 {
                return Ok(page);
            }
            documents.extend(
                page.into_iter()
                    .filter(|document| seen.insert(identity(document))),
            );
            let stuck = documents.len() == before || oldest.is_none();
            if is_last || stuck {
                return Ok(documents);
            }
            upper = oldest;
        }
        Err(SERVICE
            .not_understood(how.call, "answered without end")
            .into())
    }

    /// A list of documents. Elements that are no objects are no documents.
    fn list(
        &self,
        call: &'static str,
        collection: Collection,
        query: &[(&str, &str)],
    ) -> Result<Vec<Document>> {
        let answer = self.send(Call::get(call, self.url(collection.path(), query)))?;
        let values: Vec<Value> = self.read_json(call, &answer)?;
        let documents = values.into_iter().filter_map(|value| match value {
            Value::Object(document) => Some(document),
            _ => None,
        });
        Ok(documents.collect())
    }
}

/// Whether nothing can follow a page of this length. A service that imitates Nightscout may return fewer documents than
/// were asked for: the usual limits are taken for such a one.
fn is_last_page(length: usize) -> bool {
    length < PAGE && !matches!(length, 100 | 500 | 1000 | 2000 | 2500)
}

/// What tells a document from the others of a query: its `_id`, or all of it.
fn identity(document: &Document) -> String {
    match document.get("_id") {
        Some(Value::String(id)) => id.clone(),
        _ => serde_json::to_string(document).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
