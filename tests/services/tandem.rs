//! Tandem Source: the login in both regions, the data calls, and every way in which they end.

use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::json;
use tconnectsync_heroku::config::RegionChoice;
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::tandem::{PumpLogs, Region};

use super::{account, fails, log_in, secret};
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{History, Plan};
use crate::simulator::tandem::{Account, Pump, Tandem};

const LOGIN: &str = "/accounts/api/login";
const AUTHORIZE: &str = "/accounts/api/connect/authorize";
const TOKEN: &str = "/accounts/api/connect/token";
const PUMPER: &str = "/api/reports/bff/pumper/";
const PUMP_LOGS: &str = "/api/reports/bff/pump-logs/";

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 5, day).expect("a day in May")
}

fn with_one_day() -> (Tandem, Arc<History>) {
    let history = Arc::new(History::generate(&Plan::day(1)));
    let cloud = Tandem::start();
    cloud.add_history(Arc::clone(&history));
    (cloud, history)
}

/// How many events, odd events and clock changes there are.
fn count(logs: PumpLogs<'_>) -> anyhow::Result<(usize, usize, usize)> {
    let (mut events, mut odd, mut changes) = (0, 0, 0);
    logs.visit(
        |event| match event {
            Some(_) => events += 1,
            None => odd += 1,
        },
        |_| changes += 1,
    )?;
    Ok((events, odd, changes))
}

#[test]
fn logs_in_with_as_few_requests_as_the_chain_has() {
    let (cloud, _) = with_one_day();
    let config = account(&cloud);
    let mut session = log_in(&config).unwrap();
    let pumper = session.pumper().unwrap();
    session
        .pump_logs(&pumper.pumps[0], day(14), day(14), count)
        .unwrap();
    assert_eq!(session.region(), Region::Us);
    let paths: Vec<String> = cloud
        .requests()
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    assert_eq!(paths.len(), 7, "{paths:?}");
    assert_eq!(paths[0], "GET /");
    assert_eq!(paths[1], format!("POST {LOGIN}"));
    assert_eq!(paths[4], format!("POST {TOKEN}"));
}

#[test]
fn auto_tries_the_eu_where_the_us_does_not_know_the_account() {
    let cloud = Tandem::with_account(Account::european());
    cloud.reject_first_logins(1);
    let mut config = account(&cloud);
    config.region = RegionChoice::Auto;
    let session = log_in(&config).unwrap();
    assert_eq!(session.region(), Region::Eu);
    assert_eq!(cloud.login_attempts(), 2);
    assert_eq!(cloud.clients(), ["1519e414-eeec-492e-8c5e-97bea4815a10"]);
}

#[test]
fn a_european_account_logs_in_at_once_where_its_region_is_set() {
    let cloud = Tandem::with_account(Account::european());
    let mut config = account(&cloud);
    config.region = RegionChoice::Eu;
    assert_eq!(log_in(&config).unwrap().region(), Region::Eu);
    assert_eq!(cloud.login_attempts(), 1);
}

#[test]
fn a_wrong_password_is_tried_once_in_each_region() {
    for (region, tries) in [
        (RegionChoice::Us, 1),
        (RegionChoice::Eu, 1),
        (RegionChoice::Auto, 2),
    ] {
        let cloud = Tandem::start();
        let mut config = account(&cloud);
        config.region = region;
        config.password = secret("wrong password");
        let text = fails(log_in(&config), ExitStatus::CredentialsRejected);
        assert!(text.contains("TCONNECT_PASSWORD"), "{text}");
        assert_eq!(cloud.login_attempts(), tries);
    }
}

#[test]
fn a_locked_account_is_called_locked() {
    let cloud = Tandem::start();
    cloud.configure(|behaviour| behaviour.attempts_before_lock = 0);
    let mut config = account(&cloud);
    config.region = RegionChoice::Auto;
    let text = fails(log_in(&config), ExitStatus::CredentialsRejected);
    assert!(text.contains("locked"), "{text}");
    assert_eq!(cloud.login_attempts(), 1);
}

#[test]
fn a_login_that_was_not_answered_is_sent_again() {
    for kind in [
        Kind::Drop,
        Kind::DropAfterHandling,
        Kind::Truncate,
        Kind::TruncateChunked,
        Kind::status(502),
    ] {
        for path in ["/", LOGIN, AUTHORIZE, TOKEN] {
            let cloud = Tandem::start();
            let method = if path == LOGIN || path == TOKEN {
                "POST"
            } else {
                "GET"
            };
            cloud.inject(Fault::on(method, path, Times::Nth(1), kind.clone()));
            let session = log_in(&account(&cloud));
            assert!(session.is_ok(), "{kind:?} at {path}: {:?}", session.err());
        }
    }
}

#[test]
fn a_chain_that_ends_on_the_login_page_asks_to_sign_in_there() {
    let cloud = Tandem::start();
    let mut config = account(&cloud);
    // The simulated account is American: the European client is led back to the login page.
    config.region = RegionChoice::Eu;
    let text = fails(log_in(&config), ExitStatus::NotUnderstood);
    assert!(text.contains("Sign in once"), "{text}");
    assert_eq!(
        cloud.requests_to("GET", "/").len(),
        2,
        "the page itself is not fetched again"
    );
}

