//! A clock at an offset that is not the zone's, and that no movement explains: of a pump that was set up abroad and is new to
//! the site, where the offset is a guess from one upload; or on a journey that began before the days at hand.

use chrono::Duration;

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
                && self.knowledge.holds_the_newest
                && self.are_zones_apart(fitting.verdict.rule, by_rules.verdict.rule)
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
        self.are_zones_apart(fitting.verdict.rule, seen)
            .then_some(fitting)
    }

    /// The offset that puts the newest event at its upload, where that is certain and no rule is possible.
    fn fitting(&self, by_rules: &Decision) -> Option<Decision> {
        let verdict = by_rules.verdict;
        let may_leave_the_zone = self.knows_the_upload() && !self.knowledge.zone_is_trusted;
        let fitting = verdict.misfit.filter(|_| may_leave_the_zone)?;
        Some(Decision {
            verdict: Verdict {
                rule: Rule::Kept(fitting),
                ..verdict
            },
            ..by_rules.clone()
        })
    }

    /// Whether two rules are so far apart that not only drift lies between them.
    fn are_zones_apart(&self, one: Rule, other: Rule) -> bool {
        self.are_apart(one, other, SMALLEST_ZONE_STEP)
    }

    /// The judgement of a clock that stepped back without a record since it was seen away from home: its phone set it, on the way
    /// home or to the winter's time.
    pub(super) fn stepped_back_abroad(&self) -> Option<Decision> {
        let held = self.remembered(self.movements.len())?;
        if self.is_the_zones(held) {
            return None;
        }
        let events = self.knowledge.events;
        let since = events.partition_point(|event| event.id < held.newest.id);
        let mut steps = events[since..].windows(2).filter_map(|pair| {
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
            from: Some(event.id),
            ..self.settled(rule, Reason::Remembered)
        })
    }

    /// A judgement by what is remembered. Abroad a late upload says something only where the clock may be at home again.
    pub(super) fn quiet_abroad(&self, decision: Decision) -> Decision {
        let newest = self.evidence.newest.map(|newest| newest.reading());
        let home = newest.map(|newest| zone::offsets_at_reading(self.zone, newest).0);
        let may_be_home = |late: &Duration| Some(*late) == home || self.seen_abroad().is_none();
        let late = decision.verdict.late.filter(may_be_home);
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
        let (stretch, held) = self.last_remembered(self.movements.len())?;
        (stretch >= begins && !self.is_the_zones(held)).then_some(held)
    }

    /// Whether the zone has the offset that is remembered, had it until it changed last, or no zone has it: glucose told it to
    /// the second.
    fn is_the_zones(&self, held: &Held) -> bool {
        let had_before = || {
            let change = zone::latest_transition(self.zone, held.newest.at);
            change.is_some_and(|change| change.before == held.offset)
        };
        // What the zone had before takes long to find, and most clocks have what it has now.
        held.newest.agrees_with(self.zone) || !movement::is_a_zones(held.offset) || had_before()
    }

    /// Whether all that is remembered is of a few hours: the pump is new to the site, and not on a journey.
    fn is_of_few_hours(&self, held: &Held) -> bool {
        let first = held.runs[0].0;
        let mut events = self.knowledge.events.iter();
        let first = events.find(|event| event.id == first);
        first.is_some_and(|first| held.newest.reading - first.pump_time.reading() <= FEW_HOURS)
    }
}
