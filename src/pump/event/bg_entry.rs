//! Code 16: a blood glucose was entered.

use super::fields::{coded, event};
use crate::pump::quantity::MgDl;

coded! {
    /// Where an entered blood glucose came from (`bgEntryType`).
    pub enum BgSource {
        /// Typed in by the user.
        Typed = 0,
        /// Filled in from the CGM.
        Cgm = 1,
    }
}

event! {
    /// Code 16.
    pub struct BgEntered, read(f), not used: ["isf", "targetBg", "selectedIob", "bgSourceType"] {
        /// The glucose.
        pub(crate) bg: MgDl = f.glucose("bg")?,
        /// Where it came from.
        pub(crate) source: Option<BgSource> = f.one_of("bgEntryType"),
        /// Whether it calibrated the CGM.
        pub(crate) calibration: bool = f.flag("cgmCalibration"),
        /// Insulin on board then, in U.
        pub(crate) iob: Option<f64> = f.decimal("iob"),
    }
}