#[test]
fn a_redirect_to_another_site_is_not_followed() {
    let (cloud, _) = with_one_day();
    let elsewhere = Tandem::start();
    cloud.inject(Fault::on(
        "GET",
        AUTHORIZE,
        Times::Nth(1),
        Kind::Redirect(format!("{}/auth/callback?code=stolen", elsewhere.url())),
    ));
    let config = account(&cloud);
    fails(log_in(&config), ExitStatus::NotUnderstood);
    for path in [PUMPER, PUMP_LOGS] {
        cloud.heal();
        cloud.inject(Fault::on(
            "GET",
            path,
            Times::Always,
            Kind::Redirect(elsewhere.url()),
        ));
        let mut session = log_in(&config).unwrap();
        let outcome = session
            .pumper()
            .and_then(|pumper| session.pump_logs(&pumper.pumps[0], day(14), day(14), count));
        fails(outcome, ExitStatus::NotUnderstood);
    }
    assert_eq!(elsewhere.request_count(), 0);
}

#[test]
fn a_chain_without_end_is_left() {
    let cloud = Tandem::start();
    cloud.inject(Fault::on(
        "GET",
        AUTHORIZE,
        Times::Always,
        Kind::Redirect(AUTHORIZE.to_owned()),
    ));
    fails(log_in(&account(&cloud)), ExitStatus::NotUnderstood);
    assert!(cloud.request_count() < 20);
}

#[test]
fn a_token_answer_that_is_not_understood_says_so() {
    for answer in [
        json!({}),
        json!(null),
        json!([1]),
        json!({"access_token": "a", "id_token": "no.jwt"}),
        json!({"access_token": "", "id_token": "e30.eyJwdW1wZXJJZCI6MX0."}),
        json!({"access_token": null, "id_token": "e30.eyJwdW1wZXJJZCI6MX0."}),
    ] {
        let cloud = Tandem::start();
        cloud.inject(Fault::on("POST", TOKEN, Times::Always, Kind::Json(answer)));
        fails(log_in(&account(&cloud)), ExitStatus::NotUnderstood);
    }
}

/// A gateway or a firewall on the way knows nothing of the password.
#[test]
fn a_page_at_the_login_is_no_rejected_password() {
    for status in [401, 403] {
        for (method, path) in [("POST", LOGIN), ("POST", TOKEN)] {
            let (cloud, _) = with_one_day();
            let page = "<html><title>Blocked</title>".to_owned();
            let kind = Kind::Status(status, Vec::new(), page);
            cloud.inject(Fault::on(method, path, Times::Always, kind));
            let outcome = log_in(&account(&cloud));
            let text = fails(outcome.map(|_| ()), ExitStatus::NotUnderstood);
            let names_it = text.contains("firewall") || (path, status) == (TOKEN, 401);
            assert!(names_it, "{status} at {path}: {text}");
        }
    }
}

#[test]
fn answers_of_every_call_end_with_the_right_status() {
    let cases = [
        (Kind::status(404), ExitStatus::NotUnderstood),
        (
            Kind::Status(403, Vec::new(), "<html><title>Blocked</title>".to_owned()),
            ExitStatus::NotUnderstood,
        ),
        (Kind::Html200, ExitStatus::NotUnderstood),
        (Kind::Empty200, ExitStatus::NotUnderstood),
        (Kind::Json(json!(null)), ExitStatus::NotUnderstood),
        (Kind::Json(json!("text")), ExitStatus::NotUnderstood),
        (Kind::Json(json!([])), ExitStatus::NotUnderstood),
        (Kind::status(500), ExitStatus::Unavailable),
        (Kind::status(503), ExitStatus::Unavailable),
        (Kind::Drop, ExitStatus::Unavailable),
        (Kind::Truncate, ExitStatus::Unavailable),
        (Kind::status(429), ExitStatus::TryLater),
    ];
    for (kind, status) in cases {
        for (method, path) in [
            ("POST", LOGIN),
            ("POST", TOKEN),
            ("GET", PUMPER),
            ("GET", PUMP_LOGS),
        ] {
            let (cloud, _) = with_one_day();
            cloud.inject(Fault::on(method, path, Times::Always, kind.clone()));
            let outcome = log_in(&account(&cloud)).and_then(|mut session| {
                let pumper = session.pumper()?;
                session.pump_logs(&pumper.pumps[0], day(14), day(14), count)
            });
            let text = fails(outcome, status);
            assert!(
                text.starts_with("Tandem Source: "),
                "{kind:?} at {path}: {text}"
            );
        }
    }
}

#[test]
fn nobody_there_is_unavailable() {
    let cloud = Tandem::start();
    let config = account(&cloud);
    drop(cloud);
    let text = fails(log_in(&config), ExitStatus::Unavailable);
    assert!(text.contains("connection refused"), "{text}");
}

