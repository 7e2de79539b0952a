//! A first run with a time zone that does not fit: everything would come out hours off, and nothing tells otherwise.

use chrono::Duration;
use tconnectsync_heroku::failure::ExitStatus;

use crate::arrangement::{Arrangement, day_until_now};
use crate::check::checked;
use crate::simulator::history::{History, Plan};

/// The clock of a pump in New York, read as Berlin's or Honolulu's.
#[test]
fn a_first_run_does_not_begin_while_another_zone_would_fit() {
    for (zone, doubt) in [
        ("Europe/Berlin", "whole hours before its upload"),
        ("Pacific/Honolulu", "would lie after its upload"),
    ] {
        let history = History::generate(&Plan::day(33));
        let now = history.plan.end + Duration::minutes(4);
        let mut arrangement = Arrangement::of(history);
        let right = arrangement.variables["TIMEZONE_NAME"].clone();
        arrangement.set("TIMEZONE_NAME", zone);
        for arguments in [&[][..], &["--start-date", "2026-05-14"]] {
            let outcome = arrangement.pass(now, arguments);
            assert_eq!(outcome.status(), ExitStatus::Configuration);
            let message = outcome.message().expect("a failure");
            for part in [
                doubt,
                "UTC-04:00 would fit",
                "it should show",
                zone,
                "TCONNECTSYNC_HEROKU_TRUST_TIMEZONE=true",
            ] {
                assert!(message.contains(part), "{message}");
            }
        }
        let (lines, status) = checked(&arrangement, now, &[]);
        assert_eq!(status, ExitStatus::Configuration, "{lines:#?}");
        assert!(
            !lines.iter().any(|line| line.starts_with("ok  Clock")),
            "{lines:#?}"
        );
        assert_eq!(arrangement.nightscout.writes(), 0);
        // Whoever looked at the pump may insist.
        arrangement.set("TCONNECTSYNC_HEROKU_TRUST_TIMEZONE", "true");
        let report = arrangement.good_pass(now, &[]).report;
        assert!(report.warnings[0].contains(doubt), "{:?}", report.warnings);
        assert!(arrangement.nightscout.writes() > 0);
        // What is there by the right zone is kept up to date, with a warning.
        arrangement.set("TIMEZONE_NAME", &right);
        arrangement.set("TCONNECTSYNC_HEROKU_TRUST_TIMEZONE", "false");
        arrangement.good_pass(now, &[]);
    }
}

/// The account's newest event may be nonsense, and then tells nothing of the upload.
#[test]
fn nonsense_for_the_newest_event_lets_no_wrong_zone_pass() {
    let history = History::generate(&Plan::day(33));
    let now = history.plan.end + Duration::minutes(4);
    let mut arrangement = Arrangement::of(history);
    let nonsense =
        serde_json::json!({"maxDateOfEvents": "2099-01-01T00:00:00", "availableDataRange": null});
    (arrangement.tandem).change_pumps(|pumps| pumps[0].replace = nonsense.clone());
    arrangement.set("TIMEZONE_NAME", "Europe/Berlin");
    let outcome = arrangement.pass(now, &[]);
    let message = outcome.message().unwrap_or_default();
    assert!(
        message.contains("UTC-04:00 would fit"),
        "{message} {:?}",
        outcome.report.warnings
    );
    assert_eq!(arrangement.nightscout.writes(), 0);
}

/// The profile names the zone too, and the site shows the newest one.
#[test]
fn a_refused_first_run_leaves_no_profile_with_the_zone_in_doubt() {
    let history = History::generate(&Plan::day(33));
    let now = history.plan.end + Duration::minutes(4);
    let mut arrangement = Arrangement::of(history);
    let right = arrangement.variables["TIMEZONE_NAME"].clone();
    arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "BASAL,BOLUS,PROFILES");
    arrangement.set("TIMEZONE_NAME", "America/Los_Angeles");
    let outcome = arrangement.pass(now, &[]);
    assert_eq!(outcome.status(), ExitStatus::Configuration);
    let message = outcome.message().expect("a failure");
    assert!(message.contains("nothing was written"), "{message}");
    let profiles = arrangement.nightscout.profiles();
    assert!(profiles.is_empty(), "{profiles:#?}");
    assert_eq!(arrangement.nightscout.writes(), 0);
    arrangement.set("TIMEZONE_NAME", &right);
    arrangement.good_pass(now, &[]);
    assert_eq!(arrangement.nightscout.profiles().len(), 1);
}

