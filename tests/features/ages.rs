//! The ages that Nightscout shows, of infusion site, insulin and sensor, after a first run.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, TimeZone, Utc};
use serde_json::{Value, json};
use tconnectsync_heroku::failure::ExitStatus;

use super::arrange;
use crate::arrangement::{Arrangement, without_ids};
use crate::check::checked;
use crate::pass::{filed, text};
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{ClockStory, History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};

const AGES: [&str; 3] = ["Insulin Change", "Sensor Start", "Site Change"];

const FEATURES: &str = "BASAL,BOLUS,PUMP_EVENTS";

/// Three weeks, at whose end nothing was changed for more than two days.
fn three_weeks() -> (History, DateTime<Utc>) {
    let whole = History::generate(&Plan::days(64, 21));
    let site = arrange(whole.clone(), FEATURES);
    site.good_pass(whole.plan.end + Duration::hours(1), &["--days", "22"]);
    let changed = |document: &&Value| AGES.contains(&text(document, "eventType"));
    let treatments = site.nightscout.treatments();
    let times: Vec<DateTime<Utc>> = treatments.iter().filter(changed).map(filed).collect();
    let quiet = times
        .windows(2)
        .rfind(|pair| pair[1] - pair[0] > Duration::hours(40));
    let end = quiet.expect("two quiet days")[1] - Duration::minutes(30);
    let mut plan = whole.plan.clone();
    plan.end = end;
    (History::generate(&plan), end + Duration::minutes(20))
}

/// The newest document of each age.
fn newest(arrangement: &Arrangement) -> BTreeMap<String, Value> {
    let treatments = without_ids(arrangement.nightscout.treatments()).into_iter();
    let ages = treatments.filter(|document| AGES.contains(&text(document, "eventType")));
    // Oldest first, so that the newest stays.
    ages.map(|document| (text(&document, "eventType").to_owned(), document))
        .collect()
}

#[test]
fn a_first_run_finds_what_each_age_begins_with() {
    let (history, now) = three_weeks();
    let fortnight = arrange(history.clone(), FEATURES);
    fortnight.good_pass(now, &["--days", "14"]);
    let known = newest(&fortnight);
    assert_eq!(known.len(), 3, "{known:#?}");

    let site = arrange(history, FEATURES);
    site.good_pass(now, &[]);
    assert_eq!(newest(&site), known);
    let there = site.nightscout.treatments();
    let before = |document: &&Value| filed(document) < now - Duration::days(1);
    assert_eq!(there.iter().filter(before).count(), 3);

    let (logs, reads) = (pump_logs(&site), reads(&site));
    let second = site.good_pass(now, &[]);
    let written = |tally: &tconnectsync_heroku::report::Tally| tally.created + tally.updated;
    assert_eq!(second.report.uploads.total(written), 0);
    assert_eq!(
        pump_logs(&site) - logs,
        1,
        "an ordinary run asks for its own days"
    );
    assert_eq!(reads_since(&site, reads), 1, "and does not look for ages");
}

fn pump_logs(arrangement: &Arrangement) -> usize {
    let requests = arrangement.tandem.requests();
    requests
        .iter()
        .filter(|request| request.path.contains("pump-logs"))
        .count()
}

fn reads(arrangement: &Arrangement) -> usize {
    let requests = arrangement
        .nightscout
        .requests_to("GET", "/api/v1/treatments");
    requests.len()
}

fn reads_since(arrangement: &Arrangement, before: usize) -> usize {
    reads(arrangement) - before
}

