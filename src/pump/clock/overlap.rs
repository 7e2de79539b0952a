//! The hour that a zone repeats in autumn, told apart by the order in which the pump wrote its events.

use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use chrono_tz::Tz;

use super::zone;

/// A clock that follows its zone goes back by 30 minutes or more; whatever is less is a correction of its running.
const STEP_BACK: Duration = Duration::minutes(8);

/// The pump writes at least every five minutes; a longer silence is a gap in its data.
const NEIGHBOURS: Duration = Duration::minutes(10);

/// Where a reading of the clock lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Placed {
    /// At one instant.
    At(DateTime<Utc>),
    /// In the hour that the zone repeats.
    Twice {
        reading: NaiveDateTime,
        first: DateTime<Utc>,
        second: DateTime<Utc>,
    },
}

impl Placed {
    /// The instant, the first one of an ambiguous reading.
    fn first(self) -> DateTime<Utc> {
        match self {
            Placed::At(at) => at,
            Placed::Twice { first, .. } => first,
        }
    }

    /// The instant, the second one of an ambiguous reading.
    fn second(self) -> DateTime<Utc> {
        match self {
            Placed::At(at) => at,
            Placed::Twice { second, .. } => second,
        }
    }
}

/// Places a reading of a clock that follows the zone.
pub(super) fn place(zone: Tz, reading: NaiveDateTime) -> Placed {
    let (earlier, later) = zone::offsets_at_reading(zone, reading);
    let first = zone::subtract(reading, earlier);
    if earlier == later {
        return Placed::At(first);
    }
    Placed::Twice {
        reading,
        first,
        second: zone::subtract(reading, later),
    }
}

/// Settles each reading on one instant. The readings are in the order in which they were written.
pub(super) fn settle(placed: &[Placed]) -> Vec<DateTime<Utc>> {
    let mut instants: Vec<DateTime<Utc>> = placed.iter().map(|place| place.first()).collect();
    let mut start = 0;
    while start < placed.len() {
        if matches!(placed[start], Placed::At(_)) {
            start += 1;
            continue;
        }
        let length = placed[start..]
            .iter()
            .take_while(|place| matches!(place, Placed::Twice { .. }))
            .count();
        let run = start..start + length;
        let second_pass = run.start + second_pass(placed, run.clone());
        for index in second_pass..run.end {
            instants[index] = placed[index].second();
        }
        start = run.end;
    }
    instants
}

/// How many readings of a run in the repeated hour belong to its first pass.
fn second_pass(placed: &[Placed], run: std::ops::Range<usize>) -> usize {
    let readings: Vec<NaiveDateTime> = placed[run.clone()]
        .iter()
        .filter_map(|place| match place {
            Placed::Twice { reading, .. } => Some(*reading),
            Placed::At(_) => None,
        })
        .collect();
    let back = readings
        .windows(2)
        .position(|pair| pair[0] - pair[1] >= STEP_BACK);
    if let Some(index) = back {
        return index + 1;
    }
    // The hour was written only once: it belongs to the side on which it leaves no gap, the first where both do.
    let before = run.start.checked_sub(1).map(|index| placed[index].first());
    let after = placed.get(run.end).map(|place| place.first());
    let joins_before = before.is_some_and(|at| placed[run.start].first() - at <= NEIGHBOURS);
    let joins_after = after.is_some_and(|at| at - placed[run.end - 1].second() <= NEIGHBOURS);
    if joins_after && !joins_before {
        0
    } else {
        readings.len()
    }
}
