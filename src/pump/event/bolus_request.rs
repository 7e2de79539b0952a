//! Codes 64, 65 and 66: the three parts of a bolus request.

use super::Detail;
use super::fields::{Fields, coded};
use crate::pump::quantity::{MgDl, MilliUnits};

/// Pairs the events of one bolus (`bolusId`); the pump counts them up and starts again at some point.
pub(crate) type BolusId = i64;

impl Detail {
    /// The bolus that an event belongs to.
    pub fn bolus(&self) -> Option<BolusId> {
        match self {
            Detail::BolusRequested1(request) => Some(request.bolus),
            Detail::BolusRequested2(request) => Some(request.bolus),
            Detail::BolusRequested3(request) => Some(request.bolus),
            Detail::BolusActivated(activated) | Detail::ExtendedBolusActivated(activated) => {
                Some(activated.bolus)
            }
            Detail::BolusDelivery(delivery) => Some(delivery.bolus),
            Detail::BolusCompleted(completed) | Detail::ExtendedBolusCompleted(completed) => {
                Some(completed.bolus)
            }
            _ => None,
        }
    }
}

coded! {
    /// What kind of bolus was asked for (`bolusType` of code 64).
    pub enum BolusKind {
        /// Units were entered.
        Insulin = 0,
        /// Carbs were entered.
        Carb = 1,
        /// Control-IQ asked for it.
        AutomaticCorrection = 2,
        /// It came from the phone.
        Remote = 3,
    }
}

/// Code 64.
#[derive(Clone, Debug, PartialEq)]
pub struct BolusRequested1 {
    /// Which bolus.
    pub(crate) bolus: BolusId,
    /// What kind.
    pub(crate) kind: Option<BolusKind>,
    /// Carbohydrates entered, in g; `None` for none.
    pub(crate) carbs: Option<f64>,
    /// Blood glucose used; `None` for none.
    pub(crate) bg: Option<MgDl>,
    /// Insulin on board then, in U.
    pub(crate) iob: Option<f64>,
    /// The carb ratio used, in g/U; `None` for none. Captured boluses from the phone have 0.
    pub(crate) carb_ratio: Option<f64>,
}

pub(super) fn part_1(f: &mut Fields) -> Option<BolusRequested1> {
    f.not_used(&["correctionBolusIncluded"]);
    Some(BolusRequested1 {
        bolus: f.integer("bolusId")?,
        kind: f.one_of("bolusType"),
        carbs: f.decimal("carbAmount").filter(|grams| *grams > 0.0),
        bg: f.glucose("bg"),
        iob: f.decimal("iob"),
        // Thousandths of g/U on the wire.
        carb_ratio: f
            .decimal("carbRatio")
            .filter(|ratio| *ratio > 0.0)
            .map(|ratio| ratio / 1000.0),
    })
}

coded! {
    /// How a bolus was asked for (`options` of code 65).
    pub enum BolusOption {
        /// On the pump, at once.
        Standard = 0,
        /// On the pump, extended.
        Extended = 1,
        /// Quick bolus by the button.
        Quick = 2,
        /// By Control-IQ.
        Automatic = 3,
        /// On the phone, at once.
        PhoneStandard = 4,
        /// On the phone, extended.
        PhoneExtended = 5,
        /// By Control-IQ in eating-soon mode.
        EatingSoonAutomatic = 6,
        /// After the meal.
        Late = 7,
    }
}

/// Code 65.
#[derive(Clone, Debug, PartialEq)]
pub struct BolusRequested2 {
    /// Which bolus.
    pub(crate) bolus: BolusId,
    /// How it was asked for.
    pub(crate) option: Option<BolusOption>,
    /// The share given at once, in percent.
    pub(crate) standard_percent: Option<i64>,
    /// How long the rest is spread over, in minutes; 0 for a bolus that is not extended.
    pub(crate) duration_minutes: i64,
    /// Whether the user changed the pump's proposal.
    pub(crate) user_override: bool,
    /// Whether the user declined the proposed correction.
    pub(crate) declined_correction: bool,
    /// The sensitivity used: how far one unit lowers glucose; `None` for none. Captured boluses from the phone have 0.
    pub(crate) sensitivity: Option<MgDl>,
    /// The target glucose; `None` for none, likewise.
    pub(crate) target: Option<MgDl>,
}

pub(super) fn part_2(f: &mut Fields) -> Option<BolusRequested2> {
    f.not_used(&["selectedIob"]);
    Some(BolusRequested2 {
        bolus: f.integer("bolusId")?,
        option: f.one_of("options"),
        standard_percent: f.percent("standardPercent"),
        duration_minutes: f.minutes("duration").unwrap_or(0),
        user_override: f.flag("userOverride"),
        declined_correction: f.flag("declinedCorrection"),
        sensitivity: f.glucose("isf"),
        target: f.glucose("targetBg"),
    })
}

/// Code 66.
#[derive(Clone, Debug, PartialEq)]
pub struct BolusRequested3 {
    /// Which bolus.
    pub(crate) bolus: BolusId,
    /// For the carbs.
    pub(crate) food: Option<MilliUnits>,
    /// For the glucose.
    pub(crate) correction: Option<MilliUnits>,
    /// The total requested, extended part included.
    pub(crate) total: Option<MilliUnits>,
}

pub(super) fn part_3(f: &mut Fields) -> Option<BolusRequested3> {
    Some(BolusRequested3 {
        bolus: f.integer("bolusId")?,
        food: f.units("foodBolusSize"),
        correction: f.units("correctionBolusSize"),
        total: f.units("totalBolusSize"),
    })
}
