//! Codes 20 and 21: a bolus, or its extended part, ended.

use super::bolus_request::BolusId;
use super::completion::Completion;
use super::fields::event;
use crate::pump::quantity::MilliUnits;

event! {
    /// Codes 20 and 21.
    pub struct BolusCompleted, read(f), not used: ["selectedIob"] {
        /// Which bolus.
        pub(crate) bolus: BolusId = f.integer("bolusId")?,
        /// What went in.
        pub(crate) delivered: MilliUnits = f.units("insulinDelivered")?,
        /// What was asked for.
        pub(crate) requested: Option<MilliUnits> = f.units("insulinRequested"),
        /// Insulin on board then, in U.
        pub(crate) iob: Option<f64> = f.decimal("iob"),
        /// How it ended.
        pub(crate) completion: Option<Completion> = f.one_of("completionStatus"),
    }
}
