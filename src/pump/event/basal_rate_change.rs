//! Code 3: the basal rate was changed.

use super::Bits;
use super::fields::event;
use crate::pump::quantity::MilliUnitsPerHour;

event! {
    /// Code 3. Rates are U/h on the wire.
    pub struct BasalRateChange, read(f), not used: ["baseBasalRate", "maxBasalRate", "idp", "insulinDeliveryProfile"] {
        /// The rate from now on.
        pub(crate) commanded: Option<MilliUnitsPerHour> = f.rate_in_units("commandedBasalRate"),
        /// Why it changed: bits 0 timed segment, 1 new profile, 2 temp start, 3 temp end, 4 suspended, 5 resumed, 6 shut
        /// down, 7 basal limit.
        pub(crate) change: Bits = f.bits("changeType"),
    }
}
