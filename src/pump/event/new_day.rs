//! Code 90: midnight passed on the pump's clock.

use super::fields::Fields;
use crate::pump::quantity::MilliUnitsPerHour;

/// Code 90.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewDay {
    /// What the pump delivers then; 0 while it is suspended.
    pub(crate) commanded: Option<MilliUnitsPerHour>,
}

pub(super) fn read(f: &mut Fields) -> Option<NewDay> {
    f.not_used(&["features", "featuresBitmask", "featureBitmaskIndex"]);
    Some(NewDay {
        commanded: f.rate_in_units("commandedBasalRate"),
    })
}
