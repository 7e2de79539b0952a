//! Sensor sessions. The pump that joins a session which the phone has started writes no start.

use crate::nightscout::document::{Cause, EventType, Subject, Treatment};
use crate::pump::event::{Detail, Sensor};

use super::super::{History, note, treatment_of};

pub(super) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    let treatments = history.events.iter().filter_map(|event| {
        let (event_type, sensor, happened) = match event.event.detail {
            Detail::SensorStarted(sensor) => (EventType::SensorStart, sensor, "session started"),
            Detail::SensorJoined(sensor) => (EventType::SensorStart, sensor, "session joined"),
            Detail::SensorStopped(sensor) => (EventType::SensorStop, sensor, "session ended"),
            _ => return None,
        };
        let notes = note(format!("{} {happened}", name(sensor)));
        let what = (event_type, Cause::Pump);
        Some(treatment_of(
            history,
            event,
            Subject::SensorSession,
            what,
            notes,
        ))
    });
    treatments.collect()
}

fn name(sensor: Sensor) -> &'static str {
    match sensor {
        Sensor::G6 => "Dexcom G6",
        Sensor::G7 => "Dexcom G7",
        Sensor::Libre2 => "FreeStyle Libre 2",
        Sensor::Libre3 => "FreeStyle Libre 3",
    }
}
