//! Glucose readings as Nightscout's entries: those written here, and those that are there.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::document::{ENTERED_BY, Identity, local_time};
use crate::pump::quantity::MgDl;

/// A glucose reading as it should stand in Nightscout.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Which document it is. Nightscout does not look for entries by it; this program does.
    pub identity: Identity,
    /// When it was measured.
    pub at: DateTime<Utc>,
    /// The glucose, or what stands for one beyond the sensor's range.
    pub glucose: MgDl,
    /// Nightscout's name of the arrow.
    pub direction: Option<&'static str>,
}

impl Entry {
    /// The document to send, its time also written in the owner's zone.
    pub fn to_json(&self, zone: Tz) -> Map<String, Value> {
        let mut document = Map::new();
        let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
        put("type", "sgv".into());
        put("sgv", json!(self.glucose));
        put("date", self.at.timestamp_millis().into());
        put("dateString", local_time(self.at, zone).into());
        if let Some(direction) = self.direction {
            put("direction", direction.into());
        }
        put("device", ENTERED_BY.into());
        put("pump_event_id", self.identity.pump_event_id().into());
        put("identifier", self.identity.identifier.to_string().into());
        document
    }
}

/// A glucose reading that Nightscout has, from whatever device.
#[derive(Clone, Debug)]
pub struct ExistingEntry {
    /// When it was measured.
    pub at: DateTime<Utc>,
    /// Whether this program or tconnectsync wrote it.
    pub ours: bool,
    /// The program's identifier, if it has one.
    pub identifier: Option<String>,
    /// The pump's sequence numbers in `pump_event_id`.
    pub events: BTreeSet<i64>,
}

impl ExistingEntry {
    /// Reads what an entry is; `None` for what is no glucose reading of a sensor, or has no time.
    pub fn from_document(document: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        if text("type").is_some_and(|kind| kind != "sgv") {
            return None;
        }
        let date = document.get("date")?;
        let milliseconds = date.as_i64().or_else(|| Some(date.as_f64()? as i64))?;
        let numbers = text("pump_event_id").unwrap_or_default();
        Some(ExistingEntry {
            at: DateTime::from_timestamp_millis(milliseconds)?,
            ours: text("device") == Some(ENTERED_BY),
            identifier: text("identifier").map(str::to_owned),
            events: numbers
                .split(',')
                .filter_map(|number| number.trim().parse().ok())
                .collect(),
        })
    }
}
