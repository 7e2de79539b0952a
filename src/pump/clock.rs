//! The pump's clock: which instant each of its readings stands for.
//!
//! The pump writes wall-clock times without zone, and its clock runs at a constant offset from UTC until its owner moves
//! it. Tandem Source keeps a record of these movements. The judgement (`clock::judgement`) decides from evidence, then from habit,
//! whether the clock has followed the zone since the newest of them; from there on backwards the record says how far the
//! clock was off before each. `clock::zone` knows when the zone itself changes its offset.
//!
//! All conversion between [`PumpTime`] and instants is here.

mod judgement;
mod movement;
mod overlap;
mod thresholds;
mod zone;

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;

pub use judgement::{Evidence, Reason, Verdict};
pub use zone::offset_name;

use super::event::{CgmReading, Detail, Event, EventId};
use super::quantity::{PumpTime, pump_epoch};
use judgement::Rule;
use movement::Movement;
use overlap::Placed;
use thresholds::{LONGEST_DOUBT, SHORTEST_CHANGE};
use zone::Transition;

/// An event and the instant at which it happened.
#[derive(Clone, Debug, PartialEq)]
pub struct DatedEvent {
    /// The event.
    pub event: Event,
    /// When the pump wrote it.
    pub at: DateTime<Utc>,
    /// For a glucose reading: when it was measured.
    pub taken_at: Option<DateTime<Utc>>,
}

/// One pump's clock, as far as its record tells.
#[derive(Clone, Debug)]
pub struct PumpClock {
    zone: Tz,
    movements: Vec<Movement>,
    verdict: Verdict,
    /// The newest change of the zone since the clock was last moved and before its newest event: what the clock did then
    /// tells of everything before.
    change: Option<Transition>,
}

impl PumpClock {
    /// Judges a pump's clock from its owner's time zone, the record of its settings (codes 13 and 14) and what else
    /// tells the true time.
    pub fn judge(zone: Tz, changes: &[Event], evidence: &Evidence) -> PumpClock {
        let movements = movement::movements(changes);
        let verdict = judgement::judge(zone, &movements, evidence);
        let newest = evidence.newest.map(|newest| verdict.newest(zone, newest));
        let moved = (movements.last()).map(|movement| movement::instant(zone, movement));
        let change = newest
            .and_then(|newest| zone::latest_transition(zone, newest))
            .filter(|change| moved.is_none_or(|moved| moved < change.at));
        PumpClock {
            zone,
            movements,
            verdict,
            change,
        }
    }

    /// How the clock was judged.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// From when on documents may have been written at another time than this clock says: since the newest movement was
    /// not known to earlier runs, they may have judged all since the movement before it, or since the zone changed, by a
    /// wrong offset. `None` where the newest movement is older than `since`.
    pub fn doubtful_from(&self, since: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (newest, earlier) = self.movements.split_last()?;
        let at = movement::instant(self.zone, newest);
        if at < since {
            return None;
        }
        let previous = earlier
            .last()
            .map(|movement| movement::instant(self.zone, movement) - Duration::days(1));
        let change = zone::latest_transition(self.zone, at).map(|change| change.at);
        previous
            .max(change)
            .filter(|from| at - *from <= LONGEST_DOUBT)
    }

