//! Code 90: midnight passed on the pump's clock.

use super::fields::event;
use crate::pump::quantity::MilliUnitsPerHour;

event! {
    /// Code 90.
    #[derive(Copy, Eq)]
    pub struct NewDay, read(f), not used: ["features", "featuresBitmask", "featureBitmaskIndex"] {
        /// What the pump delivers then; 0 while it is suspended.
        pub(crate) commanded: Option<MilliUnitsPerHour> = f.rate_in_units("commandedBasalRate"),
    }
}
