//! What a quiet run (`-q`) says of a failure: of one that passes by itself only once it has lasted, and then once a day.
//!
//! Cron mails whatever a run says. A service that is down for an hour mends itself, and the next run catches up.

use chrono::{DateTime, Duration, Utc};

use crate::config::{Config, PumpSerial, Span, Verbosity};
use crate::failure::ExitStatus;
use crate::state::Reminders;

/// What is remembered of failures that pass by themselves.
const PASSING: &str = "failing";

/// What is remembered of a pump whose data is stale, which the owner asked to be told of.
const STALE: &str = "stale";

/// Whether a run that ended so says why. Remembers how it ended; where that cannot be, every failure is told.
///
/// `stale` for a run that failed only because the pump's data is old.
pub fn tells(config: &Config, status: ExitStatus, stale: bool, now: DateTime<Utc>) -> bool {
    let reminders = Reminders::new(config, now);
    let (passing, old) = (of_this_job(PASSING, config), of_this_job(STALE, config));
    if !matches!(status, ExitStatus::Unavailable | ExitStatus::TryLater) || stale {
        // Both services have answered.
        reminders.forget_since(&passing);
    }
    if config.verbosity != Verbosity::Quiet {
        return true;
    }
    match status {
        ExitStatus::TryLater if stale => reminders.is_due(&old),
        ExitStatus::Unavailable | ExitStatus::TryLater => {
            let limit = Duration::from_std(config.quiet_for).unwrap_or(Duration::MAX);
            limit.is_zero() || (reminders.has_lasted(&passing, limit) && reminders.is_due(&passing))
        }
        _ => {
            reminders.forget(&old);
            true
        }
    }
}

/// A topic of this line in the crontab: another line that copies something else for the same account may go well meanwhile.
fn of_this_job(topic: &str, config: &Config) -> String {
    let span = match config.span {
        Span::Recent { days } => days.to_string(),
        // The dates may be others with each run.
        Span::Dates { .. } => "dates".to_owned(),
    };
    let serial = config.tandem.pump_serial.as_ref();
    let pump = serial.map_or("all".to_owned(), PumpSerial::to_string);
    format!("{topic} {} {span} {pump}", config.features)
}
