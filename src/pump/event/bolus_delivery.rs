//! Code 280: a bolus started or ended.

use super::bolus_request::BolusId;
use super::fields::{coded, event};
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

event! {
    /// Code 280.
    pub struct BolusDelivery, read(f), not used: ["bolusType", "remoteId", "correction"] {
        /// Which bolus.
        pub(crate) bolus: BolusId = f.integer("bolusId")?,
        /// `Some(true)` when it ended, `Some(false)` when it started.
        pub completed: Option<bool> =
            f.one_of("bolusDeliveryStatus").map(|status: Status| status == Status::Completed),
        /// Where it was asked for.
        pub(crate) source: Option<BolusSource> = f.one_of("bolusSource"),
        /// The part asked for at once.
        pub(crate) requested_now: Option<MilliUnits> = f.milliunits("requestedNow"),
        /// The part asked for over time.
        pub(crate) requested_later: Option<MilliUnits> = f.milliunits("requestedLater"),
        /// Delivered so far.
        pub(crate) delivered_total: Option<MilliUnits> = f.milliunits("deliveredTotal"),
        /// How long the later part is spread over, in minutes.
        pub(crate) extended_duration_minutes: Option<i64> = f.minutes("extendedDurationRequested"),
    }
}
