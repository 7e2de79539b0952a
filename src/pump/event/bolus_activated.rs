//! Codes 55 and 59: a bolus, or its extended part, begins.

use super::bolus_request::{BolusId, bolus_id};
use super::fields::{Fields, Missing};
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

pub(super) fn read(f: &mut Fields<'_>, size: &'static str) -> Result<BolusActivated, Missing> {
    f.not_used(&["selectedIob"]);
    Ok(BolusActivated {
        bolus: bolus_id(f)?,
        iob: f.decimal("iob"),
        size: f.units(size),
    })
}
