//! The pump's clock: what it showed, what is on record, what else is known, and the instants that this must give.

use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use chrono_tz::Tz;
use tconnectsync_heroku::pump::clock::{Evidence, PumpClock, Reason};
use tconnectsync_heroku::pump::event::{
    CgmReading, DateChanged, Detail, Event, EventId, PumpingResumed, Sensor, Signal, TimeChanged,
};
use tconnectsync_heroku::pump::quantity::{PumpTime, pump_epoch};

const NEW_YORK: Tz = chrono_tz::America::New_York;

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
fn a_clock_never_moved_has_the_zones_offset() {
    let clock = judge(
        NEW_YORK,
        &[],
        &Known::uploaded("2026-07-10 12:00", "2026-07-10 16:02"),
    );
    assert_instants(
        &clock,
        &[
            (1, "2026-07-10 00:00", "2026-07-10 04:00"),
            (2, "2026-07-10 12:00", "2026-07-10 16:00"),
        ],
    );
}

#[test]
fn a_clock_not_yet_moved_in_autumn_keeps_the_summer_offset() {
    // In the zone's new offset the newest event would lie an hour after its upload.
    let clock = judge(
        NEW_YORK,
        &[],
        &Known::uploaded("2026-11-01 09:00", "2026-11-01 13:03"),
    );
    assert_eq!(clock.verdict().reason, Reason::OtherIsInTheFuture);
    assert_instants(
        &clock,
        &[
            (1, "2026-10-31 23:00", "2026-11-01 03:00"),
            (2, "2026-11-01 01:30", "2026-11-01 05:30"),
            (3, "2026-11-01 02:30", "2026-11-01 06:30"),
            (4, "2026-11-01 09:00", "2026-11-01 13:00"),
        ],
    );
}

#[test]
fn a_clock_not_yet_moved_in_spring_keeps_the_winter_offset() {
    // Both offsets are possible, but only the winter's puts the newest event right before the upload.
    let clock = judge(
        NEW_YORK,
        &[],
        &Known::uploaded("2026-03-08 11:00", "2026-03-08 16:05"),
    );
    assert_eq!(clock.verdict().reason, Reason::JustUploaded);
    assert_instants(
        &clock,
        &[
            (1, "2026-03-08 01:55", "2026-03-08 06:55"),
            (2, "2026-03-08 02:30", "2026-03-08 07:30"),
            (3, "2026-03-08 11:00", "2026-03-08 16:00"),
        ],
    );
}

#[test]
fn a_clock_that_followed_the_zone_in_spring_is_told_by_the_upload() {
    let clock = judge(
        NEW_YORK,
        &[],
        &Known::uploaded("2026-03-08 12:00", "2026-03-08 16:05"),
    );
    assert_instants(
        &clock,
        &[
            (1, "2026-03-08 01:55", "2026-03-08 06:55"),
            (2, "2026-03-08 03:00", "2026-03-08 07:00"),
            (3, "2026-03-08 12:00", "2026-03-08 16:00"),
        ],
    );
}

#[test]
fn a_clock_moved_by_hand_hours_after_the_zone_is_right_before_and_after() {
    let autumn = moved(100, "2026-11-01 15:27", "2026-11-01 14:27");
    let clock = judge(
        NEW_YORK,
        &[autumn],
        &Known::uploaded("2026-11-02 08:00", "2026-11-02 13:05"),
    );
    assert_instants(
        &clock,
        &[
            (98, "2026-10-31 12:00", "2026-10-31 16:00"),
            (99, "2026-11-01 15:20", "2026-11-01 19:20"),
            (102, "2026-11-01 14:30", "2026-11-01 19:30"),
            (103, "2026-11-02 08:00", "2026-11-02 13:00"),
        ],
    );
    let spring = moved(100, "2026-03-10 07:00", "2026-03-10 08:00");
    let clock = judge(
        NEW_YORK,
        &[spring],
        &Known::uploaded("2026-03-11 08:00", "2026-03-11 12:05"),
    );
    assert_instants(
        &clock,
        &[
            (98, "2026-03-08 02:30", "2026-03-08 07:30"),
            (99, "2026-03-10 06:55", "2026-03-10 11:55"),
            (102, "2026-03-10 08:05", "2026-03-10 12:05"),
        ],
    );
}

