//! The pump's clock: what it showed, what is on record, what else is known, and the instants that this must give.

mod movements;
mod zone_changes;

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use tconnectsync_heroku::pump::clock::{Evidence, PumpClock};
use tconnectsync_heroku::pump::event::{
    CgmReading, DateChanged, Detail, Event, EventId, PumpingResumed, Sensor, Signal, TimeChanged,
};
use tconnectsync_heroku::pump::quantity::{PumpTime, pump_epoch};

const NEW_YORK: Tz = chrono_tz::America::New_York;
const LONDON: Tz = chrono_tz::Europe::London;

fn reading(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
        .or_else(|_| NaiveDateTime::parse_from_str(&format!("{text}:00"), "%Y-%m-%d %H:%M:%S"))
        .expect("the table's own times are well formed")
}

fn instant(text: &str) -> DateTime<Utc> {
    reading(text).and_utc()
}

fn event(number: i64, shown: &str) -> Event {
    Event {
        id: EventId { number, group: 0 },
        pump_time: PumpTime::new(reading(shown)),
        detail: Detail::AlertActivated(Signal { id: 0 }),
    }
}

/// The clock was set from one time to another: code 13, and 14 where the date changed too.
fn moved(number: i64, from: &str, to: &str) -> Vec<Event> {
    let (from, to) = (reading(from), reading(to));
    let ms = |at: NaiveDateTime| (at - at.date().and_hms_opt(0, 0, 0).unwrap()).num_milliseconds();
    let days = |at: NaiveDateTime| (at.date() - pump_epoch()).num_days();
    let mut changes = Vec::new();
    if ms(from) != ms(to) {
        changes.push(Event {
            id: EventId { number, group: 0 },
            pump_time: PumpTime::new(from),
            detail: Detail::TimeChanged(TimeChanged {
                prior_ms: ms(from),
                after_ms: ms(to),
            }),
        });
    }
    if from.date() != to.date() {
        changes.push(Event {
            id: EventId {
                number: number + 1,
                group: 0,
            },
            pump_time: PumpTime::new(from.date().and_time(to.time())),
            detail: Detail::DateChanged(DateChanged {
                prior_days: days(from),
                after_days: days(to),
            }),
        });
    }
    changes
}

/// What is known besides the record: the newest event's reading, its upload, and now.
struct Known {
    newest: &'static str,
    upload: Option<&'static str>,
    now: &'static str,
}

impl Known {
    fn uploaded(newest: &'static str, upload: &'static str) -> Known {
        Known {
            newest,
            upload: Some(upload),
            now: upload,
        }
    }
}

fn judge(zone: Tz, changes: &[Vec<Event>], known: &Known) -> PumpClock {
    PumpClock::judge(
        zone,
        &changes.concat(),
        &Evidence {
            newest: Some(PumpTime::new(reading(known.newest))),
            last_upload: known.upload.map(instant),
            now: instant(known.now),
            up_to_now: true,
        },
    )
}

/// Each event: its number, what the clock showed, and the true instant.
#[track_caller]
fn assert_instants(clock: &PumpClock, table: &[(i64, &str, &str)]) {
    let events = table
        .iter()
        .map(|(number, shown, _)| event(*number, shown))
        .collect();
    let found: Vec<String> = clock
        .date(events)
        .iter()
        .map(|dated| dated.at.to_string())
        .collect();
    let expected: Vec<String> = table
        .iter()
        .map(|(_, _, at)| instant(at).to_string())
        .collect();
    assert_eq!(found, expected, "judged as {:?}", clock.verdict());
}

#[test]
fn a_reading_backfilled_hours_later_has_its_own_time() {
    let clock = judge(
        NEW_YORK,
        &[],
        &Known::uploaded("2026-11-02 08:00", "2026-11-02 13:02"),
    );
    let reading_event = |number, shown: &str, taken: &str| {
        let mut event = event(number, shown);
        event.detail = Detail::CgmReading(CgmReading {
            sensor: Sensor::G7,
            glucose: None,
            status: None,
            taken: PumpTime::new(reading(taken)),
            data_type: Default::default(),
            rate_tenths: None,
            rssi: None,
        });
        event
    };
    let resumed = Event {
        detail: Detail::PumpingResumed(PumpingResumed { reservoir: None }),
        ..event(1, "2026-11-01 00:30")
    };
    let events = vec![
        resumed,
        reading_event(2, "2026-11-01 01:30:07", "2026-11-01 01:30:00"),
        reading_event(3, "2026-11-01 01:10:07", "2026-11-01 01:10:00"),
        reading_event(4, "2026-11-01 05:00:07", "2026-11-01 00:20:00"),
        reading_event(5, "2026-11-01 05:00:08", "2026-11-01 03:20:00"),
    ];
    let taken: Vec<_> = clock
        .date(events)
        .iter()
        .map(|dated| dated.taken_at)
        .collect();
    let expected = [
        None,
        Some("2026-11-01 05:30"),
        Some("2026-11-01 06:10"),
        Some("2026-11-01 04:20"),
        Some("2026-11-01 08:20"),
    ];
    assert_eq!(taken, expected.map(|at| at.map(instant)));
}
