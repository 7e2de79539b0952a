//! Code 3: the basal rate was changed.

use super::Bits;
use super::fields::{Fields, Missing};
use crate::pump::quantity::MilliUnitsPerHour;

/// Code 3. Rates are U/h on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct BasalRateChange {
    /// The rate from now on.
    pub(crate) commanded: Option<MilliUnitsPerHour>,
    /// The profile's rate.
    pub(crate) base: Option<MilliUnitsPerHour>,
    /// The user's limit.
    pub(crate) max: Option<MilliUnitsPerHour>,
    /// Why it changed: bits 0 timed segment, 1 new profile, 2 temp start, 3 temp end, 4 suspended, 5 resumed, 6 shut
    /// down, 7 basal limit.
    pub(crate) change: Bits,
}

pub(super) fn read(f: &mut Fields<'_>) -> Result<BasalRateChange, Missing> {
    f.not_used(&["idp", "insulinDeliveryProfile"]);
    Ok(BasalRateChange {
        commanded: f.rate_in_units("commandedBasalRate"),
        base: f.rate_in_units("baseBasalRate"),
        max: f.rate_in_units("maxBasalRate"),
        change: f.bits("changeType"),
    })
}
