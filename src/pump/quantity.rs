//! The pump's quantities, each with its own type: insulin, rates, glucose, and readings of the pump's clock.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime};
use serde::{Serialize, Serializer};

/// An amount of insulin in thousandths of a unit (mU), the smallest step in which the pump reports doses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct MilliUnits(#[serde(serialize_with = "thousandths")] i64);

impl MilliUnits {
    /// No insulin.
    pub(crate) const ZERO: MilliUnits = MilliUnits(0);

    /// More than any pump's reservoir holds, in mU.
    pub(crate) const MOST: i64 = 1_000_000;

    /// An amount given in mU.
    pub(crate) const fn new(milliunits: i64) -> Self {
        MilliUnits(milliunits)
    }

    /// An amount given in U, as a single-precision number of the pump (0.43299999 is 433 mU). `None` if it is not finite, or
    /// more than any pump's reservoir holds.
    pub(crate) fn from_units(units: f64) -> Option<Self> {
        let milliunits = (units * 1000.0).round();
        (milliunits.abs() <= MilliUnits::MOST as f64).then_some(MilliUnits(milliunits as i64))
    }

    /// The amount in mU.
    pub(crate) const fn milliunits(self) -> i64 {
        self.0
    }

    /// The amount in U: the double nearest to the three decimals, which prints exactly like them.
    pub(crate) fn units(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl Add for MilliUnits {
    type Output = MilliUnits;

    fn add(self, other: MilliUnits) -> MilliUnits {
        MilliUnits(self.0 + other.0)
    }
}

impl Sub for MilliUnits {
    type Output = MilliUnits;

    fn sub(self, other: MilliUnits) -> MilliUnits {
        MilliUnits(self.0 - other.0)
    }
}

impl Sum for MilliUnits {
    fn sum<I: Iterator<Item = MilliUnits>>(amounts: I) -> MilliUnits {
        amounts.fold(MilliUnits::ZERO, Add::add)
    }
}

impl fmt::Display for MilliUnits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} U", self.units())
    }
}

/// A basal rate in thousandths of a unit an hour (mU/h).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub(crate) struct MilliUnitsPerHour(#[serde(serialize_with = "thousandths")] i64);

impl MilliUnitsPerHour {
    /// No delivery.
    pub(crate) const ZERO: MilliUnitsPerHour = MilliUnitsPerHour(0);

    /// A rate given in mU/h.
    pub(crate) const fn new(milliunits_per_hour: i64) -> Self {
        MilliUnitsPerHour(milliunits_per_hour)
    }

    /// The rate in mU/h.
    pub(crate) const fn milliunits_per_hour(self) -> i64 {
        self.0
    }

    /// The rate in U/h: the double nearest to the three decimals, which prints exactly like them.
    pub(crate) fn units_per_hour(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

/// A glucose concentration in mg/dL, the unit of all numbers from Tandem, whatever the pump displays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct MgDl(pub u16);

fn thousandths<S: Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    whole_or_decimal(*number as f64 / 1000.0, serializer)
}

/// Writes a number without a decimal point if it has no fraction: 3 U stays `3`.
pub(crate) fn whole_or_decimal<S: Serializer>(
    number: f64,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        serializer.serialize_i64(number as i64)
    } else {
        serializer.serialize_f64(number)
    }
}

/// Rounds a number to this many decimals.
pub(crate) fn rounded(number: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (number * scale).round() / scale
}

/// A number as JSON, without a decimal point if it has no fraction.
pub(crate) fn decimal(number: f64) -> serde_json::Value {
    whole_or_decimal(number, serde_json::value::Serializer).unwrap_or_default()
}

/// A reading of the pump's clock: a wall-clock time without zone. Only [`super::clock`] turns it into an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PumpTime(NaiveDateTime);

impl PumpTime {
    /// A reading of the pump's clock.
    pub const fn new(reading: NaiveDateTime) -> Self {
        PumpTime(reading)
    }

    /// A reading, if a pump's clock, which begins in 2008, can show it.
    pub(crate) fn possible(reading: NaiveDateTime) -> Option<Self> {
        (2007..=2199)
            .contains(&reading.year())
            .then_some(PumpTime(reading))
    }

    /// A reading counted in seconds since the pump's epoch, 2008-01-01 00:00 on its own clock (`egvTimeStamp`).
    pub(crate) fn from_pump_seconds(seconds: i64) -> Option<Self> {
        let epoch = pump_epoch().and_hms_opt(0, 0, 0)?;
        epoch
            .checked_add_signed(Duration::try_seconds(seconds)?)
            .and_then(PumpTime::possible)
    }

    /// The date and time shown.
    pub const fn reading(self) -> NaiveDateTime {
        self.0
    }
}

/// The first day of the pump's clock. A pump that lost its time starts here.
pub fn pump_epoch() -> NaiveDate {
    NaiveDate::from_ymd_opt(2008, 1, 1).unwrap_or(NaiveDate::MIN)
}
