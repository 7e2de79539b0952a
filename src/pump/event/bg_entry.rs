//! Code 16: a blood glucose was entered.

use super::fields::{Fields, coded};
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

/// Code 16.
#[derive(Clone, Debug, PartialEq)]
pub struct BgEntered {
    /// The glucose.
    pub(crate) bg: MgDl,
    /// Where it came from.
    pub(crate) source: Option<BgSource>,
    /// Whether it calibrated the CGM.
    pub(crate) calibration: bool,
    /// Insulin on board then, in U.
    pub(crate) iob: Option<f64>,
}

pub(super) fn read(f: &mut Fields) -> Option<BgEntered> {
    f.not_used(&["isf", "targetBg", "selectedIob", "bgSourceType"]);
    Some(BgEntered {
        bg: f.glucose("bg")?,
        source: f.one_of("bgEntryType"),
        calibration: f.flag("cgmCalibration"),
        iob: f.decimal("iob"),
    })
}
