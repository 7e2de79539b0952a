//! Codes 55 and 59: a bolus, or its extended part, begins.

use super::bolus_request::BolusId;
use super::fields::event;
use crate::pump::quantity::MilliUnits;

event! {
    /// Codes 55 and 59.
    pub struct BolusActivated, read(f, size_name: &str), not used: ["selectedIob"] {
        /// Which bolus.
        pub(crate) bolus: BolusId = f.integer("bolusId")?,
        /// Insulin on board then, in U.
        pub(crate) iob: Option<f64> = f.decimal("iob"),
        /// The size of the part that begins.
        pub(crate) size: Option<MilliUnits> = f.units(size_name),
    }
}
