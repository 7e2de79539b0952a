//! Outages, backfills and replaced pumps: what was missed arrives, once.

use std::sync::Arc;

use chrono::{DateTime, Duration, TimeZone, Utc};
use serde_json::Value;
use tconnectsync_heroku::report::Tally;

use crate::arrangement::{Arrangement, without_ids};
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{ClockStory, Feature, Features, History, Plan};
use crate::simulator::nightscout::Nightscout;
use crate::simulator::tandem::Pump;

fn filed(document: &Value) -> DateTime<Utc> {
    let created_at = document["created_at"].as_str().expect("a time");
    DateTime::parse_from_rfc3339(created_at)
        .expect("well formed")
        .to_utc()
}

fn utc(month: u32, day: u32, hour: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, month, day, hour, 0, 0)
        .single()
        .expect("an instant")
}

/// How many documents do not stand at the instant of their main event.
fn count_off(history: &History, arrangement: &Arrangement) -> usize {
    let treatments = arrangement.nightscout.treatments();
    let off = treatments.iter().filter(|document| {
        let events = document["pump_event_id"].as_str().unwrap_or_default();
        let main = events.split(',').next().unwrap_or_default();
        let truly = main.parse().ok().and_then(|id| history.instant_of(id));
        (filed(document) - truly.expect("an event")).abs() > Duration::seconds(1)
    });
    off.count()
}

fn temp_basals(arrangement: &Arrangement) -> Vec<(DateTime<Utc>, Duration, f64)> {
    let treatments = arrangement.nightscout.treatments();
    let basal = treatments
        .iter()
        .filter(|document| document["eventType"] == "Temp Basal");
    basal
        .map(|document| {
            let minutes = document["duration"].as_f64().expect("a duration");
            let length = Duration::seconds((minutes * 60.0).round() as i64);
            (
                filed(document),
                length,
                document["absolute"].as_f64().expect("a rate"),
            )
        })
        .collect()
}

/// Histories without hours in which the pump itself wrote nothing.
fn plain() -> Features {
    Features::only(&[
        Feature::Basal,
        Feature::ControlIq,
        Feature::Meals,
        Feature::AutomaticCorrections,
    ])
}

fn days(seed: u64, days: i64) -> History {
    History::generate(&Plan::days(seed, days).with_features(plain()))
}

#[test]
fn a_day_of_runs_every_quarter_of_an_hour_leaves_no_minute_without_its_rate() {
    let history = days(51, 2);
    let (from, to) = (history.plan.end - Duration::hours(24), history.plan.end);
    let truth = history.truth.clone();
    let arrangement = Arrangement::of(history);
    let mut now = from - Duration::hours(2);
    while now <= to + Duration::minutes(30) {
        // The phone has just uploaded.
        arrangement.tandem.set_uploaded_until(now.min(to));
        arrangement.good_pass(now + Duration::seconds(40), &[]);
        now += Duration::minutes(15);
    }
    let records = temp_basals(&arrangement);
    assert!(
        records
            .iter()
            .all(|(_, length, _)| *length > Duration::zero())
    );
    let mut covered = from;
    let mut given = 0.0;
    for (begins, length, rate) in records {
        let ends = begins + length;
        if ends <= from {
            continue;
        }
        // Rates of one second lie a millisecond apart.
        assert!(
            (begins - covered).abs() <= Duration::milliseconds(5) || begins <= from,
            "a gap or an overlap at {begins}"
        );
        let inside = ends.min(to) - begins.max(from);
        given += rate * 1000.0 * inside.num_milliseconds().max(0) as f64 / 1000.0;
        covered = ends;
    }
    assert!(
        covered >= to - Duration::minutes(5),
        "the day ends at {covered}"
    );
    let truly = truth.basal_milliunit_seconds(from, covered.min(to)) as f64;
    assert!((given - truly).abs() <= truly * 0.001, "{given} of {truly}");
}

