//! Code 16: a blood glucose was entered.

use super::fields::{Fields, Missing};
use crate::pump::quantity::MgDl;

/// Where an entered blood glucose came from (`bgEntryType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BgSource {
    /// Typed in by the user.
    Typed,
    /// Filled in from the CGM.
    Cgm,
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

pub(super) fn read(f: &mut Fields<'_>) -> Result<BgEntered, Missing> {
    f.not_used(&["isf", "targetBg", "selectedIob", "bgSourceType"]);
    const SOURCES: &[(i64, BgSource)] = &[(0, BgSource::Typed), (1, BgSource::Cgm)];
    let bg = f.glucose("bg");
    Ok(BgEntered {
        bg: f.required("bg", bg)?,
        source: f.one_of("bgEntryType", SOURCES),
        calibration: f.flag("cgmCalibration"),
        iob: f.decimal("iob"),
    })
}
