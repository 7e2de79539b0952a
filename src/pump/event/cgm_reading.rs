//! Codes 256, 372, 399 and 480: a glucose reading.

use super::fields::{coded, event};
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

event! {
    /// Codes 399, 256, 372 and 480.
    pub struct CgmReading, read(f),
        not used: ["algorithmState", "egvInfoBitmask", "interval", "rssi", "transmitterTimeStamp"]
    {
        /// The glucose shown; `None` if the pump sent none or 0, as it does for a low.
        pub glucose: Option<MgDl> = f.glucose("currentGlucoseDisplayValue"),
        /// What that number means.
        pub status: Option<ReadingStatus> = f.one_of("glucoseValueStatus"),
        /// When it was measured, on the pump's clock: hours before the event for a backfilled reading.
        pub taken: PumpTime = PumpTime::from_pump_seconds(f.integer("egvTimeStamp")?)?,
        /// Whether the sensor sent it late. Its rate, 0 in captures, then means nothing. Bits 0 five-minute, 1 backfill,
        /// 2 immediate match, 3 calibration, 4 none, 5 one-minute, 6 scanned.
        pub backfilled: bool = f.bits("cgmDataType").has(1),
        /// How fast glucose changes, in tenths of mg/dL per minute for every sensor: Tandem's event table has the ratio 0.1 for all
        /// four codes. 127 means none.
        pub rate_tenths: Option<i64> = f.decimal("rate").map(|rate| rate.round() as i64),
    }
}
