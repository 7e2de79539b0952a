//! Whole passes over days on which the pump's clock was moved: in the end every document stands at the true instant.

use chrono::{DateTime, Duration, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use crate::arrangement::Arrangement;
use crate::simulator::history::{ClockStory, Feature, Features, History, Plan};

/// Two of one type in one second lie a millisecond apart.
const EXACT: Duration = Duration::milliseconds(5);

const NEW_YORK: Tz = chrono_tz::America::New_York;

fn utc(month: u32, day: u32, hour: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, month, day, hour, 0, 0)
        .single()
        .expect("an instant")
}

/// A history of some days whose clock has this story.
fn history(zone: Tz, start: DateTime<Utc>, days: i64, story: ClockStory) -> History {
    let plan = Plan::day(41)
        .in_zone(zone)
        .between(start, start + Duration::days(days))
        .with_clock(story)
        .with_features(Features::only(&[
            Feature::Basal,
            Feature::Meals,
            Feature::AutomaticCorrections,
        ]));
    History::generate(&plan)
}

/// Runs a pass every four hours, the phone having just uploaded, and one more at the end.
fn run_through(history: &History) -> Arrangement {
    let arrangement = Arrangement::of(history.clone());
    let mut now = history.plan.start + Duration::hours(6);
    while now < history.plan.end {
        arrangement.tandem.set_uploaded_until(now);
        arrangement.good_pass(now + Duration::seconds(90), &[]);
        now += Duration::hours(4);
    }
    let end = history.plan.end;
    arrangement.tandem.set_uploaded_until(end);
    arrangement.good_pass(end + Duration::minutes(11), &[]);
    arrangement
}

/// The phone uploads, as each hour, between a run's two calls: the account's answer knows nothing of the newest events.
fn upload_between_the_calls(history: &History) {
    let at = history.plan.end;
    let arrangement = Arrangement::of(history.clone());
    let mut now = history.plan.start + Duration::hours(6);
    while now < at {
        arrangement.tandem.set_uploaded_until(now);
        arrangement.good_pass(now + Duration::seconds(90), &[]);
        now += Duration::hours(4);
    }
    let answered = |before: Option<DateTime<Utc>>| {
        (arrangement.tandem).change_pumps(|pumps| pumps[0].answered_before = before);
    };
    arrangement.tandem.set_uploaded_until(at);
    answered(Some(at - Duration::hours(1)));
    arrangement.good_pass(at + Duration::seconds(5), &[]);
    assert_instants(EXACT, history, &arrangement.nightscout.treatments());
    answered(None);
    arrangement.good_pass(at + Duration::minutes(15), &[]);
    assert_true_instants(history, &arrangement);
}

#[test]
fn an_upload_between_the_calls_moves_nothing_on_a_clock_set_by_hand() {
    let story = ClockStory::ByHand(vec![9 * 3600]);
    upload_between_the_calls(&history(NEW_YORK, utc(3, 7, 5), 7, story));
}

#[test]
fn an_upload_between_the_calls_moves_nothing_on_a_clock_that_followed_its_zone() {
    let story = ClockStory::FollowsZone;
    upload_between_the_calls(&history(NEW_YORK, utc(10, 30, 4), 7, story));
}

#[test]
fn a_slow_clock_of_this_machine_moves_nothing() {
    let story = ClockStory::ByHand(vec![9 * 3600]);
    let history = history(NEW_YORK, utc(3, 7, 5), 9, story);
    let arrangement = run_through(&history);
    arrangement.pass(history.plan.end - Duration::minutes(40), &[]);
    assert_true_instants(&history, &arrangement);
    arrangement.good_pass(history.plan.end + Duration::minutes(20), &[]);
    assert_true_instants(&history, &arrangement);
}

/// Every document stands at its main event's instant, and every rate and bolus has one document.
#[track_caller]
fn assert_true_instants(history: &History, arrangement: &Arrangement) {
    assert_instants_within(EXACT, history, arrangement);
}

/// The same of a clock that runs a little fast or slow.
#[track_caller]
fn assert_instants_within(tolerance: Duration, history: &History, arrangement: &Arrangement) {
    let treatments = arrangement.nightscout.treatments();
    assert_instants(tolerance, history, &treatments);
    let mut numbers: Vec<u64> = treatments.iter().map(main_event).collect();
    numbers.sort_unstable();
    let all = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), all, "some event has two documents");
    let missing = history
        .truth
        .reports
        .iter()
        .filter(|report| numbers.binary_search(&report.number).is_err())
        .count();
    assert_eq!(missing, 0, "rates without a document");
}

#[track_caller]
fn assert_instants(tolerance: Duration, history: &History, treatments: &[Value]) {
    let mut largest = Duration::zero();
    let mut off = Vec::new();
    for document in treatments {
        let at = DateTime::parse_from_rfc3339(document["created_at"].as_str().expect("a time"));
        let error = at.expect("well formed").to_utc()
            - history.instant_of(main_event(document)).expect("an event");
        if error.abs() > tolerance {
            off.push(format!("{error} {document}"));
        }
        largest = largest.max(error.abs());
    }
    assert!(
        off.is_empty(),
        "{} of {} documents, at most {largest}: {}",
        off.len(),
        treatments.len(),
        off[0]
    );
}

fn main_event(document: &Value) -> u64 {
    let events = document["pump_event_id"]
        .as_str()
        .expect("our own document");
    events
        .split(',')
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a number")
}

#[track_caller]
fn assert_story(zone: Tz, start: DateTime<Utc>, days: i64, story: ClockStory) {
    let history = history(zone, start, days, story);
    assert_true_instants(&history, &run_through(&history));
}

