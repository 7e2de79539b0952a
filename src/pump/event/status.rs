//! The pump's clock, its daily reports and its status snapshots.

use crate::pump::quantity::{MilliUnits, MilliUnitsPerHour};

/// Codes 90 and 313.
#[derive(Clone, Debug, PartialEq)]
pub struct DailyRate {
    /// The basal rate then.
    pub commanded: Option<MilliUnitsPerHour>,
}

/// Code 13. Times in ms of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeChanged {
    /// What the clock showed.
    pub prior_ms: i64,
    /// What it was set to.
    pub after_ms: i64,
}

/// Code 14. Dates in days since 2008-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateChanged {
    /// What the clock showed.
    pub prior_days: i64,
    /// What it was set to.
    pub after_days: i64,
}

/// Code 81.
#[derive(Clone, Debug, PartialEq)]
pub struct DailyBasal {
    /// Basal insulin of the day.
    pub total: Option<MilliUnits>,
    /// The last rate.
    pub last_rate: Option<MilliUnitsPerHour>,
    /// Insulin on board, in U.
    pub iob: Option<f64>,
    /// Battery charge in percent.
    pub battery_percent: Option<i64>,
    /// Battery voltage in mV.
    pub battery_millivolts: Option<i64>,
}

/// Codes 9, 34 and 35.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusSnapshot {
    /// What is left in the cartridge.
    pub reservoir: Option<MilliUnits>,
    /// Battery charge in percent.
    pub battery_percent: Option<i64>,
    /// Insulin on board, in U.
    pub iob: Option<f64>,
}
