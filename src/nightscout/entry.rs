//! Glucose readings as Nightscout's entries: those written here, and those that are there.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::document::{ENTERED_BY, Identity, event_numbers, local_time};
use super::time::instant_of;
use crate::foreign::number;
use crate::pump::clock::Sighting;
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
    pub(crate) at: DateTime<Utc>,
    /// Whether this program or tconnectsync wrote it.
    pub(crate) ours: bool,
    /// The program's identifier, if it has one.
    pub(crate) identifier: Option<String>,
    /// The pump's sequence numbers in `pump_event_id`.
    pub(crate) events: BTreeSet<i64>,
    /// The glucose in mg/dL, where it is a whole number.
    pub(crate) glucose: Option<MgDl>,
    /// The offset from UTC, in minutes, that its time was sent with.
    pub(crate) utc_offset: Option<i64>,
    /// Whether it may have come from the pump's own cloud, by another bridge that judged the pump's clock.
    from_the_pump: bool,
}

impl ExistingEntry {
    /// Reads an entry; `None` if it is not a sensor's glucose reading, or has no time.
    pub fn from_document(document: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        if text("type").is_some_and(|kind| kind != "sgv") {
            return None;
        }
        let numbers = text("pump_event_id").unwrap_or_default();
        Some(ExistingEntry {
            at: instant_of(document.get("date")?)?,
            ours: text("device") == Some(ENTERED_BY),
            glucose: glucose(document.get("sgv")),
            utc_offset: document.get("utcOffset").and_then(Value::as_i64),
            from_the_pump: text("device").is_some_and(is_a_bridge),
            identifier: text("identifier").map(str::to_owned),
            events: event_numbers(numbers).collect(),
        })
    }

    /// The reading as evidence of the pump's clock; `None` if it came from the pump itself.
    pub(crate) fn sighting(&self) -> Option<Sighting> {
        let glucose = self.glucose.filter(|_| !self.ours && !self.from_the_pump)?;
        Some(Sighting {
            at: self.at,
            glucose,
        })
    }
}

/// A whole number, also as text; `None` for the values that mean out of the sensor's range.
fn glucose(sgv: Option<&Value>) -> Option<MgDl> {
    let number = number(sgv?)?;
    let whole = number.fract() == 0.0 && (40.0..=400.0).contains(&number);
    whole.then_some(MgDl(number as u16))
}

/// Whether a device is a bridge from Tandem's cloud.
pub(crate) fn is_a_bridge(device: &str) -> bool {
    let device = device.to_ascii_lowercase();
    ["tandem", "tconnect", "t:connect"]
        .iter()
        .any(|name| device.contains(name))
}
