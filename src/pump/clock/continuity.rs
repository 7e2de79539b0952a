//! Which offset the clock has had since its newest movement, by what earlier passes went by and what moved the clock since.
//!
//! The record tells to the second how far the clock was moved, so that one offset remembered tells all later ones: a
//! journey, a clock set wrong, one set for daylight saving. One upload's timing does not overturn that; what is impossible
//! does, once. Where nothing is remembered, or the pump lost its clock since, the judgement by rules decides.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use super::course::breaks;
use super::judgement::{self, Evidence, Reason, Rule, Verdict};
use super::memory::Held;
use super::movement::{self, Movement};
use super::thresholds::{FAR_FROM_HOME, LONGEST_JOURNEY, REAL_DOUBT};
use super::witness::same;
use super::{Knowledge, overlap, zone};
use crate::pump::event::EventId;

/// What was decided of the time since the newest movement.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    pub(crate) verdict: Verdict,
    /// Whether earlier passes decided it, or what they did and the record together.
    pub(crate) remembered: bool,
    /// The other rule that fits all that is known, an hour or more from this one.
    pub(crate) other: Option<Rule>,
    /// The event that it holds from, where the clock was not moved then but stepped without a record.
    pub(crate) from: Option<EventId>,
}

/// All that the decision is made from.
pub(super) struct Continuity<'a> {
    pub(crate) zone: Tz,
    pub(crate) movements: &'a [Movement],
    /// What is remembered of each stretch between two movements.
    pub(crate) held: &'a [Option<Held>],
    pub(crate) evidence: &'a Evidence,
    pub(crate) knowledge: &'a Knowledge<'a>,
}

/// An offset of the clock at some moment since its newest movement.
struct Anchor {
    offset: Duration,
    at: DateTime<Utc>,
    /// The rule as long as the zone does not change.
    rule: Rule,
    agrees_with_zone: bool,
}

