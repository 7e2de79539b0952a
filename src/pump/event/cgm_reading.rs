//! Codes 256, 372, 399 and 480: a glucose reading.

use super::fields::{Fields, coded};
use crate::pump::quantity::{MgDl, PumpTime};

coded! {
    /// What a reading's number means (`glucoseValueStatus`).
    pub enum ReadingStatus {
        /// It is the glucose.
        Value = 0,
        /// Above what the sensor measures.
        High = 1,
        /// Below what the sensor measures.
        Low = 2,
        /// Not meant to be shown.
        DoNotShow = 6,
    }
}

/// Codes 399, 256, 372 and 480.
#[derive(Clone, Debug, PartialEq)]
pub struct CgmReading {
    /// The glucose shown; `None` if the pump sent none or 0, as it does for a low.
    pub glucose: Option<MgDl>,
    /// What that number means.
    pub status: Option<ReadingStatus>,
    /// When it was measured, on the pump's clock: hours before the event for a backfilled reading.
    pub taken: PumpTime,
    /// Whether the sensor sent it late. Its rate, 0 in captures, then means nothing.
    pub backfilled: bool,
    /// How fast glucose changes, in tenths of mg/dL per minute for every sensor: Tandem's event table has the ratio 0.1 for all
    /// four codes. 127 means none.
    pub rate_tenths: Option<i64>,
}

pub(super) fn read(f: &mut Fields) -> Option<CgmReading> {
    f.not_used(&[
        "algorithmState",
        "egvInfoBitmask",
        "interval",
        "rssi",
        "transmitterTimeStamp",
    ]);
    Some(CgmReading {
        taken: PumpTime::from_pump_seconds(f.integer("egvTimeStamp")?)?,
        glucose: f.glucose("currentGlucoseDisplayValue"),
        status: f.one_of("glucoseValueStatus"),
        // Bits 0 five-minute, 1 backfill, 2 immediate match, 3 calibration, 4 none, 5 one-minute, 6 scanned.
        backfilled: f.bits("cgmDataType").has(1),
        rate_tenths: f.decimal("rate").map(|rate| rate.round() as i64),
    })
}