#[test]
fn a_clock_set_on_the_evening_before_is_right_before_and_after() {
    let autumn = moved(100, "2026-10-31 22:00", "2026-10-31 21:00");
    let expected = [
        (99, "2026-10-31 21:55", "2026-11-01 01:55"),
        (102, "2026-10-31 21:05", "2026-11-01 02:05"),
        (103, "2026-10-31 23:30", "2026-11-01 04:30"),
    ];
    let that_night = judge(
        NEW_YORK,
        std::slice::from_ref(&autumn),
        &Known::uploaded("2026-10-31 23:30", "2026-11-01 04:32"),
    );
    assert_instants(&that_night, &expected);
    let next_day = judge(
        NEW_YORK,
        &[autumn],
        &Known::uploaded("2026-11-01 09:00", "2026-11-01 14:02"),
    );
    assert_instants(&next_day, &expected);
}

#[test]
fn several_movements_count_backwards_one_by_one() {
    let changes = [
        moved(100, "2025-11-03 08:00", "2025-11-03 07:00"),
        moved(200, "2026-03-09 07:00", "2026-03-09 08:00"),
        moved(300, "2026-11-02 20:00", "2026-11-02 19:00"),
    ];
    let clock = judge(
        NEW_YORK,
        &changes,
        &Known::uploaded("2026-11-10 08:00", "2026-11-10 13:05"),
    );
    assert_instants(
        &clock,
        &[
            (50, "2025-11-02 12:00", "2025-11-02 16:00"),
            (150, "2026-01-01 12:00", "2026-01-01 17:00"),
            (199, "2026-03-09 06:59", "2026-03-09 11:59"),
            (250, "2026-07-01 12:00", "2026-07-01 16:00"),
            (299, "2026-11-02 19:55", "2026-11-02 23:55"),
            (350, "2026-11-10 08:00", "2026-11-10 13:00"),
        ],
    );
}

#[test]
fn an_owner_who_moves_the_clock_by_hand_has_not_done_so_yet_when_nothing_else_tells() {
    // The phone was away for a day, so that the upload tells nothing.
    let habit = moved(100, "2025-11-03 08:00", "2025-11-03 07:00");
    let known = Known::uploaded("2026-03-09 07:00", "2026-03-09 22:00");
    let clock = judge(NEW_YORK, &[habit], &known);
    assert_eq!(clock.verdict().reason, Reason::MovedByHandBefore);
    assert_instants(&clock, &[(150, "2026-03-09 07:00", "2026-03-09 12:00")]);
    let without_habit = judge(NEW_YORK, &[], &known);
    assert_eq!(without_habit.verdict().reason, Reason::Default);
    assert_instants(
        &without_habit,
        &[(150, "2026-03-09 07:00", "2026-03-09 11:00")],
    );
}

#[test]
fn drift_corrections_move_nothing() {
    let changes = [
        moved(100, "2026-05-01 08:07", "2026-05-01 08:02"),
        moved(200, "2026-06-01 08:00", "2026-06-01 08:03"),
    ];
    let clock = judge(
        NEW_YORK,
        &changes,
        &Known::uploaded("2026-06-02 08:00", "2026-06-02 12:01"),
    );
    assert_instants(
        &clock,
        &[
            (50, "2026-04-30 08:00", "2026-04-30 12:00"),
            (150, "2026-05-15 08:00", "2026-05-15 12:00"),
        ],
    );
}

#[test]
fn travel_west_and_back_comes_out_right_once_it_is_over() {
    let changes = [
        moved(100, "2026-06-05 15:00", "2026-06-05 12:00"),
        moved(200, "2026-06-12 09:00", "2026-06-12 12:00"),
    ];
    let clock = judge(
        NEW_YORK,
        &changes,
        &Known::uploaded("2026-06-13 08:00", "2026-06-13 12:02"),
    );
    assert_instants(
        &clock,
        &[
            (99, "2026-06-05 14:55", "2026-06-05 18:55"),
            (150, "2026-06-08 12:00", "2026-06-08 19:00"),
            (250, "2026-06-13 08:00", "2026-06-13 12:00"),
        ],
    );
}

#[test]
fn travel_east_over_midnight_comes_out_right_with_time_and_date_set_together() {
    let changes = [
        moved(100, "2026-06-05 20:00", "2026-06-06 02:00"),
        moved(200, "2026-06-12 03:00", "2026-06-11 21:00"),
    ];
    let clock = judge(
        NEW_YORK,
        &changes,
        &Known::uploaded("2026-06-13 08:00", "2026-06-13 12:02"),
    );
    assert_instants(
        &clock,
        &[
            (99, "2026-06-05 19:55", "2026-06-05 23:55"),
            (150, "2026-06-08 12:00", "2026-06-08 10:00"),
            (250, "2026-06-13 08:00", "2026-06-13 12:00"),
        ],
    );
}

