//! `CGM`: the pump's glucose readings, at the time at which they were measured.
//!
//! Libre sensors also send readings every minute. Each becomes an entry, beside those every five minutes: a choice among
//! them could leave out a low. Nightscout itself averages over five minutes where it needs an even spacing.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};

use crate::nightscout::document::{Identity, Subject};
use crate::nightscout::entry::Entry;
use crate::pump::event::{CgmReading, Detail, ReadingStatus};
use crate::pump::quantity::MgDl;

use super::History;

/// What stands for a glucose below the sensor's range, with Dexcom and Nightscout.
const LOW: MgDl = MgDl(39);

/// What stands for one above it.
const HIGH: MgDl = MgDl(401);

/// Sensors measure every minute at the most: what is closer than this is the same reading, written twice.
const SAME_READING_WITHIN: Duration = Duration::seconds(30);

/// An entry for each reading. The pump may write one a second time when the sensor sends again what was missed; the first
/// time counts.
pub fn entries(history: &History<'_>) -> Vec<Entry> {
    let mut taken: BTreeSet<DateTime<Utc>> = BTreeSet::new();
    let mut entries = Vec::new();
    for event in history.events {
        let (Detail::CgmReading(reading), Some(at)) = (&event.event.detail, event.taken_at) else {
            continue;
        };
        let Some(glucose) = glucose(reading) else {
            continue;
        };
        let around = at - SAME_READING_WITHIN..=at + SAME_READING_WITHIN;
        if taken.range(around).next().is_some() {
            continue;
        }
        taken.insert(at);
        entries.push(Entry {
            identity: Identity::new(history.serial, Subject::Reading, event.event.id, &[]),
            at,
            glucose,
            direction: shown_rate(reading).and_then(direction),
        });
    }
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// The glucose to show, if there is one. The status decides, not the number: a captured reading that is low has the number
/// 0. A status that nobody knows may mean that the number is not to be trusted.
fn glucose(reading: &CgmReading) -> Option<MgDl> {
    match reading.status? {
        ReadingStatus::DoNotShow => None,
        ReadingStatus::High => Some(HIGH),
        ReadingStatus::Low => Some(LOW),
        ReadingStatus::Value => reading.glucose.map(|glucose| match glucose {
            MgDl(..40) => LOW,
            MgDl(401..) => HIGH,
            glucose => glucose,
        }),
    }
}

/// The rate that an arrow can stand for.
fn shown_rate(reading: &CgmReading) -> Option<i64> {
    reading.rate_tenths.filter(|_| !reading.is_backfilled())
}

/// The arrow that Dexcom shows for a rate in tenths of mg/dL a minute: one step each for 1, 2 and more than 3 mg/dL a
/// minute. No glucose changes by 12 mg/dL a minute: Dexcom's largest byte, 127, says that there is no rate. Without one
/// the entry has no direction, and Nightscout shows no arrow.
fn direction(rate_tenths: i64) -> Option<&'static str> {
    Some(match rate_tenths {
        ..=-120 | 120.. => return None,
        ..-30 => "DoubleDown",
        -30..=-20 => "SingleDown",
        -19..=-10 => "FortyFiveDown",
        -9..=9 => "Flat",
        10..=19 => "FortyFiveUp",
        20..=30 => "SingleUp",
        31.. => "DoubleUp",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pump::event::Bits;
    use crate::pump::quantity::PumpTime;

    #[test]
    fn arrows_turn_at_dexcoms_rates() {
        let cases = [
            (0, Some("Flat")),
            (9, Some("Flat")),
            (10, Some("FortyFiveUp")),
            (19, Some("FortyFiveUp")),
            (20, Some("SingleUp")),
            (30, Some("SingleUp")),
            (31, Some("DoubleUp")),
            (80, Some("DoubleUp")),
            (127, None),
            (-6, Some("Flat")),
            (-13, Some("FortyFiveDown")),
            (-39, Some("DoubleDown")),
            (-128, None),
            (1270, None),
        ];
        for (rate, arrow) in cases {
            assert_eq!(direction(rate), arrow, "{rate}");
        }
        for rate in 0..120 {
            let mirrored = |arrow: &str| arrow.replace("Up", "Down");
            assert_eq!(
                direction(rate).map(mirrored),
                direction(-rate).map(str::to_owned)
            );
        }
    }

    #[test]
    fn what_lies_beyond_the_range_has_its_stand_in() {
        let reading = |status, glucose| CgmReading {
            glucose,
            status,
            taken: PumpTime::from_pump_seconds(0).unwrap(),
            data_type: Bits::default(),
            rate_tenths: None,
        };
        let shown = |status, value: u16| glucose(&reading(Some(status), Some(MgDl(value))));
        use ReadingStatus::{DoNotShow, High, Low, Value};
        let cases = [
            (Value, 40, Some(40)),
            (Value, 400, Some(400)),
            (Value, 39, Some(39)),
            (Value, 20, Some(39)),
            (Value, 401, Some(401)),
            (Value, 430, Some(401)),
            (High, 410, Some(401)),
            (Low, 31, Some(39)),
            (DoNotShow, 120, None),
        ];
        for (status, value, expected) in cases {
            assert_eq!(
                shown(status, value),
                expected.map(MgDl),
                "{status:?} {value}"
            );
        }
        assert_eq!(glucose(&reading(Some(Value), None)), None);
        assert_eq!(glucose(&reading(Some(Low), None)), Some(LOW));
        assert_eq!(glucose(&reading(Some(High), None)), Some(HIGH));
        assert_eq!(glucose(&reading(Some(DoNotShow), None)), None);
        assert_eq!(glucose(&reading(None, Some(MgDl(120)))), None);
    }
}
