//! Codes 13 and 14: the pump's clock was set.

use super::fields::{Fields, Missing};

/// The days since the pump's epoch that its clock can show: up to the end of 2199.
const CLOCK_DAYS: std::ops::Range<i64> = 0..70_127;

/// Code 13. Times in ms of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeChanged {
    /// What the clock showed.
    pub prior_ms: i64,
    /// What it was set to.
    pub after_ms: i64,
}

pub(super) fn time(f: &mut Fields<'_>) -> Result<TimeChanged, Missing> {
    f.not_used(&["rawRtcTime", "rawRtc"]);
    const MS_A_DAY: i64 = 86_400_000;
    let mut ms = |name| f.integer(name).filter(|ms| (0..=MS_A_DAY).contains(ms));
    let (prior, after) = (ms("timePrior"), ms("timeAfter"));
    Ok(TimeChanged {
        prior_ms: f.required("timePrior", prior)?,
        after_ms: f.required("timeAfter", after)?,
    })
}

/// Code 14. Dates in days since 2008-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateChanged {
    /// What the clock showed.
    pub prior_days: i64,
    /// What it was set to.
    pub after_days: i64,
}

pub(super) fn date(f: &mut Fields<'_>) -> Result<DateChanged, Missing> {
    f.not_used(&["rawRtcTime", "rawRtc"]);
    let mut days = |name| f.integer(name).filter(|days| CLOCK_DAYS.contains(days));
    let (prior, after) = (days("datePrior"), days("dateAfter"));
    Ok(DateChanged {
        prior_days: f.required("datePrior", prior)?,
        after_days: f.required("dateAfter", after)?,
    })
}
