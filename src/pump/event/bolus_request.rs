//! Codes 64, 65 and 66: the three parts of a bolus request.

use super::Detail;
use super::fields::{coded, event};
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

event! {
    /// Code 64.
    pub struct BolusRequested1, part_1(f), not used: ["correctionBolusIncluded"] {
        /// Which bolus.
        pub(crate) bolus: BolusId = f.integer("bolusId")?,
        /// What kind.
        pub(crate) kind: Option<BolusKind> = f.one_of("bolusType"),
        /// Carbohydrates entered, in g; `None` for none.
        pub(crate) carbs: Option<f64> = f.decimal("carbAmount").filter(|grams| *grams > 0.0),
        /// Blood glucose used; `None` for none.
        pub(crate) bg: Option<MgDl> = f.glucose("bg"),
        /// Insulin on board then, in U.
        pub(crate) iob: Option<f64> = f.decimal("iob"),
        /// The carb ratio used, in g/U, thousandths on the wire; `None` for none. Captured boluses from the phone have 0.
        pub(crate) carb_ratio: Option<f64> =
            f.decimal("carbRatio").filter(|ratio| *ratio > 0.0).map(|ratio| ratio / 1000.0),
    }
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

event! {
    /// Code 65.
    pub struct BolusRequested2, part_2(f), not used: ["selectedIob"] {
        /// Which bolus.
        pub(crate) bolus: BolusId = f.integer("bolusId")?,
        /// How it was asked for.
        pub(crate) option: Option<BolusOption> = f.one_of("options"),
        /// The share given at once, in percent.
        pub(crate) standard_percent: Option<i64> = f.percent("standardPercent"),
        /// How long the rest is spread over, in minutes; 0 for a bolus that is not extended.
        pub(crate) duration_minutes: i64 = f.minutes("duration").unwrap_or(0),
        /// Whether the user changed the pump's proposal.
        pub(crate) user_override: bool = f.flag("userOverride"),
        /// Whether the user declined the proposed correction.
        pub(crate) declined_correction: bool = f.flag("declinedCorrection"),
        /// The sensitivity used: how far one unit lowers glucose; `None` for none. Captured boluses from the phone have 0.
        pub(crate) sensitivity: Option<MgDl> = f.glucose("isf"),
        /// The target glucose; `None` for none, likewise.
        pub(crate) target: Option<MgDl> = f.glucose("targetBg"),
    }
}

event! {
    /// Code 66.
    pub struct BolusRequested3, part_3(f), not used: [] {
        /// Which bolus.
        pub(crate) bolus: BolusId = f.integer("bolusId")?,
        /// For the carbs.
        pub(crate) food: Option<MilliUnits> = f.units("foodBolusSize"),
        /// For the glucose.
        pub(crate) correction: Option<MilliUnits> = f.units("correctionBolusSize"),
        /// The total requested, extended part included.
        pub(crate) total: Option<MilliUnits> = f.units("totalBolusSize"),
    }
}
