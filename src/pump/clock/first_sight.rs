//! A clock at an offset that is not the zone's, and that no movement explains: of a pump that was set up abroad and is new to
//! the site, where the offset is a guess from one upload; or on a journey that began before the days at hand.

use super::continuity::{Continuity, Decision};
use super::judgement::{Reason, Rule, Verdict};
use super::memory::Held;
use super::thresholds::{FEW_HOURS, SMALLEST_ZONE_STEP};
use super::{movement, overlap, zone};

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
        let seen = self
            .seen_abroad()
            .filter(|held| self.is_of_few_hours(held))?;
        let seen = Rule::Kept(seen.offset);
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
        let held = self.remembered(self.movements.len())?;
        if self.is_the_zones(held) {
            return None;
        }
        let since = self
            .events
            .partition_point(|event| event.id < held.newest.id);
        let mut steps = self.events[since..].windows(2).filter_map(|pair| {
            let (one, other) = (pair[0].pump_time.reading(), pair[1].pump_time.reading());
            Some((&pair[1], overlap::step_back(one, other)?))
        });
        let ((event, step), None) = (steps.next()?, steps.next()) else {
            return None;
        };
        let offset = held.offset + step;
        let (first, second) = zone::offsets_at_reading(self.zone, event.pump_time.reading());
        let rule = match offset == first || offset == second {
            true => Rule::FollowsZone,
            false => Rule::Kept(offset),
        };
        Some(Decision {
            since: Some(event.id),
            ..self.settled(rule, Reason::Remembered)
        })
    }

    /// A judgement by what is remembered. Abroad a late upload says something only where the clock may be at home again.
    pub(super) fn quiet_abroad(&self, decision: Decision) -> Decision {
        let newest = self.evidence.newest.map(|newest| newest.reading());
        let home = newest.map(|newest| zone::offsets_at_reading(self.zone, newest).0);
        let is_abroad = self.seen_abroad().is_some();
        let late = decision.verdict.late;
        let late = late.filter(|late| !is_abroad || Some(*late) == home);
        Decision {
            verdict: Verdict {
                late,
                ..decision.verdict
            },
            ..decision
        }
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
        (!self.is_the_zones(held)).then_some(held)
    }

    /// Whether the zone has the offset that is remembered, had it until it changed last, or no zone has it: glucose told it to
    /// the second.
    fn is_the_zones(&self, held: &Held) -> bool {
        let now = zone::offset_at(self.zone, held.newest.at);
        let before = zone::latest_transition(self.zone, held.newest.at).map(|change| change.before);
        held.offset == now || Some(held.offset) == before || !movement::is_a_zones(held.offset)
    }

    /// Whether all that is remembered is of a few hours: the pump is new to the site, and not on a journey.
    fn is_of_few_hours(&self, held: &Held) -> bool {
        let first = held.runs[0].0;
        let first = self.events.iter().find(|event| event.id == first);
        first.is_some_and(|first| held.newest.reading - first.pump_time.reading() <= FEW_HOURS)
    }
}
