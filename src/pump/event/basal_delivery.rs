//! Code 279: the basal rate that is delivered, about every five minutes and at changes.

use super::fields::{Fields, coded};
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

/// Code 279.
#[derive(Clone, Debug, PartialEq)]
pub struct BasalDelivery {
    /// What the pump delivers from now on.
    pub(crate) commanded: MilliUnitsPerHour,
    /// Who or what set it.
    pub(crate) source: Option<RateSource>,
}

pub(super) fn read(f: &mut Fields) -> Option<BasalDelivery> {
    f.not_used(&["profileBasalRate", "algorithmRate", "tempRate"]);
    Some(BasalDelivery {
        commanded: f.rate("commandedRate")?,
        source: f.one_of("commandedRateSource"),
    })
}
