//! A clock at an offset that is not the zone's, and that no record explains: of a pump that was set up abroad, and is new to
//! the site.

use chrono::Duration;

use super::continuity::{Continuity, Decision};
use super::judgement::{Rule, Verdict};
use super::{movement, zone};

impl Continuity<'_> {
    /// The judgement by rules of a clock that nothing is remembered of. One that no rule makes possible runs at the offset which
    /// puts its newest event at its upload, unless its owner insists on the zone.
    pub(super) fn at_first_sight(&self) -> Decision {
        let by_rules = self.by_rules();
        let fitting = self.fitting(&by_rules).filter(|_| self.is_new());
        fitting.unwrap_or(by_rules)
    }

    /// Whether nothing is remembered of the clock.
    pub(super) fn is_new(&self) -> bool {
        self.held.iter().all(Option::is_none)
    }

    /// Whether the account says when the newest event was uploaded.
    pub(super) fn knows_the_upload(&self) -> bool {
        self.evidence.upload_is_certain && self.evidence.last_upload.is_some()
    }

    /// What fits now, where what fitted at first sight does not any more: the phone had been away from the pump then.
    pub(super) fn at_second_sight(&self, by_rules: &Decision) -> Option<Decision> {
        self.seen_at_first()?;
        self.fitting(by_rules)
    }

    /// The offset that puts the newest event at its upload, where that is certain and no rule is possible.
    fn fitting(&self, by_rules: &Decision) -> Option<Decision> {
        let verdict = by_rules.verdict;
        let may_leave_the_zone = self.knows_the_upload() && !self.zone_is_trusted;
        let fitting = verdict.misfit.filter(|_| may_leave_the_zone)?;
        Some(Decision {
            verdict: Verdict {
                rule: Rule::Kept(fitting),
                ..verdict
            },
            ..by_rules.clone()
        })
    }

    /// A judgement by what is remembered; what speaks against the zone is told for as long as nothing but the first sight
    /// explains that.
    pub(super) fn as_seen_at_first(&self, decision: Decision) -> Decision {
        let Rule::Kept(offset) = decision.verdict.rule else {
            return decision;
        };
        let is_so = self.seen_at_first() == Some(offset) && !self.allows(Rule::FollowsZone);
        let verdict = Verdict {
            misfit: Some(offset).filter(|_| is_so),
            ..decision.verdict
        };
        Decision {
            verdict,
            ..decision
        }
    }

    /// The offset that is remembered of a clock which has not been moved since it was set up, where the zone does not have it.
    fn seen_at_first(&self) -> Option<Duration> {
        let moved = (self.movements.iter()).rposition(|moved| !moved.corrects_drift());
        let begins = moved.map_or(0, |index| index + 1);
        let set_up = |index: usize| {
            self.movements[index].sets_a_lost_clock()
                && self.held[..begins].iter().all(Option::is_none)
        };
        if !moved.is_none_or(set_up) {
            return None;
        }
        let held = (begins..self.held.len())
            .rev()
            .find_map(|stretch| self.remembered(stretch))?;
        let zones = zone::offset_at(self.zone, held.newest.at);
        let before = zone::latest_transition(self.zone, held.newest.at).map(|change| change.before);
        let is_the_zones = held.offset == zones || Some(held.offset) == before;
        // One that glucose told to the second is known.
        let is_a_guess = !is_the_zones && movement::is_a_zones(held.offset);
        is_a_guess.then_some(held.offset)
    }
}
