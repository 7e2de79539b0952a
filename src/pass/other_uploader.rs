//! Notices another uploader at work on the same site: its documents stand beside ours for the same deliveries.

use super::Pass;
use super::reminders::Topic;
use crate::nightscout::document::Existing;
use crate::reconcile::doubles;
use crate::report::Report;

impl Pass<'_> {
    /// Takes down what stands on the site twice.
    pub(super) fn note_doubles(&self, existing: &[Existing], report: &mut Report) {
        for double in doubles::find(existing, |_| None) {
            report.doubles.add(&double);
        }
    }

    /// Warns of what stands on the site twice; a quiet run does so once a day.
    pub(super) fn warn_of_doubles(&self, report: &mut Report) {
        match report.doubles.warning(self.config.zone) {
            Some(warning) => self.remind(Topic::Doubles, warning, report),
            None => self.forget(Topic::Doubles),
        }
    }
}