#[test]
fn an_expired_token_costs_one_login() {
    let (cloud, _) = with_one_day();
    let config = account(&cloud);
    let mut session = log_in(&config).unwrap();
    let pumper = session.pumper().unwrap();
    cloud.expire_tokens();
    let counted = session.pump_logs(&pumper.pumps[0], day(14), day(14), count);
    assert!(counted.unwrap().0 > 0);
    assert_eq!(cloud.login_attempts(), 2);
}

#[test]
fn a_token_that_is_never_accepted_costs_one_login_too() {
    let (cloud, _) = with_one_day();
    cloud.configure(|behaviour| behaviour.uses_of_a_token = Some(0));
    let mut session = log_in(&account(&cloud)).unwrap();
    let text = fails(session.pumper(), ExitStatus::CredentialsRejected);
    assert!(text.contains("401"), "{text}");
    assert_eq!(cloud.login_attempts(), 2);
}

#[test]
fn a_token_about_to_expire_is_not_used() {
    let (cloud, _) = with_one_day();
    cloud.configure(|behaviour| behaviour.expires_in = 10);
    let mut session = log_in(&account(&cloud)).unwrap();
    session.pumper().unwrap();
    assert_eq!(cloud.requests_to("GET", PUMPER).len(), 1);
    assert_eq!(cloud.login_attempts(), 2);
}

#[test]
fn pumps_are_read_and_odd_ones_are_counted() {
    let (cloud, history) = with_one_day();
    cloud.configure(|behaviour| behaviour.numeric_ids = true);
    cloud.add_pump(Pump::silent(
        "f6631fff-f403-4ce4-9362-83eff9e2850e",
        "514387",
    ));
    cloud.change_pumps(|pumps| {
        let mut odd = pumps[0].clone();
        odd.leave_out.push("assignmentId".to_owned());
        pumps.push(odd);
    });
    let pumper = log_in(&account(&cloud)).unwrap().pumper().unwrap();
    assert_eq!((pumper.pumps.len(), pumper.malformed), (2, 1));
    let pump = &pumper.pumps[0];
    assert_eq!(pump.serial.expose(), history.plan.serial);
    assert!(pump.newest_event.is_some() && pump.last_upload.is_some());
    assert!(pump.settings.as_ref().unwrap()["details"]["profiles"].is_object());
    assert!(pumper.pumps[1].newest_event.is_none());
    assert!(!format!("{pumper:?}").contains("514387"));
}

#[test]
fn every_event_of_the_days_comes_compressed_or_not() {
    for gzip in [false, true] {
        let (cloud, history) = with_one_day();
        cloud.configure(|behaviour| behaviour.gzip = gzip);
        let mut session = log_in(&account(&cloud)).unwrap();
        let pumper = session.pumper().unwrap();
        let counted = session
            .pump_logs(&pumper.pumps[0], day(1), day(28), count)
            .unwrap();
        assert_eq!(counted.0, history.events.len());
    }
}

#[test]
fn more_than_28_days_are_never_asked_for() {
    let (cloud, _) = with_one_day();
    let mut session = log_in(&account(&cloud)).unwrap();
    let pump = &session.pumper().unwrap().pumps[0];
    fails(
        session.pump_logs(pump, day(1), day(29), count),
        ExitStatus::Bug,
    );
    fails(
        session.pump_logs(pump, day(2), day(1), count),
        ExitStatus::Bug,
    );
    assert_eq!(cloud.requests_to("GET", PUMP_LOGS).len(), 0);
}

#[test]
fn event_codes_are_listed_only_where_the_server_insists_and_then_for_the_session() {
    let (cloud, history) = with_one_day();
    cloud.configure(|behaviour| behaviour.event_codes_required = true);
    let mut session = log_in(&account(&cloud)).unwrap();
    let pump = &session.pumper().unwrap().pumps[0];
    for _ in 0..2 {
        let counted = session.pump_logs(pump, day(14), day(14), count).unwrap();
        assert_eq!(counted.0, history.events.len());
    }
    let listed: Vec<bool> = cloud
        .requests_to("GET", PUMP_LOGS)
        .iter()
        .map(|request| request.query_value("eventCodes").is_some())
        .collect();
    assert_eq!(listed, [false, true, true]);
    let asked_for = cloud.requests_to("GET", PUMP_LOGS)[1].query_value("eventCodes");
    let asked_for = asked_for.expect("a list");
    let asked_for: Vec<&str> = asked_for.split(',').collect();
    for code in tconnectsync_heroku::pump::event::codes_read() {
        assert!(asked_for.contains(&code.to_string().as_str()), "{code}");
    }
}

#[test]
fn a_server_that_refuses_both_ways_of_asking_is_not_understood() {
    let (cloud, _) = with_one_day();
    cloud.configure(|behaviour| {
        behaviour.event_codes_required = true;
        behaviour.event_codes_unknown = true;
    });
    let mut session = log_in(&account(&cloud)).unwrap();
    let pump = &session.pumper().unwrap().pumps[0];
    let text = fails(
        session.pump_logs(pump, day(14), day(14), count),
        ExitStatus::NotUnderstood,
    );
    assert!(
        text.contains("ZodError") && text.contains("newer version"),
        "{text}"
    );
}
