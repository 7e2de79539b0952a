//! Which days the pump's clock showed while something happened: those that a page has to ask for besides its own, and how
//! far back documents may stand at wrong times.

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};

use super::judgement::Rule;
use super::movement::Movement;
use super::thresholds::{LONGEST_DOUBT, REAL_DOUBT};
use super::{DatedEvent, PumpClock, Remembered, movement, segment, zone};
use crate::pump::event::{Event, EventId};
use crate::pump::quantity::{PumpTime, pump_epoch};

/// A request asks for so many days at the most.
const MOST_DAYS: u64 = 28;

/// How close to the oldest document that was read a wrong one has to be, for those before it to be in doubt.
const AT_THE_EDGE: Duration = Duration::hours(3);

impl PumpClock {
    /// The days that the clock showed between two instants beside some days that are known: a clock that the pump lost, or
    /// that was set to a wrong day.
    pub fn other_days(
        &self,
        (start, end): (DateTime<Utc>, DateTime<Utc>),
        (first, last): (NaiveDate, NaiveDate),
    ) -> Vec<(NaiveDate, NaiveDate)> {
        let mut days: Vec<(NaiveDate, NaiveDate)> = Vec::new();
        let mut add = |from: NaiveDate, to: NaiveDate| {
            let most = from.checked_add_days(Days::new(MOST_DAYS - 1));
            let to = to.min(most.unwrap_or(to));
            let known = (first..=last).contains(&from) && (first..=last).contains(&to);
            if from <= to && !known && !days.contains(&(from, to)) {
                days.push((from, to));
            }
        };
        for (index, moved) in self.movements.iter().enumerate() {
            let offset = self.offset_after(index);
            let at = zone::subtract(moved.after, offset);
            if moved.sets_a_lost_clock() && start <= at && at < end {
                add(pump_epoch(), moved.before.date());
            }
            let until = self.movements.get(index + 1).map(|next| next.before);
            let shown = |at: DateTime<Utc>| {
                let shown = at.naive_utc().checked_add_signed(offset);
                shown.unwrap_or(moved.after)
            };
            let (from, to) = (
                moved.after.max(shown(start)),
                until.unwrap_or_else(|| shown(end)).min(shown(end)),
            );
            if from < to {
                add(from.date(), to.date());
            }
        }
        days
    }

    /// The last setting on record, and what the clock showed after it.
    pub(crate) fn shown_after_moving(changes: &[Event]) -> Option<(EventId, PumpTime)> {
        let movements = movement::movements(changes);
        let last = movements.last()?;
        Some((last.last(), PumpTime::new(last.after)))
    }

    /// Whether the clock was moved between two instants.
    pub(crate) fn moved_between(&self, start: DateTime<Utc>, end: DateTime<Utc>) -> bool {
        (0..self.movements.len()).rev().any(|index| {
            let at = self.moved_at(index);
            start <= at && at < end
        })
    }

    /// Whether the zone changed after an instant and the clock may have followed it or not.
    pub(crate) fn may_have_followed_since(&self, since: DateTime<Utc>) -> bool {
        self.change.is_some_and(|change| change.at >= since)
    }

    /// From when on documents stand at other instants than this clock gives to their events: where these begin at the edge
    /// of what was read, so may the ones before, back to the movement or the change of the zone before them. `None` where
    /// all that is wrong is known. Entries stay where they were first written: to look for them again is of no use.
    pub fn doubtful_from(
        &self,
        remembered: &[Remembered],
        dated: &[DatedEvent],
        start: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let treatments = || remembered.iter().filter(|document| !document.is_entry);
        let edge = treatments().map(|document| document.at).min()? + AT_THE_EDGE;
        let wrong = treatments().find(|document| {
            let found = dated.binary_search_by_key(&document.id, |dated| dated.event.id);
            found.is_ok_and(|index| (dated[index].at - document.at).abs() >= REAL_DOUBT)
        })?;
        if wrong.at > edge {
            return None;
        }
        let index = segment(&self.movements, wrong.id).checked_sub(1);
        let moved = index.map(|index| self.moved_at(index));
        let offset = self.offset(wrong.id, PumpTime::new(wrong.reading));
        let truly = zone::subtract(wrong.reading, offset);
        let change = zone::latest_transition(self.zone, truly).map(|change| change.at);
        let from = moved.max(change).unwrap_or(now - LONGEST_DOUBT) - Duration::hours(2);
        let from = from.max(now - LONGEST_DOUBT);
        (from < start).then_some(from)
    }

    /// The offset right after a movement.
    fn offset_after(&self, index: usize) -> Duration {
        let moved: &Movement = &self.movements[index];
        match self.timeline.rule(moved.last(), moved.after) {
            Rule::Kept(offset) => offset,
            Rule::FollowsZone => movement::offset_after(self.zone, moved),
        }
    }

    /// When a movement was made.
    fn moved_at(&self, index: usize) -> DateTime<Utc> {
        zone::subtract(self.movements[index].after, self.offset_after(index))
    }
}
