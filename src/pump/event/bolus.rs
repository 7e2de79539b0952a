//! Boluses: what was asked for, and what was delivered.

use super::Bits;
use crate::pump::quantity::{MgDl, MilliUnits};

/// Pairs the events of one bolus (`bolusId`); the pump counts them up and starts again at some point.
pub type BolusId = i64;

/// What kind of bolus was asked for (`bolusType` of code 64).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BolusKind {
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
    pub bolus: BolusId,
    /// What kind.
    pub kind: Option<BolusKind>,
    /// Carbohydrates entered, in g; `None` for none.
    pub carbs: Option<f64>,
    /// Blood glucose used; `None` for none.
    pub bg: Option<MgDl>,
    /// Insulin on board then, in U.
    pub iob: Option<f64>,
}

/// How a bolus was asked for (`options` of code 65).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BolusOption {
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
    pub bolus: BolusId,
    /// How it was asked for.
    pub option: Option<BolusOption>,
    /// The share given at once, in percent.
    pub standard_percent: Option<i64>,
    /// How long the rest is spread over, in minutes; 0 for a bolus that is not extended.
    pub duration_minutes: i64,
    /// Whether the user changed the pump's proposal.
    pub user_override: bool,
    /// Whether the user declined the proposed correction.
    pub declined_correction: bool,
}

/// Code 66.
#[derive(Clone, Debug, PartialEq)]
pub struct BolusRequested3 {
    /// Which bolus.
    pub bolus: BolusId,
    /// For the carbs.
    pub food: Option<MilliUnits>,
    /// For the glucose.
    pub correction: Option<MilliUnits>,
    /// Asked for in all, the extended part included.
    pub total: Option<MilliUnits>,
}

/// Codes 55 and 59.
#[derive(Clone, Debug, PartialEq)]
pub struct BolusActivated {
    /// Which bolus.
    pub bolus: BolusId,
    /// Insulin on board then, in U.
    pub iob: Option<f64>,
    /// The size of the part that begins.
    pub size: Option<MilliUnits>,
}

/// Where a bolus was asked for (`bolusSource` of code 280).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BolusSource {
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
    pub bolus: BolusId,
    /// `Some(true)` when it ended, `Some(false)` when it started.
    pub completed: Option<bool>,
    /// Bits 0 now, 1 later, 2 override, 3 correction, 4 carb, 5 eating soon.
    pub parts: Bits,
    /// Where it was asked for.
    pub source: Option<BolusSource>,
    /// The part asked for at once.
    pub requested_now: Option<MilliUnits>,
    /// The part asked for over time.
    pub requested_later: Option<MilliUnits>,
    /// Delivered so far.
    pub delivered_total: Option<MilliUnits>,
    /// How long the later part is spread over, in minutes.
    pub extended_duration_minutes: Option<i64>,
}

/// How a delivery or a fill ended (`completionStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// The user stopped it.
    UserAborted,
    /// An alarm stopped it.
    Alarm,
    /// The pump failed.
    Malfunction,
    /// It was completed.
    Completed,
    /// It was rejected.
    Rejected,
    /// The low-glucose suspend stopped it.
    LowGlucoseSuspend,
}

/// Codes 20 and 21.
#[derive(Clone, Debug, PartialEq)]
pub struct BolusCompleted {
    /// Which bolus.
    pub bolus: BolusId,
    /// What went in.
    pub delivered: MilliUnits,
    /// What was asked for.
    pub requested: Option<MilliUnits>,
    /// Insulin on board then, in U.
    pub iob: Option<f64>,
    /// How it ended.
    pub completion: Option<Completion>,
}
