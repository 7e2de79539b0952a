//! Codes 11 and 12: delivery stopped, and started again.

use super::fields::{Fields, Missing};
use crate::pump::quantity::MilliUnits;

/// Why delivery stopped (`suspendReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SuspendReason {
    /// The user stopped it.
    User,
    /// An alarm.
    Alarm,
    /// The pump failed.
    Malfunction,
    /// The low-glucose suspend.
    LowGlucoseSuspend,
}

/// Code 11.
#[derive(Clone, Debug, PartialEq)]
pub struct PumpingSuspended {
    /// What is left in the cartridge.
    pub reservoir: Option<MilliUnits>,
    /// Why.
    pub(crate) reason: Option<SuspendReason>,
}

pub(super) fn suspended(f: &mut Fields<'_>) -> Result<PumpingSuspended, Missing> {
    f.not_used(&["preSuspendState", "rpaTimeout"]);
    const REASONS: &[(i64, SuspendReason)] = &[
        (0, SuspendReason::User),
        (1, SuspendReason::Alarm),
        (2, SuspendReason::Malfunction),
        (6, SuspendReason::LowGlucoseSuspend),
    ];
    Ok(PumpingSuspended {
        reservoir: f.units("insulinAmount"),
        reason: f.one_of("suspendReason", REASONS),
    })
}

/// Code 12.
#[derive(Clone, Debug, PartialEq)]
pub struct PumpingResumed {
    /// What is left in the cartridge.
    pub reservoir: Option<MilliUnits>,
}

pub(super) fn resumed(f: &mut Fields<'_>) -> Result<PumpingResumed, Missing> {
    f.not_used(&["preResumeState"]);
    Ok(PumpingResumed {
        reservoir: f.units("insulinAmount"),
    })
}
