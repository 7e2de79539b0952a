//! Codes 20 and 21: a bolus, or its extended part, ended.

use super::bolus_request::BolusId;
use super::completion::Completion;
use super::fields::Fields;
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

pub(super) fn read(f: &mut Fields) -> Option<BolusCompleted> {
    f.not_used(&["selectedIob"]);
    Some(BolusCompleted {
        bolus: f.integer("bolusId")?,
        delivered: f.units("insulinDelivered")?,
        requested: f.units("insulinRequested"),
        iob: f.decimal("iob"),
        completion: f.one_of("completionStatus"),
    })
}
