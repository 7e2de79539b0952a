//! Who a document is, for good: the same events lead to the same identifier in every run.

use chrono::{DateTime, Duration, Utc};
use uuid::{Uuid, uuid};

use super::{Existing, Subject};
use crate::config::PumpSerial;
use crate::pump::event::{EventId, Sensor};

/// The namespace of this program's identifiers. It must never change: documents are found again by it.
const NAMESPACE: Uuid = uuid!("6f3c1c8e-2f0b-4a57-9d0e-6a5f4f4c7c11");

/// How far the start of a sensor's session may differ between what two events tell of it. The clocks of pump and sensor
/// drift apart (in a capture by two and a half minutes in ten days), and the pump's is corrected; no two sessions of
/// one wearer start within so short a time but where a sensor failed at once.
pub(crate) const SAME_SESSION_WITHIN: Duration = Duration::minutes(30);

/// Which run writes a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// The one whose window holds the document's time.
    #[default]
    InTime,
    /// One whose window holds any of these instants: then the pump told of what had begun before.
    WhenTold(Vec<DateTime<Utc>>),
    /// None. It only corrects a document that is there.
    OnlyCorrects,
}

/// Which document of which pump it is, for good: the same events lead to the same identity in every run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Nightscout's `identifier`, by which newer versions upsert.
    pub identifier: Uuid,
    /// The pump's events that the document tells of, the main one first.
    pub(crate) events: Vec<EventId>,
    /// Which run writes it.
    pub(crate) occasion: Occasion,
    /// Identifiers that an earlier run may have given the document, when it knew fewer of the events.
    pub(crate) earlier: Vec<Uuid>,
}

impl Identity {
    /// The identifiers that the document may have.
    pub(crate) fn identifiers(&self) -> impl Iterator<Item = Uuid> {
        let earlier = self.earlier.iter().copied();
        std::iter::once(self.identifier).chain(earlier)
    }

    /// The identity of what is said about the first of these events of a pump.
    pub fn new(serial: &PumpSerial, subject: Subject, main: EventId, others: &[EventId]) -> Self {
        let mut events = vec![main];
        events.extend(others);
        Identity {
            identifier: identifier(serial, subject, main),
            events,
            occasion: Occasion::InTime,
            earlier: Vec::new(),
        }
    }

    /// The identity of the start of a sensor's session, whichever event tells of it: `main` is the first that did, `told` is
    /// when any did. Seen from other events the start may be minutes off, so that reconciling also looks around it.
    pub(crate) fn of_session(
        serial: &PumpSerial,
        sensor: &str,
        (start, main): (DateTime<Utc>, EventId),
        told: Vec<DateTime<Utc>>,
    ) -> Self {
        Identity {
            identifier: identifier_of(&session_name(serial, sensor, start)),
            events: vec![main],
            occasion: Occasion::WhenTold(told),
            earlier: Vec::new(),
        }
    }

    /// The same of a document that is corrected where it is there, and not written where it is not.
    pub(crate) fn into_correction(mut self) -> Self {
        self.occasion = Occasion::OnlyCorrects;
        self
    }

    /// Takes on the identifier of a document that is to be changed.
    pub(crate) fn keep(&mut self, existing: &Existing) {
        let identifier = existing.identifier.as_deref();
        if let Some(identifier) = identifier.and_then(|text| Uuid::try_parse(text).ok()) {
            self.identifier = identifier;
        }
    }

    /// The same of a thing of which any of these events may have been the main one, as long as the others had not come.
    pub(crate) fn or_by(
        mut self,
        serial: &PumpSerial,
        subject: Subject,
        mains: &[EventId],
    ) -> Self {
        let others = mains.iter().map(|main| identifier(serial, subject, *main));
        self.earlier = others.filter(|other| *other != self.identifier).collect();
        self
    }

    /// tconnectsync's `pump_event_id`: the sequence numbers, joined by commas.
    pub(crate) fn pump_event_id(&self) -> String {
        let numbers: Vec<String> = self.events.iter().map(|id| id.number.to_string()).collect();
        numbers.join(",")
    }
}

/// What names the start of a sensor's session.
fn session_name(serial: &PumpSerial, sensor: &str, start: DateTime<Utc>) -> String {
    let slot = start
        .timestamp()
        .div_euclid(SAME_SESSION_WITHIN.num_seconds());
    format!("{}/{sensor}/{slot}/session-start", serial.expose())
}

/// What names the device status of an instant.
pub(crate) fn device_status_name(serial: &PumpSerial, at: DateTime<Utc>, features: &str) -> String {
    let at = at.timestamp_millis();
    format!("{}/{at}/device-status/{features}", serial.expose())
}

/// Every name by time that a document of a pump may have been given which is filed under this instant. Two instants whole days
/// apart give the same ones in the same order.
pub(crate) fn names_by_time(serial: &PumpSerial, at: DateTime<Utc>, features: &str) -> Vec<String> {
    let starts = [-1, 0, 1].map(|slots| at + SAME_SESSION_WITHIN * slots);
    let sessions = Sensor::ALL.iter().flat_map(|sensor| {
        let name = |start: &DateTime<Utc>| session_name(serial, sensor.name(), *start);
        starts.iter().map(name).collect::<Vec<_>>()
    });
    let status = device_status_name(serial, at, features);
    sessions.chain([status]).collect()
}

/// The identifier of what is said about an event of a pump.
pub(crate) fn identifier(serial: &PumpSerial, subject: Subject, main: EventId) -> Uuid {
    let name = format!(
        "{}/{}/{}/{}",
        serial.expose(),
        main.group,
        main.number,
        subject.name()
    );
    identifier_of(&name)
}

/// The identifier of what has this name, for good.
pub(crate) fn identifier_of(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}
