//! Codes 9, 34, 35 and 81: a snapshot of reservoir, battery and insulin on board.

use super::fields::Fields;
use crate::pump::quantity::MilliUnits;

/// What the pump reports about itself: in full in code 9, in part in 34, 35 and the daily basal report 81.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusSnapshot {
    /// What is left in the cartridge.
    pub(crate) reservoir: Option<MilliUnits>,
    /// Battery charge in percent.
    pub(crate) battery_percent: Option<i64>,
    /// Battery voltage in mV, only in the basal report.
    pub(crate) battery_millivolts: Option<i64>,
    /// Insulin on board, in U.
    pub(crate) iob: Option<f64>,
}

/// Code 9 gives `iob` in hundredths of a unit; 34 and 35 only have `ibc`.
pub(super) fn read(f: &mut Fields) -> Option<StatusSnapshot> {
    f.not_used(&["batteryLipoMilliVolts", "finalEventForDay", "usbPower"]);
    // Which of the two the pump's screen shows is unverified: pumpX2 says `ibc`, two clients with live accounts use `abc` (96
    // when `ibc` said 100). `abc` comes first because it is lower: a battery must not look fuller than it is.
    let [abc, ibc] = ["abc", "ibc"].map(|name| f.percent(name));
    Some(StatusSnapshot {
        reservoir: f.units("insulin"),
        battery_percent: abc.or(ibc),
        battery_millivolts: None,
        iob: f.decimal("iob").map(|hundredths| hundredths / 100.0),
    })
}

pub(super) fn basal_report(f: &mut Fields) -> Option<StatusSnapshot> {
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
    Some(StatusSnapshot {
        reservoir: None,
        battery_percent: f.percent("batteryChargePercent"),
        battery_millivolts: f.integer("batteryLipoMilliVolts"),
        iob: f.decimal("iob"),
    })
}
