//! Sensor sessions: one `Sensor Start` a session, at its true start, and a `Sensor Stop`.
//!
//! The pump writes that it joined a session whenever it finds the sensor again, hours or days after the start, and says each
//! time how long the session has run. So the start is known whichever of these events is at hand. A pump that joins a
//! session which the phone has started writes no start at all.

use chrono::{DateTime, Duration, NaiveDateTime, Utc};

use crate::nightscout::document::{
    Cause, EventType, Identity, SAME_SESSION_WITHIN, Subject, Treatment,
};
use crate::pump::clock::DatedEvent;
use crate::pump::event::{Detail, Sensor, SensorSession};

use super::super::{History, note, treatment_of};

pub(super) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    let mut treatments = Vec::new();
    let mut starts: Vec<Start<'_>> = Vec::new();
    for event in history.events {
        let (session, age) = match &event.event.detail {
            Detail::SensorStarted(session) => {
                (session, Some(session.age.unwrap_or(Duration::zero())))
            }
            Detail::SensorJoined(session) => (session, session.age),
            Detail::SensorStopped(session) => {
                let text = format!("{} session ended", name(session.sensor));
                treatments.push(told(history, event, EventType::SensorStop, text));
                continue;
            }
            _ => continue,
        };
        match age {
            Some(age) => {
                tell(&mut starts, event, session, age);
                treatments.extend(rejoin(history, event, session, age));
            }
            // As a start it would reset the sensor's age.
            None => {
                let text = format!(
                    "{} session joined, its start is not known",
                    name(session.sensor)
                );
                treatments.push(told(history, event, EventType::Note, text));
            }
        }
    }
    treatments.extend(starts.iter().map(|start| start.treatment(history)));
    treatments
}

/// The start of a session, and the events that told of it.
struct Start<'a> {
    sensor: Sensor,
    at: DateTime<Utc>,
    /// The same by the pump's clock.
    shown: NaiveDateTime,
    days: Option<i64>,
    first: &'a DatedEvent,
    told: Vec<DateTime<Utc>>,
}

/// Notes what an event tells of a session's start. The first to tell counts: the clocks of pump and sensor drift apart by
/// minutes in ten days.
fn tell<'a>(
    starts: &mut Vec<Start<'a>>,
    event: &'a DatedEvent,
    session: &SensorSession,
    age: Duration,
) {
    let at = event.at - age;
    let same = |start: &&mut Start<'_>| {
        start.sensor == session.sensor && (start.at - at).abs() <= SAME_SESSION_WITHIN
    };
    if let Some(start) = starts.iter_mut().find(same) {
        start.told.push(event.at);
        return;
    }
    starts.push(Start {
        sensor: session.sensor,
        at,
        shown: event.event.pump_time.reading() - age,
        days: session.days,
        first: event,
        told: vec![event.at],
    });
}

impl Start<'_> {
    fn treatment(&self, history: &History<'_>) -> Treatment {
        let name = name(self.sensor);
        let expiry = |days| (self.shown + Duration::days(days)).format("%Y-%m-%d %H:%M");
        let notes = match (self.days, self.sensor) {
            (Some(days), _) => format!("{name} session, expires {}", expiry(days)),
            // There are G7 sensors for 10 and for 15 days, and a join does not say which it is.
            (None, Sensor::G7) => {
                format!("{name} session, a 10-day sensor expires {}", expiry(10))
            }
            (None, _) => format!("{name} session"),
        };
        Treatment {
            identity: Identity::of_session(
                history.serial,
                name,
                (self.at, self.first.event.id),
                self.told.clone(),
            ),
            event_type: EventType::SensorStart,
            at: self.at,
            cause: Cause::Pump,
            content: note(notes),
            restated: None,
        }
    }
}

/// Version 0.1 wrote a `Sensor Start` for each event that told of a session: those that are not at its start become notes,
/// since they would reset the sensor's age. None is written anew.
fn rejoin(
    history: &History<'_>,
    event: &DatedEvent,
    session: &SensorSession,
    age: Duration,
) -> Option<Treatment> {
    if age <= SAME_SESSION_WITHIN {
        return None;
    }
    let text = format!("{} session joined again", name(session.sensor));
    let mut treatment = told(history, event, EventType::Note, text);
    treatment.identity = treatment.identity.into_correction();
    Some(treatment)
}

/// A treatment that tells of one event.
fn told(history: &History<'_>, event: &DatedEvent, kind: EventType, text: String) -> Treatment {
    let what = (kind, Cause::Pump);
    treatment_of(history, event, Subject::SensorSession, what, note(text))
}

fn name(sensor: Sensor) -> &'static str {
    match sensor {
        Sensor::G6 => "Dexcom G6",
        Sensor::G7 => "Dexcom G7",
        Sensor::Libre2 => "FreeStyle Libre 2",
        Sensor::Libre3 => "FreeStyle Libre 3",
    }
}
