//! Codes 13 and 14: the pump's clock was set.

use super::fields::event;

const MS_A_DAY: i64 = 86_400_000;

/// The last day since the pump's epoch that its clock can show: the end of 2199.
const LAST_DAY: i64 = 70_126;

event! {
    /// Code 13. Times in ms of the day.
    #[derive(Copy, Eq)]
    pub struct TimeChanged, time(f), not used: ["rawRtcTime", "rawRtc"] {
        /// What the clock showed.
        pub prior_ms: i64 = f.within("timePrior", 0..=MS_A_DAY)?,
        /// What it was set to.
        pub after_ms: i64 = f.within("timeAfter", 0..=MS_A_DAY)?,
    }
}

event! {
    /// Code 14. Dates in days since 2008-01-01.
    #[derive(Copy, Eq)]
    pub struct DateChanged, date(f), not used: ["rawRtcTime", "rawRtc"] {
        /// What the clock showed.
        pub prior_days: i64 = f.within("datePrior", 0..=LAST_DAY)?,
        /// What it was set to.
        pub after_days: i64 = f.within("dateAfter", 0..=LAST_DAY)?,
    }
}
