//! What people are told of a judgement: what speaks against it, what they can compare with the pump's screen, and when it is too
//! doubtful to begin a site with.

use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use chrono_tz::Tz;

use super::judgement::{Rule, Verdict};
use super::thresholds::TOLERANCE;
use super::zone::offset_name;
use crate::pump::quantity::PumpTime;

impl Verdict {
    /// What to do about a [`Verdict::doubt`].
    pub(crate) const ADVICE: &'static str =
        "Set TIMEZONE_NAME to the zone of the pump's clock, or correct the pump's clock";

    /// The offset that the pump's times go by although it is none that `TIMEZONE_NAME` allows.
    pub(crate) fn instead_of_the_zones(&self) -> Option<Duration> {
        self.misfit
            .filter(|offset| self.rule == Rule::Kept(*offset))
    }

    /// What speaks against this judgement, in words.
    pub(crate) fn doubt(&self) -> Option<String> {
        let fitting = |offset| format!("{} would fit", offset_name(offset));
        let misfit = self.misfit.map(|offset| {
            format!(
                "its newest event would lie after its upload, so the pump's clock and TIMEZONE_NAME do not fit each other; {}",
                fitting(offset)
            )
        });
        let late = self.late.map(|offset| {
            format!(
                "its newest event lies whole hours before its upload; if phone and pump were together then, TIMEZONE_NAME \
                 or the pump's clock is wrong, and {}",
                fitting(offset)
            )
        });
        misfit.or(late)
    }

    /// What the pump's clock shows at an instant, by this judgement; where it leaves the zone, what it shows if the zone is
    /// right after all.
    pub(crate) fn shows(&self, zone: Tz, at: DateTime<Utc>) -> NaiveDateTime {
        match self.rule_if_the_zone_is_right() {
            Rule::Kept(offset) => at.naive_utc() + offset,
            Rule::FollowsZone => at.with_timezone(&zone).naive_local(),
        }
    }

    /// The rule, or that of a clock which follows the zone where something else fits.
    fn rule_if_the_zone_is_right(&self) -> Rule {
        match self.misfit {
            Some(_) => Rule::FollowsZone,
            None => self.rule,
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
        let by_rule = Verdict {
            rule: self.rule_if_the_zone_is_right(),
            ..*self
        };
        let newest = newest.map(|newest| by_rule.newest(zone, PumpTime::new(newest)));
        let after_upload = newest
            .zip(last_upload)
            .is_some_and(|(newest, upload)| newest > upload + TOLERANCE);
        (after_upload && self.misfit.is_some_and(exists)) || self.late.is_some_and(exists)
    }
}
