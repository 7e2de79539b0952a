//! Removes duplicates: of two documents with the same identifier of ours, the younger is deleted.

use anyhow::Result;

use super::Pass;
use super::site_side::Twins;
use crate::failure::{self, ExitStatus};
use crate::nightscout::{Removed, Site};
use crate::report::{Report, counted};

impl Pass<'_> {
    /// Removes the younger duplicates. If the site does not allow it, the run goes on: new documents must not wait for that.
    ///
    /// # Errors
    /// Only with 75, where the run should end.
    pub(super) fn heal(&self, site: &Site, twins: &Twins, report: &mut Report) -> Result<()> {
        if self.config.pretend {
            report.twins_removed += twins.len();
            return Ok(());
        }
        for (index, (collection, id)) in twins.iter().enumerate() {
            let left = twins.len() - index;
            let problem = match site.remove(*collection, id) {
                Ok(Removed::Yes) => {
                    report.twins_removed += 1;
                    continue;
                }
                Ok(Removed::NotAllowed) => format!(
                    "this NS_SECRET may not remove what is there a second time: on the site's Admin Tools page give the token's role api:{}:delete, \
                     and the next run does so",
                    collection.name()
                ),
                Err(error) if failure::status(&error) == ExitStatus::TryLater => return Err(error),
                Err(error) => format!(
                    "what is there a second time could not be removed: {}. The next run tries again",
                    failure::what(&error)
                ),
            };
            report.warn(format!(
                "{} on the site twice, because two runs wrote at the same moment, and {problem}",
                counted(left, "document is", "documents are")
            ));
            return Ok(());
        }
        Ok(())
    }
}