    /// The days that the clock showed after the pump had lost it, where it was set again in a span of time: events of
    /// those days are to be asked for too. At most 28 days.
    pub fn lost_days(
        &self,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> Option<(NaiveDate, NaiveDate)> {
        let set = self.movements.iter().rev().find(|movement| {
            let at = movement::instant(self.zone, movement);
            movement.sets_a_lost_clock() && start <= at && at < end
        })?;
        let first = pump_epoch();
        Some((first, set.before.date().min(first + Days::new(27))))
    }

    /// Gives every event its instant. The events are those of one pump, in the order in which it wrote them: that order
    /// tells the two passes of an autumn hour apart.
    pub fn date(&self, events: Vec<Event>) -> Vec<DatedEvent> {
        let clock = self.informed_by(&events);
        let written = clock.instants(events.iter().map(|event| (event.id, event.pump_time)));
        let dated = events.into_iter().zip(written);
        dated
            .map(|(event, at)| DatedEvent {
                taken_at: clock.taken_at(&event, at),
                event,
                at,
            })
            .collect()
    }

    /// The days whose events are to inform the clock before it dates those of other days: every page of every run has to
    /// judge by the same night, or they would move each other's documents back and forth. `None` where the days to be
    /// dated hold that night themselves, or come after it and nothing is in doubt.
    pub fn days_that_tell(
        &self,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Option<(NaiveDate, NaiveDate)> {
        let (from, to) = self.telling_change()?.dates();
        let held = first <= from && to <= last;
        let undecided = self.verdict.reason == Reason::Default;
        ((first <= to || undecided) && !held).then_some((from, to))
    }

    /// The same clock, judged anew where its events run right through the zone's newest change: it has had one offset ever
    /// since it was last moved.
    pub fn informed_by(&self, events: &[Event]) -> PumpClock {
        let mut clock = self.clone();
        let Some(change) = self.telling_change() else {
            return clock;
        };
        let (first, last) = change.dates();
        let night = events
            .iter()
            .filter(|event| (first..=last).contains(&event.pump_time.reading().date()))
            .map(|event| (event.id, event.pump_time));
        if overlap::ran_on(&self.placed(night), self.verdict.second_pass) {
            clock.verdict.rule = Rule::Kept(self.offset_running_on(change));
        }
        clock
    }

    /// The offset of a clock that ran on through a change of the zone: the zone's new one, where the clock's newest movement
    /// or the evidence says that it had that already; else the one before, since its owner has not moved it yet.
    fn offset_running_on(&self, change: &Transition) -> Duration {
        let newest = self.movements.last();
        let set_ahead = newest.is_some_and(|moved| judgement::may_be_set_ahead(self.zone, moved));
        if set_ahead || self.verdict.reason != Reason::Default {
            return change.after;
        }
        newest.map_or(change.before, |moved| {
            movement::zone_offset(self.zone, moved)
        })
    }

    /// The change of the zone that would tell whether the clock really follows it.
    fn telling_change(&self) -> Option<&Transition> {
        let follows = self.verdict.rule == Rule::FollowsZone;
        self.change.as_ref().filter(|_| follows)
    }

    fn instants(&self, readings: impl Iterator<Item = (EventId, PumpTime)>) -> Vec<DateTime<Utc>> {
        overlap::settle(&self.placed(readings), self.verdict.second_pass)
    }

    fn placed(&self, readings: impl Iterator<Item = (EventId, PumpTime)>) -> Vec<Placed> {
        readings
            .map(
                |(id, time)| match self.constant_offset(id, time.reading()) {
                    Some(offset) => Placed::at_offset(time.reading(), offset),
                    None => Placed::in_zone(self.zone, time.reading()),
                },
            )
            .collect()
    }

    /// The offset from UTC at which the clock ran when it wrote an event, where it did not follow the zone.
    fn constant_offset(&self, id: EventId, reading: NaiveDateTime) -> Option<Duration> {
        let later = self
            .movements
            .iter()
            .rev()
            .take_while(|movement| id < movement.last());
        let shifts: Vec<Duration> = later
            .map(|movement| movement.shift_after(id, reading))
            .collect();
        let now = match self.verdict.rule {
            Rule::Kept(offset) => offset,
            Rule::FollowsZone if shifts.is_empty() => return None,
            Rule::FollowsZone => movement::zone_offset(self.zone, self.movements.last()?),
        };
        Some(now - shifts.into_iter().sum::<Duration>())
    }

    /// When a glucose reading was measured, if the event is one.
    fn taken_at(&self, event: &Event, written: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let Detail::CgmReading(CgmReading { taken, .. }) = event.detail else {
            return None;
        };
        let (shown, taken) = (event.pump_time.reading(), taken.reading());
        let behind = shown - taken;
        let before = written - behind;
        if behind.abs() < SHORTEST_CHANGE || self.constant_offset(event.id, shown).is_some() {
            return Some(before);
        }
        // The pump reckons that time on the clock that it has when it writes the event, also for a reading which the
        // sensor sends hours later; only a clock that follows its zone may have changed its offset in between.
        let offset = zone::offset_at(self.zone, written);
        let follows = zone::subtract(shown, offset) == written;
        let changed = zone::offset_at(self.zone, before) != offset || before > written;
        let left_out = zone::left_out(self.zone, taken).is_some();
        if follows && changed && !left_out {
            let (first, _) = zone::offsets_at_reading(self.zone, taken);
            Some(zone::subtract(taken, first))
        } else {
            Some(before)
        }
    }
}
