//! Another uploader's glucose as a witness of the pump's clock.
//!
//! Most sites have an uploader that reads the same sensor. The pump's readings, laid over its entries, give the offset of
//! the pump's clock to the second, whatever phone and owner did. It is taken only on a clear match: an hour of readings at
//! the least, of which nearly all have an entry of the same value at one and the same offset, while no other offset has
//! nearly as many. A flat night matches everywhere and so tells nothing; a calibrated sensor or another person's glucose
//! matches nowhere.

use chrono::{DateTime, Duration, NaiveDateTime, Utc};

use super::movement::Movement;
use super::thresholds::{NEXT_BEST_SHARE, SAME_OFFSET, WITNESSED_READINGS, WITNESSED_SHARE};
use crate::pump::event::{CgmReading, Detail, Event, EventId, ReadingStatus};
use crate::pump::quantity::MgDl;

/// A glucose that another uploader brought to the site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sighting {
    /// When it was measured.
    pub(crate) at: DateTime<Utc>,
    /// The glucose.
    pub(crate) glucose: MgDl,
}

/// Events between which the clock is known to have run at one offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Witnessed {
    /// The first event of the pump's readings between the same two movements.
    pub(crate) stretch_begins: EventId,
    /// The first of them.
    pub(crate) first: EventId,
    /// The last of them.
    pub(crate) last: EventId,
    /// What the clock showed at the last.
    pub(crate) reading: NaiveDateTime,
    /// The offset from UTC.
    pub(crate) offset: Duration,
}

/// A reading of the pump.
#[derive(Clone, Copy)]
struct Reading {
    id: EventId,
    taken: NaiveDateTime,
    glucose: MgDl,
}

/// Readings of two uploaders this close, in seconds, are one and the same; clocks tick evenly enough for that.
const CLUSTER: i64 = 40;

/// Readings of one sensor are closer than half of its five minutes, in seconds.
const NEAR: i64 = 150;

/// What the sightings tell of the offset at which the clock wrote these events.
pub(super) fn lay_over(
    events: &[Event],
    movements: &[Movement],
    sightings: &[Sighting],
) -> Vec<Witnessed> {
    let (least, most) = WITNESSED_READINGS;
    let mut entries: Vec<(i64, MgDl)> = sightings
        .iter()
        .map(|sighting| (sighting.at.timestamp(), sighting.glucose))
        .collect();
    entries.sort_unstable();
    if entries.len() < least {
        return Vec::new();
    }
    let readings: Vec<Reading> = events.iter().filter_map(reading).collect();
    let segment = |reading: &Reading| super::segment(movements, reading.id);
    readings
        .chunk_by(|one, other| segment(one) == segment(other))
        .flat_map(|stretch| {
            let parts = stretch.len().div_ceil(most).max(1);
            let parts = stretch.chunks(stretch.len().div_ceil(parts).max(1));
            parts.map(|part| (stretch[0].id, part))
        })
        .filter(|(_, part)| part.len() >= least)
        .filter_map(|(stretch_begins, part)| offset(stretch_begins, part, &entries))
        .collect()
}

fn reading(event: &Event) -> Option<Reading> {
    let Detail::CgmReading(CgmReading {
        glucose: Some(glucose),
        status: Some(ReadingStatus::Value),
        taken,
        ..
    }) = event.detail
    else {
        return None;
    };
    Some(Reading {
        id: event.id,
        taken: taken.reading(),
        glucose,
    })
}

/// The offset of a few hours of readings, where the match is clear.
fn offset(stretch_begins: EventId, part: &[Reading], entries: &[(i64, MgDl)]) -> Option<Witnessed> {
    // Every offset at which some reading would have an entry of its value, in seconds.
    let mut candidates: Vec<i64> = Vec::new();
    for reading in part {
        let taken = reading.taken.and_utc().timestamp();
        let same = entries
            .iter()
            .filter(|(_, glucose)| *glucose == reading.glucose);
        candidates.extend(same.map(|(at, _)| taken - at));
    }
    candidates.sort_unstable();
    // How many candidates lie within a cluster that begins at each, and the one in its middle.
    let mut clusters: Vec<(usize, i64)> = Vec::with_capacity(candidates.len());
    let mut end = 0;
    for (start, first) in candidates.iter().enumerate() {
        while end < candidates.len() && candidates[end] - first <= CLUSTER {
            end += 1;
        }
        clusters.push((end - start, candidates[start + (end - start) / 2]));
    }
    let (matched, middle) = *clusters.iter().max_by_key(|(count, _)| *count)?;
    let elsewhere = |(_, other): &&(usize, i64)| (other - middle).abs() > NEAR;
    let next_best = clusters
        .iter()
        .filter(elsewhere)
        .map(|(count, _)| *count)
        .max();
    let covered = part.iter().filter(|reading| {
        let at = reading.taken.and_utc().timestamp() - middle;
        let from = entries.partition_point(|(entry, _)| *entry < at - NEAR);
        entries
            .get(from)
            .is_some_and(|(entry, _)| *entry <= at + NEAR)
    });
    let covered = covered.count();
    let clear = matched >= WITNESSED_READINGS.0
        && matched * 100 >= covered * WITNESSED_SHARE
        && next_best.unwrap_or(0) * 100 <= matched * NEXT_BEST_SHARE;
    let (first, last) = (part.first()?, part.last()?);
    clear.then(|| Witnessed {
        stretch_begins,
        first: first.id,
        last: last.id,
        reading: last.taken,
        offset: Duration::seconds(middle),
    })
}

