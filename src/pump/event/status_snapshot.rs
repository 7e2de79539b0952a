//! Codes 9, 34 and 35: a snapshot of reservoir, battery and insulin on board.

use super::fields::{Fields, Missing};
use crate::pump::quantity::MilliUnits;

/// Codes 9, 34 and 35.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusSnapshot {
    /// What is left in the cartridge.
    pub(crate) reservoir: Option<MilliUnits>,
    /// Battery charge in percent.
    pub(crate) battery_percent: Option<i64>,
    /// Insulin on board, in U.
    pub(crate) iob: Option<f64>,
}

/// Code 9 gives `iob` in hundredths of a unit; 34 and 35 only have `ibc`.
pub(super) fn read(f: &mut Fields<'_>) -> Result<StatusSnapshot, Missing> {
    f.not_used(&["batteryLipoMilliVolts", "finalEventForDay", "usbPower"]);
    // Which of the two the pump's screen shows is not settled: pumpX2 calls `ibc` the displayed one, two clients of live
    // accounts take `abc` (96 where `ibc` said 100). `abc` goes first, since it is the lower: a full battery that is not
    // full misleads.
    let (abc, ibc) = (f.percent("abc"), f.percent("ibc"));
    let battery = abc.or(ibc);
    Ok(StatusSnapshot {
        reservoir: f.units("insulin"),
        battery_percent: battery,
        iob: f.decimal("iob").map(|hundredths| hundredths / 100.0),
    })
}
