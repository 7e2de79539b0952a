//! `CGM_ALERTS`: the pump's glucose alerts, by name.

use crate::nightscout::document::{Cause, EventType, Subject, Treatment};
use crate::pump::event::Detail;

use super::{History, named, note, one_each};

/// Not copied: it happens often, and the gap in the readings shows it anyway.
const OUT_OF_RANGE: i64 = 14;

/// A treatment for each alert.
pub(crate) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    one_each(history, Cause::Pump, |detail| match detail {
        Detail::CgmAlert(alert) if alert.id != OUT_OF_RANGE => {
            let content = note(named(name(alert.id), "CGM alert", alert.id));
            Some((Subject::CgmAlert, EventType::CgmAlert, content))
        }
        _ => None,
    })
}

/// The name of a `dalertId`: from Tandem's event table, else from pumpX2.
fn name(id: i64) -> Option<&'static str> {
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
