//! Notices another uploader at work on the same site: its documents stand beside ours for the same deliveries.

use super::Pass;
use crate::config::Verbosity;
use crate::nightscout::document::Existing;
use crate::reconcile::doubles;
use crate::report::Report;
use crate::state::Reminders;

/// What the reminder of this warning is kept under.
const TOPIC: &str = "doubles";

impl Pass<'_> {
    /// Takes down what stands on the site twice.
    pub(super) fn note_doubles(&self, existing: &[Existing], report: &mut Report) {
        for double in doubles::find(existing, |_| None) {
            report.doubles.add(&double);
        }
    }

    /// Warns of what stands on the site twice; a quiet run does so once a day.
    pub(super) fn warn_of_doubles(&self, report: &mut Report) {
        let reminders = Reminders::new(self.config, self.now);
        let Some(warning) = report.doubles.warning(self.config.zone) else {
            reminders.forget(TOPIC);
            return;
        };
        match self.config.verbosity {
            Verbosity::Quiet => {
                let due = reminders.is_due(TOPIC);
                report.remind(warning, due);
            }
            _ => report.warn(warning),
        }
    }
}
