//! The clock's course: a rule for each stretch between two movements, and what a witness says of it.

use chrono::Duration;
use chrono_tz::Tz;

use super::judgement::Rule;
use super::memory::Held;
use super::movement::{self, Movement};
use super::timeline::Timeline;
use super::witness::{Witnessed, same};
use super::{overlap, segment, zone};
use crate::pump::event::{Event, EventId};

/// A rule for each stretch between two movements.
#[derive(Clone, Debug)]
pub(super) struct Course {
    /// The rule at the beginning of each stretch: one more than there are movements.
    rules: Vec<Rule>,
    /// Other rules from events within a stretch on, in their order.
    steps: Vec<(EventId, Rule)>,
}

impl Course {
    /// The course that leads to a rule since the newest movement. Backwards from there the record of movements tells the
    /// offset, as far as no loss of the clock comes between; what is remembered to the same effect stands to the second. Where
    /// the rule holds only from an event on, what is remembered stands until then.
    pub(super) fn leading_to(
        zone: Tz,
        movements: &[Movement],
        held: &[Option<Held>],
        (last, from): (Rule, Option<EventId>),
    ) -> Course {
        let mut course = Course {
            rules: vec![last; movements.len() + 1],
            steps: Vec::new(),
        };
        if let (Some(Some(held)), Some(from)) = (held.last(), from) {
            course.recall(movements.len(), held, None);
            course.steps.push((from, last));
        } else if let Some(Some(held)) = held.last()
            && !held.follows
            && held.runs.len() > 1
            && (last == Rule::Kept(held.offset)
                || (last == Rule::FollowsZone && held.newest.agrees_with(zone)))
        {
            course.recall(movements.len(), held, Some(last));
        }
        for index in (0..movements.len()).rev() {
            let moved = &movements[index];
            let before = if breaks(moved) {
                course.before_the_loss(zone, movements, index, held[index].as_ref())
            } else {
                let after = course.offset_after(zone, moved, index);
                let confirmed =
                    |held: &&Held| !held.is_weak || same(held.offset, after - moved.exact);
                match (
                    held[index].as_ref().filter(confirmed),
                    course.rules[index + 1],
                ) {
                    // What corrects drift changes no rule.
                    (None, rule) if moved.corrects_drift() => Before::Rule(rule),
                    (Some(held), Rule::FollowsZone) if moved.corrects_drift() && held.agrees => {
                        Before::Rule(Rule::FollowsZone)
                    }
                    (held, _) => before(zone, moved, after, held),
                }
            };
            match before {
                Before::AsHeld(held) => course.recall(index, held, None),
                Before::Rule(rule) => course.rules[index] = rule,
            }
        }
        course.steps.sort_by_key(|(id, _)| *id);
        course
    }

    /// Goes by what is remembered of a stretch; the newest part of it by another rule to the same effect, if there is one.
    fn recall(&mut self, stretch: usize, held: &Held, newest: Option<Rule>) {
        if held.follows {
            self.rules[stretch] = Rule::FollowsZone;
            return;
        }
        let last = held.runs.len() - 1;
        let rule = |index: usize| match newest {
            Some(rule) if index == last => rule,
            _ => Rule::Kept(held.runs[index].1),
        };
        self.rules[stretch] = rule(0);
        let later = (1..held.runs.len()).map(|index| (held.runs[index].0, rule(index)));
        self.steps.extend(later);
    }

    /// The offset right after a movement.
    fn offset_after(&self, zone: Tz, moved: &Movement, index: usize) -> Duration {
        match self.rules[index + 1] {
            Rule::Kept(offset) => offset,
            Rule::FollowsZone => movement::zone_offset(zone, moved),
        }
    }

