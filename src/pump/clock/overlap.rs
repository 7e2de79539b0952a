//! Readings of a clock that follows its zone, around the hours that the zone repeats or leaves out: the order in which
//! the pump wrote its events tells the two passes of a repeated hour apart, and tells whether the clock really followed.

use std::ops::Range;

use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use chrono_tz::Tz;

use super::judgement::{Reason, Verdict};
use super::thresholds::{
    CLEAR_STEP_BACK, FAST, FOLLOWS_WITHIN, GRAIN, NEIGHBOURS, SMALLEST_ZONE_STEP, STEP_BACK,
};
use super::zone::Transition;
use super::{movement, zone};

/// Where a reading of the clock lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placed {
    reading: NaiveDateTime,
    at: At,
    /// How many movements of the clock had come by then.
    stretch: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    /// At this instant, whatever the zone did.
    Fixed(DateTime<Utc>),
    /// At this instant, in the zone.
    Once(DateTime<Utc>),
    /// In the hour that the zone repeats, at either of these offsets.
    Twice { first: Duration, second: Duration },
    /// In the hour that the zone leaves out, between these offsets.
    Never { before: Duration, after: Duration },
}

impl Placed {
    /// A reading of a clock at a constant offset.
    pub(super) fn at_offset(reading: NaiveDateTime, offset: Duration, stretch: usize) -> Placed {
        let at = At::Fixed(zone::subtract(reading, offset));
        Placed {
            reading,
            at,
            stretch,
        }
    }

    /// A reading of a clock that follows the zone.
    pub(super) fn in_zone(zone: Tz, reading: NaiveDateTime, stretch: usize) -> Placed {
        let (first, second) = zone::offsets_at_reading(zone, reading);
        let at = match zone::left_out(zone, reading) {
            Some(change) => At::Never {
                before: change.before,
                after: change.after,
            },
            None if first == second => At::Once(zone::subtract(reading, first)),
            None => At::Twice { first, second },
        };
        Placed {
            reading,
            at,
            stretch,
        }
    }

    /// How far the clock stepped back from this reading to the next one, without a record of that.
    fn stepped_back(&self, next: &Placed) -> Option<Duration> {
        (self.stretch == next.stretch).then_some(self.reading - next.reading)
    }

    /// The instant, the first one of a reading that comes twice; one that does not exist counts with the offset before.
    fn first(&self) -> DateTime<Utc> {
        match self.at {
            At::Fixed(at) | At::Once(at) => at,
            At::Twice { first, .. } => zone::subtract(self.reading, first),
            At::Never { before, .. } => zone::subtract(self.reading, before),
        }
    }

    /// The offsets on the near and on the far side of the zone's change, in the hours that it repeats or leaves out.
    fn offsets(&self) -> Option<(Duration, Duration)> {
        match self.at {
            At::Fixed(_) | At::Once(_) => None,
            At::Twice { first, second } => Some((first, second)),
            At::Never { before, after } => Some((before, after)),
        }
    }
}

/// Settles each reading on one instant. The readings are in the order in which they were written.
pub(super) fn settle(placed: &[Placed], verdict: &Verdict) -> Vec<DateTime<Utc>> {
    let mut instants: Vec<DateTime<Utc>> = placed.iter().map(Placed::first).collect();
    for run in runs(placed) {
        let Some((before, after)) = placed[run.start].offsets() else {
            continue;
        };
        if let Passage::Followed { second_pass } = passage(placed, &run, verdict) {
            // What was written on the far side of the change.
            for index in second_pass..run.end {
                instants[index] = zone::subtract(placed[index].reading, after);
            }
            // What a clock that followed late wrote before it did.
            for index in run.end..second_pass {
                instants[index] = zone::subtract(placed[index].reading, before);
            }
        }
    }
    instants
}

/// Whether the clock turns out not to have followed the zone through a change that these readings are from.
pub(super) fn ran_on(placed: &[Placed], verdict: &Verdict) -> bool {
    let runs = runs(placed);
    let mut passages = runs.iter().map(|run| passage(placed, run, verdict));
    passages.any(|passage| matches!(passage, Passage::Ignored))
}

/// Whether these readings show that the clock followed the zone when it changed: no time went by where it stepped.
pub(super) fn followed(placed: &[Placed], change: &Transition) -> bool {
    let (before, after) = (
        change.at.naive_utc() + change.before,
        change.at.naive_utc() + change.after,
    );
    let near = |one: NaiveDateTime, other: NaiveDateTime| (one - other).abs() <= NEIGHBOURS * 2;
    placed.windows(2).any(|pair| {
        let (one, other) = (pair[0].reading, pair[1].reading);
        joined_by(one, other, change.shift()) && near(one, before) && near(other, after)
    })
}