#[test]
fn one_ordinary_run_heals_an_outage_of_three_days() {
    let history = days(52, 6);
    let end = history.plan.end;
    let arrangement = Arrangement::of(history.clone());
    let before = end - Duration::days(3);
    arrangement.tandem.set_uploaded_until(before);
    arrangement.good_pass(before + Duration::minutes(15), &["--days", "4"]);
    arrangement.tandem.set_uploaded_until(end);
    let now = end + Duration::minutes(15);
    arrangement.good_pass(now, &[]);
    let whole = Arrangement::of(history);
    whole.good_pass(now, &["--days", "7"]);
    assert_eq!(
        without_ids(arrangement.nightscout.treatments()),
        without_ids(whole.nightscout.treatments())
    );
}

#[test]
fn after_forty_days_the_last_thirty_are_there_and_the_rest_is_told() {
    let only_basal = Features::only(&[Feature::Basal]);
    let history = History::generate(&Plan::days(53, 43).with_features(only_basal));
    let end = history.plan.end;
    let now = end + Duration::minutes(15);
    let arrangement = Arrangement::of(history);
    let before = end - Duration::days(40);
    arrangement.tandem.set_uploaded_until(before);
    arrangement.good_pass(before + Duration::minutes(15), &[]);
    let newest_before = temp_basals(&arrangement).last().expect("some basal").0;
    arrangement.tandem.set_uploaded_until(end);
    let outcome = arrangement.good_pass(now, &[]);
    let since = temp_basals(&arrangement)
        .into_iter()
        .find(|(at, _, _)| *at > newest_before);
    let since = since.expect("what was caught up").0 - (now - Duration::days(30));
    assert!(
        since >= Duration::zero() && since < Duration::minutes(10),
        "{since}"
    );
    let warning = outcome.report.warnings.join(" ");
    let named = format!(
        "--start-date {} --end-date {}",
        newest_before
            .with_timezone(&chrono_tz::America::New_York)
            .date_naive(),
        (now - Duration::days(30))
            .with_timezone(&chrono_tz::America::New_York)
            .date_naive()
    );
    assert!(warning.contains(&named), "{warning} has no {named}");
}

#[test]
fn a_backfill_by_dates_goes_page_by_page_and_may_be_interrupted_anywhere() {
    let history = days(54, 60);
    let (start, end) = (history.plan.start, history.plan.end);
    let now = end + Duration::days(3);
    let arguments = ["--start-date", "2026-05-14", "--end-date", "2026-07-12"];
    let whole = Arrangement::of(history.clone());
    whole.good_pass(now, &arguments);
    let expected = without_ids(whole.nightscout.treatments());
    assert!(filed(&expected[0]) >= start && filed(&expected[expected.len() - 1]) < end);
    let asked = whole
        .tandem
        .requests_to("GET", "/api/reports/bff/pump-logs");
    assert_eq!(
        asked.len(),
        5,
        "14 days a request, and one more on either side"
    );

    let interrupted = Arrangement::of(history);
    for request in [4, 9, 17] {
        let gone = Kind::status(503);
        interrupted.nightscout.inject(Fault::on(
            "POST",
            "/api/v1/treatments",
            Times::From(request),
            gone,
        ));
        let outcome = interrupted.pass(now, &arguments);
        assert!(outcome.failure.is_some(), "interrupted at write {request}");
        let there = without_ids(interrupted.nightscout.treatments());
        assert!(
            expected.starts_with(&there),
            "what is there is the beginning"
        );
        interrupted.nightscout.heal();
    }
    interrupted.good_pass(now, &arguments);
    assert_eq!(without_ids(interrupted.nightscout.treatments()), expected);
    interrupted.writes_nothing_more(now, &arguments);
}

#[test]
fn both_pumps_of_the_day_of_a_replacement_arrive() {
    let old = days(55, 1);
    let changed = old.plan.end;
    let mut plan = Plan::days(56, 1)
        .with_features(plain())
        .between(changed, changed + Duration::hours(8));
    "90005678".clone_into(&mut plan.serial);
    "5f0c4f0e-2f0b-4a57-9d53-0d6c0a1be002".clone_into(&mut plan.assignment);
    let new = Arc::new(History::generate(&plan));
    let expected = old.truth.reports.len() + new.truth.reports.len();
    let mut arrangement = Arrangement::of(old);
    arrangement.tandem.add_history(Arc::clone(&new));
    let now = changed + Duration::hours(9);
    let outcome = arrangement.good_pass(now, &["--days", "2"]);
    assert_eq!(outcome.report.pumps, ["…234", "…678"]);
    let same_second = 2;
    assert!(temp_basals(&arrangement).len() + same_second >= expected);

    arrangement.set("PUMP_SERIAL_NUMBER", "90001234");
    let later = now + Duration::days(5);
    let outcome = arrangement.good_pass(later, &[]);
    let warning = outcome.report.warnings.join(" ");
    assert!(
        warning.contains("…234") && warning.contains("…678"),
        "{warning}"
    );
}

