//! Answers that nobody should give.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use tconnectsync_heroku::failure::{ExitStatus, message, what};

use crate::arrangement::{Arrangement, day_until_now};
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{Feature, Features, History, Plan};

/// A pump with a few hours of basal rates, and the instant after them.
fn hours() -> (Arrangement, DateTime<Utc>) {
    let plan = Plan::day(3).with_features(Features::only(&[Feature::Basal]));
    let start = plan.end - Duration::hours(3);
    let end = plan.end;
    let history = History::generate(&plan.between(start, end));
    (Arrangement::of(history), end + Duration::minutes(20))
}

fn answer(status: u16, body: impl Into<String>) -> Kind {
    Kind::Status(status, Vec::new(), body.into())
}

#[test]
fn a_document_of_any_year_is_no_reason_to_panic() {
    for date in [
        "-262143-01-01T00:00:00.000Z",
        "+262142-12-31T23:59:59.999Z",
        "0000-01-01T00:00:00.000Z",
        "9999-12-31T23:59:59.999Z",
    ] {
        let (arrangement, now) = hours();
        let document = json!({"_id": "5f0000000000000000000001", "eventType": "Temp Basal",
            "enteredBy": "Pump (tconnectsync)", "created_at": date, "duration": 5, "absolute": 1.0});
        let list = Kind::Json(json!([document]));
        let reads = Fault::on("GET", "/api/v1/treatments", Times::Always, list);
        arrangement.nightscout.inject(reads);
        arrangement.good_pass(now, &[]);
    }
    for date in [
        i64::MIN,
        i64::MAX,
        8_210_266_876_799_999,
        -8_334_601_228_800_000,
    ] {
        let (mut arrangement, now) = hours();
        arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "CGM");
        let document =
            json!({"type": "sgv", "sgv": 100, "device": "Pump (tconnectsync)", "date": date});
        let list = Kind::Json(json!([document]));
        let reads = Fault::on("GET", "/api/v1/entries", Times::Always, list);
        arrangement.nightscout.inject(reads);
        arrangement.good_pass(now, &[]);
    }
}

#[test]
fn what_may_pass_and_what_a_proxy_wants_are_told_from_a_changed_api() {
    for (status, end, said) in [
        (408, ExitStatus::Unavailable, "408"),
        (425, ExitStatus::Unavailable, "425"),
        (
            407,
            ExitStatus::Configuration,
            "the proxy, which wants a user name",
        ),
        (418, ExitStatus::NotUnderstood, "418"),
    ] {
        for path in ["/accounts/api/login", "/api/reports/bff/pumper/"] {
            let (arrangement, now) = hours();
            let mut fault = Fault::always(answer(status, ""));
            fault.path = path.to_owned();
            arrangement.tandem.inject(fault);
            let outcome = arrangement.pass(now, &[]);
            assert_eq!(outcome.status(), end, "{status} at {path}");
            let error = outcome.failure.expect("a failure");
            assert!(what(&error).contains(said), "{error:#}");
        }
    }
}

#[test]
fn what_passes_by_itself_is_tried_again() {
    for status in [408, 425] {
        let (arrangement, now) = hours();
        let once = Fault::on("GET", "/", Times::First(1), answer(status, ""));
        arrangement.nightscout.inject(once.clone());
        arrangement.tandem.inject(once);
        arrangement.good_pass(now, &[]);
    }
}

#[test]
fn pumps_of_which_none_can_be_read_are_not_taken_for_none() {
    for pumps in [
        json!([{"serialNumber": "90001234"}]),
        json!([{"assignmentId": "../x", "serialNumber": "90001234"}, 7]),
        json!([null]),
    ] {
        let (arrangement, now) = hours();
        arrangement.tandem.serve_pumper(json!({ "pumps": pumps }));
        let outcome = arrangement.pass(now, &[]);
        assert_eq!(outcome.status(), ExitStatus::NotUnderstood, "{pumps}");
    }
    let (arrangement, now) = hours();
    arrangement.tandem.serve_pumper(json!({ "pumps": [] }));
    assert_eq!(
        arrangement.pass(now, &[]).status(),
        ExitStatus::Configuration
    );
}

/// An id_token whose account has this id.
fn id_token(pumper_id: &Value) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let claims = json!({ "pumperId": pumper_id }).to_string();
    format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims))
}

#[test]
fn an_account_id_goes_into_no_other_path() {
    for id in [
        "../../../accounts/api/login",
        "a/b",
        "a?b",
        "a#b",
        "%2e%2e",
        "..",
        "a b",
        "é",
    ] {
        let (arrangement, now) = hours();
        let tokens =
            json!({"access_token": "abc", "id_token": id_token(&json!(id)), "expires_in": 1800});
        let path = "/accounts/api/connect/token";
        let fault = Fault::on("POST", path, Times::Always, Kind::Json(tokens));
        arrangement.tandem.inject(fault);
        let outcome = arrangement.pass(now, &[]);
        assert_eq!(outcome.status(), ExitStatus::NotUnderstood, "{id}");
        let last = arrangement.tandem.requests().pop().expect("requests");
        assert_eq!(last.path, path, "{id}");
    }
}

