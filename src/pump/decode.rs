//! Wire events into typed ones.
//!
//! Decoding never fails as a whole: what is not known or not whole is left out and counted in [`Skipped`], so that the
//! summary can say so and a developer can see from `-v` what Tandem added.

mod oddities;

use anyhow::Result;

use crate::tandem::{MalformedEvent, PumpLogs, WireEvent};

pub(crate) use oddities::{Names, Oddities};

use super::event::{Detail, Event, EventId, Fields, Lookup, look_up};
use super::quantity::PumpTime;

/// The typed events of one or more answers, each once, in the order in which the pump wrote them.
#[derive(Clone, Debug, Default)]
pub struct Decoded {
    /// The events of the days asked for, oldest first by [`EventId`].
    pub events: Vec<Event>,
    /// Every setting of the pump's clock on record (codes 13 and 14), oldest first. Those among the events are here too,
    /// should the record not have them yet.
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
    /// Elements that are no events at all.
    pub(crate) nameless: usize,
    /// Values of known properties that no table has: code, property and value.
    pub unknown_values: Oddities<(i64, &'static str, i64)>,
    /// Properties that no public schema knows: code and name.
    pub unknown_fields: Names,
}

impl Decoded {
    /// Decodes the answers about one pump; overlapping ones are merged.
    ///
    /// # Errors
    /// When an answer is not of the documented shape at all.
    pub fn from_logs<'a>(answers: impl IntoIterator<Item = PumpLogs<'a>>) -> Result<Decoded> {
        let mut decoded = Decoded::default();
        for answer in answers {
            decoded.read(answer)?;
        }
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

    fn read(&mut self, answer: PumpLogs<'_>) -> Result<()> {
        let mut changes = Skipped::default();
        let Decoded {
            events,
            clock_changes,
            skipped,
        } = self;
        answer.visit(
            |element| events.extend(read(element, skipped)),
            |element| {
                clock_changes.extend(read(element, &mut changes).filter(sets_the_clock));
            },
        )?;
        self.skipped.merge(changes);
        Ok(())
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

/// Reads one element; what cannot be read is noted.
fn read(element: Result<WireEvent<'_>, MalformedEvent>, skipped: &mut Skipped) -> Option<Event> {
    let Ok(wire) = element else {
        skipped.nameless += 1;
        return None;
    };
    let id = EventId {
        number: wire.sequence_number,
        group: wire.sequence_group,
    };
    let kind = match look_up(wire.code) {
        Lookup::Read(kind) => kind,
        Lookup::NotUsed => return None,
        Lookup::Unknown => {
            skipped.unknown_events.note(wire.code, id);
            return None;
        }
    };
    let Some(pump_time) = PumpTime::possible(wire.pump_date_time) else {
        skipped.malformed.note(wire.code, id);
        return None;
    };
    let Ok(mut fields) = serde_json::from_str::<Fields<'_>>(wire.properties.get()) else {
        skipped.malformed.note(wire.code, id);
        return None;
    };
    let Ok(detail) = (kind.read)(&mut fields) else {
        skipped.malformed.note(wire.code, id);
        return None;
    };
    for (property, value) in fields.unknown_values() {
        (skipped.unknown_values).note((wire.code, property, *value), id);
    }
    for name in fields.left_over() {
        skipped.unknown_fields.note(wire.code, name);
    }
    Some(Event {
        id,
        pump_time,
        detail,
    })
}

impl Skipped {
    /// How many events could not be read.
    pub fn unreadable(&self) -> usize {
        self.malformed.total() + self.nameless
    }

    /// Adds what another answer left out; what both left out counts once.
    pub(crate) fn merge(&mut self, other: Skipped) {
        self.unknown_events.merge(other.unknown_events);
        self.malformed.merge(other.malformed);
        self.nameless += other.nameless;
        self.unknown_values.merge(other.unknown_values);
        self.unknown_fields.merge(other.unknown_fields);
    }
}
