//! Alarms and malfunctions, by name.

use crate::nightscout::document::{Cause, Content, EventType, Subject, Treatment};
use crate::pump::event::Detail;

use super::super::{History, named, note, one_each};

/// Occlusion, empty cartridge and battery shutdown stop the insulin until somebody acts, so they are announcements: shown in
/// orange, and pushed to all followers while they are less than ten minutes old.
///
/// Announcements are the only treatments that snooze no alarm (cgm-remote-monitor 15.0.7, `lib/plugins/treatmentnotify.js`),
/// so they need not be held back. Nor do they raise a false alarm: the push has the alarm level that the glucose at that time
/// has under the site's thresholds. As the newest treatment, an announcement keeps an older meal from snoozing alarms, which
/// is the safe side.
const ANNOUNCED: [i64; 4] = [2, 26, 8, 12];

/// The suspension itself is shown; reminders of it every few minutes add nothing.
const RESUME_REMINDERS: [i64; 2] = [18, 23];

pub(super) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    one_each(history, Cause::Pump, |detail| {
        let (text, is_announcement) = match detail {
            Detail::AlarmActivated(alarm) if RESUME_REMINDERS.contains(&alarm.id) => return None,
            Detail::AlarmActivated(alarm) => (
                named(name(alarm.id), "Alarm", alarm.id),
                ANNOUNCED.contains(&alarm.id),
            ),
            Detail::Malfunction(malfunction) => (format!("Malfunction {}", malfunction.id), false),
            _ => return None,
        };
        let content = Content {
            is_announcement,
            ..note(text)
        };
        Some((Subject::Alarm, EventType::Alarm, content))
    })
}

/// The pump's own name for an `alarmId`. Several numbers share a name.
fn name(id: i64) -> Option<&'static str> {
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
