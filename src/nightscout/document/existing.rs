//! The treatments that a site has.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::ENTERED_BY;
use crate::nightscout::time::parse_created_at;

/// A treatment that Nightscout has.
#[derive(Clone, Debug)]
pub struct Existing {
    /// Nightscout's `_id`.
    pub(crate) id: Option<String>,
    /// The program's identifier, if it has one.
    pub(crate) identifier: Option<String>,
    /// Whether this program or tconnectsync wrote it.
    pub(crate) ours: bool,
    /// The pump's sequence numbers in `pump_event_id`.
    pub(crate) events: BTreeSet<i64>,
    /// Its event type.
    pub(crate) event_type: String,
    /// The instant that it is filed under; `None` where Nightscout's text cannot be read.
    pub(crate) at: Option<DateTime<Utc>>,
    /// The document as read.
    pub(crate) document: Map<String, Value>,
}

impl Existing {
    /// [`Existing::from_document`] without the document itself where that is another tool's: it is never written, and a site
    /// may hold far more of those than of ours.
    pub(crate) fn lean(document: Map<String, Value>) -> Self {
        let mut existing = Existing::from_document(document);
        if !existing.ours && existing.identifier.is_none() {
            existing.document = Map::new();
        }
        existing
    }

    /// The offset from UTC, in minutes, that the document's time was sent with: that of `TIMEZONE_NAME` when it was written.
    /// Nightscout keeps it as `utcOffset`, or some sites in the time itself.
    pub(crate) fn offset_sent(&self) -> Option<i64> {
        let kept = self.document.get("utcOffset").and_then(Value::as_i64);
        kept.or_else(|| {
            let text = self.document.get("created_at")?.as_str()?;
            let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
            let seconds = time.offset().local_minus_utc();
            (!text.ends_with('Z')).then(|| i64::from(seconds / 60))
        })
    }

    /// Reads what a document is. `created_at` comes in UTC or, from some sites, with an offset.
    pub fn from_document(document: Map<String, Value>) -> Self {
        let text = |name: &str| Some(document.get(name)?.as_str()?.to_owned());
        let numbers = text("pump_event_id").unwrap_or_default();
        Existing {
            id: text("_id"),
            identifier: text("identifier").filter(|identifier| !identifier.is_empty()),
            ours: text("enteredBy").as_deref() == Some(ENTERED_BY),
            events: event_numbers(&numbers).collect(),
            event_type: text("eventType").unwrap_or_default(),
            at: text("created_at").as_deref().and_then(parse_created_at),
            document,
        }
    }

    /// The number of the event that the document is about: the first in `pump_event_id`.
    pub(crate) fn main_event(&self) -> Option<i64> {
        event_numbers(self.document.get("pump_event_id")?.as_str()?).next()
    }
}

/// The numbers in a `pump_event_id`.
pub(crate) fn event_numbers(text: &str) -> impl Iterator<Item = i64> {
    text.split(',')
        .filter_map(|number| number.trim().parse().ok())
}
