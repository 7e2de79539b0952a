//! What speaks against the owner's time zone: told of a site that is kept up to date, and reason enough not to begin one.

use anyhow::Result;

use super::Pass;
use super::reminders::Topic;
use crate::failure::{ExitStatus, Failure};
use crate::pump::clock::{Reason, Verdict, offset_name};
use crate::report::Report;
use crate::tandem::Pump;

impl Pass<'_> {
    /// Warns of what speaks against the judgement of a pump's clock.
    ///
    /// # Errors
    /// With 78 where another zone would fit better and the site holds nothing of the pumps yet: everything would come out
    /// hours off, and nothing that is there tells otherwise.
    pub(super) fn tell_verdict(
        &self,
        pump: &Pump,
        verdict: &Verdict,
        first_run: bool,
        report: &mut Report,
    ) -> Result<()> {
        log::debug!("pump {}: clock judged as {verdict:?}", pump.serial);
        report.clock_witnessed |= verdict.reason == Reason::Witnessed;
        let Some(doubt) = verdict.doubt() else {
            return Ok(());
        };
        report.zone_doubted = true;
        let zone = self.config.zone.name();
        let what = format!("pump {}: {doubt}", pump.serial);
        let may_begin = !first_run || self.config.pretend || self.config.trusts_zone;
        let (newest, uploaded) = (pump.plausible_newest(), pump.last_upload);
        if !may_begin && verdict.forbids_a_first_run(self.config.zone, newest, uploaded) {
            return Err(self.does_not_begin(what, verdict).into());
        }
        let advice = Verdict::ADVICE;
        let until_then = verdict
            .instead_of_the_zones()
            .map_or_else(String::new, |offset| {
                format!(". Until then its times go by {}", offset_name(offset))
            });
        self.remind(
            Topic::Zone,
            format!("{what}. {advice} (it is {zone} now){until_then}"),
            report,
        );
        Ok(())
    }

    fn does_not_begin(&self, what: String, verdict: &Verdict) -> Failure {
        Failure::new(
            ExitStatus::Configuration,
            format!("{what}. The site holds nothing of the pump yet, so nothing was written"),
            format!(
                "{}. Set TIMEZONE_NAME to the zone of the pump's clock; if it is right, set \
                 TCONNECTSYNC_HEROKU_TRUST_TIMEZONE=true, or wait for the next upload",
                verdict.screen(self.config.zone, self.now)
            ),
        )
    }
}
