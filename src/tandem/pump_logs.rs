//! A pump's logs as the service sends them: visited element by element as they come, and never kept as text or tree.

use std::fmt;

use anyhow::Result;
use chrono::{NaiveDate, NaiveDateTime};
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::SERVICE;
use crate::http::{Allowance, JsonText};

/// What failures call the call.
pub(super) const CALL: &str = "pump logs";

/// The most events that an answer may have: more than twice what a pump writes in 28 busy days.
pub(crate) const MOST_EVENTS: usize = 100_000;

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

/// An element without what every event has. Says which part is missing or odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedEvent(pub &'static str);

impl fmt::Display for MalformedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl<'r> PumpLogs<'r> {
    pub(super) fn new(json: JsonText<'r>) -> PumpLogs<'r> {
        PumpLogs { json }
    }

    /// Logs from their JSON text, for tests and benchmarks.
    pub fn from_json(json: impl AsRef<[u8]> + 'r) -> PumpLogs<'r> {
        let json = JsonText::new(std::io::Cursor::new(json), &SERVICE, CALL);
        PumpLogs { json }
    }

    /// Visits every element of `events` and of `clockChanges`, in the order of the text, which promises nothing.
    ///
    /// Fails, with 76, on text that is no JSON object with a list of `events`, and on more than `MOST_EVENTS`. What was
    /// visited until then is to be thrown away.
    pub fn visit(
        self,
        mut events: impl FnMut(Result<WireEvent<'_>, MalformedEvent>),
        mut clock_changes: impl FnMut(Result<WireEvent<'_>, MalformedEvent>),
    ) -> Result<()> {
        let mut left = MOST_EVENTS;
        let seen = self.json.read(LONGEST_ELEMENT, |allowance| Logs {
            allowance,
            left: &mut left,
            events: &mut events,
            clock_changes: &mut clock_changes,
        });
        match seen {
            _ if left == 0 => {
                let what = format!("answered more than {MOST_EVENTS} events");
                Err(SERVICE.not_understood(CALL, what).into())
            }
            Ok(true) => Ok(()),
            Ok(false) => Err(SERVICE
                .not_understood(CALL, "answered without a list of events")
                .into()),
            Err(failure) => Err(failure),
        }
    }
}

/// The keys of the whole answer.
#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum LogsKey {
    Events,
    ClockChanges,
    #[serde(other)]
    Other,
}

/// What takes an element in.
type Take<'f> = &'f mut dyn FnMut(Result<WireEvent<'_>, MalformedEvent>);

/// Reads the whole answer; yields whether it had a list of events.
struct Logs<'f> {
    allowance: Allowance,
    /// How many elements may still come.
    left: &'f mut usize,
    events: Take<'f>,
    clock_changes: Take<'f>,
}

impl<'de> DeserializeSeed<'de> for Logs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Logs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let (mut events, mut clock_changes) = (false, false);
        let allowance = self.allowance;
        while let Some(key) = map.next_key()? {
            let elements = |left, take| Elements {
                allowance: &allowance,
                left,
                take,
            };
            match key {
                LogsKey::Events if !events => {
                    events = map.next_value_seed(elements(&mut *self.left, &mut *self.events))?;
                }
                LogsKey::ClockChanges if !clock_changes => {
                    clock_changes =
                        map.next_value_seed(elements(&mut *self.left, &mut *self.clock_changes))?;
                }
                _ => {
                    allowance.grant_skipping();
                    map.next_value::<IgnoredAny>()?;
                }
            }
            allowance.grant(LONGEST_ELEMENT);
        }
        Ok(events)
    }
}

/// Reads a list of elements; yields whether there was one, for null stands in for lists.
struct Elements<'f> {
    allowance: &'f Allowance,
    left: &'f mut usize,
    take: Take<'f>,
}

impl<'de> DeserializeSeed<'de> for Elements<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<bool, A::Error> {
        self.allowance.grant(LONGEST_ELEMENT);
        // The text of an element first: one odd value must not end the whole list.
        while let Some(raw) = elements.next_element::<Box<RawValue>>()? {
            *self.left = self.left.saturating_sub(1);
            if *self.left == 0 {
                return Err(de::Error::custom("too many events"));
            }
            (self.take)(WireEvent::read(&raw));
            self.allowance.grant(LONGEST_ELEMENT);
        }
        Ok(true)
    }
}

/// An element's values as text, so that an odd one spoils nothing but itself.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Element<'a> {
    #[serde(borrow)]
    event_code: Option<&'a RawValue>,
    #[serde(borrow)]
    sequence_group: Option<&'a RawValue>,
    #[serde(borrow)]
    sequence_number: Option<&'a RawValue>,
    #[serde(borrow)]
    pump_date_time: Option<&'a RawValue>,
    #[serde(borrow)]
    event_properties: Option<&'a RawValue>,
}

impl<'a> WireEvent<'a> {
    fn read(raw: &'a RawValue) -> Result<WireEvent<'a>, MalformedEvent> {
        let element: Element<'a> =
            serde_json::from_str(raw.get()).map_err(|_| MalformedEvent("is no object"))?;
        let time = element
            .pump_date_time
            .and_then(|raw| wall_clock(unquoted(raw)));
        Ok(WireEvent {
            code: integer(element.event_code).ok_or(MalformedEvent("has no eventCode"))?,
            sequence_group: integer(element.sequence_group)
                .ok_or(MalformedEvent("has no sequenceGroup"))?,
            sequence_number: integer(element.sequence_number)
                .ok_or(MalformedEvent("has no sequenceNumber"))?,
            pump_date_time: time.ok_or(MalformedEvent("has no pumpDateTime"))?,
            properties: properties(element.event_properties)?,
        })
    }
}

/// The properties' object; an empty one for none.
fn properties(raw: Option<&RawValue>) -> Result<&RawValue, MalformedEvent> {
    match raw {
        Some(raw) if raw.get().starts_with('{') => Ok(raw),
        Some(raw) if raw.get() != "null" => Err(MalformedEvent("has odd eventProperties")),
        _ => serde_json::from_str("{}").map_err(|_| MalformedEvent("has no eventProperties")),
    }
}

/// A whole number, also as text or with a fraction of zero.
fn integer(raw: Option<&RawValue>) -> Option<i64> {
    let text = unquoted(raw?).trim();
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        // Beyond 2^53 a float is no longer one number.
        let is_whole = number.fract() == 0.0 && number.abs() < 9e15;
        is_whole.then_some(number as i64)
    })
}

fn unquoted(raw: &RawValue) -> &str {
    let text = raw.get();
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

/// A time on a wall clock, `2026-05-14T00:01:00`, to the second. What follows the digits, a fraction or a `Z`, says
/// nothing: the clock has no zone.
pub(super) fn wall_clock(text: &str) -> Option<NaiveDateTime> {
    let digits = text.as_bytes().get(..19)?;
    let number = |from: usize, to: usize| {
        digits[from..to].iter().try_fold(0u32, |number, byte| {
            byte.is_ascii_digit()
                .then(|| number * 10 + u32::from(byte - b'0'))
        })
    };
    let separated = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')]
        .iter()
        .all(|&(at, separator)| digits[at] == separator)
        && matches!(digits[10], b'T' | b't' | b' ');
    if !separated {
        return None;
    }
    let year = i32::try_from(number(0, 4)?).ok()?;
    NaiveDate::from_ymd_opt(year, number(5, 7)?, number(8, 10)?)?.and_hms_opt(
        number(11, 13)?,
        number(14, 16)?,
        number(17, 19)?,
    )
}
