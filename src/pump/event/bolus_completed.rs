//! Codes 20 and 21: a bolus, or its extended part, ended.

use super::bolus_request::{BolusId, bolus_id};
use super::completion::{self, Completion};
use super::fields::{Fields, Missing};
use crate::pump::quantity::MilliUnits;

/// Codes 20 and 21.
#[derive(Clone, Debug, PartialEq)]
pub struct BolusCompleted {
    /// Which bolus.
    pub(crate) bolus: BolusId,
    /// What went in.
    pub(crate) delivered: MilliUnits,
    /// What was asked for.
    pub(crate) requested: Option<MilliUnits>,
    /// Insulin on board then, in U.
    pub(crate) iob: Option<f64>,
    /// How it ended.
    pub(crate) completion: Option<Completion>,
}

pub(super) fn read(f: &mut Fields<'_>) -> Result<BolusCompleted, Missing> {
    f.not_used(&["selectedIob"]);
    let delivered = f.units("insulinDelivered");
    Ok(BolusCompleted {
        bolus: bolus_id(f)?,
        delivered: f.required("insulinDelivered", delivered)?,
        requested: f.units("insulinRequested"),
        iob: f.decimal("iob"),
        completion: completion::read(f),
    })
}
