//! Code 81: the day's basal report.

use super::fields::{Fields, Missing};

/// Code 81.
#[derive(Clone, Debug, PartialEq)]
pub struct DailyBasal {
    /// Insulin on board, in U.
    pub(crate) iob: Option<f64>,
    /// Battery charge in percent.
    pub(crate) battery_percent: Option<i64>,
    /// Battery voltage in mV.
    pub(crate) battery_millivolts: Option<i64>,
}

pub(super) fn read(f: &mut Fields<'_>) -> Result<DailyBasal, Missing> {
    f.not_used(&[
        "dailyTotalBasal",
        "lastBasalRate",
        "batteryChargePercentMSB",
        "batteryChargePercentLSB",
        "batteryChargePercentMSBRaw",
        "batteryChargePercentLSBRaw",
        "finalEventForDay",
        "usbPower",
    ]);
    Ok(DailyBasal {
        iob: f.decimal("iob"),
        battery_percent: f.percent("batteryChargePercent"),
        battery_millivolts: f.integer("batteryLipoMilliVolts"),
    })
}
