//! A pump's logs: visited element by element as they arrive, never in memory as a whole.

use anyhow::{Result, ensure};
use chrono::NaiveDateTime;
use serde_json::Value;
use serde_json::value::RawValue;

use super::SERVICE;
use crate::foreign::{wall_clock, whole};
use crate::http::JsonText;

/// What failures and captures call the call.
pub(crate) const PUMP_LOGS: &str = "pump logs";

/// The most events that an answer may have: more than 2,500 a day for the 28 days that are asked for at the most; a busy pump
/// with a sensor writes 1,500. With so many, and all their documents, a run stays below 64 MiB.
pub(crate) const MOST_EVENTS: usize = 75_000;

/// The longest text of an element, in bytes: some two hundred times the usual.
const LONGEST_ELEMENT: u64 = 64 * 1024;

/// The logs of some days, read as they come: 28 days are some 20 MB.
#[derive(Debug)]
pub struct PumpLogs<'r> {
    json: JsonText<'r>,
}

/// One element of the logs, its properties still text.
#[derive(Clone, Copy, Debug)]
pub struct WireEvent<'a> {
    /// What kind of event it is: the service's `eventCode`.
    pub code: i64,
    /// With the number, the event's identity on its pump.
    pub(crate) sequence_group: i64,
    /// Rises with real time on one pump, even when its clock is set back.
    pub sequence_number: i64,
    /// When, on the pump's wall clock, to the second.
    pub pump_date_time: NaiveDateTime,
    /// The event's properties, a JSON object.
    pub properties: &'a RawValue,
}

impl<'r> PumpLogs<'r> {
    pub(super) fn new(json: JsonText<'r>) -> PumpLogs<'r> {
        PumpLogs { json }
    }

    /// Logs from their JSON text, for tests and benchmarks.
    pub fn from_json(json: impl AsRef<[u8]> + 'r) -> PumpLogs<'r> {
        let json = JsonText::new(std::io::Cursor::new(json), &SERVICE, PUMP_LOGS);
        PumpLogs { json }
    }

    /// Visits every element of `events` and of `clockChanges`, in the order of the text, which promises nothing. `None` stands
    /// for an element without what every event has.
    ///
    /// Fails, with 76, on text that is no JSON object with a list of `events`, and on more than `MOST_EVENTS`. What was
    /// visited until then is to be thrown away.
    pub fn visit(
        self,
        mut events: impl FnMut(Option<WireEvent<'_>>),
        mut clock_changes: impl FnMut(Option<WireEvent<'_>>),
    ) -> Result<()> {
        let lists = ["events", "clockChanges"];
        let mut elements = 0;
        let [has_events, _] = self.json.lists(lists, LONGEST_ELEMENT, |list, raw| {
            elements += 1;
            match list {
                _ if elements > MOST_EVENTS => {}
                0 => events(WireEvent::read(&raw)),
                _ => clock_changes(WireEvent::read(&raw)),
            }
        })?;
        ensure!(
            elements <= MOST_EVENTS,
            SERVICE.not_understood(
                PUMP_LOGS,
                format!("answered more than {MOST_EVENTS} events")
            )
        );
        ensure!(
            has_events,
            SERVICE.not_understood(PUMP_LOGS, "answered without a list of events")
        );
        Ok(())
    }
}

/// An element's values, of any type: an odd value must not make the other elements unreadable.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Element<'a> {
    event_code: Value,
    sequence_group: Value,
    sequence_number: Value,
    pump_date_time: Value,
    #[serde(borrow)]
    event_properties: Option<&'a RawValue>,
}

impl<'a> WireEvent<'a> {
    fn read(raw: &'a RawValue) -> Option<WireEvent<'a>> {
        let element: Element<'a> = serde_json::from_str(raw.get()).ok()?;
        Some(WireEvent {
            code: whole(&element.event_code)?,
            sequence_group: whole(&element.sequence_group)?,
            sequence_number: whole(&element.sequence_number)?,
            pump_date_time: element.pump_date_time.as_str().and_then(wall_clock)?,
            properties: match element.event_properties {
                Some(raw) if raw.get().starts_with('{') => raw,
                Some(raw) if raw.get() != "null" => return None,
                _ => serde_json::from_str("{}").ok()?,
            },
        })
    }
}
