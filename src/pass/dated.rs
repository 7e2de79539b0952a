//! How a run would judge the pumps' clocks now, and whether it would be the first: what `--check-login` tells of them.

use std::collections::HashSet;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::Pass;
use super::on_site::OnSite;
use super::pump_side::PumpSide;
use crate::config::{Config, Span};
use crate::http::RunLimits;
use crate::nightscout::Site;
use crate::pump::dating::Dated;
use crate::tandem::{Pump, Session};
use crate::window::{self, Page};

/// Dates the pumps' events page by page, by the same logs, documents and entries as a run at this moment, and gives those of
/// each pump to `tell`. Writes nothing. Gives the session back, and the failure when the site cannot be asked; what fails of
/// one pump goes to `tell`.
pub(crate) fn as_a_run_would<'a>(
    (config, now): (&Config, DateTime<Utc>),
    limits: &RunLimits,
    site: &Site,
    session: Session,
    pumps: &[&'a Pump],
    tell: impl FnMut(&'a Pump, &Page, Result<Dated>),
) -> (Session, Result<()>) {
    let pass = Pass::new(config, now, limits);
    let mut pump_side = PumpSide::new(&pass, session, pumps.to_vec());
    let dated = pass.date_all(site, pumps, &mut pump_side, tell);
    (pump_side.into_session(), dated)
}

/// Whether a run at this moment would find nothing of the pumps on the site. Asks as a run does.
///
/// # Errors
/// When the site cannot be asked.
pub(crate) fn is_a_first_run(
    (config, now): (&Config, DateTime<Utc>),
    limits: &RunLimits,
    site: &Site,
) -> Result<bool> {
    let pass = Pass::new(config, now, limits);
    pass.would_be_a_first_run(site)
}

impl Pass<'_> {
    fn date_all<'s, 'p: 's>(
        &self,
        site: &Site,
        pumps: &[&'p Pump],
        pump_side: &mut PumpSide<'s>,
        mut tell: impl FnMut(&'p Pump, &Page, Result<Dated>),
    ) -> Result<()> {
        let days = match self.config.span {
            Span::Recent { days } => days,
            Span::Dates { .. } => 1,
        };
        let (window, existing) = self.recent_and_there_already(site, days)?;
        let mut existing = Some(existing);
        for page in window::pages(self.config.zone, window) {
            let there = match existing.take() {
                Some(there) => there,
                None => self.existing(site, page.window)?,
            };
            let on_site = OnSite::new(site, &there, &HashSet::new(), self.config.zone);
            for pump in pumps {
                let dated = pump_side.fetch_and_date(pump, &page, &on_site);
                tell(pump, &page, dated);
            }
        }
        Ok(())
    }
}
