//! Codes 13 and 14: the pump's clock was set.

use super::fields::Fields;

const MS_A_DAY: i64 = 86_400_000;

/// The last day since the pump's epoch that its clock can show: the end of 2199.
const LAST_DAY: i64 = 70_126;

/// Code 13. Times in ms of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeChanged {
    /// What the clock showed.
    pub prior_ms: i64,
    /// What it was set to.
    pub after_ms: i64,
}

pub(super) fn time(f: &mut Fields) -> Option<TimeChanged> {
    f.not_used(&["rawRtcTime", "rawRtc"]);
    Some(TimeChanged {
        prior_ms: f.within("timePrior", 0..=MS_A_DAY)?,
        after_ms: f.within("timeAfter", 0..=MS_A_DAY)?,
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

pub(super) fn date(f: &mut Fields) -> Option<DateChanged> {
    f.not_used(&["rawRtcTime", "rawRtc"]);
    Some(DateChanged {
        prior_days: f.within("datePrior", 0..=LAST_DAY)?,
        after_days: f.within("dateAfter", 0..=LAST_DAY)?,
    })
}
