//! Turns wire events into typed ones.
//!
//! An unknown or unreadable event does not make decoding fail. It is left out and counted in [`Skipped`], so that the summary
//! can say so and `-v` shows a developer what Tandem added.

mod oddities;

use anyhow::Result;
use serde_json::value::RawValue;

use crate::tandem::{PumpLogs, WireEvent};

pub use oddities::{Noted, Oddities};

use super::event::{Asked, Detail, Event, EventId, Fields, is_not_used, reader_of};
use super::quantity::PumpTime;

/// The typed events of one or more answers, each once, in the order in which the pump wrote them.
#[derive(Clone, Debug, Default)]
pub struct Decoded {
    /// The events of the days asked for, oldest first by [`EventId`].
    pub events: Vec<Event>,
    /// Every recorded setting of the pump's clock (codes 13 and 14), oldest first. The settings among the events are included,
    /// in case the record does not have them yet.
    pub clock_changes: Vec<Event>,
    /// What was left out.
    pub skipped: Skipped,
}

/// What was left out of the answers because this version does not know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Events of codes that no public schema knows, by code.
    pub unknown_events: Oddities<i64>,
    /// Events that could not be read, by code.
    pub(crate) malformed: Oddities<i64>,
    /// How many elements are not events at all.
    pub(crate) nameless: usize,
    /// Unknown values of known properties: code, property and value.
    pub unknown_values: Oddities<(i64, &'static str, i64)>,
    /// Properties that no public schema knows: code and name.
    pub unknown_fields: Noted<(i64, String)>,
}

impl Decoded {
    /// Decodes an answer about one pump.
    ///
    /// # Errors
    /// If the answer does not have the documented shape at all.
    pub fn from_logs(answer: PumpLogs<'_>) -> Result<Decoded> {
        let mut decoded = Decoded::default();
        let mut changes = Skipped::default();
        answer.visit(
            |element| decoded.events.extend(read(element, &mut decoded.skipped)),
            |element| {
                let change = read(element, &mut changes).filter(sets_the_clock);
                decoded.clock_changes.extend(change);
            },
        )?;
        decoded.skipped.merge(changes);
        decoded.settle();
        Ok(decoded)
    }

    /// Adds what was decoded from other answers about the same pump.
    pub(crate) fn add(&mut self, other: Decoded) {
        self.events.extend(other.events);
        self.clock_changes.extend(other.clock_changes);
        self.skipped.merge(other.skipped);
        self.settle();
    }

    fn settle(&mut self) {
        let settings = self.events.iter().filter(|event| sets_the_clock(event));
        self.clock_changes.extend(settings.cloned());
        for events in [&mut self.events, &mut self.clock_changes] {
            events.sort_by_key(|event| event.id);
            events.dedup_by_key(|event| event.id);
        }
    }
}

fn sets_the_clock(event: &Event) -> bool {
    matches!(
        event.detail,
        Detail::TimeChanged(_) | Detail::DateChanged(_)
    )
}

/// Reads one element; notes what cannot be read.
fn read(element: Option<WireEvent<'_>>, skipped: &mut Skipped) -> Option<Event> {
    let Some(wire) = element else {
        skipped.nameless += 1;
        return None;
    };
    let id = EventId {
        number: wire.sequence_number,
        group: wire.sequence_group,
    };
    let Some(reader) = reader_of(wire.code) else {
        if !is_not_used(wire.code) {
            skipped.unknown_events.note((wire.code, id));
        }
        return None;
    };
    let understand = || {
        let pump_time = PumpTime::possible(wire.pump_date_time)?;
        let mut fields = Fields::parse(wire.properties)?;
        let detail = reader(&mut fields)?;
        let event = Event {
            id,
            pump_time,
            detail,
        };
        Some((event, fields))
    };
    let Some((event, fields)) = understand() else {
        skipped.malformed.note((wire.code, id));
        return None;
    };
    for (property, value) in &fields.unknown_values {
        (skipped.unknown_values).note(((wire.code, *property, *value), id));
    }
    for name in fields.left_over() {
        skipped.unknown_fields.note((wire.code, shown(name)));
    }
    Some(event)
}

/// The longest name that is kept, in characters. Tandem's longest property name has 28.
const LONGEST_NAME: usize = 60;

/// A property's name, safe to show in a log: short, and without control characters.
fn shown(name: &str) -> String {
    let letters = name.chars().take(LONGEST_NAME);
    let shown = letters.map(|letter| match letter.is_ascii_graphic() {
        true => letter,
        false => '?',
    });
    shown.collect()
}

/// What this version knows of an event's properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inspected {
    /// Whether events of its code are read.
    pub read: bool,
    /// Its properties that are known.
    pub known: Vec<String>,
    /// Those that are not.
    pub unknown: Vec<String>,
    /// Those that are read and that it lacks.
    pub absent: Vec<String>,
}

/// Whether no public schema knows events of this code.
pub(crate) fn is_new(code: i64) -> bool {
    reader_of(code).is_none() && !is_not_used(code)
}

/// Looks at the properties of an event of this code, a JSON object.
pub(crate) fn inspect(code: i64, properties: &str) -> Inspected {
    let properties: Option<&RawValue> = serde_json::from_str(properties).ok();
    let (Some(reader), Some(properties)) = (reader_of(code), properties) else {
        return Inspected::default();
    };
    let mut pretended: Vec<String> = Vec::new();
    loop {
        let Some(mut fields) = Fields::parse(properties) else {
            return Inspected::default();
        };
        fields.asked = Some(Asked {
            pretended: pretended.clone(),
            ..Asked::default()
        });
        let is_read = reader(&mut fields).is_some();
        let asked = fields.asked.take().unwrap_or_default();
        // A reader ends at the first property that it needs and lacks: what comes after it would not be asked for.
        match asked.absent.last() {
            Some(last) if !is_read && !pretended.contains(last) => pretended.push(last.clone()),
            _ => {
                return Inspected {
                    read: true,
                    known: asked.found,
                    unknown: fields.left_over().map(str::to_owned).collect(),
                    absent: asked.absent,
                };
            }
        }
    }
}

impl Skipped {
    /// How many events could not be read.
    pub fn unreadable(&self) -> usize {
        self.malformed.total() + self.nameless
    }

    /// Adds what was left out of another answer; what both left out counts once.
    pub(crate) fn merge(&mut self, other: Skipped) {
        self.unknown_events.merge(other.unknown_events);
        self.malformed.merge(other.malformed);
        self.nameless += other.nameless;
        self.unknown_values.merge(other.unknown_values);
        self.unknown_fields.merge(other.unknown_fields);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_in_part_and_without_control_characters() {
        assert_eq!(shown("currentGlucose"), "currentGlucose");
        assert_eq!(shown("a\n<b> ä"), "a?<b>??");
        assert_eq!(shown(&"ä".repeat(10_000)), "?".repeat(LONGEST_NAME));
    }
}