const HOUR: i64 = 3600;

#[test]
fn a_clock_that_follows_the_zone_in_spring_and_in_autumn() {
    assert_story(NEW_YORK, utc(3, 6, 5), 4, ClockStory::FollowsZone);
    assert_story(NEW_YORK, utc(10, 30, 4), 4, ClockStory::FollowsZone);
}

#[test]
fn a_clock_that_nobody_moves_in_spring_and_in_autumn() {
    assert_story(NEW_YORK, utc(3, 6, 5), 4, ClockStory::NeverChanged);
    assert_story(NEW_YORK, utc(10, 30, 4), 4, ClockStory::NeverChanged);
    // At the winter's offset all year.
    assert_story(NEW_YORK, utc(10, 30, 4), 4, ClockStory::Fixed(-5 * HOUR));
}

#[test]
fn a_clock_moved_by_hand_hours_and_days_after_the_zone() {
    for delay in [20 * 60, 13 * HOUR + 27 * 60, 30 * HOUR] {
        assert_story(NEW_YORK, utc(3, 7, 5), 4, ClockStory::ByHand(vec![delay]));
        assert_story(NEW_YORK, utc(10, 31, 4), 4, ClockStory::ByHand(vec![delay]));
    }
}

#[test]
fn a_journey_west_and_back_and_one_east_and_back() {
    let west = vec![(utc(6, 5, 19), -3 * HOUR), (utc(6, 8, 16), 3 * HOUR)];
    assert_story(NEW_YORK, utc(6, 4, 4), 6, ClockStory::Travel(west));
    let east = vec![(utc(6, 5, 19), 6 * HOUR), (utc(6, 8, 16), -6 * HOUR)];
    assert_story(NEW_YORK, utc(6, 4, 4), 6, ClockStory::Travel(east));
}

#[test]
fn a_clock_that_drifts_and_is_put_right() {
    // The events themselves are off by the drift, and by nothing else.
    for size in [-45, 45] {
        let drift = ClockStory::Drift(vec![(utc(6, 4, 19), size)]);
        let history = history(NEW_YORK, utc(6, 3, 4), 3, drift);
        assert_instants_within(Duration::seconds(45), &history, &run_through(&history));
    }
}

#[test]
fn a_date_changed_over_midnight() {
    assert_story(
        NEW_YORK,
        utc(6, 3, 4),
        4,
        ClockStory::DateChange(utc(6, 4, 16)),
    );
}

#[test]
fn a_pump_that_lost_its_clock() {
    for recorded in [false, true] {
        let story = ClockStory::ResetTo2008 {
            at: utc(6, 4, 15),
            set_at: utc(6, 4, 16),
            recorded,
        };
        assert_story(NEW_YORK, utc(6, 3, 4), 3, story);
    }
}

#[test]
fn zones_of_half_hours_and_the_far_side_of_the_date_line() {
    let adelaide = chrono_tz::Australia::Adelaide;
    assert_story(
        adelaide,
        utc(10, 2, 14),
        3,
        ClockStory::ByHand(vec![9 * HOUR]),
    );
    assert_story(
        chrono_tz::Australia::Lord_Howe,
        utc(10, 2, 14),
        3,
        ClockStory::FollowsZone,
    );
    assert_story(
        chrono_tz::Pacific::Auckland,
        utc(9, 25, 12),
        3,
        ClockStory::ByHand(vec![9 * HOUR]),
    );
    assert_story(
        chrono_tz::Asia::Kolkata,
        utc(3, 6, 5),
        3,
        ClockStory::FollowsZone,
    );
}

#[test]
fn a_journey_of_one_hour_a_week_after_the_zones_change() {
    let moved = vec![(utc(3, 29, 9), HOUR), (utc(4, 5, 11), HOUR)];
    assert_story(
        chrono_tz::Europe::London,
        utc(3, 27, 0),
        11,
        ClockStory::Moved(moved),
    );
}

/// What a run wrote itself, page by page, tells nothing of the clock: only what earlier runs wrote does.
#[test]
fn a_first_run_of_many_days_takes_its_own_first_page_for_no_memory() {
    let start = utc(6, 4, 4);
    // An hour behind all along, and the upload comes late: only another uploader's glucose tells.
    let plan = Plan::day(41)
        .between(start, start + Duration::days(19))
        .with_clock(ClockStory::Fixed(-5 * HOUR))
        .with_features(Features::only(&[Feature::Basal, Feature::Cgm]));
    let history = History::generate(&plan);
    let uploaded = plan.end + Duration::minutes(145);
    for (from, arguments) in [
        (plan.start, &["--days", "20"][..]),
        (plan.start, &["--start-date", "2026-06-03"]),
        (plan.end - Duration::days(4), &["--days", "20"]),
    ] {
        let arrangement = Arrangement::of(history.clone());
        arrangement.upload_pump(uploaded, plan.end);
        arrangement.upload_glucose(&history, (from, plan.end));
        arrangement.good_pass(uploaded + Duration::minutes(5), arguments);
        let mut told = 0;
        for document in arrangement.nightscout.treatments() {
            let truly = history.instant_of(main_event(&document)).expect("an event");
            let at = document["created_at"].as_str().expect("a time");
            let at = DateTime::parse_from_rfc3339(at).expect("well formed");
            let error = at.to_utc() - truly;
            if truly > from {
                assert!(error.abs() < Duration::seconds(1), "{error} {document}");
                told += 1;
            }
        }
        assert!(told > 800, "{told}");
    }
}
