//! `CGM`: the pump's glucose readings, at the time of measurement.
//!
//! Libre sensors also send readings every minute. All of them become entries, since thinning could drop a low. Nightscout
//! averages over five minutes where it needs even spacing.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};

use crate::nightscout::document::{Identity, Subject};
use crate::nightscout::entry::Entry;
use crate::pump::event::{CgmReading, Detail, ReadingStatus};
use crate::pump::quantity::MgDl;

use super::History;

/// Dexcom's and Nightscout's value for a glucose below the sensor's range.
const LOW: MgDl = MgDl(39);

/// Their value for one above it.
const HIGH: MgDl = MgDl(401);

/// Sensors measure at most once a minute: readings closer than this are the same one, written twice.
const SAME_READING_WITHIN: Duration = Duration::seconds(30);

/// An entry for each reading. The pump may write a reading again when the sensor resends what was missed; the first counts.
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
            direction: reading
                .rate_tenths
                .filter(|_| !reading.backfilled)
                .and_then(direction),
        });
    }
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// The glucose to show, if any. The status decides, not the number: a captured low reading has the number 0. With an unknown
/// status the number may be unreliable.
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

/// Dexcom's arrow for a rate in tenths of mg/dL per minute: the arrow changes at 1, 2 and above 3 mg/dL per minute. No glucose
/// changes by 12 mg/dL per minute, and Dexcom's largest byte, 127, means that there is no rate: then the entry has no
/// direction, and Nightscout shows no arrow.
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
            backfilled: false,
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
