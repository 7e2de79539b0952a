//! What is asked of a site.
//!
//! Every query has a date condition, without which a site leaves out what is older than four days, and a count, without
//! which it returns ten or a thousand.

mod span;

use anyhow::Result;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::document::Existing;
use super::site::Site;
use crate::config::Collection;
use crate::http::Call;

use span::Kept;

/// A document of any collection, as JSON.
pub type Document = Map<String, Value>;

/// The largest document, in bytes of its text: those of closed loops, with their predictions, have some fifty thousand.
const LARGEST_DOCUMENT: u64 = 128 * 1024;

/// The count where only the newest documents matter. More than one, to see duplicates that two simultaneous runs wrote.
const A_FEW: usize = 10;

/// A query of a collection.
#[derive(Clone)]
pub(super) struct Query {
    collection: Collection,
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Documents of all time.
    pub(super) fn all(collection: Collection) -> Query {
        Query::since(collection, DateTime::UNIX_EPOCH)
    }

    fn since(collection: Collection, from: DateTime<Utc>) -> Query {
        let query = Query {
            collection,
            pairs: Vec::new(),
        };
        query.bounded("$gte", from)
    }

    fn until(self, until: DateTime<Utc>) -> Query {
        self.bounded("$lte", until)
    }

    /// Adds a bound in the form in which the collection stores time. Entries store milliseconds: Nightscout would read a date
    /// as a number, and it would match everything.
    fn bounded(self, operator: &str, at: DateTime<Utc>) -> Query {
        match self.collection {
            Collection::Treatments | Collection::DeviceStatus => {
                let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
                self.with(&format!("find[created_at][{operator}]"), &at)
            }
            Collection::Entries => {
                let at = at.timestamp_millis().to_string();
                self.with(&format!("find[date][{operator}]"), &at)
            }
            Collection::Profile => self,
        }
    }

    fn of_types(self, event_types: &[&str]) -> Query {
        self.with_any("eventType", event_types.iter().copied())
    }

    fn with_any(self, field: &str, values: impl Iterator<Item: AsRef<str>>) -> Query {
        let name = format!("find[{field}][$in][]");
        values.fold(self, |query, value| query.with(&name, value.as_ref()))
    }

    fn with(mut self, name: &str, value: &str) -> Query {
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Site {
    /// All treatments of every uploader from one instant to another, both included; without an end up to the newest, future
    /// ones too. In no particular order.
    ///
    /// Only what `keep` returns is kept in memory.
    pub fn treatments<T: Kept>(
        &self,
        from: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
        keep: impl Fn(Document) -> Option<T>,
    ) -> Result<Vec<T>> {
        self.span(Query::since(Collection::Treatments, from), until, keep)
    }

    /// All entries of every device from one instant to another, as [`Site::treatments`] reads treatments.
    pub fn entries<T: Kept>(
        &self,
        from: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
        keep: impl Fn(Document) -> Option<T>,
    ) -> Result<Vec<T>> {
        self.span(Query::since(Collection::Entries, from), until, keep)
    }

    /// The time of this uploader's newest treatment up to `until` that has a `pump_event_id`. Treatments without one may have
    /// been entered by a person under the same name.
    pub fn newest_treatment(
        &self,
        entered_by: &str,
        until: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>> {
        let query = treatments_by(entered_by).until(until);
        self.newest(query.with("find[pump_event_id][$exists]", "true"))
    }

    /// The time of this uploader's newest treatment of any of these event types.
    pub(crate) fn newest_treatment_of(
        &self,
        entered_by: &str,
        event_types: &[&str],
    ) -> Result<Option<DateTime<Utc>>> {
        self.newest(treatments_by(entered_by).of_types(event_types))
    }

    /// The time of this device's newest entry.
    pub fn newest_entry(&self, device: &str) -> Result<Option<DateTime<Utc>>> {
        self.newest(Query::all(Collection::Entries).with("find[device]", device))
    }

    /// The newest treatments of this uploader, at most `count` of them.
    pub(crate) fn newest_treatments(
        &self,
        entered_by: &str,
        count: usize,
    ) -> Result<Vec<Existing>> {
        self.list(treatments_by(entered_by), count, Existing::lean)
    }

    /// The newest treatments of every uploader that are of any of these event types, from an instant on: a thousand at most.
    pub(crate) fn treatments_of(
        &self,
        event_types: &[&str],
        from: DateTime<Utc>,
    ) -> Result<Vec<Existing>> {
        let query = Query::since(Collection::Treatments, from).of_types(event_types);
        self.list(query, 1000, Existing::lean)
    }

    /// The treatments with any of these identifiers, from an instant on.
    pub(crate) fn treatments_from(
        &self,
        identifiers: impl Iterator<Item = Uuid>,
        from: DateTime<Utc>,
    ) -> Result<Vec<Existing>> {
        let query = Query::since(Collection::Treatments, from);
        let identifiers = identifiers.map(|identifier| identifier.to_string());
        let query = query.with_any("identifier", identifiers);
        self.list(query, A_FEW, Existing::from_document)
    }

    /// The newest device statuses of this device, a few, the newest first.
    pub fn newest_device_statuses(&self, device: &str) -> Result<Vec<Document>> {
        self.few(Query::all(Collection::DeviceStatus).with("find[device]", device))
    }

    /// Device statuses of this device from one instant to another, both included: a few, the newest first.
    pub(super) fn device_statuses(
        &self,
        device: &str,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<Document>> {
        let query = Query::since(Collection::DeviceStatus, from).until(until);
        self.few(query.with("find[device]", device))
    }

    /// The newest profile stores by their `startDate`, a few. The first is the one that counts.
    pub fn newest_profiles(&self) -> Result<Vec<Document>> {
        self.few(Query::all(Collection::Profile))
    }

    fn few(&self, query: Query) -> Result<Vec<Document>> {
        self.list(query, A_FEW, |document| document)
    }

    fn newest(&self, query: Query) -> Result<Option<DateTime<Utc>>> {
        let collection = query.collection;
        let newest = self.list(query, 1, |document| collection.instant(&document))?;
        Ok(newest.into_iter().next().flatten())
    }

    /// The documents that a query finds, at most `most` of them, even if the service ignores the count.
    fn list<T>(&self, query: Query, most: usize, keep: impl Fn(Document) -> T) -> Result<Vec<T>> {
        self.read_list(self.asking(&query, most), |json| {
            let mut list = Vec::new();
            json.each(LARGEST_DOCUMENT, |value: Value| match value {
                Value::Object(document) if list.len() < most => list.push(keep(document)),
                _ => {}
            })?;
            Ok(list)
        })
    }

    /// The call that asks for at most `count` documents.
    pub(super) fn asking(&self, query: &Query, count: usize) -> Call {
        let names = query.collection.names();
        let mut url = self.url(names.path);
        url.query_pairs_mut()
            .extend_pairs(&query.pairs)
            .append_pair("count", &count.to_string());
        Call::get(names.read, url)
    }
}

fn treatments_by(entered_by: &str) -> Query {
    Query::all(Collection::Treatments).with("find[enteredBy]", entered_by)
}
