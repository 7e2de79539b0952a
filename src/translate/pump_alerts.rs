//! `PUMP_ALERTS`: the pump's alerts, by name, each with the time that it was shown.
//!
//! An alert that is still shown has no duration and says so. The pass that sees its end completes it, provided that its start
//! is among the days fetched. A document that grew with each pass would be rewritten every few minutes for nothing.

use std::collections::HashMap;

use chrono::Duration;

use crate::nightscout::document::{Cause, Content, EventType, Subject, Treatment};
use crate::pump::clock::DatedEvent;
use crate::pump::event::Detail;

use super::{History, minutes, named, note, treatment_of};

/// A treatment for each alert.
pub(crate) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    let mut alerts: Vec<Treatment> = Vec::new();
    // For each alert not cleared so far, its place in `alerts` and the event that began it.
    let mut shown: HashMap<i64, (usize, &DatedEvent)> = HashMap::new();
    for event in history.events {
        match &event.event.detail {
            Detail::AlertActivated(signal) => {
                shown.insert(signal.id, (alerts.len(), event));
                alerts.push(alert(history, signal.id, event, None));
            }
            Detail::AlertCleared(signal) => {
                if let Some((index, began)) = shown.remove(&signal.id) {
                    alerts[index] = alert(history, signal.id, began, Some(event));
                }
            }
            _ => {}
        }
    }
    alerts
}

fn alert(
    history: &History<'_>,
    id: i64,
    began: &DatedEvent,
    cleared: Option<&DatedEvent>,
) -> Treatment {
    let mut notes = named(name(id), "Alert", id);
    if cleared.is_none() {
        notes.push_str(", not cleared when last heard of");
    }
    // An alert cleared in the same second has no duration.
    let lasted = cleared.map(|cleared| cleared.at - began.at);
    let lasted = lasted.filter(|lasted| *lasted > Duration::zero());
    let content = Content {
        duration: lasted.map(minutes),
        open_ended: cleared.is_none(),
        ..note(notes)
    };
    let told = (Subject::PumpAlert, EventType::PumpAlert, content);
    let mut treatment = treatment_of(history, began, Cause::Pump, told);
    let cleared = cleared.map(|event| event.event.id);
    treatment.identity.events.extend(cleared);
    treatment
}

/// The name of an `alertId`, from Tandem's event table and pumpX2's list of alerts. 50 to 52 are Control-IQ's, judging by
/// their names in the pump's firmware (hyper, hypo, IIDM) and the alerts in its user guide.
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
