//! Sensor sessions: one `Sensor Start` for each session, at its true start, and a `Sensor Stop`.
//!
//! Whenever the pump finds the sensor again, hours or days after the start, it writes that it joined the session and how long
//! the session has run. So any of these events gives the start. A pump that joins a session started by the phone writes no
//! start event at all.

use chrono::{DateTime, Duration, Utc};

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
            Detail::SensorStarted(session) => (session, Some(session.age.unwrap_or_default())),
            Detail::SensorJoined(session) => (session, session.age),
            Detail::SensorStopped(session) => {
                let text = format!("{} session ended", session.sensor.name());
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
            // A `Sensor Start` would reset the sensor's age.
            None => {
                let name = session.sensor.name();
                let text = format!("{name} session joined, its start is not known");
                treatments.push(told(history, event, EventType::Note, text));
            }
        }
    }
    treatments.extend(starts.iter().map(|start| start.treatment(history)));
    treatments
}

/// The start of a session, and when events reported it.
struct Start<'a> {
    session: &'a SensorSession,
    first: &'a DatedEvent,
    /// How long the session had run at the first event.
    age: Duration,
    told: Vec<DateTime<Utc>>,
}

/// Notes what an event says about a session's start. The first event counts, since the clocks of pump and sensor drift apart
/// by minutes in ten days.
fn tell<'a>(
    starts: &mut Vec<Start<'a>>,
    event: &'a DatedEvent,
    session: &'a SensorSession,
    age: Duration,
) {
    let same = |start: &&mut Start<'_>| {
        let apart = (start.at() - (event.at - age)).abs();
        start.session.sensor == session.sensor && apart <= SAME_SESSION_WITHIN
    };
    match starts.iter_mut().find(same) {
        Some(start) => start.told.push(event.at),
        None => starts.push(Start {
            session,
            first: event,
            age,
            told: vec![event.at],
        }),
    }
}

impl Start<'_> {
    fn at(&self) -> DateTime<Utc> {
        self.first.at - self.age
    }

    fn treatment(&self, history: &History<'_>) -> Treatment {
        let event = &self.first.event;
        let name = self.session.sensor.name();
        let shown = event.pump_time.reading() - self.age;
        let expiry = |days| (shown + Duration::days(days)).format("%Y-%m-%d %H:%M");
        let notes = match (self.session.days, self.session.sensor) {
            (Some(days), _) => format!("{name} session, expires {}", expiry(days)),
            // G7 sensors last 10 or 15 days, and a join does not say which.
            (None, Sensor::G7) => {
                format!("{name} session, a 10-day sensor expires {}", expiry(10))
            }
            (None, _) => format!("{name} session"),
        };
        let (start, told) = ((self.at(), event.id), self.told.clone());
        Treatment {
            identity: Identity::of_session(history.serial, name, start, told),
            event_type: EventType::SensorStart,
            at: self.at(),
            cause: Cause::Pump,
            content: note(notes),
            restated: None,
        }
    }
}

/// Version 0.1 wrote a `Sensor Start` for each event of a session. Those that are not at its start become notes, since they
/// would reset the sensor's age. New ones are not written.
fn rejoin(
    history: &History<'_>,
    event: &DatedEvent,
    session: &SensorSession,
    age: Duration,
) -> Option<Treatment> {
    if age <= SAME_SESSION_WITHIN {
        return None;
    }
    let text = format!("{} session joined again", session.sensor.name());
    let mut treatment = told(history, event, EventType::Note, text);
    treatment.identity = treatment.identity.into_correction();
    Some(treatment)
}

/// A treatment about one event.
fn told(history: &History<'_>, event: &DatedEvent, kind: EventType, text: String) -> Treatment {
    let told = (Subject::SensorSession, kind, note(text));
    treatment_of(history, event, Cause::Pump, told)
}
