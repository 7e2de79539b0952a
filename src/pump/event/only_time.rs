//! Codes 230 and 313: events without a document. Their time shows how far the history reaches.

use super::fields::Fields;

/// Nothing but that it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnlyTime;

pub(super) fn control_mode_change(f: &mut Fields) -> Option<OnlyTime> {
    f.not_used(&[
        "currentPcm",
        "previousPcm",
        "pumpSuspended",
        "calculationAvailable",
        "cgmAvailable",
        "closedLoopPreferred",
        "sufficientClosedLoopParams",
    ]);
    Some(OnlyTime)
}

pub(super) fn daily_status(f: &mut Fields) -> Option<OnlyTime> {
    f.not_used(&[
        "commandedBasalRate",
        "sensorType",
        "userMode",
        "pumpControlState",
        "weight",
        "weightUnit",
        "currentTdIpop",
    ]);
    Some(OnlyTime)
}
