//! Codes 256, 372, 399 and 480: a glucose reading.

use super::Bits;
use super::fields::{Fields, Missing};
use super::sensor_session::Sensor;
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
}

pub(super) fn read(f: &mut Fields<'_>, sensor: Sensor) -> Result<CgmReading, Missing> {
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
        sensor,
        taken: f.required("egvTimeStamp", taken)?,
        glucose: f.glucose("currentGlucoseDisplayValue"),
        status: f.one_of("glucoseValueStatus", STATUSES),
        data_type: f.bits("cgmDataType"),
        rate_tenths: rate.map(|rate| match sensor {
            Sensor::G7 => rate.round() as i64,
            Sensor::G6 | Sensor::Libre2 | Sensor::Libre3 => (rate * 10.0).round() as i64,
        }),
    })
}
