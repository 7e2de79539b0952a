//! Clocks that were moved: by hand, on journeys, for drift, after a loss.

use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use tconnectsync_heroku::pump::clock::{Evidence, PumpClock, Reason};
use tconnectsync_heroku::pump::decode::Decoded;
use tconnectsync_heroku::pump::event::Event;
use tconnectsync_heroku::pump::quantity::PumpTime;
use tconnectsync_heroku::tandem::PumpLogs;

use super::{Known, LONDON, NEW_YORK, assert_instants, event, instant, judge, moved, reading};

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
fn a_numbering_that_starts_again_is_after_all_before_it() {
    let in_group = |group, mut event: Event| {
        event.id.group = group;
        event
    };
    let autumn = moved(10, "2026-11-01 15:27", "2026-11-01 14:27");
    let autumn: Vec<Event> = autumn.into_iter().map(|set| in_group(1, set)).collect();
    let known = Known::uploaded("2026-11-02 08:00", "2026-11-02 13:05");
    let clock = judge(NEW_YORK, &[autumn], &known);
    let events = vec![
        in_group(0, event(500_000, "2026-11-01 15:20")),
        in_group(1, event(9, "2026-11-01 15:25")),
        in_group(1, event(12, "2026-11-01 14:30")),
    ];
    let found: Vec<_> = clock.date(events).iter().map(|dated| dated.at).collect();
    let expected = ["2026-11-01 19:20", "2026-11-01 19:25", "2026-11-01 19:30"];
    assert_eq!(found, expected.map(instant));
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
fn a_clock_set_days_ahead_is_right_before_and_after_once_an_upload_tells() {
    let autumn = moved(100, "2026-10-29 19:00", "2026-10-29 18:00");
    let expected = [
        (99, "2026-10-29 18:55", "2026-10-29 22:55"),
        (102, "2026-10-29 18:05", "2026-10-29 23:05"),
        (103, "2026-10-31 12:00", "2026-10-31 17:00"),
        (104, "2026-11-01 09:00", "2026-11-01 14:00"),
    ];
    for (newest, upload) in [
        ("2026-10-29 18:05", "2026-10-29 23:07"),
        ("2026-10-31 12:00", "2026-10-31 17:02"),
        ("2026-11-01 09:00", "2026-11-01 14:02"),
        ("2026-11-05 09:00", "2026-11-05 14:02"),
    ] {
        let known = Known::uploaded(newest, upload);
        let clock = judge(NEW_YORK, std::slice::from_ref(&autumn), &known);
        assert_instants(&clock, &expected);
    }
}

#[test]
fn a_clock_set_days_ahead_is_right_also_where_the_zone_soon_changes_back() {
    // Morocco's zone, around Ramadan.
    let ahead = moved(100, "2026-02-12 19:00", "2026-02-12 18:00");
    let expected = [
        (99, "2026-02-12 18:55", "2026-02-12 17:55"),
        (102, "2026-02-12 18:05", "2026-02-12 18:05"),
        (103, "2026-02-14 12:00", "2026-02-14 12:00"),
        (104, "2026-02-15 09:00", "2026-02-15 09:00"),
    ];
    for (newest, upload) in [
        ("2026-02-14 12:00", "2026-02-14 12:02"),
        ("2026-02-15 09:00", "2026-02-15 09:02"),
        ("2026-02-19 09:00", "2026-02-19 09:02"),
    ] {
        let known = Known::uploaded(newest, upload);
        let clock = judge(
            chrono_tz::Africa::Casablanca,
            std::slice::from_ref(&ahead),
            &known,
        );
        assert_instants(&clock, &expected);
    }
}

#[test]
fn a_phone_that_is_some_minutes_behind_ends_no_journey_east() {
    let east = moved(100, "2026-06-05 15:00", "2026-06-05 21:00");
    for upload in ["2026-06-06 08:02", "2026-06-06 08:24", "2026-06-06 11:40"] {
        let known = Known::uploaded("2026-06-06 10:00", upload);
        let clock = judge(NEW_YORK, std::slice::from_ref(&east), &known);
        assert_instants(
            &clock,
            &[
                (99, "2026-06-05 14:55", "2026-06-05 18:55"),
                (110, "2026-06-05 21:05", "2026-06-05 19:05"),
                (111, "2026-06-06 10:00", "2026-06-06 08:00"),
            ],
        );
    }
}

#[test]
fn a_clock_set_days_ahead_is_told_by_a_change_of_the_zone_that_it_ignored() {
    let autumn = moved(100, "2026-10-30 19:00", "2026-10-30 18:00");
    // The phone was away, so that the upload tells nothing.
    let known = Known::uploaded("2026-11-01 09:00", "2026-11-01 20:00");
    let clock = judge(NEW_YORK, &[autumn], &known);
    let mut table = vec![
        (
            99,
            "2026-10-30 18:55".to_owned(),
            "2026-10-30 22:55".to_owned(),
        ),
        (
            102,
            "2026-10-30 18:05".to_owned(),
            "2026-10-30 23:05".to_owned(),
        ),
    ];
    for minutes in (0..150).step_by(5) {
        let shown = instant("2026-11-01 00:30") + Duration::minutes(minutes);
        let at = shown + Duration::hours(5);
        let text = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M").to_string();
        table.push((110 + minutes, text(shown), text(at)));
    }
    let table: Vec<(i64, &str, &str)> = table
        .iter()
        .map(|(number, shown, at)| (*number, shown.as_str(), at.as_str()))
        .collect();
    assert_instants(&clock, &table);
}

#[test]
fn who_comes_home_on_the_eve_of_a_change_has_not_set_the_clock_ahead() {
    // From Halifax, an hour ahead of New York.
    let home = moved(100, "2026-10-31 21:00", "2026-10-31 20:00");
    let expected = [
        (99, "2026-10-31 20:55", "2026-10-31 23:55"),
        (102, "2026-10-31 20:05", "2026-11-01 00:05"),
        (103, "2026-10-31 22:00", "2026-11-01 02:00"),
    ];
    for (newest, upload) in [
        ("2026-10-31 22:00", "2026-11-01 02:02"),
        // Nor has it been set since.
        ("2026-11-01 10:00", "2026-11-01 14:02"),
    ] {
        let known = Known::uploaded(newest, upload);
        let clock = judge(NEW_YORK, std::slice::from_ref(&home), &known);
        assert_instants(&clock, &expected);
    }
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
            upload_is_certain: true,
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
fn a_journey_of_one_hour_soon_after_the_zones_change_is_no_second_correction() {
    // From London to Paris over Easter.
    let east = [
        moved(100, "2026-03-29 09:00", "2026-03-29 10:00"),
        moved(200, "2026-04-05 12:00", "2026-04-05 13:00"),
    ];
    let clock = judge(
        LONDON,
        &east,
        &Known::uploaded("2026-04-06 12:00", "2026-04-06 10:02"),
    );
    assert_eq!(clock.verdict().reason, Reason::Travelling);
    assert_instants(
        &clock,
        &[
            (150, "2026-04-02 12:00", "2026-04-02 11:00"),
            (199, "2026-04-05 11:55", "2026-04-05 10:55"),
            (250, "2026-04-06 12:00", "2026-04-06 10:00"),
        ],
    );
    // From New York to Chicago in November.
    let west = [
        moved(100, "2026-11-01 15:27", "2026-11-01 14:27"),
        moved(200, "2026-11-10 12:00", "2026-11-10 11:00"),
    ];
    let clock = judge(
        NEW_YORK,
        &west,
        &Known::uploaded("2026-11-12 12:00", "2026-11-12 18:02"),
    );
    assert_eq!(clock.verdict().reason, Reason::Travelling);
    assert_instants(
        &clock,
        &[
            (50, "2026-10-30 12:00", "2026-10-30 16:00"),
            (150, "2026-11-05 12:00", "2026-11-05 17:00"),
            (250, "2026-11-12 12:00", "2026-11-12 18:00"),
        ],
    );
}

#[test]
fn a_journey_that_looks_like_a_correction_is_one_where_nothing_else_fits() {
    // The clock followed London by itself before it was moved to Paris.
    let clock = judge(
        LONDON,
        &[moved(200, "2026-04-05 12:00", "2026-04-05 13:00")],
        &Known::uploaded("2026-04-06 12:00", "2026-04-06 10:02"),
    );
    assert_eq!(clock.verdict().reason, Reason::Travelling);
    assert_instants(
        &clock,
        &[
            (199, "2026-04-05 11:55", "2026-04-05 10:55"),
            (250, "2026-04-06 12:00", "2026-04-06 10:00"),
        ],
    );
}

#[test]
fn an_upload_that_comes_an_hour_late_makes_no_journey_of_a_correction() {
    let clock = judge(
        NEW_YORK,
        &[moved(100, "2026-11-01 15:27", "2026-11-01 14:27")],
        &Known::uploaded("2026-11-02 08:00", "2026-11-02 14:02"),
    );
    assert_instants(&clock, &[(102, "2026-11-02 08:00", "2026-11-02 13:00")]);
}

#[test]
fn a_clock_set_forward_in_the_last_hour_before_the_zone_is_right_before_and_after() {
    // It then shows times that the zone leaves out.
    let spring = moved(100, "2026-03-08 01:10", "2026-03-08 02:10");
    let expected = [
        (90, "2026-03-07 12:00", "2026-03-07 17:00"),
        (99, "2026-03-08 01:05", "2026-03-08 06:05"),
        (102, "2026-03-08 02:15", "2026-03-08 06:15"),
        (103, "2026-03-08 02:55", "2026-03-08 06:55"),
        (104, "2026-03-08 03:00", "2026-03-08 07:00"),
        (105, "2026-03-08 12:00", "2026-03-08 16:00"),
    ];
    for (newest, upload) in [
        ("2026-03-08 02:15", "2026-03-08 06:17"),
        ("2026-03-08 12:00", "2026-03-08 16:02"),
        // The phone was away.
        ("2026-03-08 12:00", "2026-03-08 23:00"),
    ] {
        let known = Known::uploaded(newest, upload);
        let clock = judge(NEW_YORK, std::slice::from_ref(&spring), &known);
        assert_instants(&clock, &expected);
    }
}

#[test]
fn a_lost_clock_whose_time_and_date_are_set_minutes_apart_is_right_before_the_loss_and_after() {
    let time_first = [
        moved(300, "2008-01-01 00:07:13", "2008-01-01 14:09:00"),
        moved(310, "2008-01-01 14:10:00", "2026-06-05 14:10:00"),
    ];
    let date_first = [
        moved(300, "2008-01-01 00:07:00", "2026-06-05 00:07:00"),
        moved(310, "2026-06-05 00:09:00", "2026-06-05 14:10:00"),
    ];
    let known = Known::uploaded("2026-06-06 08:00", "2026-06-06 12:02");
    for changes in [time_first, date_first] {
        let clock = judge(NEW_YORK, &changes, &known);
        assert_instants(
            &clock,
            &[
                (100, "2026-06-05 13:55", "2026-06-05 17:55"),
                (320, "2026-06-05 14:15", "2026-06-05 18:15"),
            ],
        );
    }
}

#[test]
fn a_setting_that_comes_only_among_the_events_counts_too() {
    let set = json!({
        "eventCode": 13, "sequenceGroup": 0, "sequenceNumber": 100,
        "pumpDateTime": "2026-06-05T12:00:00",
        "eventProperties": {"timePrior": 54_000_000, "timeAfter": 43_200_000},
    });
    for changes in [json!([]), json!([set])] {
        let logs = json!({"events": [set], "clockChanges": changes}).to_string();
        let decoded = Decoded::from_logs(PumpLogs::from_json(logs)).expect("pump logs");
        let numbers: Vec<i64> = (decoded.clock_changes.iter())
            .map(|event| event.id.number)
            .collect();
        assert_eq!(numbers, [100]);
    }
}
