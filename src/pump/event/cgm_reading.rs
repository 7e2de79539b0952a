//! Codes 256, 372, 399 and 480: a glucose reading.

use super::Bits;
use super::fields::{Fields, Missing};
use crate::pump::quantity::{MgDl, PumpTime};

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
    /// The glucose shown; `None` where the pump sent none or 0, as it does for a low.
    pub glucose: Option<MgDl>,
    /// What that number means.
    pub status: Option<ReadingStatus>,
    /// When it was measured, on the pump's clock: hours before the event for a backfilled reading.
    pub taken: PumpTime,
    /// Bits 0 five-minute, 1 backfill, 2 immediate match, 3 calibration, 4 none, 5 one-minute, 6 scanned.
    pub data_type: Bits,
    /// How fast glucose changes, in tenths of mg/dL a minute whatever the sensor: Tandem's event table has the ratio 0.1 for
    /// all four. 127 stands for none.
    pub rate_tenths: Option<i64>,
}

impl CgmReading {
    /// Whether the sensor sent it late. Its rate, captured as 0, then says nothing.
    pub(crate) fn is_backfilled(&self) -> bool {
        const BACKFILL: u32 = 1;
        self.data_type.has(BACKFILL)
    }
}

pub(super) fn read(f: &mut Fields<'_>) -> Result<CgmReading, Missing> {
    f.not_used(&[
        "algorithmState",
        "egvInfoBitmask",
        "interval",
        "rssi",
        "transmitterTimeStamp",
    ]);
    const STATUSES: &[(i64, ReadingStatus)] = &[
        (0, ReadingStatus::Value),
        (1, ReadingStatus::High),
        (2, ReadingStatus::Low),
        (6, ReadingStatus::DoNotShow),
    ];
    let taken = f
        .integer("egvTimeStamp")
        .and_then(PumpTime::from_pump_seconds);
    let rate = f.decimal("rate");
    Ok(CgmReading {
        taken: f.required("egvTimeStamp", taken)?,
        glucose: f.glucose("currentGlucoseDisplayValue"),
        status: f.one_of("glucoseValueStatus", STATUSES),
        data_type: f.bits("cgmDataType"),
        rate_tenths: rate.map(|rate| rate.round() as i64),
    })
}
