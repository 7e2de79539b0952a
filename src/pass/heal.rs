//! Makes twins one again: of two documents with one identity of ours, the younger goes.

use anyhow::Result;

use super::Pass;
use super::site_side::Twins;
use crate::failure::{self, ExitStatus};
use crate::nightscout::{Removed, Site};
use crate::report::Report;

impl Pass<'_> {
    /// Removes the younger twins. Where the site does not let it, the run goes on: what stands there twice is no reason to
    /// leave out what is new.
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
            match site.remove(*collection, id) {
                Ok(Removed::Yes) => report.twins_removed += 1,
                Ok(Removed::NotAllowed) => {
                    let name = collection.name();
                    report.warn(format!(
                        "{left} documents stand on the site twice, because two runs wrote them at the same moment, and this NS_SECRET \
                         may not remove the second ones: on the site's Admin Tools page give the token's role \
                         api:{name}:delete, and the next run does so"
                    ));
                    return Ok(());
                }
                Err(error) if failure::status(&error) == ExitStatus::TryLater => return Err(error),
                Err(error) => {
                    report.warn(format!(
                        "{left} documents stand on the site twice, because two runs wrote them at the same moment, and the second \
                         ones could not be removed: {}. The next run tries again",
                        failure::what(&error)
                    ));
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