/// The stretches of readings in repeated or left-out hours.
fn runs(placed: &[Placed]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    while start < placed.len() {
        let offsets = placed[start].offsets();
        let alike = placed[start..]
            .iter()
            .take_while(|place| place.offsets() == offsets);
        let end = start + alike.count();
        if offsets.is_some() {
            runs.push(start..end);
        }
        start = end;
    }
    runs
}

/// What the clock did when the zone changed.
enum Passage {
    /// It followed; from this reading on it was the second pass. Where it followed late, that is one after the run.
    Followed { second_pass: usize },
    /// It ran on: it was at one offset before and after.
    Ignored,
}

fn passage(placed: &[Placed], run: &Range<usize>, verdict: &Verdict) -> Passage {
    let readings = &placed[run.clone()];
    // The last reading is the newest event.
    let known_as_second_pass = verdict.second_pass && run.end == placed.len();
    // Where nothing but habit says that the clock followed, a small step back may be a correction that nobody recorded.
    let least = match verdict.reason {
        Reason::Default => CLEAR_STEP_BACK,
        _ => STEP_BACK,
    };
    let steps = readings.windows(2).enumerate().filter_map(|(index, pair)| {
        let step = pair[0].stepped_back(&pair[1])?;
        (step >= least).then_some((step, index))
    });
    // Of several the greatest is the zone's.
    let step_back = steps.max().map(|(_, index)| index);
    if let Some(index) = step_back {
        return Passage::Followed {
            second_pass: run.start + index + 1,
        };
    }
    let gap = |from: Option<&Placed>, to: Option<&Placed>| Some(to?.reading - from?.reading);
    let joined = |gap: Option<Duration>| gap.is_some_and(|gap| gap.abs() <= NEIGHBOURS);
    let before = run.start.checked_sub(1).map(|index| &placed[index]);
    let joins_before = joined(gap(before, readings.first()));
    let joins_after = known_as_second_pass || joined(gap(readings.last(), placed.get(run.end)));
    let unbroken = readings
        .windows(2)
        .all(|pair| joined(gap(pair.first(), pair.last())));
    let is_left_out = matches!(readings[0].at, At::Never { .. });
    // A clock that is some minutes slow shows the end of an hour that there is not.
    let shown = gap(readings.first(), placed.get(run.end));
    let is_slow = shown.is_some_and(|shown| shown < SMALLEST_ZONE_STEP);
    match (joins_before, joins_after) {
        // A clock that follows leaves a jump on one side or the other, and shows no hour that there is not.
        (before, true) if unbroken && (before || (is_left_out && !is_slow)) => {
            match late_step(placed, run) {
                Some(second_pass) => Passage::Followed { second_pass },
                None => Passage::Ignored,
            }
        }
        // A repeated hour that was written only once belongs to the side on which it leaves no gap.
        (false, true) if !is_left_out || is_slow => Passage::Followed {
            second_pass: run.start,
        },
        _ => Passage::Followed {
            second_pass: run.end,
        },
    }
}

/// Whether the pump wrote these readings right after each other, but for a step of its clock between them.
pub(super) fn joined_by(one: NaiveDateTime, other: NaiveDateTime, step: Duration) -> bool {
    let truly = other - one - step;
    Duration::seconds(-30) <= truly && truly <= NEIGHBOURS
}

/// By how much the clock stepped back between two readings, in whole quarters of an hour, if it was as much as zones differ by:
/// the pump wrote one after the other, and may have been some minutes fast until then.
pub(super) fn step_back(one: NaiveDateTime, other: NaiveDateTime) -> Option<Duration> {
    let least = (one - other - FAST).num_seconds();
    let quarters = (least + GRAIN.num_seconds() - 1).div_euclid(GRAIN.num_seconds());
    let step = Duration::seconds(quarters * GRAIN.num_seconds());
    (SMALLEST_ZONE_STEP..=FOLLOWS_WITHIN)
        .contains(&step)
        .then_some(-step)
}

/// The first reading after the clock moved as far as the zone had, some hours after a run at the most: it followed, but
/// late.
fn late_step(placed: &[Placed], run: &Range<usize>) -> Option<usize> {
    let last = run.end.checked_sub(1)?;
    let (before, after) = placed[last].offsets()?;
    let until = placed[last].reading + FOLLOWS_WITHIN;
    let later = placed[last..]
        .windows(2)
        .take_while(|pair| pair[0].reading <= until);
    let mut steps = later.map(|pair| pair[1].reading - pair[0].reading);
    let index = steps.position(|step| movement::about(step, after - before))?;
    Some(run.end + index)
}
