//! The pump's clock: which instant each of its readings stands for.
//!
//! The pump writes wall-clock times without zone, and its clock runs at a constant offset from UTC until its owner moves
//! it. Tandem Source keeps a record of these movements. The judgement (`clock::judgement`) decides from evidence, then from habit,
//! whether the clock has followed the zone since the newest of them; from there on backwards the record says how far the
//! clock was off before each. `clock::zone` knows when the zone itself changes its offset.
//!
//! All conversion between [`PumpTime`] and instants is here.

mod continuity;
mod course;
mod days;
mod first_sight;
mod judgement;
mod loss;
mod memory;
mod movement;
mod overlap;
mod screen;
mod thresholds;
mod timeline;
mod witness;
mod zone;

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;

pub use judgement::{Evidence, Reason};
pub use memory::Remembered;
pub use witness::Sighting;

pub(crate) use judgement::Verdict;
pub(crate) use zone::offset_name;

use super::event::{CgmReading, Detail, Event, EventId};
use super::quantity::PumpTime;
use continuity::{Continuity, Decision};
use course::Course;
use judgement::Rule;
use memory::Held;
use movement::Movement;
use overlap::Placed;
pub(crate) use thresholds::FIRST_YEARS;
use thresholds::SHORTEST_CHANGE;
pub(super) use thresholds::{HOLDS_BACK, REAL_DOUBT, STEP_BACK};
use timeline::Timeline;
use witness::Witnessed;
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

/// What else is known of a clock than the record of its settings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Knowledge<'a> {
    /// The pump's events, as far as they are known, in the order in which it wrote them.
    pub(crate) events: &'a [Event],
    /// The instants that our documents give to events, in the order of these.
    pub(crate) remembered: &'a [Remembered],
    /// Glucose that other uploaders brought to the site.
    pub(crate) sightings: &'a [Sighting],
    /// Whether the clock's owner insists on the zone, whatever speaks against it.
    pub(crate) zone_is_trusted: bool,
    /// Whether these reach to the newest event that the account knows.
    pub(crate) holds_the_newest: bool,
}

/// One pump's clock, as far as its record tells.
#[derive(Clone, Debug)]
pub struct PumpClock {
    zone: Tz,
    movements: Vec<Movement>,
    held: Vec<Option<Held>>,
    timeline: Timeline,
    verdict: Verdict,
    /// Whether the judgement stands, whatever the night of the zone's change tells.
    settled: bool,
    /// What the clock would be by the other rule, where two of them fit all that is known.
    other: Option<Box<PumpClock>>,
    /// The newest change of the zone since the clock was last moved and before its newest event: what the clock did then
    /// tells of everything before.
    change: Option<Transition>,
}

impl PumpClock {
    /// Judges a pump's clock from its owner's time zone, the record of its settings (codes 13 and 14) and what else
    /// tells the true time.
    pub fn judge(zone: Tz, changes: &[Event], evidence: &Evidence) -> PumpClock {
        PumpClock::judge_knowing(zone, changes, evidence, &Knowledge::default())
    }

    /// The same, from all that is known.
    pub(crate) fn judge_knowing(
        zone: Tz,
        changes: &[Event],
        evidence: &Evidence,
        knowledge: &Knowledge<'_>,
    ) -> PumpClock {
        let movements = movement::movements(changes);
        let held = memory::by_stretch(zone, &movements, knowledge.remembered);
        let continuity = Continuity {
            zone,
            movements: &movements,
            held: &held,
            evidence,
            knowledge,
        };
        let Decision {
            mut verdict,
            remembered,
            mut other,
            from,
        } = continuity.decide();
        let mut course = Course::leading_to(zone, &movements, &held, (verdict.rule, from));
        let witnessed = witness::lay_over(knowledge.events, &movements, knowledge.sightings);
        if !witnessed.is_empty() {
            course.witness(zone, &movements, &held, (&witnessed, knowledge.events));
            let lost = movements.iter().rfind(|moved| course::breaks(moved));
            // A witness of the time before a loss tells nothing of the time since.
            let tells = |told: &Witnessed| lost.is_none_or(|lost| lost.last() <= told.last);
            if witnessed.iter().any(tells) {
                verdict = Verdict::of(course.newest(&movements), Reason::Witnessed);
                other = None;
            }
        }
        let newest = evidence.newest.map(|newest| verdict.newest(zone, newest));
        let moved = movements.iter().rposition(|moved| !moved.corrects_drift());
        let moved = moved.map(|index| movement::instant(zone, &movements[index]));
        let change = newest
            .and_then(|newest| zone::latest_transition(zone, newest))
            .filter(|change| moved.is_none_or(|moved| moved < change.at));
        let clock = PumpClock {
            zone,
            timeline: course.timeline(zone, &movements),
            movements,
            held,
            settled: (remembered && other.is_none()) || verdict.reason == Reason::Witnessed,
            verdict,
            other: None,
            change,
        };
        let other = other.map(|rule| Box::new(clock.by_another(rule)));
        PumpClock { other, ..clock }
    }

