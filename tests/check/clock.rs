//! The check judges a pump's clock as a run does: by what the site holds too.

use chrono::{DateTime, Duration, Utc};
use tconnectsync_heroku::failure::ExitStatus;

use super::checked;
use crate::arrangement::Arrangement;
use crate::simulator::history::{ClockStory, Feature, Features, History, Plan, Step};

/// Two days in New York; the clock is moved 20 hours after their start.
fn moved_by(seconds: i64) -> (History, DateTime<Utc>) {
    let plan = Plan::days(91, 2);
    let at = plan.start + Duration::hours(20);
    let step = Step {
        at,
        shift: seconds,
        recorded: true,
    };
    let features = Features::only(&[Feature::Basal, Feature::Meals, Feature::Cgm]);
    let plan = plan.with_clock(ClockStory::Steps(vec![step]));
    (History::generate(&plan.with_features(features)), at)
}

/// What the check says of the clock.
fn clock_line(arrangement: &Arrangement, now: DateTime<Utc>) -> String {
    let (lines, status) = checked(arrangement, now, &[]);
    assert_eq!(status, ExitStatus::Done, "{lines:#?}");
    let line = lines.iter().find(|line| line.contains("  Clock: "));
    line.unwrap_or_else(|| panic!("no clock in {lines:#?}"))
        .clone()
}

/// The offset at which a run, at that moment, dates the newest event that it writes a document of, in seconds.
fn offset_of_a_run(arrangement: &Arrangement, history: &History, now: DateTime<Utc>) -> i64 {
    let outcome = arrangement.good_pass(now, &[]);
    assert!(outcome.report.uploads.total(|tally| tally.created) > 0);
    let documents = arrangement.nightscout.treatments().into_iter();
    let numbered = documents.map(|document| {
        let number = document["pump_event_id"].as_str().expect("ours");
        let number = number.split(',').next().expect("one");
        (number.parse::<u64>().expect("a number"), document)
    });
    let newest = numbered.max_by_key(|(number, _)| *number);
    let (number, document) = newest.expect("a document");
    let at = document["created_at"].as_str().expect("a time");
    let at = DateTime::parse_from_rfc3339(at).expect("well formed");
    history.event(number).expect("an event").wall - at.timestamp()
}

#[test]
fn what_earlier_runs_wrote_decides_in_the_check_as_in_a_run() {
    let (history, moved) = moved_by(-3 * 3600);
    let arrangement = Arrangement::of(history.clone());
    for hours in [-4, 1] {
        let at = moved + Duration::hours(hours);
        arrangement.upload_pump(at, at);
        arrangement.good_pass(at + Duration::minutes(2), &[]);
    }
    // Now the pump is out of the phone's reach, so that this upload fits any zone.
    let at = moved + Duration::hours(9);
    arrangement.upload_pump(at, moved + Duration::hours(5));
    let now = at + Duration::minutes(2);
    let line = clock_line(&arrangement, now);
    assert!(line.contains("runs at UTC-07:00"), "{line}");
    assert_eq!(offset_of_a_run(&arrangement, &history, now), -7 * 3600);
}

#[test]
fn another_uploaders_glucose_decides_in_the_check_as_in_a_run_and_the_check_says_so() {
    for (shift, name, offset) in [(-450, "UTC-04:07", -14_850), (2 * 3600, "UTC-02:00", -7200)] {
        let (history, moved) = moved_by(shift);
        let arrangement = Arrangement::of(history.clone());
        let before = moved - Duration::hours(4);
        arrangement.upload_pump(before, before);
        arrangement.good_pass(before + Duration::minutes(2), &[]);
        let until = moved + Duration::hours(5);
        let at = moved + Duration::hours(9);
        arrangement.upload_pump(at, until);
        arrangement.upload_glucose(&history, (history.plan.start, at));
        let now = at + Duration::minutes(2);
        let line = clock_line(&arrangement, now);
        let told =
            format!("runs at {name}, as another uploader's glucose shows, and not at UTC-04:00");
        assert!(line.contains(&told), "{line}");
        assert_eq!(offset_of_a_run(&arrangement, &history, now), offset);
    }
    // Also where it only says what TIMEZONE_NAME does.
    let (history, moved) = moved_by(450);
    let arrangement = Arrangement::of(history.clone());
    let at = moved - Duration::hours(1);
    arrangement.upload_pump(at, at);
    arrangement.upload_glucose(&history, (history.plan.start, at));
    let line = clock_line(&arrangement, at + Duration::minutes(2));
    let told =
        "runs at UTC-04:00, which matches TIMEZONE_NAME, as another uploader's glucose shows";
    assert!(line.contains(told), "{line}");
}

#[test]
fn a_check_of_a_clock_that_two_offsets_fit_says_that_a_run_waits() {
    let (history, moved) = moved_by(-3 * 3600);
    let arrangement = Arrangement::of(history);
    let before = moved - Duration::minutes(30);
    arrangement.upload_pump(before, before);
    arrangement.good_pass(before + Duration::minutes(2), &[]);
    let at = moved + Duration::minutes(110);
    arrangement.upload_pump(at, moved + Duration::hours(1));
    let now = at + Duration::minutes(2);
    let (lines, _) = checked(&arrangement, now, &[]);
    let waits = |text: &String| text.contains("its clock may run at UTC-07:00 or at UTC-04:00");
    let run = arrangement.good_pass(now, &[]);
    assert!(
        run.report.warnings.iter().any(waits),
        "{:?}",
        run.report.warnings
    );
    assert!(lines.iter().any(waits), "{lines:#?}");
}
