//! Codes 230 and 313: events that no document tells of. Their time says how far the history goes.

use super::fields::{Fields, Missing};

/// Nothing but that it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnlyTime;

pub(super) fn control_mode_change(f: &mut Fields<'_>) -> Result<OnlyTime, Missing> {
    f.not_used(&[
        "currentPcm",
        "previousPcm",
        "pumpSuspended",
        "calculationAvailable",
        "cgmAvailable",
        "closedLoopPreferred",
        "sufficientClosedLoopParams",
    ]);
    Ok(OnlyTime)
}

pub(super) fn daily_status(f: &mut Fields<'_>) -> Result<OnlyTime, Missing> {
    f.not_used(&[
        "commandedBasalRate",
        "sensorType",
        "userMode",
        "pumpControlState",
        "weight",
        "weightUnit",
        "currentTdIpop",
    ]);
    Ok(OnlyTime)
}
