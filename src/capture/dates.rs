//! Dates moved by whole days, so that a capture does not tell when it was made.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};

use crate::failure::Failure;
use crate::pump::clock::FIRST_YEARS;
use crate::pump::quantity::pump_epoch;
use crate::random;

/// A number of days by which every date moves.
///
/// A pump that lost its clock starts in 2008, and the clock is judged by that. So dates in those first years stay as they are, and
/// so do dates that stand for "never".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shift(pub i64);

/// Dates that programs write where they mean "ever" or "never".
const NO_DAYS: [&str; 3] = ["0001-01-01", "1970-01-01", "2000-01-01"];

/// How many seconds lie between 1970 and the pump's epoch.
fn epoch_seconds() -> i64 {
    pump_epoch().and_time(NaiveTime::MIN).and_utc().timestamp()
}

impl Shift {
    /// A random number of days, three to forty years ahead.
    pub(super) fn random() -> Result<Shift, Failure> {
        let number = u32::from_le_bytes(random::bytes()?);
        Ok(Shift(1100 + i64::from(number % 13_600)))
    }

    pub(super) fn date(self, date: NaiveDate) -> NaiveDate {
        let first_years = pump_epoch()..pump_epoch() + FIRST_YEARS;
        if first_years.contains(&date) || NO_DAYS.contains(&date.to_string().as_str()) {
            return date;
        }
        date.checked_add_signed(Duration::days(self.0))
            .unwrap_or(date)
    }

    pub(super) fn instant(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let moved = self.date(at.date_naive()) - at.date_naive();
        at + moved
    }

    /// A time as text, in any form that services use; `None` if the text is no time.
    pub(super) fn text(self, text: &str) -> Option<String> {
        let (date, rest) = text.split_at_checked(10)?;
        let is_time = |c: char| c.is_ascii_digit() || "TZtz:.+- ".contains(c);
        if rest.len() > 22 || !rest.chars().all(is_time) {
            return None;
        }
        let digits = date.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok();
        let moved = self.date(date.filter(|_| digits)?);
        Some(format!("{}{rest}", moved.format("%Y-%m-%d")))
    }

    /// Seconds since 1970.
    pub(super) fn seconds(self, seconds: i64) -> i64 {
        match DateTime::from_timestamp(seconds, 0) {
            Some(at) => self.instant(at).timestamp(),
            None => seconds,
        }
    }

    /// Milliseconds since 1970.
    pub(super) fn millis(self, millis: i64) -> i64 {
        let seconds = millis.div_euclid(1000);
        let moved = self.seconds(seconds).saturating_sub(seconds);
        millis.saturating_add(moved.saturating_mul(1000))
    }

    /// Seconds since the pump's epoch.
    pub(super) fn pump_seconds(self, seconds: i64) -> i64 {
        match seconds.checked_add(epoch_seconds()) {
            Some(sum) => self.seconds(sum) - epoch_seconds(),
            None => seconds,
        }
    }

    /// Days since the pump's epoch.
    pub(super) fn pump_days(self, days: i64) -> i64 {
        match days.checked_mul(86_400) {
            Some(seconds) => self.pump_seconds(seconds) / 86_400,
            None => days,
        }
    }

    /// The dates within a text, `2026-11-20 13:00`, moved.
    pub(super) fn within(self, text: &str) -> String {
        let mut moved = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let date = rest.get(..10).and_then(|date| self.text(date));
            let (taken, written) = match date {
                Some(date) => (10, date),
                None => (first.len_utf8(), first.to_string()),
            };
            moved.push_str(&written);
            rest = &rest[taken..];
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_moves_in_every_form_and_keeps_it() {
        let shift = Shift(1000);
        let cases = [
            ("2026-11-20T13:00:00.000Z", "2029-08-16T13:00:00.000Z"),
            (
                "2026-11-20T08:00:00.250-05:00",
                "2029-08-16T08:00:00.250-05:00",
            ),
            ("2026-11-20 08:20:00 -0500", "2029-08-16 08:20:00 -0500"),
            ("2026-11-20T13:00:00", "2029-08-16T13:00:00"),
            ("2026-11-20", "2029-08-16"),
            ("1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"),
            ("2008-01-01T00:10:00", "2008-01-01T00:10:00"),
            ("1984-03-17", "1986-12-12"),
        ];
        for (text, moved) in cases {
            assert_eq!(shift.text(text).as_deref(), Some(moved), "{text}");
        }
        for text in [
            "",
            "Maria",
            "2026-11-20 Maria",
            "20261120T1300",
            "202x-11-20",
        ] {
            assert_eq!(shift.text(text), None, "{text}");
        }
        assert_eq!(
            shift.within("Dexcom G6 session, expires 2026-11-20 13:00"),
            "Dexcom G6 session, expires 2029-08-16 13:00"
        );
    }

    #[test]
    fn numbers_move_as_the_times_that_they_stand_for() {
        let shift = Shift(1000);
        let at = "2026-11-20T13:00:00Z".parse().unwrap();
        let moved = shift.instant(at);
        assert_eq!(moved, at + Duration::days(1000));
        assert_eq!(
            shift.millis(at.timestamp_millis()),
            moved.timestamp_millis()
        );
        let pump = |at: DateTime<Utc>| at.timestamp() - epoch_seconds();
        assert_eq!(shift.pump_seconds(pump(at)), pump(moved));
        assert_eq!(shift.pump_days(6898), 7898);
        assert_eq!((shift.pump_days(0), shift.pump_seconds(600)), (0, 600));
        assert_eq!(shift.millis(i64::MAX), i64::MAX);
    }
}
