//! A time zone without its name: its offsets, at dates moved like all others.
//!
//! The pump's clock is judged by the days on which its zone changes its offset, so these days move with the events. No zone of the
//! database changes on the moved days. So a replay moves everything once more, until the changes coincide with those of a zone.

use chrono::{DateTime, Duration, Offset, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use serde::{Deserialize, Serialize};

use super::dates::Shift;

const DAY: i64 = 86_400;

/// The zones of most pumps, tried first: going through the whole database takes a while.
const USUAL: [Tz; 9] = [
    Tz::America__New_York,
    Tz::America__Chicago,
    Tz::America__Denver,
    Tz::America__Los_Angeles,
    Tz::Europe__London,
    Tz::Europe__Berlin,
    Tz::Europe__Athens,
    Tz::Australia__Sydney,
    Tz::Pacific__Auckland,
];

/// How far before the oldest event the clock's judgement looks for changes of the zone.
const BEFORE: Duration = Duration::days(740);

/// How far after now it does.
const BEYOND: Duration = Duration::days(60);

/// The offsets of a zone in a span.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordedZone {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    /// Seconds ahead of UTC at its beginning.
    offset: i32,
    changes: Vec<Change>,
}

/// A change of the offset: when, and to how many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Change {
    at: DateTime<Utc>,
    offset: i32,
}

impl RecordedZone {
    /// The moved offsets of a zone around the events since `oldest`.
    pub(super) fn of(
        zone: Tz,
        (oldest, now): (DateTime<Utc>, DateTime<Utc>),
        shift: Shift,
    ) -> RecordedZone {
        let (from, until) = (oldest.min(now) - BEFORE, now + BEYOND);
        let changes = changes(zone, from, until).into_iter();
        let by = Duration::days(shift.0);
        RecordedZone {
            from: from + by,
            until: until + by,
            offset: offset_at(zone, from),
            changes: changes
                .map(|change| Change {
                    at: change.at + by,
                    ..change
                })
                .collect(),
        }
    }

    /// A zone with the same offsets, and the shift that makes them coincide: the shortest, in either direction.
    pub(super) fn host(&self) -> Option<(Tz, Shift)> {
        let Some(first) = self.changes.first() else {
            let same = |zone: &&Tz| {
                offset_at(**zone, self.from) == self.offset
                    && changes(**zone, self.from, self.until).is_empty()
            };
            return TZ_VARIANTS.iter().find(same).map(|zone| (*zone, Shift(0)));
        };
        let mut zones = USUAL.iter().chain(&TZ_VARIANTS);
        zones.find_map(|zone| Some((*zone, self.shift_onto(*zone, first)?)))
    }

    /// The shift after which a zone has the same offsets.
    fn shift_onto(&self, zone: Tz, first: &Change) -> Option<Shift> {
        let there = changes(zone, years(2008), years(2090)).into_iter();
        let there = there.filter(|change| change.offset == first.offset);
        let apart = there.map(|change| (change.at - first.at).num_seconds());
        let days = apart
            .filter(|apart| apart % DAY == 0)
            .map(|apart| apart / DAY);
        let mut shifts: Vec<Shift> = days.map(Shift).collect();
        shifts.sort_by_key(|shift| shift.0.abs());
        shifts
            .into_iter()
            .find(|shift| self.is_done_by(zone, *shift))
    }

    fn is_done_by(&self, zone: Tz, shift: Shift) -> bool {
        let by = Duration::days(shift.0);
        let (from, until) = (self.from + by, self.until + by);
        // Beyond what the database holds, a zone changes no more.
        if from < years(2000) || until > years(2095) || offset_at(zone, from) != self.offset {
            return false;
        }
        let there = changes(zone, from, until);
        there.len() == self.changes.len()
            && (there.iter().zip(&self.changes))
                .all(|(there, here)| there.at == here.at + by && there.offset == here.offset)
    }
}

fn years(year: i32) -> DateTime<Utc> {
    let first = Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0);
    first.single().unwrap_or_default()
}

fn offset_at(zone: Tz, at: DateTime<Utc>) -> i32 {
    let offset = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    offset.local_minus_utc()
}

/// Every change of a zone's offset in a span. No zone changes and changes back within a week.
fn changes(zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut early = from;
    while early < until {
        let late = until.min(early + Duration::days(7));
        let before = offset_at(zone, early);
        if offset_at(zone, late) != before {
            let (mut low, mut high) = (early.timestamp(), late.timestamp());
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                let at = DateTime::from_timestamp(middle, 0).unwrap_or(late);
                match offset_at(zone, at) == before {
                    true => low = middle,
                    false => high = middle,
                }
            }
            let at = DateTime::from_timestamp(high, 0).unwrap_or(late);
            let offset = offset_at(zone, at);
            changes.push(Change { at, offset });
        }
        early = late;
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_zone_is_found_that_did_the_same() {
        let spans = [
            ("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z"),
            ("2021-03-05T00:00:00Z", "2026-07-01T00:00:00Z"),
        ];
        let zones = [
            Tz::America__New_York,
            Tz::Europe__Berlin,
            Tz::Australia__Lord_Howe,
            Tz::Pacific__Auckland,
            Tz::Asia__Kolkata,
            Tz::America__Phoenix,
        ];
        for zone in zones {
            for (oldest, now) in spans {
                for days in [1101, 7_777, 14_700] {
                    let span = (utc(oldest), utc(now));
                    let recorded = RecordedZone::of(zone, span, Shift(days));
                    let (host, back) = recorded.host().expect("at least the zone itself");
                    let by = Duration::days(days + back.0);
                    let mut at = span.0 - BEFORE;
                    while at < span.1 + BEYOND {
                        assert_eq!(offset_at(host, at + by), offset_at(zone, at), "{zone} {at}");
                        at += Duration::minutes(397);
                    }
                }
            }
        }
    }
}
