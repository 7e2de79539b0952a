//! Codes 64, 65 and 66: a bolus was asked for, in three parts.

use super::fields::{Fields, Missing};
use crate::pump::quantity::{MgDl, MilliUnits};

/// Pairs the events of one bolus (`bolusId`); the pump counts them up and starts again at some point.
pub(crate) type BolusId = i64;

pub(super) fn bolus_id(f: &mut Fields<'_>) -> Result<BolusId, Missing> {
    let bolus = f.integer("bolusId");
    f.required("bolusId", bolus)
}

/// What kind of bolus was asked for (`bolusType` of code 64).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BolusKind {
    /// Units were entered.
    Insulin,
    /// Carbs were entered.
    Carb,
    /// Control-IQ asked for it.
    AutomaticCorrection,
    /// It came from the phone.
    Remote,
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
    /// The carb ratio used, in g/U; `None` for none. A bolus from the phone is captured with 0.
    pub(crate) carb_ratio: Option<f64>,
}

pub(super) fn part_1(f: &mut Fields<'_>) -> Result<BolusRequested1, Missing> {
    f.not_used(&["correctionBolusIncluded"]);
    const KINDS: &[(i64, BolusKind)] = &[
        (0, BolusKind::Insulin),
        (1, BolusKind::Carb),
        (2, BolusKind::AutomaticCorrection),
        (3, BolusKind::Remote),
    ];
    Ok(BolusRequested1 {
        bolus: bolus_id(f)?,
        kind: f.one_of("bolusType", KINDS),
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

/// How a bolus was asked for (`options` of code 65).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BolusOption {
    /// On the pump, at once.
    Standard,
    /// On the pump, extended.
    Extended,
    /// Quick bolus by the button.
    Quick,
    /// By Control-IQ.
    Automatic,
    /// On the phone, at once.
    PhoneStandard,
    /// On the phone, extended.
    PhoneExtended,
    /// By Control-IQ in eating-soon mode.
    EatingSoonAutomatic,
    /// After the meal.
    Late,
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
    /// How far one unit was reckoned to lower glucose; `None` for none. A bolus from the phone is captured with 0.
    pub(crate) sensitivity: Option<MgDl>,
    /// The glucose aimed at; `None` for none, likewise.
    pub(crate) target: Option<MgDl>,
}

pub(super) fn part_2(f: &mut Fields<'_>) -> Result<BolusRequested2, Missing> {
    f.not_used(&["selectedIob"]);
    const OPTIONS: &[(i64, BolusOption)] = &[
        (0, BolusOption::Standard),
        (1, BolusOption::Extended),
        (2, BolusOption::Quick),
        (3, BolusOption::Automatic),
        (4, BolusOption::PhoneStandard),
        (5, BolusOption::PhoneExtended),
        (6, BolusOption::EatingSoonAutomatic),
        (7, BolusOption::Late),
    ];
    Ok(BolusRequested2 {
        bolus: bolus_id(f)?,
        option: f.one_of("options", OPTIONS),
        standard_percent: f
            .integer("standardPercent")
            .filter(|percent| (0..=100).contains(percent)),
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
    /// Asked for in all, the extended part included.
    pub(crate) total: Option<MilliUnits>,
}

pub(super) fn part_3(f: &mut Fields<'_>) -> Result<BolusRequested3, Missing> {
    Ok(BolusRequested3 {
        bolus: bolus_id(f)?,
        food: f.units("foodBolusSize"),
        correction: f.units("correctionBolusSize"),
        total: f.units("totalBolusSize"),
    })
}
