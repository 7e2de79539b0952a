//! Code 280: a bolus started or ended.

use super::Bits;
use super::bolus_request::{BolusId, bolus_id};
use super::fields::{Fields, Missing};
use crate::pump::quantity::MilliUnits;

/// Where a bolus was asked for (`bolusSource` of code 280).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BolusSource {
    /// The pump's button.
    Button,
    /// The pump's screen.
    PumpScreen,
    /// A remote control.
    Remote,
    /// Control-IQ.
    Algorithm,
    /// The phone.
    Phone,
    /// Control-IQ in eating-soon mode.
    EatingSoon,
}

/// Code 280.
#[derive(Clone, Debug, PartialEq)]
pub struct BolusDelivery {
    /// Which bolus.
    pub(crate) bolus: BolusId,
    /// `Some(true)` when it ended, `Some(false)` when it started.
    pub(crate) completed: Option<bool>,
    /// Bits 0 now, 1 later, 2 override, 3 correction, 4 carb, 5 eating soon.
    pub(crate) parts: Bits,
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

pub(super) fn read(f: &mut Fields<'_>) -> Result<BolusDelivery, Missing> {
    f.not_used(&["remoteId", "correction"]);
    const STATUSES: &[(i64, bool)] = &[(0, true), (1, false)];
    const SOURCES: &[(i64, BolusSource)] = &[
        (0, BolusSource::Button),
        (1, BolusSource::PumpScreen),
        (5, BolusSource::Remote),
        (7, BolusSource::Algorithm),
        (8, BolusSource::Phone),
        (9, BolusSource::EatingSoon),
    ];
    Ok(BolusDelivery {
        bolus: bolus_id(f)?,
        completed: f.one_of("bolusDeliveryStatus", STATUSES),
        parts: f.bits("bolusType"),
        source: f.one_of("bolusSource", SOURCES),
        requested_now: f.milliunits("requestedNow"),
        requested_later: f.milliunits("requestedLater"),
        delivered_total: f.milliunits("deliveredTotal"),
        extended_duration_minutes: f.minutes("extendedDurationRequested"),
    })
}
