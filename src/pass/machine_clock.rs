//! What a clock of this machine that is wrong must not do: hide a treatment's age from Nightscout, or make the pump's zone look
//! wrong.

use chrono::{DateTime, Duration, Utc};

use super::Pass;
use super::reminders::Topic;
use crate::nightscout::SiteStatus;
use crate::report::{Report, span_in_words};
use crate::tandem::Pump;
use crate::window::CLOCKS_DIFFER_BY;

/// A site whose clock is slower than this is not waited for.
const MOST_SLOW: Duration = Duration::hours(1);

/// What to do about it.
pub(super) const ADVICE: &str = "Correct the one that is wrong";

impl Pass<'_> {
    /// The same pass, which goes by the site's clock where that is the slower one: by it the site tells how old a treatment is.
    pub(super) fn by_the_clock_of(&self, status: &SiteStatus) -> Self {
        let site_now = status.server_time.unwrap_or(self.now);
        Pass {
            site_now: site_now.clamp(self.now - MOST_SLOW, self.now),
            clocks_differ: Some(site_now - self.now).filter(|by| by.abs() > CLOCKS_DIFFER_BY),
            ..*self
        }
    }

    /// Warns of clocks that differ.
    pub(super) fn warn_of_clocks(&self, report: &mut Report) {
        match self.clocks_differ {
            Some(by) => self.remind(Topic::Clocks, format!("{}. {ADVICE}", differ(by)), report),
            None => self.forget(Topic::Clocks),
        }
    }

    /// Why this machine's clock cannot tell whether a pump's is right; `None` where nothing speaks against it.
    pub(super) fn wrong_clock(&self, pump: &Pump) -> Option<String> {
        let behind = |upload: DateTime<Utc>| {
            let by = Some(upload - self.now).filter(|by| *by > CLOCKS_DIFFER_BY)?;
            let by = span_in_words(by);
            Some(format!(
                "this machine's clock and Tandem's differ by {by}: the pump's last upload lies ahead of now"
            ))
        };
        (self.clocks_differ.map(differ)).or_else(|| pump.last_upload.and_then(behind))
    }
}

fn differ(by: Duration) -> String {
    let by = span_in_words(by.abs());
    format!("this machine's clock and Nightscout's differ by {by}")
}
