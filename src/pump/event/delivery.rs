//! Basal delivery, suspensions and fills.

use super::Bits;
use super::bolus::Completion;
use crate::pump::quantity::{MilliUnits, MilliUnitsPerHour};

/// Who or what set a basal rate (`commandedRateSource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateSource {
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
    pub commanded: MilliUnitsPerHour,
    /// What the profile asks for.
    pub profile: Option<MilliUnitsPerHour>,
    /// What Control-IQ asks for.
    pub algorithm: Option<MilliUnitsPerHour>,
    /// What a temp rate asks for.
    pub temp: Option<MilliUnitsPerHour>,
    /// Which of them is followed.
    pub source: Option<RateSource>,
}

/// Code 3. Rates are U/h on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct BasalRateChange {
    /// The rate from now on.
    pub commanded: Option<MilliUnitsPerHour>,
    /// The profile's rate.
    pub base: Option<MilliUnitsPerHour>,
    /// The user's limit.
    pub max: Option<MilliUnitsPerHour>,
    /// Why it changed: bits 0 timed segment, 1 new profile, 2 temp start, 3 temp end, 4 suspended, 5 resumed, 6 shut
    /// down, 7 basal limit.
    pub change: Bits,
}

/// Why delivery stopped (`suspendReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuspendReason {
    /// The user stopped it.
    User,
    /// An alarm.
    Alarm,
    /// The pump failed.
    Malfunction,
    /// The low-glucose suspend.
    LowGlucoseSuspend,
}

/// Code 11.
#[derive(Clone, Debug, PartialEq)]
pub struct PumpingSuspended {
    /// What is left in the cartridge.
    pub reservoir: Option<MilliUnits>,
    /// Why.
    pub reason: Option<SuspendReason>,
}

/// Code 12.
#[derive(Clone, Debug, PartialEq)]
pub struct PumpingResumed {
    /// What is left in the cartridge.
    pub reservoir: Option<MilliUnits>,
}

/// Code 33.
#[derive(Clone, Debug, PartialEq)]
pub struct CartridgeFilled {
    /// What was filled in.
    pub volume: Option<MilliUnits>,
}

/// Codes 61 and 63.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    /// How much was primed; `None` where the pump did not record it (-1).
    pub prime: Option<MilliUnits>,
    /// How it ended.
    pub completion: Option<Completion>,
}