impl Continuity<'_> {
    pub(super) fn decide(&self) -> Decision {
        self.stepped_back_abroad()
            .or_else(|| self.chained())
            .or_else(|| self.after_a_loss())
            .map_or_else(|| self.at_first_sight(), |decision| self.possible(decision))
    }

    /// What is remembered of a stretch, where that is enough to go by alone.
    pub(super) fn remembered(&self, stretch: usize) -> Option<&Held> {
        self.held[stretch].as_ref().filter(|held| !held.is_weak)
    }

    /// The last stretch up to this one that is remembered, and what is of it: as far back as the record leads on from there.
    pub(super) fn last_remembered(&self, stretch: usize) -> Option<(usize, &Held)> {
        (0..=stretch)
            .rev()
            .take_while(|index| {
                let ends_it = self.movements.get(*index);
                ends_it.is_none_or(|moved| !breaks(moved))
            })
            .find_map(|index| Some((index, self.remembered(index)?)))
    }

    /// The judgement by rules alone: what drift was corrected is nothing to it.
    pub(super) fn by_rules(&self) -> Decision {
        let moved = self.between_zones();
        let verdict = judgement::judge(self.zone, &moved, self.evidence);
        let undecided = matches!(verdict.reason, Reason::Default | Reason::MovedByHandBefore);
        let other = judgement::other(self.zone, &moved, self.evidence, &verdict);
        Decision {
            verdict,
            remembered: false,
            other: other.filter(|other| undecided && self.differ(verdict.rule, *other)),
            from: None,
        }
    }

    /// The movements that did more than correct drift.
    fn between_zones(&self) -> Vec<Movement> {
        let moved = self.movements.iter();
        moved
            .filter(|moved| !moved.corrects_drift())
            .cloned()
            .collect()
    }

    pub(super) fn settled(&self, rule: Rule, reason: Reason) -> Decision {
        let verdict = Verdict::of(rule, reason);
        Decision {
            verdict: Verdict {
                late: judgement::late(self.zone, &verdict, self.evidence),
                ..verdict
            },
            remembered: true,
            other: None,
            from: None,
        }
    }

    /// What the clock did since it had an offset: only a change of the zone leaves a choice.
    fn since(&self, anchor: &Anchor) -> Decision {
        let settled = |rule| self.settled(rule, Reason::Remembered);
        let Some(newest) = self.evidence.newest else {
            return settled(anchor.rule);
        };
        let kept = Rule::Kept(anchor.offset);
        let until = zone::subtract(newest.reading(), anchor.offset);
        if let Some(change) = zone::latest_transition(self.zone, until)
            && anchor.at >= change.at
            && anchor.offset == change.before
            && self.stepped_back_late(change)
        {
            return settled(Rule::FollowsZone);
        }
        let passed = zone::next_transition(self.zone, anchor.at, until);
        if !anchor.agrees_with_zone || passed.is_none_or(|change| change.before != anchor.offset) {
            return self.quiet_abroad(settled(anchor.rule));
        }
        self.either(Rule::FollowsZone, kept)
    }

    /// One of two rules, by the evidence, else by habit.
    fn either(&self, one: Rule, other: Rule) -> Decision {
        let left: Vec<Rule> = [one, other]
            .into_iter()
            .filter(|rule| self.allows(*rule))
            .collect();
        let suggested: Vec<Rule> = left
            .iter()
            .copied()
            .filter(|rule| self.suggests(*rule))
            .collect();
        match (&left[..], &suggested[..]) {
            ([only], _) => self.settled(*only, Reason::OtherIsInTheFuture),
            ([_, _], [only]) => self.settled(*only, Reason::JustUploaded),
            _ => {
                let by_rules = self.by_rules();
                let rule = by_rules.verdict.rule;
                let other = if rule == one { other } else { one };
                Decision {
                    other: Some(other).filter(|other| left.len() == 2 && self.differ(rule, *other)),
                    ..by_rules
                }
            }
        }
    }

    /// The offset that the newest documents tell, and the record of movements since.
    fn chained(&self) -> Option<Decision> {
        let (since, held) = self.last_remembered(self.movements.len())?;
        let moved = &self.movements[since..];
        let reached = self.reached(held, moved);
        Some(match moved.iter().rfind(|moved| !moved.corrects_drift()) {
            Some(last) => self.after_moving(&reached, last, since),
            None => self.after_drift(held, reached[0]),
        })
    }

    /// The offsets that movements lead to from what is remembered: of a clock that followed a change of the zone meanwhile,
    /// and of one that did not.
    fn reached(&self, held: &Held, moved: &[Movement]) -> Vec<Duration> {
        let until = (moved.first()).map(|first| zone::subtract(first.before, held.offset));
        let followed = until
            .and_then(|until| zone::next_transition(self.zone, held.newest.at, until))
            .filter(|change| change.before == held.offset && held.newest.agrees_with(self.zone));
        let bases = [Some(held.offset), followed.map(|change| change.after)];
        let moved_on = |offset: Duration, moved: &Movement| {
            // An offset that a witness told is exact, and so is where the clock went from there.
            let exact = !movement::is_a_zones(offset);
            offset + if exact { moved.exact } else { moved.shift }
        };
        let exactly: Duration = moved.iter().map(|moved| moved.exact).sum();
        let confirmed = |base: Duration| {
            let newest = self.held.last().and_then(Option::as_ref)?;
            same(newest.offset, base + exactly).then_some(newest.offset)
        };
        let reached = bases.into_iter().flatten();
        reached
            .map(|base| confirmed(base).unwrap_or_else(|| moved.iter().fold(base, moved_on)))
            .collect()
    }

    /// The clock was put right by minutes at the most.
    fn after_drift(&self, held: &Held, offset: Duration) -> Decision {
        let agrees_with_zone = held.newest.agrees_with(self.zone) && offset == held.offset;
        let rule = if agrees_with_zone {
            held.rule()
        } else {
            Rule::Kept(offset)
        };
        self.since(&Anchor {
            offset,
            at: held.newest.at,
            rule,
            agrees_with_zone,
        })
    }

    /// The clock was moved to one of these offsets, if what is remembered is right.
    fn after_moving(&self, reached: &[Duration], last: &Movement, since: usize) -> Decision {
        let zones = movement::zone_offset(self.zone, last);
        let ahead =
            movement::change_ahead(self.zone, last, LONGEST_JOURNEY).map(|change| change.after);
        let about = |home: Duration| {
            let mut reached = reached.iter();
            reached.any(|offset| (*offset - home).abs() <= Duration::minutes(1))
        };
        if about(zones) {
            // Home again, or set to what the zone has.
            self.since(&Anchor {
                offset: zones,
                at: zone::subtract(last.after, zones),
                rule: Rule::FollowsZone,
                agrees_with_zone: true,
            })
        } else if let Some(ahead) = ahead.filter(|ahead| about(*ahead)) {
            self.settled(Rule::Kept(ahead), Reason::MovedByHandBefore)
        } else {
            self.abroad(reached, last, since)
        }
    }

    /// The offset that the newest documents before the newest movement and the exact record lead to: a small movement need not
    /// have corrected drift.
    fn exactly(&self) -> Option<Rule> {
        let (since, held) = self.last_remembered(self.movements.len().checked_sub(1)?)?;
        let moved = self.movements[since..].iter().map(|moved| moved.exact);
        Some(Rule::Kept(held.offset + moved.sum::<Duration>()))
    }

    /// A decision, or the one by rules where only that one is possible. Where neither is, what speaks against both is told.
    fn possible(&self, decision: Decision) -> Decision {
        if self.allows(decision.verdict.rule) {
            return decision;
        }
        if let Some(exactly) = self.exactly().filter(|rule| self.allows(*rule)) {
            return self.settled(exactly, Reason::Remembered);
        }
        let by_rules = self.by_rules();
        if self.allows(by_rules.verdict.rule) {
            return by_rules;
        }
        if let Some(fitting) = self.at_second_sight(&by_rules) {
            return fitting;
        }
        Decision {
            verdict: Verdict {
                rule: decision.verdict.rule,
                ..by_rules.verdict
            },
            ..decision
        }
    }

    /// The record leads to an offset that is not the zone's: a journey, or what is remembered is wrong.
    fn abroad(&self, reached: &[Duration], last: &Movement, since: usize) -> Decision {
        let abroad: Vec<Rule> = reached.iter().map(|offset| Rule::Kept(*offset)).collect();
        let fitting = abroad.iter().find(|rule| self.suggests(**rule));
        let fitting = fitting.or_else(|| abroad.iter().find(|rule| self.allows(**rule)));
        let by_rules = self.by_rules();
        let home = by_rules.verdict.rule;
        let Some(fitting) = fitting.copied() else {
            return by_rules;
        };
        if !self.allows(home) {
            return self.settled(fitting, Reason::Travelling);
        }
        // What was remembered of a clock that was set after a loss may have been a guess half a day off.
        if self.are_apart(home, fitting, FAR_FROM_HOME)
            && self.lost_before(since)
            && last.mends_the_date()
        {
            return self.after_a_loss().unwrap_or(Decision {
                other: None,
                ..by_rules
            });
        }
        let moved = self.between_zones();
        let by_hand = judgement::by_hand(self.zone, &moved, moved.len() - 1);
        let tells = self.suggests(fitting) && !self.suggests(home);
        if by_hand && !tells {
            let other = Some(fitting).filter(|rule| self.differ(home, *rule));
            return Decision { other, ..by_rules };
        }
        Decision {
            other: Some(home).filter(|rule| !tells && self.differ(fitting, *rule)),
            ..self.settled(fitting, Reason::Travelling)
        }
    }

    /// Whether the events show that a clock which had not followed its zone stepped back after all: time does not.
    fn stepped_back_late(&self, change: zone::Transition) -> bool {
        if change.shift() >= Duration::zero() {
            return false;
        }
        let begins = self.movements.last().map(Movement::last);
        let events = self.knowledge.events.iter();
        let events = events.filter(|event| begins.is_none_or(|begins| event.id > begins));
        let readings: Vec<_> = events.map(|event| event.pump_time.reading()).collect();
        readings.windows(2).any(|pair| {
            overlap::joined_by(pair[0], pair[1], change.shift())
                && pair[0] > change.at.naive_utc() + change.before
        })
    }

    fn newest(&self, rule: Rule) -> Option<DateTime<Utc>> {
        let newest = self.evidence.newest?;
        Some(Verdict::of(rule, Reason::Default).newest(self.zone, newest))
    }

    pub(super) fn allows(&self, rule: Rule) -> bool {
        self.newest(rule).is_none_or(|at| self.evidence.allows(at))
    }

    pub(super) fn suggests(&self, rule: Rule) -> bool {
        self.newest(rule)
            .is_some_and(|at| self.evidence.suggests(at))
    }

    fn differ(&self, one: Rule, other: Rule) -> bool {
        self.are_apart(one, other, REAL_DOUBT)
    }

    /// Whether two rules put the newest event so far from each other.
    pub(super) fn are_apart(&self, one: Rule, other: Rule, by: Duration) -> bool {
        let both = self.newest(one).zip(self.newest(other));
        both.is_some_and(|(one, other)| (one - other).abs() >= by)
    }
}
