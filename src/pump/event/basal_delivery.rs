//! Code 279: the basal rate that is delivered, about every five minutes and at changes.

use super::fields::{coded, event};
use crate::pump::quantity::MilliUnitsPerHour;

coded! {
    /// Who or what set a basal rate (`commandedRateSource`).
    pub enum RateSource {
        /// Delivery is suspended.
        Suspended = 0,
        /// The active profile.
        Profile = 1,
        /// A temp rate of the user's.
        TempRate = 2,
        /// Control-IQ.
        Algorithm = 3,
        /// A temp rate, adjusted by Control-IQ.
        TempRateAndAlgorithm = 4,
    }
}

event! {
    /// Code 279.
    pub struct BasalDelivery, read(f), not used: ["profileBasalRate", "algorithmRate", "tempRate"] {
        /// What the pump delivers from now on.
        pub(crate) commanded: MilliUnitsPerHour = f.rate("commandedRate")?,
        /// Who or what set it.
        pub(crate) source: Option<RateSource> = f.one_of("commandedRateSource"),
    }
}
