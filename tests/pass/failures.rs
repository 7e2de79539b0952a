//! The program itself where something is wrong: its exit status, what it says, and what it does not.

use chrono::Duration;
use serde_json::{Value, json};

use crate::arrangement::{Arrangement, day_until_now};
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::Nightscout;
use crate::simulator::tandem::Pump;

pub fn arrangement() -> Arrangement {
    Arrangement::of(day_until_now(31))
}

#[test]
fn a_good_run_says_one_line_and_reveals_nothing_at_any_verbosity() {
    let arrangement = arrangement();
    let said = arrangement.program(&["-vv"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert_eq!(said.out.lines().count(), 1, "{said:#?}");
    assert!(said.out.starts_with("Uploaded "), "{said:#?}");
    let mut secrets = arrangement.secrets();
    secrets.push("90001234".to_owned());
    secrets.push(arrangement.tandem.url());
    secrets.push(arrangement.nightscout.url());
    said.reveals_none_of(&secrets);
    let again = arrangement.program(&[]);
    assert!(again.out.starts_with("Nothing new; "), "{again:#?}");
    assert_eq!(again.log, "");
    let quiet = arrangement.program(&["-q"]);
    assert_eq!((quiet.out.as_str(), quiet.log.as_str()), ("", ""));
}

#[test]
fn a_run_that_only_pretends_writes_nothing_and_shows_what_it_would_write() {
    let arrangement = arrangement();
    let said = arrangement.program(&["--pretend", "--json"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert_eq!(arrangement.nightscout.writes(), 0);
    let lines: Vec<Value> = said
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let (summary, documents) = lines.split_last().expect("a summary");
    assert_eq!(summary["exit_status"], 0);
    assert_eq!(
        summary["documents"]["Temp Basal"]["created"],
        json!(
            documents
                .iter()
                .filter(|document| document["eventType"] == "Temp Basal")
                .count()
        )
    );
    let said = arrangement.program(&["--dry-run"]);
    let last = said.out.lines().last().unwrap_or_default();
    assert!(last.starts_with("Would upload "), "{said:#?}");
}

#[test]
fn a_wrong_password_is_tried_once_in_each_region_and_ends_with_77() {
    let mut arrangement = arrangement();
    arrangement.set("TCONNECT_PASSWORD", "not the right one");
    let said = arrangement.program(&["-vv"]);
    assert_eq!(
        (said.status, arrangement.tandem.login_attempts()),
        (Some(77), 1),
        "{said:#?}"
    );
    assert!(said.log.contains("TCONNECT_PASSWORD"), "{said:#?}");
    arrangement.set("TCONNECT_REGION", "auto");
    let said = arrangement.program(&["-vv"]);
    assert_eq!(
        (said.status, arrangement.tandem.login_attempts()),
        (Some(77), 3),
        "{said:#?}"
    );
    let mut secrets = arrangement.secrets();
    secrets.push("not the right one".to_owned());
    said.reveals_none_of(&secrets);
    assert_eq!(arrangement.nightscout.writes(), 0);
}

#[test]
fn an_account_in_europe_is_found_and_the_region_to_set_is_named() {
    let mut arrangement = arrangement();
    arrangement
        .tandem
        .change_account(|account| account.region = crate::simulator::tandem::Region::Eu);
    arrangement.tandem.reject_first_logins(1);
    arrangement.variables.remove("TCONNECT_REGION");
    let said = arrangement.program(&[]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert!(said.log.contains("TCONNECT_REGION=EU"), "{said:#?}");
    assert_eq!(arrangement.tandem.login_attempts(), 2);
}

#[test]
fn a_wrong_secret_ends_with_77() {
    let mut arrangement = arrangement();
    arrangement.set("NS_SECRET", "some other secret");
    let said = arrangement.program(&[]);
    assert_eq!(said.status, Some(77), "{said:#?}");
    assert!(said.log.contains("NS_SECRET"), "{said:#?}");
    assert_eq!(
        arrangement.nightscout.auth_failures(),
        1,
        "each failure slows the site down"
    );
}

#[test]
fn a_service_that_is_down_ends_with_69() {
    let mut arrangement = arrangement();
    let good = arrangement.variables.clone();
    arrangement.set("TCONNECT_BASE_URL", "http://127.0.0.1:9");
    let said = arrangement.program(&[]);
    assert_eq!(said.status, Some(69), "{said:#?}");
    assert!(said.log.contains("Tandem Source"), "{said:#?}");
    arrangement.variables = good;
    arrangement.set("NS_URL", "http://127.0.0.1:9");
    let said = arrangement.program(&[]);
    assert_eq!(said.status, Some(69), "{said:#?}");
    assert!(said.log.contains("Nightscout"), "{said:#?}");
}

#[test]
fn answers_that_are_not_understood_end_with_76() {
    let html = Kind::Html200;
    let cases = [
        (
            "GET",
            "/api/reports/bff/pumper",
            Kind::status(404),
            "pumper",
        ),
        (
            "GET",
            "/api/reports/bff/pump-logs",
            Kind::status(404),
            "pump logs",
        ),
        (
            "GET",
            "/api/reports/bff/pump-logs",
            html.clone(),
            "pump logs",
        ),
        ("POST", "/accounts/api/login", html.clone(), "login"),
        ("POST", "/accounts/api/connect/token", html.clone(), "token"),
    ];
    for (method, path, kind, call) in cases {
        let arrangement = arrangement();
        arrangement
            .tandem
            .inject(Fault::on(method, path, Times::Always, kind));
        let said = arrangement.program(&[]);
        assert_eq!(said.status, Some(76), "{call}: {said:#?}");
        assert!(
            said.log.contains(call) && said.log.contains("changed its API"),
            "{call}: {said:#?}"
        );
    }
    for (path, kind) in [
        ("/api/v1/status", Kind::status(404)),
        ("/api/v1/treatments", html),
    ] {
        let arrangement = arrangement();
        arrangement
            .nightscout
            .inject(Fault::on("GET", path, Times::Always, kind));
        let said = arrangement.program(&[]);
        assert_eq!(said.status, Some(76), "{path}: {said:#?}");
        assert!(said.log.contains("NS_URL"), "{path}: {said:#?}");
    }
}

#[test]
fn an_unknown_serial_number_is_answered_with_the_accounts_pumps() {
    let mut arrangement = arrangement();
    arrangement.tandem.add_pump(Pump::silent(
        "5f0c4f0e-2f0b-4a57-9d53-0d6c0a1be002",
        "90005678",
    ));
    arrangement.set("PUMP_SERIAL_NUMBER", "90004321");
    let said = arrangement.program(&[]);
    assert_eq!(said.status, Some(78), "{said:#?}");
    assert!(said.log.contains("…234, …678"), "{said:#?}");
    said.reveals_none_of(&["90004321".to_owned(), "90001234".to_owned()]);
}

#[test]
fn refused_documents_end_with_65_and_the_rest_is_there() {
    let history = day_until_now(31);
    // A report that no other event tells before it has a document of its own.
    let truth = &history.truth;
    let told_between = |from, to| {
        let mut told = truth.told.iter();
        told.any(|(at, _)| from < *at && *at < to)
    };
    let pairs = truth.reports.windows(2).skip(100);
    let mut alone = pairs.filter(|pair| !told_between(pair[0].at, pair[1].at));
    let refused = alone.next().expect("a report")[1].number.to_string();
    let arrangement = Arrangement::of(history);
    arrangement
        .nightscout
        .refuse(move |document| document["pump_event_id"] == refused.as_str());
    let said = arrangement.program(&[]);
    let held: Vec<Value> = arrangement.nightscout.treatments();
    assert_eq!(said.status, Some(65), "{said:#?}");
    assert!(said.out.contains("1 refused by Nightscout"), "{said:#?}");
    assert!(held.len() > 200, "{} there", held.len());
}

#[test]
fn a_site_without_careportal_is_told_apart_and_ends_with_78() {
    let arrangement = Arrangement {
        nightscout: Nightscout::with(|settings| settings.careportal = false),
        ..arrangement()
    };
    let mut arrangement = arrangement;
    let url = arrangement.nightscout.url();
    arrangement.set("NS_URL", &url);
    let said = arrangement.program(&[]);
    assert_eq!(said.status, Some(78), "{said:#?}");
    assert!(said.log.contains("careportal"), "{said:#?}");
}

#[test]
fn what_is_not_known_is_counted_and_the_rest_arrives() {
    use crate::simulator::history::Features;
    let plan = Plan::days(33, 2).with_features(Features::ALL);
    let history = History::generate(&plan);
    let now = history.plan.end + Duration::minutes(20);
    let arrangement = Arrangement::of(history);
    let outcome = arrangement.good_pass(now, &["--days", "3"]);
    let skipped = &outcome.report.skipped;
    assert!(!skipped.unknown_events.is_empty(), "{skipped:?}");
    assert!(skipped.unreadable() > 0, "{skipped:?}");
    let summary = outcome.report.summary();
    assert!(summary.contains(" Left out: "), "{summary}");
    let issues = "please report this line at https://github.com/tconnectsync-heroku/tconnectsync-heroku/issues";
    assert!(summary.ends_with(issues), "{summary}");
    assert!(
        outcome.report.uploads.total(|tally| tally.created) > 200,
        "{}",
        outcome.report.summary()
    );
}