#[test]
fn a_chosen_pump_that_the_account_lists_twice_is_copied_whole() {
    let first = days(58, 1);
    let again = first.plan.end;
    let mut plan = Plan::days(59, 1)
        .with_features(plain())
        .between(again, again + Duration::hours(8));
    "5f0c4f0e-2f0b-4a57-9d53-0d6c0a1be004".clone_into(&mut plan.assignment);
    // The same pump counts on.
    plan.first_number = 500_000;
    let now = again + Duration::hours(9);
    let mut arrangement = Arrangement::of(first);
    arrangement
        .tandem
        .add_history(Arc::new(History::generate(&plan)));
    arrangement.good_pass(now, &["--days", "2"]);
    let all = temp_basals(&arrangement).len();

    arrangement.nightscout = Nightscout::start();
    let url = arrangement.nightscout.url();
    arrangement.set("NS_URL", &url);
    arrangement.set("PUMP_SERIAL_NUMBER", "90001234");
    let outcome = arrangement.good_pass(now, &["--days", "2"]);
    assert_eq!(temp_basals(&arrangement).len(), all);
    assert_eq!(outcome.report.warnings, [""; 0]);
}

#[test]
fn a_pump_that_never_uploaded_is_not_asked_for() {
    let history = days(57, 1);
    let now = history.plan.end + Duration::minutes(20);
    let arrangement = Arrangement::of(history);
    arrangement.tandem.add_pump(Pump::silent(
        "5f0c4f0e-2f0b-4a57-9d53-0d6c0a1be003",
        "90009999",
    ));
    let outcome = arrangement.good_pass(now, &[]);
    assert_eq!(outcome.report.pumps, ["…234"]);
    assert_eq!(
        arrangement
            .tandem
            .requests_to("GET", "/api/reports/bff/pump-logs")
            .len(),
        1
    );
}

#[test]
fn a_clock_change_that_becomes_known_later_moves_the_documents_in_place() {
    // A clock at the winter's offset whose record begins after the change of the zone, so that nothing tells.
    let start = utc(3, 8, 12);
    let story = ClockStory::Travel(vec![(utc(3, 8, 7), -3600), (utc(3, 10, 12), 3600)]);
    let plan = Plan::days(58, 4)
        .with_features(plain())
        .between(start, start + Duration::days(4))
        .with_clock(story);
    let history = History::generate(&plan);
    let arrangement = Arrangement::of(history.clone());
    let first = start + Duration::hours(30);
    arrangement.tandem.set_uploaded_until(first);
    arrangement.tandem.change_pumps(|pumps| {
        pumps[0].replace = serde_json::json!({"lastUploadDate": null});
    });
    arrangement.good_pass(first + Duration::hours(5), &["--days", "2"]);
    let count = |arrangement: &Arrangement| arrangement.nightscout.treatments().len();
    let (before, wrong) = (count(&arrangement), count_off(&history, &arrangement));
    assert!(wrong > 100, "{wrong} of {before} are an hour off");

    let then = start + Duration::hours(72);
    arrangement.tandem.set_uploaded_until(then);
    let outcome = arrangement.good_pass(then + Duration::minutes(15), &[]);
    assert_eq!(
        count_off(&history, &arrangement),
        0,
        "{}",
        outcome.report.summary()
    );
    assert!(outcome.report.uploads.total(|tally| tally.updated) >= wrong);
    let mut events: Vec<String> = arrangement
        .nightscout
        .treatments()
        .iter()
        .map(|document| document["pump_event_id"].to_string())
        .collect();
    let documents = events.len();
    events.sort();
    events.dedup();
    assert_eq!(events.len(), documents, "no document twice");
}

