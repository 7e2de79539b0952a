//! A clock at an offset that is not the zone's, and that no movement explains: of a pump that was set up abroad and is new to
//! the site, where the offset is a guess from one upload; or on a journey that began before the days at hand.

use chrono::Duration;

use super::continuity::{Continuity, Decision};
use super::judgement::{Reason, Rule, Verdict};
use super::memory::Held;
use super::thresholds::SMALLEST_ZONE_STEP;
use super::{movement, overlap, segment, zone};
use crate::pump::event::EventId;

impl Continuity<'_> {
    /// The judgement by rules of a clock that nothing is remembered of. One that no rule makes possible runs at the offset which
    /// puts its newest event at its upload, unless its owner insists on the zone.
    pub(super) fn at_first_sight(&self) -> Decision {
        let by_rules = self.by_rules();
        let fitting = self.fitting(&by_rules).filter(|fitting| {
            self.is_new()
                && self.holds_the_newest
                && self.differ_by_a_zone(fitting, by_rules.verdict.rule)
        });
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
        let seen = Rule::Kept(self.seen_abroad()?.offset);
        let fitting = self.fitting(by_rules)?;
        self.differ_by_a_zone(&fitting, seen).then_some(fitting)
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

    /// Whether a decision is so far from a rule that not only drift lies between them.
    fn differ_by_a_zone(&self, decision: &Decision, rule: Rule) -> bool {
        let (one, other) = (self.newest(decision.verdict.rule), self.newest(rule));
        one.zip(other)
            .is_some_and(|(one, other)| (one - other).abs() >= SMALLEST_ZONE_STEP)
    }

    /// The judgement of a clock that stepped back without a record since it was seen away from home: its phone set it, on the way
    /// home or to the winter's time.
    pub(super) fn stepped_back_abroad(&self) -> Option<Decision> {
        let held = self.seen_abroad()?;
        let (since, step) = self.stepped_back_since(held)?;
        let offset = held.offset + step;
        let newest = self.evidence.newest?.reading();
        let is_home = offset == zone::offsets_at_reading(self.zone, newest).0;
        let rule = if is_home {
            Rule::FollowsZone
        } else {
            Rule::Kept(offset)
        };
        Some(Decision {
            since: Some(since),
            ..self.settled(rule, Reason::Remembered)
        })
    }

    /// A judgement by what is remembered. Abroad a late upload says nothing of the zone.
    pub(super) fn quiet_abroad(&self, decision: Decision) -> Decision {
        let late = decision
            .verdict
            .late
            .filter(|_| self.seen_abroad().is_none());
        Decision {
            verdict: Verdict {
                late,
                ..decision.verdict
            },
            ..decision
        }
    }

    /// The event from which on the clock shows that it stepped back without a record, since the newest one that is remembered,
    /// and by how much: a negative number of quarters of an hour.
    fn stepped_back_since(&self, held: &Held) -> Option<(EventId, Duration)> {
        let since = self
            .events
            .partition_point(|event| event.id < held.newest.id);
        let mut pairs = self.events[since..].windows(2);
        pairs.find_map(|pair| {
            let moved = segment(self.movements, pair[0].id) != segment(self.movements, pair[1].id);
            let (one, other) = (pair[0].pump_time.reading(), pair[1].pump_time.reading());
            let step = overlap::step_back(one, other).filter(|_| !moved)?;
            Some((pair[1].id, step))
        })
    }

    /// What is remembered of a clock that runs at an offset which the zone does not have, though nothing on record moved it
    /// there: at first sight, or on a journey that began before these days.
    fn seen_abroad(&self) -> Option<&Held> {
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
        let is_another_zones = !is_the_zones && movement::is_a_zones(held.offset);
        is_another_zones.then_some(held)
    }
}
