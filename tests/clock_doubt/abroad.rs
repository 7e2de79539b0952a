//! Pumps whose clock is away from home, though nothing on record moved it: one that was set up abroad, and journeys that began
//! days ago.

use chrono::{Duration, NaiveDateTime};
use tconnectsync_heroku::pump::clock::Remembered;
use tconnectsync_heroku::pump::dating::{self, About};
use tconnectsync_heroku::pump::decode::Decoded;

use super::{
    Given, about, at_offset, dated_as, dated_by, dated_knowing, events_of, every_five_minutes, id,
    last_day, reading, utc,
};
use crate::clock::moved;

/// The offset in minutes of a new pump of someone from New York, by what it shows at an upload in June.
#[track_caller]
fn of_a_new_pump(shown: &[NaiveDateTime], remembered: Vec<Remembered>, upload: (u32, u32)) -> i64 {
    let upload = utc(6, 10, upload.0, upload.1);
    let dated = dated_knowing(shown, remembered, upload + Duration::minutes(2));
    let offsets = dated.events.iter().map(|dated| {
        let shown = dated.event.pump_time.reading().and_utc();
        (shown - dated.at).num_minutes()
    });
    let offsets: Vec<i64> = offsets.collect();
    assert!(
        offsets.iter().all(|offset| *offset == offsets[0]),
        "{offsets:?}"
    );
    offsets[0]
}

#[test]
fn a_new_pump_from_abroad_is_whole_hours_from_home_if_that_fits() {
    let in_london = every_five_minutes("2026-06-10 12:00", "2026-06-10 14:00");
    let in_kathmandu = every_five_minutes("2026-06-10 16:00", "2026-06-10 18:45");
    let in_kolkata = every_five_minutes("2026-06-10 16:00", "2026-06-10 18:30");
    for (shown, offset, minutes) in [
        (in_london, 60, &[0, 4, 9][..]),
        (in_kathmandu, 345, &[0, 2]),
        (in_kolkata, 330, &[0, 5]),
    ] {
        for minute in minutes {
            let found = of_a_new_pump(&shown, Vec::new(), (13, *minute));
            assert_eq!(found, offset, "{minute}");
        }
    }
}

/// At its first upload the phone had been away from the pump for two hours.
#[test]
fn what_fitted_a_new_pump_at_first_gives_way_to_what_fits_now() {
    let shown = every_five_minutes("2026-06-10 12:00", "2026-06-10 14:00");
    assert_eq!(of_a_new_pump(&shown, Vec::new(), (15, 1)), -60);
    let documents = at_offset(&shown, -60);
    let later = every_five_minutes("2026-06-10 12:00", "2026-06-10 16:30");
    assert_eq!(of_a_new_pump(&later, documents.clone(), (15, 33)), 60);
    // As long as it is possible, it stands.
    assert_eq!(of_a_new_pump(&later, documents, (17, 33)), -60);
}

/// A pump from New York, now in London, whose set-up is on record: it began in 2008, or its clock was put right by a minute.
#[test]
fn a_new_pump_with_its_set_up_on_record_fits_its_uploads_too() {
    let shown = every_five_minutes("2026-06-10 12:00", "2026-06-10 14:00");
    for changes in [
        moved(-10, "2008-01-01 00:20", "2026-06-10 11:55"),
        moved(-10, "2026-06-10 11:58", "2026-06-10 11:59"),
    ] {
        // Its phone had been away for two hours at the first upload, and is not any more.
        let upload = utc(6, 10, 15, 1);
        let dated = dated_by(
            (&shown, changes.clone()),
            Vec::new(),
            upload + Duration::minutes(2),
        );
        assert_eq!(dated.events[0].at, utc(6, 10, 13, 0), "{changes:?}");
        let documents = at_offset(&shown, -60);
        let later = every_five_minutes("2026-06-10 12:00", "2026-06-10 16:30");
        let upload = utc(6, 10, 15, 33);
        let dated = dated_by(
            (&later, changes.clone()),
            documents,
            upload + Duration::minutes(2),
        );
        assert_eq!(dated.events[0].at, utc(6, 10, 11, 0), "{changes:?}");
    }
}

#[test]
fn minutes_of_drift_make_no_other_zone_of_a_new_pump() {
    let shown = every_five_minutes("2026-06-10 08:00", "2026-06-10 10:12");
    assert_eq!(
        of_a_new_pump(&shown, Vec::new(), (14, 0)),
        -240,
        "twelve minutes fast"
    );
    let in_london = every_five_minutes("2026-06-10 12:00", "2026-06-10 14:11");
    let known = at_offset(&in_london[..10], 60);
    assert_eq!(
        of_a_new_pump(&in_london, known, (13, 0)),
        60,
        "eleven minutes fast"
    );
}

