//! `PUMP_ALERTS`: the pump's alerts, by name, each as long as it was shown.
//!
//! An alert that is still shown has no length yet, and says so; the pass that learns of its end completes it, as long as its
//! beginning lies in the days fetched. A document that grew with each pass would be written every few minutes for nothing.

use std::collections::HashMap;

use crate::nightscout::document::{Cause, Content, EventType, Identity, Subject, Treatment};
use crate::pump::clock::DatedEvent;
use crate::pump::event::Detail;

use super::{History, minutes};

/// A treatment for each alert.
pub(crate) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    let mut alerts: Vec<Alert<'_>> = Vec::new();
    // The alert of each `alertId` that was not cleared so far.
    let mut shown: HashMap<i64, usize> = HashMap::new();
    for event in history.events {
        match &event.event.detail {
            Detail::AlertActivated(signal) => {
                shown.insert(signal.id, alerts.len());
                alerts.push(Alert {
                    id: signal.id,
                    began: event,
                    cleared: None,
                });
            }
            Detail::AlertCleared(signal) => {
                if let Some(index) = shown.remove(&signal.id) {
                    alerts[index].cleared = Some(event);
                }
            }
            _ => {}
        }
    }
    alerts
        .iter()
        .map(|alert| alert.treatment(history))
        .collect()
}

struct Alert<'a> {
    id: i64,
    began: &'a DatedEvent,
    cleared: Option<&'a DatedEvent>,
}

impl Alert<'_> {
    fn treatment(&self, history: &History<'_>) -> Treatment {
        let mut notes = match name(self.id) {
            Some(name) => name.to_owned(),
            None => format!("Alert {}", self.id),
        };
        if self.cleared.is_none() {
            notes.push_str(", not cleared when last heard of");
        }
        let lasted = self.cleared.map(|cleared| cleared.at - self.began.at);
        let cleared = self.cleared.map(|event| event.event.id);
        Treatment {
            identity: Identity::new(
                history.serial,
                Subject::PumpAlert,
                self.began.event.id,
                cleared.as_slice(),
            ),
            event_type: EventType::PumpAlert,
            at: self.began.at,
            cause: Cause::Pump,
            content: Content {
                // One that was cleared in its own second is a mark.
                duration: lasted
                    .filter(|lasted| *lasted > chrono::Duration::zero())
                    .map(minutes),
                open_ended: self.cleared.is_none(),
                notes: Some(notes),
                ..Content::default()
            },
            restated: None,
        }
    }
}

/// The name of an `alertId`, as Tandem's event table and pumpX2's list of alerts have them. That 50 to 52 are Control-IQ's
/// is by their names in the pump's firmware (hyper, hypo, IIDM) and the alerts that its user guide lists.
fn name(id: i64) -> Option<&'static str> {
    Some(match id {
        0 => "Low insulin",
        17 => "Very low insulin",
        1 => "USB connection",
        2 => "Low power",
        3 => "Very low power",
        61 => "Extremely low power",
        4 => "Data error",
        5 => "Auto-off soon",
        6 | 18 => "Maximum basal rate",
        56 => "Maximum basal rate set by the user",
        8 | 26 => "Minimum basal rate",
        7 | 62 => "Power source",
        9 | 10 => "Connection error",
        11 => "Incomplete bolus",
        12 => "Incomplete temp rate",
        13 => "Incomplete cartridge change",
        14 => "Incomplete tubing fill",
        15 => "Incomplete cannula fill",
        16 | 47 => "Incomplete setting",
        49 => "Tubing fill still in progress",
        19 => "Low transmitter battery",
        20 => "Transmitter alert",
        22 => "Sensor expires soon",
        23 => "Pump restarting",
        24 => "Device connection error",
        25 => "CGM graph removed",
        27 => "Incomplete calibration",
        28 => "Calibration timed out",
        29 => "Invalid transmitter ID",
        33 => "Button",
        34 => "Incomplete quick bolus",
        35 => "Basal-IQ reduced basal",
        39 => "Transmitter end of life",
        40..=43 => "CGM error",
        44..=46 => "Transmitter expires soon",
        48 => "CGM unavailable",
        50 => "Control-IQ high",
        51 => "Control-IQ low",
        52 => "Control-IQ maximum insulin",
        54 => "Device paired",
        55 => "Bluetooth error",
        57 => "Sensor alert",
        59 => "Automation off",
        60 => "Controller connection lost",
        63 => "Pairing timed out",
        _ => return None,
    })
}