    /// The same clock by another rule since its newest movement.
    fn by_another(&self, rule: Rule) -> PumpClock {
        let course = Course::leading_to(self.zone, &self.movements, &self.held, (rule, None));
        PumpClock {
            timeline: course.timeline(self.zone, &self.movements),
            verdict: Verdict {
                rule,
                ..self.verdict
            },
            other: None,
            ..self.clone()
        }
    }

    /// How the clock was judged.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The same clock by the other rule that fits all that is known, where there is one.
    pub(crate) fn other(&self) -> Option<&PumpClock> {
        self.other.as_deref()
    }

    /// The offset at which the clock ran when it wrote an event.
    pub(crate) fn offset(&self, id: EventId, shown: PumpTime) -> Duration {
        self.constant_offset(id, shown.reading())
            .unwrap_or_else(|| zone::offsets_at_reading(self.zone, shown.reading()).0)
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
    pub(crate) fn days_that_tell(
        &self,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Option<(NaiveDate, NaiveDate)> {
        let change = self.telling_change().filter(|_| !self.settled)?;
        let (from, to) = change.dates();
        let held = first <= from && to <= last;
        let undecided = self.verdict.reason == Reason::Default;
        ((first <= to || undecided) && !held).then_some((from, to))
    }

    /// The same clock, judged anew where its events run right through the zone's newest change: it has had one offset ever
    /// since it was last moved.
    pub(crate) fn informed_by(&self, events: &[Event]) -> PumpClock {
        let Some(change) = self.telling_change().filter(|_| !self.settled) else {
            return self.clone();
        };
        let (first, last) = change.dates();
        let night = events
            .iter()
            .filter(|event| (first..=last).contains(&event.pump_time.reading().date()))
            .map(|event| (event.id, event.pump_time));
        let night = self.placed(night);
        if overlap::ran_on(&night, &self.verdict) {
            return self.by_another(Rule::Kept(self.offset_running_on(change)));
        }
        match overlap::followed(&night, change) {
            true => PumpClock {
                settled: true,
                other: None,
                ..self.clone()
            },
            false => self.clone(),
        }
    }

    /// The offset of a clock that ran on through a change of the zone: the zone's new one, where the clock's newest movement
    /// or the evidence says that it had that already; else the one before, since its owner has not moved it yet.
    fn offset_running_on(&self, change: &Transition) -> Duration {
        let newest = (self.movements.iter().rev()).find(|moved| !moved.corrects_drift());
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
        overlap::settle(&self.placed(readings), &self.verdict)
    }

    fn placed(&self, readings: impl Iterator<Item = (EventId, PumpTime)>) -> Vec<Placed> {
        let placed = readings.map(|(id, time)| {
            let (reading, stretch) = (time.reading(), segment(&self.movements, id));
            match self.constant_offset(id, reading) {
                Some(offset) => Placed::at_offset(reading, offset, stretch),
                None => Placed::in_zone(self.zone, reading, stretch),
            }
        });
        placed.collect()
    }

    /// The offset from UTC at which the clock ran when it wrote an event, where it did not follow the zone.
    fn constant_offset(&self, id: EventId, reading: NaiveDateTime) -> Option<Duration> {
        match self.timeline.rule(id, reading) {
            Rule::Kept(offset) => Some(offset),
            Rule::FollowsZone => None,
        }
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

/// Whether the zone's offset changes between two instants.
pub(crate) fn zone_changes(zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
    zone::next_transition(zone, from, until).is_some()
}

/// How many movements had come when the pump wrote an event.
fn segment(movements: &[Movement], id: EventId) -> usize {
    movements.partition_point(|movement| movement.last() <= id)
}