#[test]
fn a_journey_under_way_is_told_by_the_upload() {
    let west = moved(100, "2026-06-05 15:00", "2026-06-05 12:00");
    let expected = [
        (99, "2026-06-05 14:55", "2026-06-05 18:55"),
        (150, "2026-06-08 12:00", "2026-06-08 19:00"),
    ];
    let clock = judge(
        NEW_YORK,
        std::slice::from_ref(&west),
        &Known::uploaded("2026-06-08 12:00", "2026-06-08 19:02"),
    );
    assert_eq!(clock.verdict().reason, Reason::Travelling);
    assert_instants(&clock, &expected);
    let east = moved(200, "2026-06-09 12:00", "2026-06-09 21:00");
    let clock = judge(
        NEW_YORK,
        &[west.clone(), east],
        &Known::uploaded("2026-06-10 12:00", "2026-06-10 10:02"),
    );
    assert_eq!(clock.verdict().reason, Reason::Travelling);
    assert_instants(
        &clock,
        &[
            expected[0],
            expected[1],
            (250, "2026-06-10 12:00", "2026-06-10 10:00"),
        ],
    );
    // A phone that was out of reach tells nothing; the zone is the best guess.
    let clock = judge(
        NEW_YORK,
        &[west],
        &Known::uploaded("2026-06-08 12:00", "2026-06-09 05:00"),
    );
    assert_eq!(clock.verdict().reason, Reason::NoDifference);
}

#[test]
fn a_clock_that_ran_on_through_the_zones_change_was_never_moved_at_all() {
    // At the winter's offset all year: in autumn the zone comes back to it.
    let clock = judge(
        NEW_YORK,
        &[],
        &Known::uploaded("2026-11-01 09:00", "2026-11-01 14:02"),
    );
    let readings = (0..48).map(|index| reading("2026-10-31 23:00") + Duration::minutes(5 * index));
    let events: Vec<Event> = (1..)
        .zip(readings)
        .map(|(number, at)| event(number, &at.format("%Y-%m-%d %H:%M:%S").to_string()))
        .collect();
    let dated = clock.date(events);
    assert_eq!(dated[0].at, instant("2026-11-01 04:00"));
    let even = dated
        .windows(2)
        .all(|pair| pair[1].at - pair[0].at == Duration::minutes(5));
    assert!(
        even,
        "{:?}",
        dated.iter().map(|dated| dated.at).collect::<Vec<_>>()
    );
}

#[test]
fn an_event_between_the_time_and_the_date_of_one_movement_has_its_own_offset() {
    let changes = [
        moved(100, "2026-06-05 23:40", "2026-06-06 00:40"),
        moved(200, "2026-06-06 12:00", "2026-06-06 11:00"),
    ];
    let mut apart = changes.concat();
    apart[1].id.number = 103;
    let clock = PumpClock::judge(
        NEW_YORK,
        &apart,
        &Evidence {
            newest: Some(PumpTime::new(reading("2026-06-06 13:00"))),
            last_upload: None,
            now: instant("2026-06-06 17:01"),
        },
    );
    // The time was set first: for a moment the clock showed the small hours of the old day.
    assert_instants(
        &clock,
        &[
            (101, "2026-06-05 00:40:10", "2026-06-06 03:40:10"),
            (104, "2026-06-06 00:41", "2026-06-06 03:41"),
        ],
    );
}

#[test]
fn a_pump_that_lost_its_clock_is_right_before_the_loss_and_after() {
    let changes = [moved(300, "2008-01-01 00:07:13", "2026-06-05 14:10:00")];
    let clock = judge(
        NEW_YORK,
        &changes,
        &Known::uploaded("2026-06-06 08:00", "2026-06-06 12:02"),
    );
    assert_instants(
        &clock,
        &[
            (100, "2026-06-05 13:55", "2026-06-05 17:55"),
            (200, "2008-01-01 00:00:13", "2026-06-05 18:03"),
            (299, "2008-01-01 00:07:00", "2026-06-05 18:09:47"),
            (302, "2026-06-05 14:15", "2026-06-05 18:15"),
        ],
    );
}

#[test]
fn the_repeated_hour_is_told_apart_by_the_order_of_events() {
    let clock = judge(
        NEW_YORK,
        &[],
        &Known::uploaded("2026-11-02 08:00", "2026-11-02 13:02"),
    );
    assert_instants(
        &clock,
        &[
            (1, "2026-11-01 00:55", "2026-11-01 04:55"),
            (2, "2026-11-01 01:00", "2026-11-01 05:00"),
            (3, "2026-11-01 01:55", "2026-11-01 05:55"),
            (4, "2026-11-01 01:00", "2026-11-01 06:00"),
            (5, "2026-11-01 01:55", "2026-11-01 06:55"),
            (6, "2026-11-01 02:00", "2026-11-01 07:00"),
        ],
    );
}

