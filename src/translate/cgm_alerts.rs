//! `CGM_ALERTS`: the pump's glucose alerts, by name.

use crate::nightscout::document::{Cause, EventType, Subject, Treatment};
use crate::pump::event::Detail;

use super::{History, note, treatment_of};

/// A gap in the readings shows by itself, and a sensor goes out of range often.
const OUT_OF_RANGE: i64 = 14;

/// A treatment for each alert.
pub(crate) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    let treatments = history.events.iter().filter_map(|event| {
        let Detail::CgmAlert(alert) = &event.event.detail else {
            return None;
        };
        if alert.id == OUT_OF_RANGE {
            return None;
        }
        let name = match alert_name(alert.id) {
            Some(name) => name.to_owned(),
            None => format!("CGM alert {}", alert.id),
        };
        let what = (EventType::CgmAlert, Cause::Pump);
        Some(treatment_of(
            history,
            event,
            Subject::CgmAlert,
            what,
            note(name),
        ))
    });
    treatments.collect()
}

/// The name of a `dalertId`: Tandem's own where its event table has one, else that of pumpX2.
fn alert_name(id: i64) -> Option<&'static str> {
    Some(match id {
        1 => "Fixed low",
        2 => "High",
        3 => "Low",
        4 => "Calibration requested",
        5 => "Rise",
        6 => "Rapid rise",
        7 => "Fall",
        8 => "Rapid fall",
        9 | 10 => "Calibration error",
        11 => "Sensor failed",
        12 | 22 => "Sensor expires soon",
        13 => "Sensor expired",
        16 => "First start-up calibration",
        17 => "Second start-up calibration",
        18 => "Calibration required",
        19 => "Transmitter battery low",
        20 => "Transmitter error",
        24 => "Urgent low soon",
        25 => "Replace sensor",
        26 => "Sensor temperature",
        27 => "Connection failed",
        28 => "Check sensor",
        29 => "Reading unusable",
        31 => "Grace period started",
        32 => "Grace period ends soon",
        39 => "Transmitter expired",
        40 => "Pump Bluetooth error",
        45 | 46 => "Transmitter expires soon",
        48 => "CGM unavailable",
        _ => return None,
    })
}