/// Whether two offsets are one but for what two clocks may differ by.
pub(super) fn same(one: Duration, other: Duration) -> bool {
    (one - other).abs() <= SAME_OFFSET
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pump::quantity::PumpTime;

    const START: i64 = 1_780_000_000;

    /// Glucose as a sensor shows it: it wanders, and neighbours resemble each other.
    fn curve(seed: i64, count: i64) -> Vec<u16> {
        let mut state = seed
            .wrapping_mul(2_862_933_555_777_941_757)
            .wrapping_add(3_037_000_493);
        let (mut value, mut slope) = (140_i64, 0_i64);
        (0..count)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695);
                slope = (slope + ((state >> 33) % 5) - (value - 140) / 40).clamp(-12, 12);
                value = (value + slope).clamp(45, 380);
                u16::try_from(value).unwrap()
            })
            .collect()
    }

    /// The pump's readings on a clock at this offset, in seconds.
    fn events(curve: &[u16], offset: i64) -> Vec<Event> {
        let readings = (0..).zip(curve).map(|(index, glucose)| {
            let shown = DateTime::from_timestamp(START + 300 * index + offset, 0).unwrap();
            let taken = PumpTime::new(shown.naive_utc());
            Event {
                id: EventId {
                    number: index,
                    group: 0,
                },
                pump_time: taken,
                detail: Detail::CgmReading(CgmReading {
                    glucose: Some(MgDl(*glucose)),
                    status: Some(ReadingStatus::Value),
                    taken,
                    backfilled: false,
                    rate_tenths: None,
                }),
            }
        });
        readings.collect()
    }

    /// Another uploader's entries of a curve, each some seconds late.
    fn sightings(curve: &[u16], seconds_late: impl Fn(i64) -> i64) -> Vec<Sighting> {
        let entries = (0..).zip(curve).map(|(index, glucose)| Sighting {
            at: DateTime::from_timestamp(START + 300 * index + seconds_late(index), 0).unwrap(),
            glucose: MgDl(*glucose),
        });
        entries.collect()
    }

    fn told(events: &[Event], sightings: &[Sighting]) -> Vec<i64> {
        let witnessed = lay_over(events, &[], sightings);
        witnessed
            .iter()
            .map(|part| part.offset.num_seconds())
            .collect()
    }

    #[test]
    fn the_same_readings_tell_the_offset_to_the_second() {
        let curve = curve(1, 288);
        for offset in [-14_400, 0, 27_900, -14_400 + 450, 45 * 86_400, 12 * 3600] {
            let told = told(&events(&curve, offset), &sightings(&curve, |_| 0));
            assert_eq!(told, vec![offset; 8]);
        }
    }

    #[test]
    fn an_uploader_that_is_some_seconds_late_tells_it_as_well() {
        let curve = curve(2, 288);
        let told = told(
            &events(&curve, -18_000),
            &sightings(&curve, |index| index % 9),
        );
        assert_eq!(told.len(), 8);
        assert!(
            told.iter().all(|offset| (offset + 18_000).abs() <= 9),
            "{told:?}"
        );
    }

    #[test]
    fn a_flat_night_tells_nothing() {
        let flat: Vec<u16> = (0..96).map(|index| 110 + index / 40).collect();
        assert!(told(&events(&flat, -14_400), &sightings(&flat, |_| 0)).is_empty());
    }

    #[test]
    fn a_calibrated_sensor_and_another_person_tell_nothing() {
        let ours = curve(3, 288);
        let calibrated: Vec<u16> = ours.iter().map(|glucose| glucose * 107 / 100 + 3).collect();
        assert!(told(&events(&ours, -14_400), &sightings(&calibrated, |_| 0)).is_empty());
        for seed in 4..30 {
            let theirs = curve(seed, 600);
            assert!(told(&events(&ours, -14_400), &sightings(&theirs, |_| 0)).is_empty());
        }
    }

    #[test]
    fn half_an_hour_of_readings_tells_nothing() {
        let curve = curve(5, 288);
        let events = events(&curve, -14_400);
        assert!(told(&events[100..106], &sightings(&curve, |_| 0)).is_empty());
    }
}