#[test]
fn whoever_insists_on_a_zone_is_warned_once_though_a_first_run_looks_for_ages_too() {
    let history = day_until_now(33);
    let mut arrangement = Arrangement::of(history.clone());
    let end = history.plan.end;
    arrangement.upload_pump(end + Duration::minutes(2), end);
    for (name, value) in [
        ("TIMEZONE_NAME", "Europe/Berlin"),
        ("TCONNECTSYNC_HEROKU_TRUST_TIMEZONE", "true"),
        ("TCONNECTSYNC_HEROKU_FEATURES", "BASAL,BOLUS,PUMP_EVENTS"),
    ] {
        arrangement.set(name, value);
    }
    let said = arrangement.program(&[]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert_eq!(said.log.matches("would fit").count(), 1, "{}", said.log);
    let logs = arrangement.tandem.requests();
    let logs = logs.iter().filter(|asked| asked.path.contains("pump-logs"));
    assert!(logs.count() > 1, "the days before for the ages");
}

/// Without a feature that copies the pump's history no run can tell whether one of those would be the first.
#[test]
fn profiles_alone_are_written_with_a_warning_of_the_zone() {
    let history = History::generate(&Plan::day(33));
    let now = history.plan.end + Duration::minutes(4);
    let mut arrangement = Arrangement::of(history);
    arrangement.good_pass(now - Duration::minutes(3), &[]);
    arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "PROFILES");
    arrangement.set("TIMEZONE_NAME", "Europe/Berlin");
    let (lines, status) = checked(&arrangement, now, &[]);
    assert_eq!(status, ExitStatus::Done, "{lines:#?}");
    for _ in 0..2 {
        let report = arrangement.good_pass(now, &[]).report;
        let warned = report
            .warnings
            .iter()
            .any(|line| line.contains("would fit"));
        assert!(warned, "{:?}", report.warnings);
        assert_eq!(arrangement.nightscout.profiles().len(), 1);
    }
}

/// What the check says of a first run that does not begin.
const DOES_NOT_BEGIN: &str = "a first run does not begin";

#[test]
fn the_check_takes_for_a_first_run_what_a_run_does() {
    // Whatever the features fill tells that there was a run; device statuses do not tell a run's zone.
    for features in ["CGM", "DEVICE_STATUS"] {
        let history = History::generate(&Plan::day(33));
        let now = history.plan.end + Duration::minutes(4);
        let mut arrangement = Arrangement::of(history);
        arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", features);
        arrangement.good_pass(now, &[]);
        arrangement.set("TIMEZONE_NAME", "Europe/Berlin");
        let (lines, status) = checked(&arrangement, now, &[]);
        assert_eq!(status, ExitStatus::Done, "{features}: {lines:#?}");
        assert!(
            lines.iter().any(|line| line.contains("would fit")),
            "{lines:#?}"
        );
        arrangement.good_pass(now, &[]);
    }
    // Treatments from before tell nothing of readings that are the first.
    let history = History::generate(&Plan::day(33));
    let now = history.plan.end + Duration::minutes(4);
    let mut arrangement = Arrangement::of(history);
    arrangement.good_pass(now, &[]);
    arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "CGM");
    arrangement.set("TIMEZONE_NAME", "Europe/Berlin");
    let (lines, status) = checked(&arrangement, now, &[]);
    let refused = lines.iter().any(|line| line.contains(DOES_NOT_BEGIN));
    assert!(refused, "{lines:#?}");
    assert_eq!(status, ExitStatus::Configuration);
    let outcome = arrangement.pass(now, &[]);
    assert_eq!(outcome.status(), ExitStatus::Configuration);
}

#[test]
fn the_check_says_what_the_pumps_screen_should_show() {
    let history = History::generate(&Plan::day(33));
    let now = history.plan.end + Duration::minutes(4);
    let mut arrangement = Arrangement::of(history);
    let shows = |at: chrono::DateTime<chrono::Utc>, zone: chrono_tz::Tz| {
        at.with_timezone(&zone).format("%H:%M").to_string()
    };
    let (lines, _) = checked(&arrangement, now, &[]);
    let there = shows(now, chrono_tz::America::New_York);
    let said = format!("ago; it should show {there} now");
    assert!(lines.iter().any(|line| line.contains(&said)), "{lines:#?}");
    arrangement.set("TIMEZONE_NAME", "Europe/Berlin");
    let (lines, _) = checked(&arrangement, now, &[]);
    let said = format!(
        "it should show {} now if TIMEZONE_NAME (Europe/Berlin) is right, and {there} if UTC-04:00 fits",
        shows(now, chrono_tz::Europe::Berlin)
    );
    assert!(lines.iter().any(|line| line.contains(&said)), "{lines:#?}");
}
