//! The pump's clock: what it showed, what is on record, what else is known, and the instants that this must give.

mod movements;
mod zone_changes;

use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use chrono_tz::Tz;
use tconnectsync_heroku::pump::clock::{Evidence, PumpClock};
use tconnectsync_heroku::pump::event::{
    CgmReading, DateChanged, Detail, Event, EventId, PumpingResumed, Signal, TimeChanged,
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

/// A reading of the sensor that the pump wrote later than it was taken.
fn cgm_reading(number: i64, shown: &str, taken: &str) -> Event {
    Event {
        detail: Detail::CgmReading(CgmReading {
            glucose: None,
            status: None,
            taken: PumpTime::new(reading(taken)),
            backfilled: false,
            rate_tenths: None,
        }),
        ..event(number, shown)
    }
}

/// The clock was set from one time to another: code 13, and 14 where the date changed too.
pub fn moved(number: i64, from: &str, to: &str) -> Vec<Event> {
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
            upload_is_certain: true,
            now: instant(known.now),
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
    let resumed = Event {
        detail: Detail::PumpingResumed(PumpingResumed { reservoir: None }),
        ..event(1, "2026-11-01 00:30")
    };
    let events = vec![
        resumed,
        cgm_reading(2, "2026-11-01 01:30:07", "2026-11-01 01:30:00"),
        cgm_reading(3, "2026-11-01 01:10:07", "2026-11-01 01:10:00"),
        cgm_reading(4, "2026-11-01 05:00:07", "2026-11-01 00:20:00"),
        cgm_reading(5, "2026-11-01 05:00:08", "2026-11-01 03:20:00"),
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

/// Events every five minutes from one reading of the clock to another.
fn every_five_minutes(first_number: i64, from: &str, to: &str) -> Vec<Event> {
    let to = reading(to);
    let shown = (0..).map(|index| reading(from) + Duration::minutes(5 * index));
    (first_number..)
        .zip(shown.take_while(|shown| *shown <= to))
        .map(|(number, shown)| event(number, &shown.format("%Y-%m-%d %H:%M:%S").to_string()))
        .collect()
}

#[test]
fn a_late_reading_was_never_taken_after_it_was_written() {
    let dated = |known: &Known, events: Vec<Event>| {
        let dated = judge(NEW_YORK, &[], known).date(events);
        let late = dated.into_iter().find(|dated| dated.taken_at.is_some());
        late.map(|late| (late.at, late.taken_at))
    };
    // In the first pass of the repeated hour, of which the second was written too.
    let mut autumn = every_five_minutes(1, "2026-11-01 00:30", "2026-11-01 01:30");
    autumn.push(cgm_reading(50, "2026-11-01 01:30:10", "2026-11-01 01:05"));
    autumn.extend(every_five_minutes(
        51,
        "2026-11-01 01:35",
        "2026-11-01 01:55",
    ));
    autumn.extend(every_five_minutes(
        60,
        "2026-11-01 01:00",
        "2026-11-01 01:50",
    ));
    assert_eq!(
        dated(
            &Known::uploaded("2026-11-01 01:50", "2026-11-01 06:52"),
            autumn
        ),
        Some((
            instant("2026-11-01 05:30:10"),
            Some(instant("2026-11-01 05:05"))
        ))
    );
    // On a clock that ran on through the zone's change.
    let mut ignored = every_five_minutes(1, "2026-10-31 23:00", "2026-10-31 23:30");
    ignored.push(cgm_reading(50, "2026-10-31 23:30:10", "2026-10-31 23:00"));
    ignored.extend(every_five_minutes(
        60,
        "2026-10-31 23:35",
        "2026-11-01 09:00",
    ));
    assert_eq!(
        dated(
            &Known::uploaded("2026-11-01 09:00", "2026-11-01 14:02"),
            ignored
        ),
        Some((
            instant("2026-11-01 04:30:10"),
            Some(instant("2026-11-01 04:00"))
        ))
    );
    // Reckoned into the hour that the zone left out.
    let spring = vec![
        event(1, "2026-03-08 01:55"),
        cgm_reading(2, "2026-03-08 03:10:10", "2026-03-08 02:40"),
    ];
    assert_eq!(
        dated(
            &Known::uploaded("2026-03-08 12:00", "2026-03-08 16:02"),
            spring
        ),
        Some((
            instant("2026-03-08 07:10:10"),
            Some(instant("2026-03-08 06:40"))
        ))
    );
    // Before the clock stepped back, and written after it.
    let step = vec![
        event(1, "2026-11-01 01:59"),
        cgm_reading(2, "2026-11-01 01:00:03", "2026-11-01 01:59:58"),
        event(3, "2026-11-01 01:05"),
    ];
    assert_eq!(
        dated(
            &Known::uploaded("2026-11-01 12:00", "2026-11-01 17:02"),
            step
        ),
        Some((
            instant("2026-11-01 06:00:03"),
            Some(instant("2026-11-01 05:59:58"))
        ))
    );
}
