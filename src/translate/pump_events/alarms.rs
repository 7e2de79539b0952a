//! Alarms and malfunctions, by name.

use crate::nightscout::document::{Cause, Content, EventType, Subject, Treatment};
use crate::pump::event::Detail;

use super::super::{History, note, treatment_of};

/// Occlusion, empty cartridge and battery shutdown stop the insulin until somebody acts, so they are announcements: shown in
/// orange, and pushed to everybody while they are less than ten minutes old.
///
/// Of all treatments, announcements alone snooze no alarm (cgm-remote-monitor 15.0.7, `lib/plugins/treatmentnotify.js`), so
/// they need not wait. They raise nothing that is not so: the push has the level that the glucose of that time has in the
/// site's own thresholds. As the newest treatment, one keeps an older meal from snoozing alarms, which is the safe side.
const ANNOUNCED: [i64; 4] = [2, 26, 8, 12];

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
        let announced = match &event.event.detail {
            Detail::AlarmActivated(alarm) => ANNOUNCED.contains(&alarm.id),
            _ => false,
        };
        let what = (EventType::Alarm, Cause::Pump);
        let content = Content {
            is_announcement: announced,
            ..note(name)
        };
        Some(treatment_of(history, event, Subject::Alarm, what, content))
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
