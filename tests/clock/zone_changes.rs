//! Clocks around the changes of their zone: moved, not yet moved, never moved.

use chrono::Duration;
use tconnectsync_heroku::pump::clock::{DatedEvent, Reason};

use super::{Known, NEW_YORK, assert_instants, every_five_minutes, instant, judge, moved};

#[track_caller]
fn assert_five_minutes_apart(dated: &[DatedEvent]) {
    let instants: Vec<_> = dated.iter().map(|dated| dated.at).collect();
    let even = instants
        .windows(2)
        .all(|pair| pair[1] - pair[0] == Duration::minutes(5));
    assert!(even, "{instants:?}");
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
fn a_clock_that_ran_on_through_the_zones_change_was_never_moved_at_all() {
    // At the winter's offset all year: in autumn the zone comes back to it.
    let clock = judge(
        NEW_YORK,
        &[],
        &Known::uploaded("2026-11-01 09:00", "2026-11-01 14:02"),
    );
    let dated = clock.date(every_five_minutes(
        1,
        "2026-10-31 23:00",
        "2026-11-01 03:00",
    ));
    assert_eq!(dated[0].at, instant("2026-11-01 04:00"));
    assert_five_minutes_apart(&dated);
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

/// The clock stepped back an hour and shows a minute less than before: only a silence of nearly as long hides the step.
#[test]
fn a_pump_that_was_silent_for_nearly_the_whole_repeated_hour_followed_its_zone() {
    let known = Known::uploaded("2026-11-01 06:00", "2026-11-01 11:02");
    let clock = judge(NEW_YORK, &[], &known);
    let silent = [
        (1, "2026-11-01 00:55", "2026-11-01 04:55"),
        (2, "2026-11-01 01:00", "2026-11-01 05:00"),
        (3, "2026-11-01 01:05", "2026-11-01 05:05"),
        (4, "2026-11-01 01:04", "2026-11-01 06:04"),
        (5, "2026-11-01 01:10", "2026-11-01 06:10"),
        (6, "2026-11-01 01:20", "2026-11-01 06:20"),
        (7, "2026-11-01 01:30", "2026-11-01 06:30"),
        (8, "2026-11-01 01:40", "2026-11-01 06:40"),
        (9, "2026-11-01 01:50", "2026-11-01 06:50"),
        (10, "2026-11-01 02:00", "2026-11-01 07:00"),
    ];
    assert_instants(&clock, &silent);
    // Of two steps the greater one is the zone's.
    let put_right = [
        (1, "2026-11-01 00:55", "2026-11-01 04:55"),
        (2, "2026-11-01 01:10", "2026-11-01 05:10"),
        (3, "2026-11-01 01:09", "2026-11-01 05:09"),
        (4, "2026-11-01 01:55", "2026-11-01 05:55"),
        (5, "2026-11-01 01:00", "2026-11-01 06:00"),
        (6, "2026-11-01 01:55", "2026-11-01 06:55"),
        (7, "2026-11-01 02:00", "2026-11-01 07:00"),
    ];
    assert_instants(&clock, &put_right);
    // Where nothing but habit says that it followed, nobody may have recorded a correction.
    let undecided = Known::uploaded("2026-11-01 06:00", "2026-11-01 13:02");
    let by_habit = judge(NEW_YORK, &[], &undecided);
    assert_eq!(by_habit.verdict().reason, Reason::Default);
    // Set back by that minute, it ran on.
    let set = moved(4, "2026-11-01 01:05", "2026-11-01 01:04");
    for ran_on in [by_habit, judge(NEW_YORK, &[set], &known)] {
        let events = silent.map(|(number, shown, _)| super::event(number, shown));
        let dated = ran_on.date(events.to_vec());
        assert_eq!(dated[9].at - dated[2].at, Duration::minutes(55));
    }
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

/// A clock that its owner set some minutes slow right after the change. Of one that shows the whole hour, though it was silent
/// before, nobody believes that: it was never moved.
#[test]
fn the_end_of_an_hour_that_there_is_not_belongs_to_what_follows_it() {
    let known = Known::uploaded("2026-03-08 03:10", "2026-03-08 07:15");
    let clock = judge(NEW_YORK, &[], &known);
    let slow = [
        (1, "2026-03-08 02:55", "2026-03-08 06:55"),
        (2, "2026-03-08 03:00", "2026-03-08 07:00"),
        (3, "2026-03-08 03:05", "2026-03-08 07:05"),
    ];
    assert_instants(&clock, &slow);

    // Also where nothing but habit says that it follows its zone.
    let known = Known::uploaded("2026-03-08 03:10", "2026-03-08 08:40");
    let clock = judge(NEW_YORK, &[], &known);
    assert_eq!(clock.verdict().reason, Reason::Default);
    assert_instants(&clock, &slow);
    let slower = [
        (1, "2026-03-08 02:46", "2026-03-08 06:46"),
        (2, "2026-03-08 02:55", "2026-03-08 06:55"),
        (3, "2026-03-08 03:04", "2026-03-08 07:04"),
    ];
    assert_instants(&clock, &slower);

    let known = Known::uploaded("2026-03-08 03:10", "2026-03-08 11:15");
    let clock = judge(NEW_YORK, &[], &known);
    let never_moved = [
        (1, "2026-03-08 02:35", "2026-03-08 07:35"),
        (2, "2026-03-08 02:44", "2026-03-08 07:44"),
        (3, "2026-03-08 02:53", "2026-03-08 07:53"),
        (4, "2026-03-08 03:01", "2026-03-08 08:01"),
        (5, "2026-03-08 03:10", "2026-03-08 08:10"),
    ];
    assert_instants(&clock, &never_moved);
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
fn a_clock_that_followed_the_zone_some_minutes_late_did_not_run_on() {
    let clock = judge(
        NEW_YORK,
        &[],
        &Known::uploaded("2026-11-02 08:00", "2026-11-02 13:02"),
    );
    let late = every_five_minutes(1, "2026-10-31 23:00", "2026-11-01 02:10");
    let followed = every_five_minutes(100, "2026-11-01 01:15", "2026-11-01 06:00");
    let dated = clock.date([late, followed].concat());
    assert_eq!(dated[0].at, instant("2026-11-01 03:00"));
    assert_five_minutes_apart(&dated);
}

#[test]
fn a_clock_that_followed_the_zone_hours_late_in_spring_did_not_run_on() {
    let known = Known::uploaded("2026-03-09 08:00", "2026-03-09 12:02");
    let clock = judge(NEW_YORK, &[], &known);
    let late = every_five_minutes(1, "2026-03-07 22:00", "2026-03-08 04:30");
    let followed = every_five_minutes(200, "2026-03-08 05:35", "2026-03-08 09:00");
    let dated = clock.date([late, followed].concat());
    assert_eq!(dated[0].at, instant("2026-03-08 03:00"));
    assert_five_minutes_apart(&dated);
}

#[test]
fn a_clock_that_ran_on_was_not_moved_yet_unless_the_upload_says_otherwise() {
    // The upload tells, or is too late to tell.
    for (newest, upload) in [
        ("2026-03-08 03:50", "2026-03-08 08:51"),
        ("2026-03-08 03:50", "2026-03-08 09:14"),
    ] {
        let clock = judge(NEW_YORK, &[], &Known::uploaded(newest, upload));
        let dated = clock.date(every_five_minutes(1, "2026-03-07 08:00", newest));
        assert_eq!(dated[0].at, instant("2026-03-07 13:00"), "{upload}");
        assert_five_minutes_apart(&dated);
    }
    for (newest, upload) in [
        ("2026-11-01 04:50", "2026-11-01 08:51"),
        ("2026-11-01 04:50", "2026-11-01 10:15"),
    ] {
        let clock = judge(NEW_YORK, &[], &Known::uploaded(newest, upload));
        let dated = clock.date(every_five_minutes(1, "2026-10-31 08:00", newest));
        assert_eq!(dated[0].at, instant("2026-10-31 12:00"), "{upload}");
        assert_five_minutes_apart(&dated);
    }
}
