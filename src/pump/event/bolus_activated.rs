//! Codes 55 and 59: a bolus, or its extended part, begins.

use super::bolus_request::BolusId;
use super::fields::Fields;
use crate::pump::quantity::MilliUnits;

/// Codes 55 and 59.
#[derive(Clone, Debug, PartialEq)]
pub struct BolusActivated {
    /// Which bolus.
    pub(crate) bolus: BolusId,
    /// Insulin on board then, in U.
    pub(crate) iob: Option<f64>,
    /// The size of the part that begins.
    pub(crate) size: Option<MilliUnits>,
}

pub(super) fn read(f: &mut Fields, size: &str) -> Option<BolusActivated> {
    f.not_used(&["selectedIob"]);
    Some(BolusActivated {
        bolus: f.integer("bolusId")?,
        iob: f.decimal("iob"),
        size: f.units(size),
    })
}
