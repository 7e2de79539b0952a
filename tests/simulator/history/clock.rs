//! The pump's clock: which wall-clock time it shows at every true instant, and the records it keeps of being moved.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::calendar::{DAY, EPOCH_2008, instant, transitions, zone_offset};
use super::event::{Properties, Recorder};

/// How the pump's clock behaves over the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockStory {
    /// Always the zone's own wall clock, without any record of a change.
    FollowsZone,
    /// Keeps the zone's offset at the start of the story.
    NeverChanged,
    /// Keeps this offset from UTC, in seconds, whatever the zone does.
    Fixed(i64),
    /// Its owner moves it, with a record, so many seconds after each transition of the zone: the first delay for the first
    /// transition of the story, and so on; transitions without a delay are never followed.
    ByHand(Vec<i64>),
    /// Its owner moves it by so many seconds at these instants, and never for the zone's transitions.
    Travel(Vec<(DateTime<Utc>, i64)>),
    /// It runs slow (or fast, where negative) until its owner puts it right by so many seconds at these instants.
    Drift(Vec<(DateTime<Utc>, i64)>),
    /// It falls to 2008-01-01T00:00:00 at `at` and is set right at `set_at`. The fall leaves a record only if `recorded`.
    ResetTo2008 {
        /// When it falls.
        at: DateTime<Utc>,
        /// When its owner sets it.
        set_at: DateTime<Utc>,
        /// Whether the fall leaves records 13 and 14 like a movement by hand.
        recorded: bool,
    },
    /// Half an hour before the pump's midnight after this instant it is moved an hour forward: a change of time and of date.
    DateChange(DateTime<Utc>),
    /// These movements, from the zone's offset at the start of the story.
    Moved(Vec<(DateTime<Utc>, i64)>),
    /// The same, some of them without a record.
    Steps(Vec<Step>),
}

/// One movement of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The true instant.
    pub at: DateTime<Utc>,
    /// How far the wall clock jumps, in seconds; positive is forward.
    pub shift: i64,
    /// Whether it leaves a record.
    pub recorded: bool,
}

impl Step {
    /// How far a clock at this offset falls that is lost at a true second.
    pub fn to_2008(at: i64, offset: i64) -> i64 {
        EPOCH_2008 - (at + offset)
    }
}

/// One movement of the clock that left a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The true instant.
    pub at: DateTime<Utc>,
    /// How far the wall clock jumped, in seconds; positive is forward.
    pub shift: i64,
}

/// Offsets from UTC over true time.
#[derive(Clone, Debug)]
pub struct PumpClock {
    /// True second from which an offset (seconds) holds; the first begins at the earliest time there is.
    steps: Vec<(i64, i64)>,
    movements: Vec<Movement>,
}

impl PumpClock {
    /// The clock of this story, told from `since` to `until` (seconds).
    pub(super) fn tell(story: &ClockStory, zone: Tz, since: i64, until: i64) -> Self {
        let base = zone_offset(zone, since);
        let mut clock = Self {
            steps: vec![(i64::MIN, base)],
            movements: Vec::new(),
        };
        match story {
            ClockStory::FollowsZone => {
                clock.steps[0].1 = zone_offset(zone, since - 400 * DAY);
                for at in transitions(zone, since - 400 * DAY, until) {
                    clock.steps.push((at, zone_offset(zone, at)));
                }
            }
            ClockStory::NeverChanged => {}
            ClockStory::Fixed(offset) => clock.steps[0].1 = *offset,
            ClockStory::ByHand(delays) => {
                for (at, delay) in transitions(zone, since, until).into_iter().zip(delays) {
                    clock.shift(
                        at + delay,
                        zone_offset(zone, at) - zone_offset(zone, at - 1),
                        true,
                    );
                }
            }
            ClockStory::Travel(legs) | ClockStory::Moved(legs) => {
                for (at, shift) in legs {
                    clock.shift(at.timestamp(), *shift, true);
                }
            }
            ClockStory::Steps(steps) => {
                for step in steps {
                    clock.shift(step.at.timestamp(), step.shift, step.recorded);
                }
            }
            ClockStory::Drift(corrections) => clock.drift(corrections, since),
            ClockStory::ResetTo2008 {
                at,
                set_at,
                recorded,
            } => {
                let fall = EPOCH_2008 - (at.timestamp() + base);
                clock.shift(at.timestamp(), fall, *recorded);
                clock.shift(set_at.timestamp(), -fall, true);
            }
            ClockStory::DateChange(after) => {
                let wall = after.timestamp() + base;
                let at = (wall.div_euclid(DAY) + 1) * DAY - 1800 - base;
                clock.shift(at, 3600, true);
            }
        }
        clock
    }

    /// Adds a movement; in order of time only.
    fn shift(&mut self, at: i64, shift: i64, recorded: bool) {
        let offset = self.offset(at) + shift;
        self.steps.push((at, offset));
        if recorded {
            self.movements.push(Movement {
                at: instant(at),
                shift,
            });
        }
    }

    /// Between two corrections the clock loses second after second what the later one gives back.
    fn drift(&mut self, corrections: &[(DateTime<Utc>, i64)], since: i64) {
        let mut from = since;
        for (at, shift) in corrections {
            let at = at.timestamp();
            let (count, tick) = (shift.abs(), -shift.signum());
            for k in 1..=count {
                self.shift(from + (at - from) * k / (count + 1), tick, false);
            }
            self.shift(at, *shift, true);
            from = at;
        }
    }

    /// Offset from UTC at a true second.
    pub fn offset(&self, at: i64) -> i64 {
        let index = self.steps.partition_point(|(from, _)| *from <= at);
        self.steps[index.max(1) - 1].1
    }

    /// What the clock shows at a true second.
    pub fn wall(&self, at: i64) -> i64 {
        at + self.offset(at)
    }

    /// Every movement that left a record, in order of time.
    pub fn movements(&self) -> &[Movement] {
        &self.movements
    }

    /// Records 13 and 14 of every movement: 13 where the time of day changes, 14 where the date does. The pump stamps a
    /// record with the clock as it stands after that step.
    pub(super) fn record(&self, recorder: &mut Recorder<'_>) {
        for movement in &self.movements {
            let at = movement.at.timestamp();
            let after = self.wall(at);
            let prior = after - movement.shift;
            let (day_prior, day_after) = (prior.div_euclid(DAY), after.div_euclid(DAY));
            let (time_prior, time_after) = (prior.rem_euclid(DAY), after.rem_euclid(DAY));
            if time_prior != time_after {
                let properties = Properties::new()
                    .int("timePrior", time_prior * 1000)
                    .int("timeAfter", time_after * 1000)
                    .int("rawRtcTime", at - EPOCH_2008);
                recorder.push_with_wall(13, at, day_prior * DAY + time_after, properties);
            }
            if day_prior != day_after {
                let since_2008 = EPOCH_2008 / DAY;
                let properties = Properties::new()
                    .int("datePrior", day_prior - since_2008)
                    .int("dateAfter", day_after - since_2008)
                    .int("rawRtcTime", at - EPOCH_2008);
                recorder.push_with_wall(14, at, after, properties);
            }
        }
    }
}