#[test]
fn an_age_that_the_site_has_from_somebody_else_is_not_looked_for() {
    let (history, now) = three_weeks();
    let site = arrange(history, FEATURES);
    for (event_type, days) in [("Site Change", 3), ("Sensor Change", 40)] {
        let at = (now - Duration::days(days)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        site.nightscout.insert_treatment(
            json!({"eventType": event_type, "created_at": at, "enteredBy": "a parent"}),
        );
    }
    site.good_pass(now, &[]);
    let newest = newest(&site);
    assert_eq!(text(&newest["Site Change"], "enteredBy"), "a parent");
    assert!(!newest.contains_key("Sensor Start"));
    assert!(newest.contains_key("Insulin Change"));
}

#[test]
fn without_pump_events_nothing_is_looked_for() {
    let (history, now) = three_weeks();
    let site = arrange(history, "BASAL,BOLUS");
    site.good_pass(now, &[]);
    assert_eq!((newest(&site).len(), pump_logs(&site)), (0, 1));
}

/// What is left of the first run is no reason to take the days since then for an outage.
#[test]
fn a_first_run_that_ends_after_its_look_for_ages_is_made_good_by_the_next() {
    let (history, now) = three_weeks();
    let whole = arrange(history.clone(), FEATURES);
    whole.good_pass(now, &[]);
    let site = arrange(history, FEATURES);
    // The ages are the first write.
    let fault = |nth| {
        Fault::on(
            "POST",
            "/api/v1/treatments",
            Times::Nth(nth),
            Kind::status(401),
        )
    };
    site.nightscout.inject(fault(2));
    let outcome = site.pass(now, &[]);
    assert_eq!(outcome.status(), ExitStatus::CredentialsRejected);
    assert_eq!(site.nightscout.treatments().len(), 3);
    site.nightscout.heal();
    site.good_pass(now, &[]);
    assert_eq!(
        without_ids(site.nightscout.treatments()),
        without_ids(whole.nightscout.treatments())
    );
}

/// A first run that the site turns away once the ages have begun.
#[track_caller]
fn ends_after_its_look_for_ages(site: &Arrangement, now: DateTime<Utc>) {
    let (second, refusal) = (Times::Nth(2), Kind::status(401));
    let fault = Fault::on("POST", "/api/v1/treatments", second, refusal);
    site.nightscout.inject(fault);
    let outcome = site.pass(now, &[]);
    assert_eq!(outcome.status(), ExitStatus::CredentialsRejected);
    site.nightscout.heal();
}

/// What is left of the first run does not tell the zone: a run does not begin, and the check says so.
#[test]
fn after_a_first_run_that_ended_after_its_look_for_ages_the_check_forbids_a_doubted_zone_too() {
    let (history, _) = three_weeks();
    let uploaded = history.plan.end + Duration::minutes(1);
    let now = uploaded + Duration::minutes(4);
    let mut site = arrange(history.clone(), FEATURES);
    site.upload_pump(uploaded, history.plan.end);
    ends_after_its_look_for_ages(&site, now);
    assert_eq!(site.nightscout.treatments().len(), 3);
    site.set("TIMEZONE_NAME", "Europe/Berlin");
    let outcome = site.pass(now, &[]);
    assert_eq!(outcome.status(), ExitStatus::Configuration);
    let (lines, status) = checked(&site, now, &[]);
    assert_eq!(status, ExitStatus::Configuration, "{lines:#?}");
    let refused = |line: &String| line.contains("a first run does not begin");
    assert!(lines.iter().any(refused), "{lines:#?}");
    assert_eq!(site.nightscout.treatments().len(), 3);
}

/// The guess by which a first run dates the days before its own must not pass for what is known of the clock.
#[test]
fn a_first_run_learns_the_clock_from_glucose_although_it_dated_an_old_site_change_by_a_guess() {
    // An hour behind all along.
    let mut plan = Plan::days(64, 21).with_clock(ClockStory::Fixed(-5 * 3600));
    let whole = arrange(History::generate(&plan), FEATURES);
    whole.good_pass(plan.end + Duration::hours(1), &["--days", "22"]);
    let history = History::generate(&plan);
    let mut changes = whole.nightscout.treatments();
    changes.retain(|document| text(document, "eventType") == "Site Change");
    let changes: Vec<DateTime<Utc>> = (changes.iter())
        .map(|document| truly(&history, document))
        .collect();
    // The first page's events tell of the one change too, and not of the other.
    for hours in [30, 65] {
        let lasted = |pair: &&[DateTime<Utc>]| pair[1] - pair[0] > Duration::hours(hours);
        let changed = changes.windows(2).rfind(lasted).expect("a change")[0];
        plan.end = changed + Duration::hours(hours);
        learns_the_clock_from_glucose(&plan);
    }
}

#[track_caller]
fn learns_the_clock_from_glucose(plan: &Plan) {
    let history = History::generate(plan);
    // The upload is late, and not by whole hours: it tells nothing.
    let uploaded = plan.end + Duration::minutes(145);
    for (version, interrupted) in [
        (Version::V14_2_6, false),
        (Version::V15_0_7, false),
        (Version::V15_0_7, true),
    ] {
        let mut site = Arrangement::with(history.clone(), Nightscout::version(version));
        site.set("TCONNECTSYNC_HEROKU_FEATURES", FEATURES);
        site.upload_pump(uploaded, plan.end);
        site.upload_glucose(&history, (plan.end - Duration::days(3), plan.end));
        let now = uploaded + Duration::minutes(5);
        if interrupted {
            ends_after_its_look_for_ages(&site, now);
        }
        site.good_pass(now, &[]);
        let mut numbers = Vec::new();
        for document in site.nightscout.treatments() {
            let known = truly(&history, &document) > plan.end - Duration::days(1);
            // Changes days before are at their instants too; what tells of a sensor's start comes hours after it.
            if known || ["Site Change", "Insulin Change"].contains(&text(&document, "eventType")) {
                let error = filed(&document) - truly(&history, &document);
                assert!(error.abs() < Duration::seconds(1), "{error} {document:#}");
            }
            numbers.push((main_event(&document), document["eventType"].to_string()));
        }
        let all = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), all, "some event has two documents");
        assert!(all > 50, "{all}");
    }
}