/// Its phone sets the pump's clock without a record: on the way home, or to the winter's time. It had been three minutes fast,
/// or not.
#[test]
fn a_step_back_that_nobody_recorded_ends_a_journey() {
    for begins in ["2026-06-10 09:05", "2026-06-10 08:58"] {
        let mut shown = every_five_minutes("2026-06-10 08:00", "2026-06-10 14:00");
        let known = shown.len();
        shown.extend(every_five_minutes(begins, "2026-06-10 11:00"));
        for (there, here) in [(60, -240), (120, -180)] {
            let documents = at_offset(&shown[..known - 5], there);
            let upload = shown[shown.len() - 1].and_utc() - Duration::minutes(here - 2);
            let dated = dated_knowing(&shown, documents, upload + Duration::minutes(2));
            for (index, dated) in dated.events.iter().enumerate() {
                let offset = if index < known { there } else { here };
                let shown = dated.event.pump_time.reading().and_utc();
                assert_eq!(dated.at, shown - Duration::minutes(offset), "{index}");
            }
        }
    }
}

/// The record of the journey's beginning is from before these days.
#[test]
fn who_insists_on_the_zone_may_travel() {
    let in_london = every_five_minutes("2026-06-10 08:00", "2026-06-10 14:00");
    let events: Vec<(i64, NaiveDateTime)> = (1..).zip(in_london.clone()).collect();
    let about = about(in_london.last().copied(), utc(6, 10, 13, 2));
    for trusts_zone in [false, true] {
        let about = About {
            trusts_zone,
            ..about
        };
        let known = at_offset(&in_london[..50], 60);
        let dated = dated_as((events.clone(), Vec::new()), known, &about);
        assert_eq!(dated.events[0].at, utc(6, 10, 7, 0), "{trusts_zone}");
    }
}

/// What the account says of its newest event tells nothing of a day in spring.
#[test]
fn days_without_the_newest_event_are_not_seen_at_first() {
    let shown = every_five_minutes("2026-04-10 08:00", "2026-04-10 14:00");
    let newest = reading("2026-06-10 14:00");
    let about = about(Some(newest), utc(6, 10, 13, 2));
    let decoded = Decoded {
        events: events_of((1..).zip(shown)),
        ..Decoded::default()
    };
    let remembered = Vec::new();
    let dated = dating::date(
        &about,
        &last_day(utc(4, 11, 0, 0)),
        decoded,
        None,
        &mut Given { remembered },
    );
    assert_eq!(
        dated.expect("nothing can fail").events[0].at,
        utc(4, 10, 12, 0)
    );
}

/// In New York, not moved when the zone changed the day before. One answer says that the upload was two hours ago.
#[test]
fn a_clock_that_was_not_moved_yet_was_not_seen_at_first() {
    let shown = every_five_minutes("2026-03-08 12:00", "2026-03-09 18:00");
    let known = at_offset(&shown[..300], -300);
    let dated = dated_knowing(&shown, known, utc(3, 9, 21, 2));
    assert_eq!(dated.events[0].at, utc(3, 8, 17, 0));
}

/// A pump that was set up at home, with PM for AM; its phone came back to it after an hour and a half. And one that was set up
/// in India, where half a day from home is not far off.
#[test]
fn what_fits_a_pump_that_was_set_up_anew_is_what_later_uploads_leave_of_it() {
    let shown = every_five_minutes("2026-06-10 20:00", "2026-06-10 22:00");
    let set_up = moved(-10, "2008-01-01 00:20", "2026-06-10 19:55");
    let dated = dated_by((&shown, set_up.clone()), Vec::new(), utc(6, 10, 15, 32));
    let known = dated.events.iter().zip(1..);
    let known = known.map(|(dated, number)| Remembered {
        id: id(number),
        reading: dated.event.pump_time.reading(),
        at: dated.at,
        is_entry: false,
    });
    let later = every_five_minutes("2026-06-10 20:00", "2026-06-10 23:30");
    let dated = dated_by((&later, set_up), known.collect(), utc(6, 10, 15, 34));
    assert_eq!(dated.events[0].at, utc(6, 10, 12, 0));

    let in_india = every_five_minutes("2026-06-10 16:00", "2026-06-10 18:30");
    let set_up = moved(-10, "2008-01-01 00:20", "2026-06-10 15:55");
    let dated = dated_by((&in_india, set_up), Vec::new(), utc(6, 10, 13, 4));
    assert_eq!(dated.events[0].at, utc(6, 10, 10, 30));
}