    /// What held before the pump lost its clock. The loss is not on record, so what the owner then sets makes up for it:
    /// together they leave the offset of everything before alone, once a wrong setting has been put right too.
    fn before_the_loss<'h>(
        &self,
        zone: Tz,
        movements: &[Movement],
        index: usize,
        held: Option<&'h Held>,
    ) -> Before<'h> {
        if let Some(held) = held.filter(|held| !held.is_weak) {
            return Before::AsHeld(held);
        }
        let put_right = movements[index + 1..]
            .iter()
            .take_while(|later| later.mends_the_date() || later.corrects_drift() || breaks(later));
        let settled = index + put_right.count();
        Before::Rule(Rule::Kept(self.offset_after(
            zone,
            &movements[settled],
            settled,
        )))
    }

    /// Goes by what another uploader's glucose tells: in each stretch that it tells of to the second, and from there by
    /// the exact size of each movement to the others.
    pub(super) fn witness(
        &mut self,
        zone: Tz,
        movements: &[Movement],
        held: &[Option<Held>],
        (witnessed, events): (&[Witnessed], &[Event]),
    ) {
        let mut known = vec![None; self.rules.len()];
        for part in witnessed
            .chunk_by(|one, other| segment(movements, one.last) == segment(movements, other.last))
        {
            let stretch = segment(movements, part[0].last);
            known[stretch] = Some((part[0].offset, part[part.len() - 1].offset));
            let stands = part.iter().all(|told| {
                let offset = self.offset_at(zone, stretch, told);
                same(offset, told.offset)
            });
            if !stands {
                self.tell(zone, stretch, held[stretch].as_ref(), part, events);
            }
        }
        for stretch in 0..self.rules.len() {
            if known[stretch].is_some() {
                continue;
            }
            let unbroken = |from: usize, to: usize| !movements[from..to].iter().any(breaks);
            let exact = |from: usize, to: usize| -> Duration {
                movements[from..to].iter().map(|moved| moved.exact).sum()
            };
            let nearest = (0..known.len())
                .filter(|other| unbroken(stretch.min(*other), stretch.max(*other)))
                .filter_map(|other| Some((other, known[other]?)))
                .min_by_key(|(other, _)| other.abs_diff(stretch));
            let Some((other, (first, last))) = nearest else {
                continue;
            };
            let (offset, boundary) = if other > stretch {
                (first - exact(stretch, other), movements[stretch].before)
            } else {
                (last + exact(other, stretch), movements[stretch - 1].after)
            };
            let by_rule = match self.rules[stretch] {
                Rule::Kept(offset) => offset,
                Rule::FollowsZone => zone::offsets_at_reading(zone, boundary).0,
            };
            if !same(by_rule, offset) {
                self.forget(movements, stretch);
                self.rules[stretch] = Rule::Kept(offset);
            }
        }
        self.steps.sort_by_key(|(id, _)| *id);
    }

    fn forget(&mut self, movements: &[Movement], stretch: usize) {
        self.steps
            .retain(|(id, _)| segment(movements, *id) != stretch);
    }

    /// The offset that this course has where a witness tells of one.
    fn offset_at(&self, zone: Tz, stretch: usize, told: &Witnessed) -> Duration {
        let step = self.steps.iter().rev().find(|(id, _)| *id <= told.last);
        let rule = match step {
            Some((id, rule)) if *id >= told.stretch_begins => *rule,
            _ => self.rules[stretch],
        };
        match rule {
            Rule::Kept(offset) => offset,
            Rule::FollowsZone => {
                let (first, second) = zone::offsets_at_reading(zone, told.reading);
                if same(second, told.offset) {
                    second
                } else {
                    first
                }
            }
        }
    }

    fn tell(
        &mut self,
        zone: Tz,
        stretch: usize,
        held: Option<&Held>,
        part: &[Witnessed],
        events: &[Event],
    ) {
        let first = part[0].stretch_begins;
        let last = part[part.len() - 1].last;
        self.steps.retain(|(id, _)| *id < first || *id > last);
        let runs: Vec<&[Witnessed]> = part
            .chunk_by(|one, other| same(one.offset, other.offset))
            .collect();
        let offsets: Vec<Duration> = runs
            .iter()
            .map(|run| {
                // The same second in every run, whatever the other uploader's clock does.
                let told = run[run.len() / 2].offset;
                let remembered = held.map(|held| held.offset);
                let zones = zone::offsets_at_reading(zone, run[run.len() - 1].reading);
                let known = [remembered, Some(zones.0), Some(zones.1)];
                known
                    .into_iter()
                    .flatten()
                    .find(|known| same(*known, told))
                    .unwrap_or(told)
            })
            .collect();
        self.rules[stretch] = Rule::Kept(offsets[0]);
        for (index, pair) in runs.windows(2).enumerate() {
            let between = (pair[0][0].first, pair[1][pair[1].len() - 1].last);
            let step = offsets[index + 1] - offsets[index];
            let from = stepped(events, between, step).unwrap_or(pair[1][0].first);
            self.steps.push((from, Rule::Kept(offsets[index + 1])));
        }
    }

    /// The rule for everything since the newest movement.
    pub(super) fn newest(&self, movements: &[Movement]) -> Rule {
        let begins = movements.last().map(Movement::last);
        let steps = self.steps.iter().rev();
        let mut within = steps.filter(|(id, _)| begins.is_none_or(|begins| *id >= begins));
        let last = self.rules.last().copied().unwrap_or(Rule::FollowsZone);
        within.next().map_or(last, |(_, rule)| *rule)
    }

    /// The rules in the order of events.
    pub(super) fn timeline(&self, zone: Tz, movements: &[Movement]) -> Timeline {
        let mut steps = self.steps.iter().peekable();
        let mut timeline = Timeline::of(self.rules[0]);
        for (index, moved) in movements.iter().enumerate() {
            while let Some((id, rule)) = steps.next_if(|(id, _)| *id < moved.last()) {
                timeline.then(*id, *rule);
            }
            let after = self.offset_after(zone, moved, index);
            if moved.sets_a_lost_clock() {
                timeline.was_lost(moved.before, after - moved.exact);
            }
            for (id, short) in moved.short_of_the_end() {
                let rule = match short.is_zero() {
                    true => self.rules[index + 1],
                    false => Rule::Kept(after - short),
                };
                timeline.then(id, rule);
            }
        }
        for (id, rule) in steps {
            timeline.then(*id, *rule);
        }
        timeline
    }
}

