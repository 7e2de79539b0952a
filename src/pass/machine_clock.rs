//! What a clock of this machine that is wrong must not do: hide a treatment's age from Nightscout.

use chrono::Duration;

use super::reminders::Topic;
use super::{Pass, upload};
use crate::nightscout::SiteStatus;
use crate::report::{Report, span_in_words};
use crate::window::CLOCKS_DIFFER_BY;

/// A site whose clock is slower than this is not waited for.
const MOST_SLOW: Duration = Duration::hours(1);

impl Pass<'_> {
    /// The same pass, which goes by the site's clock where that is the slower one: by it the site tells how old a treatment is.
    pub(super) fn by_the_clock_of(&self, status: &SiteStatus) -> Self {
        let site_now = status.server_time.unwrap_or(self.now);
        let slower = site_now.clamp(self.now - MOST_SLOW, self.now);
        Pass {
            written_until: upload::written_until(slower),
            ..*self
        }
    }

    /// Warns of clocks that differ.
    pub(super) fn warn_of_clocks(&self, status: &SiteStatus, report: &mut Report) {
        let by = status.server_time.map(|site_now| site_now - self.now);
        match by.filter(|by| by.abs() > CLOCKS_DIFFER_BY) {
            Some(by) => {
                let by = span_in_words(by.abs());
                let warning = format!(
                    "this machine's clock and Nightscout's differ by {by}. Correct the one that is wrong"
                );
                self.remind(Topic::Clocks, warning, report);
            }
            None => self.forget(Topic::Clocks),
        }
    }
}
