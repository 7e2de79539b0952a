//! Code 280: a bolus started or ended.

use super::bolus_request::BolusId;
use super::fields::{Fields, coded};
use crate::pump::quantity::MilliUnits;

coded! {
    /// Where a bolus was asked for (`bolusSource` of code 280).
    pub enum BolusSource {
        /// The pump's button.
        Button = 0,
        /// The pump's screen.
        PumpScreen = 1,
        /// A remote control.
        Remote = 5,
        /// Control-IQ.
        Algorithm = 7,
        /// The phone.
        Phone = 8,
        /// Control-IQ in eating-soon mode.
        EatingSoon = 9,
    }
}

coded! {
    enum Status {
        Completed = 0,
        Started = 1,
    }
}

/// Code 280.
#[derive(Clone, Debug, PartialEq)]
pub struct BolusDelivery {
    /// Which bolus.
    pub(crate) bolus: BolusId,
    /// `Some(true)` when it ended, `Some(false)` when it started.
    pub completed: Option<bool>,
    /// Where it was asked for.
    pub(crate) source: Option<BolusSource>,
    /// The part asked for at once.
    pub(crate) requested_now: Option<MilliUnits>,
    /// The part asked for over time.
    pub(crate) requested_later: Option<MilliUnits>,
    /// Delivered so far.
    pub(crate) delivered_total: Option<MilliUnits>,
    /// How long the later part is spread over, in minutes.
    pub(crate) extended_duration_minutes: Option<i64>,
}

pub(super) fn read(f: &mut Fields) -> Option<BolusDelivery> {
    f.not_used(&["bolusType", "remoteId", "correction"]);
    let status = f.one_of("bolusDeliveryStatus");
    Some(BolusDelivery {
        bolus: f.integer("bolusId")?,
        completed: status.map(|status: Status| status == Status::Completed),
        source: f.one_of("bolusSource"),
        requested_now: f.milliunits("requestedNow"),
        requested_later: f.milliunits("requestedLater"),
        delivered_total: f.milliunits("deliveredTotal"),
        extended_duration_minutes: f.minutes("extendedDurationRequested"),
    })
}
