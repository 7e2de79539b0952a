//! Codes 11 and 12: delivery stopped, and started again.

use super::fields::{Fields, coded};
use crate::pump::quantity::MilliUnits;

coded! {
    /// Why delivery stopped (`suspendReason`).
    pub enum SuspendReason {
        /// The user stopped it.
        User = 0,
        /// An alarm.
        Alarm = 1,
        /// The pump failed.
        Malfunction = 2,
        /// The low-glucose suspend.
        LowGlucoseSuspend = 6,
    }
}

/// Code 11.
#[derive(Clone, Debug, PartialEq)]
pub struct PumpingSuspended {
    /// What is left in the cartridge.
    pub reservoir: Option<MilliUnits>,
    /// Why.
    pub(crate) reason: Option<SuspendReason>,
}

pub(super) fn suspended(f: &mut Fields) -> Option<PumpingSuspended> {
    f.not_used(&["preSuspendState", "rpaTimeout"]);
    Some(PumpingSuspended {
        reservoir: f.units("insulinAmount"),
        reason: f.one_of("suspendReason"),
    })
}

/// Code 12.
#[derive(Clone, Debug, PartialEq)]
pub struct PumpingResumed {
    /// What is left in the cartridge.
    pub reservoir: Option<MilliUnits>,
}

pub(super) fn resumed(f: &mut Fields) -> Option<PumpingResumed> {
    f.not_used(&["preResumeState"]);
    Some(PumpingResumed {
        reservoir: f.units("insulinAmount"),
    })
}
