//! Code 3: the basal rate was changed.

use super::Bits;
use super::fields::Fields;
use crate::pump::quantity::MilliUnitsPerHour;

/// Code 3. Rates are U/h on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct BasalRateChange {
    /// The rate from now on.
    pub(crate) commanded: Option<MilliUnitsPerHour>,
    /// Why it changed: bits 0 timed segment, 1 new profile, 2 temp start, 3 temp end, 4 suspended, 5 resumed, 6 shut
    /// down, 7 basal limit.
    pub(crate) change: Bits,
}

pub(super) fn read(f: &mut Fields) -> Option<BasalRateChange> {
    f.not_used(&[
        "baseBasalRate",
        "maxBasalRate",
        "idp",
        "insulinDeliveryProfile",
    ]);
    Some(BasalRateChange {
        commanded: f.rate_in_units("commandedBasalRate"),
        change: f.bits("changeType"),
    })
}