/// What a later upload tells of the clock holds for the ages too, days before all that a run reads.
#[test]
fn ages_move_with_everything_else_when_the_first_runs_guess_turns_out_wrong() {
    // Nobody moved the clock in autumn.
    let start = Utc.with_ymd_and_hms(2026, 11, 5, 5, 0, 0).unwrap();
    let plan = Plan::days(64, 21)
        .between(start, start + Duration::days(14))
        .with_clock(ClockStory::Fixed(-4 * 3600));
    let history = History::generate(&plan);
    let site = arrange(history.clone(), FEATURES);
    let until = plan.end - Duration::hours(6);
    let off = || {
        let documents = site.nightscout.treatments();
        let off = documents.iter().filter(|document| {
            let error = filed(document) - truly(&history, document);
            error.abs() > Duration::seconds(1)
        });
        let kinds = off.map(|document| text(document, "eventType").to_owned());
        // What tells of a sensor's start comes hours after it.
        kinds
            .filter(|kind| kind != "Sensor Start")
            .collect::<Vec<String>>()
    };
    // The upload is late, and tells nothing.
    site.upload_pump(until + Duration::minutes(145), until);
    site.good_pass(until + Duration::minutes(150), &[]);
    let guessed = off();
    let wrong = |age: &str| guessed.iter().any(|kind| kind == age);
    assert!(
        wrong("Site Change") && wrong("Insulin Change"),
        "{guessed:?}"
    );
    site.upload_pump(plan.end, plan.end);
    site.good_pass(plan.end + Duration::minutes(2), &[]);
    assert_eq!(off(), Vec::<String>::new());
}

/// When the event of a document happened.
fn truly(history: &History, document: &Value) -> DateTime<Utc> {
    let at = history.instant_of(main_event(document));
    at.expect("an event of this pump")
}

fn main_event(document: &Value) -> u64 {
    let events = text(document, "pump_event_id").split(',').next();
    let number = events.and_then(|number| number.parse().ok());
    number.expect("a number")
}