#[test]
fn a_repeated_hour_written_once_joins_the_side_without_a_gap() {
    let clock = judge(
        NEW_YORK,
        &[],
        &Known::uploaded("2026-11-02 08:00", "2026-11-02 13:02"),
    );
    assert_instants(
        &clock,
        &[
            (1, "2026-11-01 00:30", "2026-11-01 04:30"),
            (2, "2026-11-01 01:55", "2026-11-01 06:55"),
            (3, "2026-11-01 02:00", "2026-11-01 07:00"),
        ],
    );
    assert_instants(
        &clock,
        &[
            (1, "2026-11-01 00:55", "2026-11-01 04:55"),
            (2, "2026-11-01 01:00", "2026-11-01 05:00"),
            (3, "2026-11-01 03:00", "2026-11-01 08:00"),
        ],
    );
}

#[test]
fn a_time_that_does_not_exist_counts_with_the_offset_before_the_jump() {
    let clock = judge(
        NEW_YORK,
        &[],
        &Known::uploaded("2026-03-08 12:00", "2026-03-08 16:05"),
    );
    assert_instants(&clock, &[(1, "2026-03-08 02:30", "2026-03-08 07:30")]);
}

#[test]
fn a_zone_without_daylight_saving_needs_no_decision() {
    let clock = judge(
        chrono_tz::America::Phoenix,
        &[],
        &Known::uploaded("2026-11-02 08:00", "2026-11-02 15:02"),
    );
    assert_eq!(clock.verdict().reason, Reason::NoDifference);
    assert_instants(
        &clock,
        &[
            (1, "2026-03-08 02:30", "2026-03-08 09:30"),
            (2, "2026-11-01 01:30", "2026-11-01 08:30"),
        ],
    );
}

#[test]
fn half_hour_zones_keep_their_half_hours() {
    let kolkata = judge(
        chrono_tz::Asia::Kolkata,
        &[],
        &Known::uploaded("2026-11-02 08:00", "2026-11-02 02:32"),
    );
    assert_instants(&kolkata, &[(1, "2026-11-02 08:00", "2026-11-02 02:30")]);
    let adelaide = moved(100, "2026-10-05 07:00", "2026-10-05 08:00");
    let clock = judge(
        chrono_tz::Australia::Adelaide,
        &[adelaide],
        &Known::uploaded("2026-10-06 08:00", "2026-10-05 21:31"),
    );
    assert_instants(
        &clock,
        &[
            (99, "2026-10-05 06:55", "2026-10-04 21:25"),
            (102, "2026-10-05 08:05", "2026-10-04 21:35"),
        ],
    );
    // Lord Howe Island changes by half an hour.
    let lord_howe = judge(
        chrono_tz::Australia::Lord_Howe,
        &[],
        &Known::uploaded("2026-10-04 08:00", "2026-10-03 21:31"),
    );
    assert_eq!(lord_howe.verdict().reason, Reason::JustUploaded);
    assert_instants(&lord_howe, &[(1, "2026-10-04 08:00", "2026-10-03 21:30")]);
}

#[test]
fn a_pump_that_follows_the_zone_by_itself_does_so_despite_changes_on_record() {
    let travel = [
        moved(100, "2026-06-05 15:00", "2026-06-05 12:00"),
        moved(200, "2026-06-12 09:00", "2026-06-12 12:00"),
    ];
    let clock = judge(
        NEW_YORK,
        &travel,
        &Known::uploaded("2026-11-02 08:00", "2026-11-02 13:02"),
    );
    assert_instants(
        &clock,
        &[
            (250, "2026-10-31 12:00", "2026-10-31 16:00"),
            (300, "2026-11-02 08:00", "2026-11-02 13:00"),
        ],
    );
}

#[test]
fn a_clock_ahead_of_now_is_reported_with_the_offset_that_fits() {
    let known = Known {
        newest: "2026-06-13 14:00",
        upload: None,
        now: "2026-06-13 12:02",
    };
    let clock = judge(NEW_YORK, &[], &known);
    assert_eq!(clock.verdict().reason, Reason::NeitherFits);
    assert_eq!(clock.verdict().misfit, Some(Duration::hours(2)));
    // The run goes on with the zone.
    assert_instants(&clock, &[(1, "2026-06-13 14:00", "2026-06-13 18:00")]);
}

#[test]
fn a_missing_upload_time_leaves_now_as_the_limit() {
    let known = Known {
        newest: "2026-11-01 09:00",
        upload: None,
        now: "2026-11-01 13:03",
    };
    let clock = judge(NEW_YORK, &[], &known);
    assert_instants(&clock, &[(4, "2026-11-01 09:00", "2026-11-01 13:00")]);
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
