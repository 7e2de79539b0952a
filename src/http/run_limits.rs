//! How long a run waits: its deadline, the signal that ends it early, and the pauses between tries.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};

use super::line::Line;
use crate::failure::{ExitStatus, Failure};
use crate::random;

/// The moment at which a run ends whatever it is doing. Measured by the monotonic clock, so that setting the machine's
/// clock does not move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// A run without a limit: a backfill.
    pub const NONE: Deadline = Deadline(None);

    /// A run that began now and may last this long; without a limit, as [`Deadline::NONE`].
    pub fn after(limit: impl Into<Option<Duration>>) -> Deadline {
        // A limit beyond what the clock can count is none.
        Deadline(
            limit
                .into()
                .and_then(|limit| Instant::now().checked_add(limit)),
        )
    }

    /// What is left of the run: zero once the deadline is reached, `None` without one.
    pub(crate) fn remaining(self) -> Option<Duration> {
        self.0
            .map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether the deadline is reached.
    pub(crate) fn reached(self) -> bool {
        self.remaining() == Some(Duration::ZERO)
    }
}

/// Asks a run to end at its next pause: what a signal handler sets. Clones share one flag.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// A flag that is not set.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Asks the run to end. Safe in a signal handler.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to end.
    pub(crate) fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself, for a signal library that sets one.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

/// How often a call is tried and how long the pauses are, within the run's deadline. One per run; clones share the stop
/// flag.
#[derive(Clone, Debug)]
pub struct RunLimits {
    deadline: Deadline,
    stop: Stop,
    skipped: Option<Arc<Mutex<Vec<Duration>>>>,
    line: Option<Arc<dyn Line>>,
}

/// What becomes of the rest. A backfill is not continued by the scheduled runs, which look at the last days only.
pub(crate) const CONTINUES: &str =
    "The next run with the same options continues where this one ended";

/// Tries of one call, the first included.
pub(super) const TRIES: u32 = 3;

/// The usual pause before the second try; the next is twice as long.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// The longest pause that a service may ask for in a run without a deadline.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// How often a wait checks whether the run should end.
pub(super) const SLICE: Duration = Duration::from_millis(100);

impl RunLimits {
    /// The limits of a run that ends at the deadline, or when `stop` is requested.
    pub fn new(deadline: Deadline, stop: Stop) -> RunLimits {
        RunLimits {
            deadline,
            stop,
            skipped: None,
            line: None,
        }
    }

    /// The same without any waiting, for tests: pauses are only written down, see [`RunLimits::skipped_pauses`].
    pub fn without_pauses(deadline: Deadline, stop: Stop) -> RunLimits {
        RunLimits {
            skipped: Some(Arc::default()),
            ..RunLimits::new(deadline, stop)
        }
    }

    /// The same for a run whose calls go by way of somebody who listens to them, or answers them.
    pub(crate) fn by_way_of(self, line: Arc<dyn Line>) -> RunLimits {
        RunLimits {
            line: Some(line),
            ..self
        }
    }

    /// Who listens to the run's calls.
    pub(super) fn line(&self) -> Option<&Arc<dyn Line>> {
        self.line.as_ref()
    }

    /// The pauses that [`RunLimits::without_pauses`] left out so far, those of its clones too.
    pub fn skipped_pauses(&self) -> Vec<Duration> {
        match &self.skipped {
            Some(skipped) => skipped
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            None => Vec::new(),
        }
    }

    /// The run's deadline.
    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// The run's stop flag.
    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// An error once the run should end: the deadline is reached, or it was asked to stop.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(!self.stop.requested(), stopped());
        ensure!(!self.deadline.reached(), out_of_time());
        Ok(())
    }

    /// Watches whether the run ends when it should.
    pub fn watch(&self) -> Watch {
        Watch {
            limits: self.clone(),
            stopping_since: None,
        }
    }

    /// Whether a pause ends before the deadline, or without one is no longer than a run should sit through.
    pub(super) fn has_time_for(&self, pause: Duration) -> bool {
        pause < self.deadline.remaining().unwrap_or(LONGEST_PAUSE)
    }

    /// Waits before another try, in slices so that a stop is noticed. An error, at once, when the run has no time for it.
    pub(super) fn pause(&self, pause: Duration) -> Result<()> {
        self.check()?;
        ensure!(self.has_time_for(pause), out_of_time());
        if let Some(skipped) = &self.skipped {
            skipped
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(pause);
            return Ok(());
        }
        let end = Instant::now() + pause;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(SLICE));
            self.check()?;
        }
    }
}

