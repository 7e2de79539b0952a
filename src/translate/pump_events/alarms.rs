//! Alarms and malfunctions, by name.

use crate::nightscout::document::{Cause, EventType, Subject, Treatment};
use crate::pump::event::Detail;

use super::super::{History, note, treatment_of};

/// That the pump rests is told by the suspension; that it reminds of it every few minutes tells nothing more.
const RESUME_REMINDERS: [i64; 2] = [18, 23];

pub(super) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    let treatments = history.events.iter().filter_map(|event| {
        let name = match &event.event.detail {
            Detail::AlarmActivated(alarm) if RESUME_REMINDERS.contains(&alarm.id) => return None,
            Detail::AlarmActivated(alarm) => match alarm_name(alarm.id) {
                Some(name) => name.to_owned(),
                None => format!("Alarm {}", alarm.id),
            },
            Detail::Malfunction(malfunction) => format!("Malfunction {}", malfunction.id),
            _ => return None,
        };
        let what = (EventType::Alarm, Cause::Pump);
        Some(treatment_of(
            history,
            event,
            Subject::Alarm,
            what,
            note(name),
        ))
    });
    treatments.collect()
}

/// The pump's own name for an `alarmId`; several numbers stand for one of them.
fn alarm_name(id: i64) -> Option<&'static str> {
    Some(match id {
        0 | 1 | 5 | 6 | 9 | 16 | 20 | 29 | 30 | 31 | 34 => "Cartridge alarm",
        2 | 26 => "Occlusion",
        3 => "Pump reset",
        7 => "Auto off",
        8 => "Empty cartridge",
        10 | 11 | 15 => "Temperature",
        12 => "Battery shutdown",
        14 => "Invalid date",
        21 => "Altitude",
        22 => "Stuck button",
        24 => "Pressure",
        25 => "Cartridge removed",
        _ => return None,
    })
}