/// What held before a movement.
enum Before<'h> {
    AsHeld(&'h Held),
    Rule(Rule),
}

/// What held before a movement that left the clock at an offset.
fn before<'h>(zone: Tz, moved: &Movement, after: Duration, held: Option<&'h Held>) -> Before<'h> {
    let by_record = after - moved.shift;
    let Some(held) = held else {
        return Before::Rule(Rule::Kept(by_record));
    };
    let until = zone::subtract(moved.before, by_record);
    let followed_since = zone::next_transition(zone, held.newest.at, until).is_some_and(|change| {
        held.newest.agrees_with(zone) && (change.before, change.after) == (held.offset, by_record)
    });
    if followed_since {
        Before::Rule(Rule::FollowsZone)
    } else if held.offset == by_record || same(held.offset, after - moved.exact) {
        Before::AsHeld(held)
    } else {
        Before::Rule(Rule::Kept(by_record))
    }
}

/// Whether the record does not tell how far the clock moved in truth: the pump had lost it.
pub(super) fn breaks(moved: &Movement) -> bool {
    moved.sets_a_lost_clock() || moved.loses_the_clock()
}

/// The event at which the clock moved so far without a record.
fn stepped(events: &[Event], (first, last): (EventId, EventId), step: Duration) -> Option<EventId> {
    let around = events
        .iter()
        .filter(|event| first <= event.id && event.id <= last);
    let around: Vec<&Event> = around.collect();
    let mut pairs = around.windows(2).filter(|pair| {
        overlap::joined_by(
            pair[0].pump_time.reading(),
            pair[1].pump_time.reading(),
            step,
        )
    });
    pairs.next().map(|pair| pair[1].id)
}
