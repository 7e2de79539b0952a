//! Glucose: sensor readings and values entered by hand.

use super::Bits;
use crate::pump::quantity::{MgDl, PumpTime};

/// The family of sensor that an event speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sensor {
    /// Dexcom G6.
    G6,
    /// Dexcom G7.
    G7,
    /// FreeStyle Libre 2.
    Libre2,
    /// FreeStyle Libre 3.
    Libre3,
}

/// What a reading's number means (`glucoseValueStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingStatus {
    /// It is the glucose.
    Value,
    /// Above what the sensor measures.
    High,
    /// Below what the sensor measures.
    Low,
    /// Not meant to be shown.
    DoNotShow,
}

/// Codes 399, 256, 372 and 480.
#[derive(Clone, Debug, PartialEq)]
pub struct CgmReading {
    /// The sensor.
    pub sensor: Sensor,
    /// The glucose shown; `None` where the pump sent none or 0.
    pub glucose: Option<MgDl>,
    /// What that number means.
    pub status: Option<ReadingStatus>,
    /// When it was measured, on the pump's clock: hours before the event for a backfilled reading.
    pub taken: PumpTime,
    /// Bits 0 five-minute, 1 backfill, 3 calibration, 4 none.
    pub data_type: Bits,
    /// How fast glucose changes, in tenths of mg/dL a minute whatever the sensor.
    pub rate_tenths: Option<i64>,
    /// Signal strength in dBm.
    pub rssi: Option<i64>,
}

/// Where an entered blood glucose came from (`bgEntryType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BgSource {
    /// Typed in by the user.
    Typed,
    /// Filled in from the CGM.
    Cgm,
}

/// Code 16.
#[derive(Clone, Debug, PartialEq)]
pub struct BgEntered {
    /// The glucose.
    pub bg: MgDl,
    /// Where it came from.
    pub source: Option<BgSource>,
    /// Whether it calibrated the CGM.
    pub calibration: bool,
    /// Insulin on board then, in U.
    pub iob: Option<f64>,
}
