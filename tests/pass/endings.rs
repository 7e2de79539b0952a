//! What a run says at its end: what it would do, that the pump has been silent, and that the zone may be wrong.

use chrono::Duration;
use serde_json::Value;
use tconnectsync_heroku::config::Verbosity;
use tconnectsync_heroku::failure::ExitStatus;

use super::failures;
use crate::arrangement::Arrangement;
use crate::simulator::history::{History, Plan};

#[test]
fn pretending_shows_a_table_by_kind() {
    let history = History::generate(&Plan::days(61, 1));
    let now = history.plan.end + Duration::minutes(3);
    let arrangement = Arrangement::of(history);
    arrangement.good_pass(now - Duration::hours(5), &[]);
    let report = arrangement.good_pass(now, &["--pretend"]).report;
    insta::assert_snapshot!(report.pretence(Verbosity::Normal), @r"
                      create  update  already there  held back
    Combo Bolus            0       0              1          0
    Correction Bolus       1       0              4          0
    Meal Bolus             1       0              3          0
    Temp Basal            60       1            227          2
    ");
}

#[test]
fn pretending_shows_each_document_on_a_line_where_more_is_to_be_said() {
    let arrangement = failures::arrangement();
    let said = arrangement.program(&["--pretend", "-v"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert_eq!(arrangement.nightscout.writes(), 0);
    let documents: Vec<Value> = said
        .out
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let summary = said.out.lines().last().expect("a summary");
    let basal = documents
        .iter()
        .filter(|document| document["eventType"] == "Temp Basal");
    assert!(
        summary.contains(&format!("{} Temp Basal", basal.count())),
        "{summary}"
    );
}

#[test]
fn a_silent_pump_is_hinted_at_and_fails_the_run_where_the_owner_wants_that() {
    let history = History::generate(&Plan::days(62, 2));
    let now = history.plan.end + Duration::hours(7);
    let mut arrangement = Arrangement::of(history);
    let report = arrangement.good_pass(now, &[]).report;
    let summary = report.summary();
    assert!(
        summary.contains(
            "7 h 0 min ago (is the phone with Tandem's app on, online, and connected to the pump?)."
        ),
        "{summary}"
    );
    arrangement.set("TCONNECTSYNC_HEROKU_STALE_HOURS", "8");
    arrangement.good_pass(now, &[]);
    arrangement.set("TCONNECTSYNC_HEROKU_STALE_HOURS", "6");
    let outcome = arrangement.pass(now, &[]);
    assert_eq!(outcome.status(), ExitStatus::TryLater);
    let failure = outcome.message().expect("a failure");
    insta::assert_snapshot!(failure, @r"
    the pump's newest event is 7 h 0 min old. Check that the phone with Tandem's app is on, online, and connected to the pump.
    ");
    // A span of the past says nothing about the phone, and is as old as its owner wants it.
    for past in ["2026-05-14", "2026-05-01"] {
        let past = ["--start-date", past, "--end-date", past];
        let summary = arrangement.good_pass(now, &past).report.summary();
        assert!(!summary.contains("phone"), "{summary}");
    }
}

#[test]
fn a_zone_east_of_the_pumps_is_warned_of() {
    let history = History::generate(&Plan::day(33));
    let now = history.plan.end + Duration::minutes(4);
    let mut arrangement = Arrangement::of(history);
    let right = arrangement.pass(now, &["--pretend"]);
    assert_eq!(right.report.warnings, [""; 0]);
    arrangement.set("TIMEZONE_NAME", "Europe/Berlin");
    let wrong = arrangement.pass(now, &["--pretend"]);
    let [warning] = wrong.report.warnings.as_slice() else {
        panic!("{:?}", wrong.report.warnings);
    };
    for part in [
        "whole hours before its upload",
        "Europe/Berlin",
        "UTC-04:00",
    ] {
        assert!(warning.contains(part), "{warning}");
    }
}
