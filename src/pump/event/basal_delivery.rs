//! Code 279: the basal rate that is delivered, about every five minutes and at changes.

use super::fields::{Fields, Missing};
use crate::pump::quantity::MilliUnitsPerHour;

/// Who or what set a basal rate (`commandedRateSource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RateSource {
    /// Delivery is suspended.
    Suspended,
    /// The active profile.
    Profile,
    /// A temp rate of the user's.
    TempRate,
    /// Control-IQ.
    Algorithm,
    /// A temp rate, adjusted by Control-IQ.
    TempRateAndAlgorithm,
}

/// Code 279. Rates in mU/h; `None` where the pump sends 65535.
#[derive(Clone, Debug, PartialEq)]
pub struct BasalDelivery {
    /// What the pump delivers from now on.
    pub(crate) commanded: MilliUnitsPerHour,
    /// Which of them is followed.
    pub(crate) source: Option<RateSource>,
}

pub(super) fn read(f: &mut Fields<'_>) -> Result<BasalDelivery, Missing> {
    f.not_used(&["profileBasalRate", "algorithmRate", "tempRate"]);
    const SOURCES: &[(i64, RateSource)] = &[
        (0, RateSource::Suspended),
        (1, RateSource::Profile),
        (2, RateSource::TempRate),
        (3, RateSource::Algorithm),
        (4, RateSource::TempRateAndAlgorithm),
    ];
    let commanded = f.rate("commandedRate");
    Ok(BasalDelivery {
        commanded: f.required("commandedRate", commanded)?,
        source: f.one_of("commandedRateSource", SOURCES),
    })
}
