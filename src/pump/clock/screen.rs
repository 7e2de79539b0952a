//! What a person can compare with the pump's screen, and when a judgement is too doubtful to begin a site with.

use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use chrono_tz::Tz;

use super::judgement::{Rule, Verdict};
use super::thresholds::TOLERANCE;
use super::zone::offset_name;
use crate::pump::quantity::PumpTime;

impl Verdict {
    /// What the pump's clock shows at an instant, by this judgement; where it leaves the zone, what it shows if the zone is
    /// right after all.
    pub(crate) fn shows(&self, zone: Tz, at: DateTime<Utc>) -> NaiveDateTime {
        match self.rule {
            Rule::Kept(offset) if self.misfit.is_none() => at.naive_utc() + offset,
            _ => at.with_timezone(&zone).naive_local(),
        }
    }

    /// What to compare with the pump's screen, where something speaks against this judgement.
    pub(crate) fn screen(&self, zone: Tz, now: DateTime<Utc>) -> String {
        let shows = self.shows(zone, now).format("%H:%M");
        let otherwise = self.misfit.or(self.late).map(|offset| {
            let shows = (now.naive_utc() + offset).format("%H:%M");
            format!(", and {shows} if {} fits", offset_name(offset))
        });
        format!(
            "Look at the pump: it should show {shows} now if TIMEZONE_NAME ({}) is right{}",
            zone.name(),
            otherwise.unwrap_or_default()
        )
    }

    /// Whether the pump's uploads suggest another zone so plainly that a site is not begun with this one. A misfit with this
    /// machine's clock alone is more likely that clock's fault, and nobody lives at every offset.
    pub(crate) fn forbids_a_first_run(
        &self,
        zone: Tz,
        newest: Option<NaiveDateTime>,
        last_upload: Option<DateTime<Utc>>,
    ) -> bool {
        let exists =
            |offset: Duration| (Duration::hours(-12)..=Duration::hours(14)).contains(&offset);
        let by_rule = match self.misfit {
            Some(_) => Verdict::of(Rule::FollowsZone, self.reason),
            None => *self,
        };
        let newest = newest.map(|newest| by_rule.newest(zone, PumpTime::new(newest)));
        let after_upload = newest
            .zip(last_upload)
            .is_some_and(|(newest, upload)| newest > upload + TOLERANCE);
        (after_upload && self.misfit.is_some_and(exists)) || self.late.is_some_and(exists)
    }
}
