//! Warnings that need a person: an ordinary run tells them each time, a quiet one once a day.

use super::Pass;
use crate::config::Verbosity;
use crate::report::{CHECK_THE_PHONE, Report, SUSPICIOUS_AGE};
use crate::state::Reminders;

/// What such a warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// What stands on the site twice.
    Doubles,
    /// A time zone that does not fit the pump's clock.
    Zone,
    /// A pump that is not heard of.
    Phone,
    /// A clock of this machine, or of the site, that is wrong.
    Clocks,
}

impl Topic {
    const fn name(self) -> &'static str {
        match self {
            Topic::Doubles => "doubles",
            Topic::Zone => "zone",
            Topic::Phone => "phone",
            Topic::Clocks => "clocks",
        }
    }
}

impl Pass<'_> {
    /// Tells a warning; a quiet run does so once a day.
    pub(super) fn remind(&self, topic: Topic, warning: String, report: &mut Report) {
        if report.warnings.contains(&warning) {
            return;
        }
        match self.config.verbosity {
            Verbosity::Quiet => {
                let due = Reminders::new(self.config, self.now).is_due(topic.name());
                report.remind(warning, due);
            }
            _ => report.warn(warning),
        }
    }

    /// The reason for a warning is gone: should it come back, it is told at once.
    pub(super) fn forget(&self, topic: Topic) {
        Reminders::new(self.config, self.now).forget(topic.name());
    }

    /// Warns of a pump that is not heard of. Other runs than quiet ones say so in their summary.
    pub(super) fn warn_of_silence(&self, report: &mut Report) {
        if self.config.verbosity != Verbosity::Quiet || !report.reaches_up_to_now() {
            return;
        }
        let Some(silence) = report.silence(SUSPICIOUS_AGE) else {
            return self.forget(Topic::Phone);
        };
        self.remind(
            Topic::Phone,
            format!("{silence}. {CHECK_THE_PHONE}"),
            report,
        );
    }
}