/// Watches from outside whether a run ends when it should. Whatever it waits for, it notices by itself; this is for what it
/// may compute.
#[derive(Debug)]
pub struct Watch {
    limits: RunLimits,
    stopping_since: Option<Instant>,
}

/// How long after a stop, or after its deadline, a run may take to get to its end.
const OVERDUE: Duration = Duration::from_millis(1300);

impl Watch {
    /// The failure to end the run with, once it should have ended a while ago.
    pub fn overdue(&mut self) -> Option<anyhow::Error> {
        let RunLimits { stop, deadline, .. } = &self.limits;
        let since = &mut self.stopping_since;
        if !stop.requested() && !deadline.reached() {
            return None;
        }
        let overdue = since.get_or_insert_with(Instant::now).elapsed() >= OVERDUE;
        let failure = match stop.requested() {
            true => stopped(),
            false => out_of_time(),
        };
        overdue.then(|| anyhow::Error::new(failure).context("no summary in time"))
    }
}

fn stopped() -> Failure {
    Failure::new(ExitStatus::TryLater, "the run was asked to stop", CONTINUES)
}

fn out_of_time() -> Failure {
    Failure::new(
        ExitStatus::TryLater,
        "the run's time is used up",
        format!(
            "{CONTINUES}. If every run ends like this, raise TCONNECTSYNC_HEROKU_DEADLINE_SECS or run less often"
        ),
    )
}

/// The pause before the try that follows `tries` failed ones: doubling from `base`, a quarter more or less so that many
/// clients of a recovering service do not return together.
pub(super) fn backoff(base: Duration, tries: u32) -> Duration {
    // Without randomness the pause is merely regular.
    let [byte] = random::bytes().unwrap_or_default();
    let jitter = 0.75 + f64::from(byte) / 510.0;
    (base * 2u32.saturating_pow(tries.saturating_sub(1).min(8))).mul_f64(jitter)
}

/// A `Retry-After` header: seconds, or an HTTP date seen from `now` (RFC 9110, 10.2.3).
pub(super) fn retry_after(header: &str, now: DateTime<Utc>) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(header).ok()?;
    Some((at.to_utc() - now).to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure;

    #[test]
    fn a_pause_doubles_and_stays_near_its_base() {
        for (tries, low, high) in [(1, 375, 625), (2, 750, 1250), (3, 1500, 2500)] {
            let pause = backoff(PAUSE, tries).as_millis();
            assert!((low..=high).contains(&pause), "try {tries}: {pause} ms");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = "2026-11-06T08:49:30Z".parse().unwrap();
        let cases = [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Fri, 06 Nov 2026 08:49:37 GMT", Some(7)),
            ("Fri, 06 Nov 2026 08:49:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ];
        for (header, seconds) in cases {
            assert_eq!(
                retry_after(header, now),
                seconds.map(Duration::from_secs),
                "{header}"
            );
        }
    }

    #[test]
    fn a_pause_past_the_deadline_ends_the_run_at_once() {
        let limits =
            RunLimits::without_pauses(Deadline::after(Duration::from_secs(60)), Stop::new());
        let error = limits.pause(Duration::from_secs(61)).unwrap_err();
        assert_eq!(failure::status(&error), ExitStatus::TryLater);
        assert!(limits.pause(Duration::from_secs(59)).is_ok());
        assert_eq!(limits.skipped_pauses(), [Duration::from_secs(59)]);
    }

    #[test]
    fn a_run_without_a_deadline_does_not_sleep_for_hours() {
        let limits = RunLimits::without_pauses(Deadline::NONE, Stop::new());
        let hour = limits.pause(Duration::from_secs(3600));
        assert_eq!(failure::status(&hour.unwrap_err()), ExitStatus::TryLater);
    }

    #[test]
    fn a_requested_stop_ends_the_run_at_the_next_pause() {
        let stop = Stop::new();
        let limits = RunLimits::new(Deadline::NONE, stop.clone());
        stop.request();
        let minute = limits.pause(Duration::from_secs(60));
        assert_eq!(failure::status(&minute.unwrap_err()), ExitStatus::TryLater);
    }
}