#[test]
fn thousands_of_events_in_one_second_get_a_millisecond_each() {
    let (mut arrangement, now) = hours();
    arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "PUMP_EVENTS");
    let second =
        (now - Duration::hours(1)).with_timezone(&arrangement.tandem.zone().expect("a zone"));
    let event = |number: i64| {
        json!({"eventCode": 63, "sequenceGroup": 0, "sequenceNumber": number,
            "pumpDateTime": second.format("%Y-%m-%dT%H:%M:%S").to_string(),
            "eventProperties": {"primeSize": 1.0, "completionStatus": 3}})
    };
    let events: Vec<Value> = (0..20_000)
        .map(|number| event(1_000_000 + number))
        .collect();
    arrangement
        .tandem
        .serve_pump_logs(json!({"events": events, "clockChanges": []}));
    let outcome = arrangement.good_pass(now, &["--pretend"]);
    let documents = outcome.report.uploads.documents;
    let instants: std::collections::BTreeSet<String> = documents
        .iter()
        .map(|document| document["created_at"].to_string())
        .collect();
    assert_eq!((documents.len(), instants.len()), (20_000, 20_000));
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_lost_is_no_success() {
    let arrangement = Arrangement::of(day_until_now(52));
    for arguments in [
        &["--json", "--pretend"][..],
        &["--pretend"],
        &["--check-login"],
    ] {
        let home = tempfile::tempdir().expect("a temporary directory");
        let full = std::fs::File::create("/dev/full").expect("there");
        let output = arrangement
            .command(home.path(), arguments)
            .stdout(full)
            .output()
            .expect("the program starts");
        let log = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(75), "{arguments:?}: {log}");
        assert!(log.contains("could not be written"), "{log}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn too_many_open_files_are_not_missing_certificates() {
    let mut arrangement = Arrangement::of(day_until_now(53));
    // Certificates are looked for where TLS is spoken.
    arrangement.set("NS_URL", "https://nightscout.invalid");
    let home = tempfile::tempdir().expect("a temporary directory");
    let program = env!("CARGO_BIN_EXE_tconnectsync-heroku");
    for limit in 4..12 {
        let output = std::process::Command::new("sh")
            .args([
                "-c",
                &format!("ulimit -n {limit} && exec {program} --pretend"),
            ])
            .env_clear()
            .env("HOME", home.path())
            .envs(&arrangement.variables)
            .output()
            .expect("a shell");
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(!log.contains("CA certificates"), "{limit}: {log}");
    }
}

#[test]
fn a_monitor_that_takes_too_long_uses_up_nobodys_time() {
    let mut arrangement = Arrangement::of(day_until_now(54));
    let monitor = crate::simulator::server::Server::start(|_| {
        std::sync::Arc::new(|_| crate::simulator::answer::Outcome::Hang)
    });
    arrangement.set("HEARTBEAT_URL", &format!("{}/key", monitor.url()));
    let said = arrangement.program(&[]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert!(
        said.log
            .contains("Heartbeat: call failed: no answer in time"),
        "{said:#?}"
    );
    assert!(!said.log.contains("time is used up"), "{said:#?}");
}

#[test]
fn what_is_unknown_by_the_hundred_thousand_is_told_in_a_line_of_some_length() {
    let (arrangement, now) = hours();
    let event = |number: i64| {
        json!({"eventCode": 100_000 + number, "sequenceGroup": 0, "sequenceNumber": number,
            "pumpDateTime": "2026-05-14T10:00:00", "eventProperties": {}})
    };
    let basal = |number: i64| {
        let odd = format!("field{number}\u{202e}\u{85}\u{2028}\u{200b}");
        json!({"eventCode": 279, "sequenceGroup": 0, "sequenceNumber": 500_000 + number,
            "pumpDateTime": "2026-05-14T10:00:00",
            "eventProperties": {"commandedRate": 1, "commandedRateSource": 1000 + number, odd: 1, "plainName": 1}})
    };
    let events: Vec<Value> = (0..30_000)
        .map(event)
        .chain((0..10_000).map(basal))
        .collect();
    arrangement
        .tandem
        .serve_pump_logs(json!({"events": events, "clockChanges": []}));
    let outcome = arrangement.pass(now, &[]);
    let json = outcome.report.to_json(None).to_string();
    assert!(json.len() < 100_000, "{} bytes", json.len());
    assert!(outcome.report.summary().len() < 4_000);
    let told = outcome.failure.as_ref().map(message).unwrap_or_default() + &json;
    assert!(
        !told.contains(['\u{202e}', '\u{85}', '\u{2028}', '\u{200b}']),
        "{told}"
    );
}