#[test]
fn a_run_that_ends_among_server_errors_leaves_no_gap_behind_the_newest_document() {
    let plan = Plan::day(5).with_features(plain());
    let (start, end) = (plan.end - Duration::days(4), plan.end);
    let history = History::generate(&plan.between(start, end));
    let arrangement = Arrangement::of(history.clone());
    let first = start + Duration::hours(12);
    arrangement.tandem.set_uploaded_until(first);
    arrangement.good_pass(first + Duration::minutes(15), &[]);
    // Three days later the site's database stumbles, takes something, and is gone.
    arrangement.tandem.set_uploaded_until(end);
    let now = end + Duration::minutes(15);
    let broken = Kind::Status(500, Vec::new(), r#"{"status":500}"#.to_owned());
    let fault = |times, kind| Fault::on("POST", "/api/v1/treatments", times, kind);
    arrangement
        .nightscout
        .inject(fault(Times::First(4), broken));
    arrangement
        .nightscout
        .inject(fault(Times::From(6), Kind::status(503)));
    assert!(arrangement.pass(now, &[]).failure.is_some());
    arrangement.nightscout.heal();
    arrangement.good_pass(now + Duration::minutes(10), &[]);

    let whole = Arrangement::of(history);
    whole.good_pass(now + Duration::minutes(10), &["--days", "5"]);
    let treatments = |arrangement: &Arrangement| without_ids(arrangement.nightscout.treatments());
    assert_eq!(treatments(&arrangement).len(), treatments(&whole).len());
}

#[test]
fn pages_before_and_after_a_change_that_the_clock_ignored_are_dated_alike() {
    // At the winter's offset all year: only the night of the change tells.
    let start = utc(10, 18, 5);
    let plan = Plan::day(41)
        .between(start, start + Duration::days(23))
        .with_clock(ClockStory::Fixed(-5 * 3600))
        .with_features(Features::only(&[Feature::Basal, Feature::Meals]));
    let history = History::generate(&plan);
    let arrangement = Arrangement::of(history.clone());
    let now = plan.end + Duration::minutes(12);
    arrangement.good_pass(now, &["--days", "25"]);
    assert_eq!(count_off(&history, &arrangement), 0);
    let writes = arrangement.nightscout.writes();
    let of_dates = ["--start-date", "2026-10-20", "--end-date", "2026-10-24"];
    for again in [&["--days", "25"][..], &["--days", "12"], &[], &of_dates] {
        arrangement.good_pass(now, again);
        assert_eq!(arrangement.nightscout.writes(), writes, "{again:?}");
    }
    // Four pages, and the night once.
    arrangement.tandem.clear_requests();
    let long_ago = ["--start-date", "2026-09-01", "--end-date", "2026-10-20"];
    arrangement.good_pass(now, &long_ago);
    let asked = arrangement
        .tandem
        .requests_to("GET", "/api/reports/bff/pump-logs");
    assert_eq!(asked.len(), 4 + 1);
}

/// A run of more than a page asks for the days around each page again.
#[test]
fn a_first_fill_of_some_weeks_counts_each_document_once() {
    let history = History::generate(&Plan::days(27, 18));
    let now = history.plan.end + Duration::minutes(20);
    let arrangement = Arrangement::of(history);
    let pretended = arrangement.good_pass(now, &["--days", "20", "--pretend"]);
    let would_create = pretended.report.uploads.documents.len();
    let outcome = arrangement.good_pass(now, &["--days", "20"]);
    let total = |of: fn(&Tally) -> usize| outcome.report.uploads.total(of);
    let there = arrangement.nightscout.treatments().len();
    assert_eq!(total(|tally| tally.created), there);
    assert_eq!(total(|tally| tally.already), 0);
    assert_eq!(total(|tally| tally.updated), 0);
    assert_eq!(would_create, there);
    let again = arrangement.good_pass(now, &["--days", "20"]);
    assert_eq!(again.report.uploads.total(|tally| tally.already), there);
}
