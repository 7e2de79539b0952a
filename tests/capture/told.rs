//! The file itself, and what a replay says of a changed contract.

use std::path::Path;

use serde_json::{Value, json};
use tconnectsync_heroku::capture;
use tconnectsync_heroku::config::Verbosity;
use tconnectsync_heroku::failure::{self, ExitStatus};
use tconnectsync_heroku::http::Stop;

use super::stories::{captured, replayed};
use crate::arrangement::{Arrangement, day_until_now};
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{EVERY_FEATURE, Feature, Features, History, Plan};

fn arrangement() -> (Arrangement, chrono::DateTime<chrono::Utc>) {
    let plan = Plan::day(3);
    let now = plan.end + chrono::Duration::minutes(20);
    (Arrangement::of(History::generate(&plan)), now)
}

#[test]
fn a_capture_of_a_busy_day_is_small() {
    assert!(EVERY_FEATURE.contains(&Feature::Chatter));
    // Four days, of which a run of the last asks for the one before as well.
    let plan = Plan::days(7, 4).with_features(Features::USUAL.with(Feature::Chatter));
    let arrangement = Arrangement::of(History::generate(&plan));
    let now = plan.end + chrono::Duration::minutes(20);
    let features = "BASAL,BOLUS,PUMP_EVENTS,CGM,DEVICE_STATUS,PROFILES";
    arrangement.good_pass(now, &["--features", features]);
    let (_, capture) = captured(&arrangement, now, &["--features", features]);
    println!("{} bytes", capture.len());
    assert!(capture.len() < 1_000_000, "{}", capture.len());
}

#[test]
fn the_program_writes_a_capture_that_it_can_replay() {
    let arrangement = Arrangement::of(day_until_now(3));
    let home = tempfile::tempdir().expect("a home");
    let file = home.path().join("capture.json");
    let path = file.to_str().expect("a path");
    let said = arrangement.program_at(home.path(), &["--check-login", "--capture", path]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.log.contains("/issues"), "{}", said.log);
    said.reveals_none_of(&arrangement.secrets());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let pretended = arrangement.program_at(home.path(), &["--pretend"]);
    // Another run would have to overwrite it.
    let requests = arrangement.tandem.request_count();
    for arguments in [["--check-login"].as_slice(), &["--pretend"], &[]] {
        let again =
            arrangement.program_at(home.path(), &[arguments, &["--capture", path]].concat());
        assert_eq!(again.status, Some(78), "{again:?}");
        assert!(again.log.contains("is not overwritten"), "{}", again.log);
    }
    // Nor is anything done for one that cannot be written.
    let nowhere = arrangement.program_at(home.path(), &["--capture", "nowhere/capture.json"]);
    assert_eq!(nowhere.status, Some(78), "{nowhere:?}");
    assert!(nowhere.log.contains("cannot be written"), "{}", nowhere.log);
    assert_eq!(arrangement.nightscout.writes(), 0);
    assert_eq!(arrangement.tandem.request_count(), requests);
    let replay = arrangement.program_at(home.path(), &["--replay", path]);
    assert_eq!(replay.status, Some(0), "{replay:?}");
    assert_eq!(arrangement.tandem.request_count(), requests, "no network");
    let table = |out: &str| -> Vec<String> {
        let lines = out.lines().take_while(|line| !line.starts_with("Would"));
        lines.map(str::to_owned).collect()
    };
    assert!(!table(&replay.out).is_empty());
    assert_eq!(table(&replay.out), table(&pretended.out));
    assert!(
        replay
            .out
            .contains("Every answer is as this version expects it"),
        "{}",
        replay.out
    );
}

#[test]
fn a_capture_that_is_none_is_said_to_be_that() {
    let (arrangement, now) = arrangement();
    let (_, good) = captured(&arrangement, now, &[]);
    let mut later: Value = serde_json::from_str(&good).expect("JSON");
    later["tconnectsync_heroku_capture"] = 2.into();
    let mut damaged: Value = serde_json::from_str(&good).expect("JSON");
    damaged["calls"][1]["status"] = "fine".into();
    let mut circular: Value = serde_json::from_str(&good).expect("JSON");
    circular["calls"][0]["answer"] = json!({"as_call": 3});
    let mut aimless: Value = serde_json::from_str(&good).expect("JSON");
    aimless["options"] = Value::Null;
    let mut nowhere: Value = serde_json::from_str(&good).expect("JSON");
    nowhere["zone"]["changes"] = json!([{"at": "2040-03-03T03:03:03Z", "offset": 77}]);
    let cases = [
        (String::new(), "is not JSON (line 1"),
        (good[..good.len() / 2].to_owned(), "is not JSON"),
        ("{}".to_owned(), "is no capture"),
        ("[1]".to_owned(), "is no capture"),
        (later.to_string(), "another version"),
        (damaged.to_string(), "is damaged: "),
        (circular.to_string(), "refers to a later one"),
        (aimless.to_string(), "configuration of the run had problems"),
        (nowhere.to_string(), "no zone that changed on these days"),
    ];
    let directory = tempfile::tempdir().expect("a directory");
    let said = |path: &Path| {
        let replay = capture::replay(path, false, Verbosity::Normal, Stop::new());
        let error = replay.expect_err("no capture");
        assert_eq!(failure::status(&error), ExitStatus::Configuration);
        failure::message(&error)
    };
    for (text, expected) in cases {
        let file = directory.path().join("capture.json");
        std::fs::write(&file, text).expect("written");
        let message = said(&file);
        assert!(message.contains(expected), "{expected}: {message}");
    }
    assert!(said(&directory.path().join("none")).contains("cannot be read"));
    assert!(said(directory.path()).contains("is no regular file"));
}

#[test]
fn an_event_that_was_cut_short_in_the_file_is_left_out() {
    let (arrangement, now) = arrangement();
    let (_, good) = captured(&arrangement, now, &[]);
    let mut short: Value = serde_json::from_str(&good).expect("JSON");
    let calls = short["calls"].as_array_mut().expect("calls");
    let tables = calls
        .iter_mut()
        .find_map(|call| call.pointer_mut("/answer/logs/events/tables"))
        .and_then(Value::as_array_mut)
        .expect("events");
    for (table, left) in tables.iter_mut().zip([0, 1, 2].into_iter().cycle()) {
        let row = table["rows"][0].as_array_mut().expect("a row");
        row.truncate(left);
    }
    let (whole, cut) = (replayed(&good), replayed(&short.to_string()));
    let copied = |replay: &capture::Replayed| replay.outcome.report.summary();
    assert_eq!(cut.outcome.message(), None);
    assert_ne!(copied(&whole), copied(&cut));
}

/// What a replay says differs after the cloud changed like this.
fn differences(change: impl FnOnce(&Arrangement)) -> Vec<String> {
    let (arrangement, now) = arrangement();
    change(&arrangement);
    let (_, capture) = captured(&arrangement, now, &[]);
    let differences = replayed(&capture).differences.into_iter();
    // Which id an alias is depends on which service answered first.
    let without_numbers = differences.map(|line| {
        let parts = line.split(' ').map(|part| match part.split_once("/id-") {
            Some((path, _)) => path.to_owned(),
            None => part.to_owned(),
        });
        parts.collect::<Vec<String>>().join(" ")
    });
    without_numbers.collect()
}

fn event(code: u32, number: u32, properties: Value) -> Value {
    json!({"eventCode": code, "sequenceGroup": 0, "sequenceNumber": number, "pumpDateTime": "2026-05-14T22:00:00",
        "eventProperties": properties})
}

#[test]
fn a_changed_contract_is_named_at_a_glance() {
    let on = |path: &str, kind: Kind| {
        let fault = Fault::on("GET", path, Times::Always, kind);
        move |arrangement: &Arrangement| arrangement.tandem.inject(fault)
    };
    let (pumper, pump_logs) = ("/api/reports/bff/pumper/", "/api/reports/bff/pump-logs/");
    let logs = json!({
        "events": [
            event(279, 1, json!({"rateCommanded": 700, "commandedRateSource": 1})),
            event(601, 2, json!({"anything": 1})),
            event(601, 3, json!({"anything": 2})),
        ],
        "clockChanges": [],
    });
    assert_eq!(
        differences(on(pump_logs, Kind::Json(logs))),
        [
            "pump logs: event code 279: missing: commandedRate; new: rateCommanded (renamed?)",
            "pump logs: event code 601 is new (2 events)",
        ]
    );
    let renamed = json!({"records": [], "clockChanges": []});
    assert_eq!(
        differences(on(pump_logs, Kind::Json(renamed))),
        ["pump logs: missing: events; new: records (renamed?)"]
    );
    let zod = json!({"name": "ZodError", "issues": [
        {"code": "unrecognized_keys", "keys": ["eventCodes"], "path": [], "message": "Unrecognized keys: \"eventCodes\""}]});
    let refused = Kind::Status(400, Vec::new(), zod.to_string());
    assert_eq!(
        differences(on(pump_logs, refused)),
        [
            "Tandem Source: pump logs /api/reports/bff/pump-logs answered 400 (ZodError, eventCodes, unrecognized_keys)"
        ]
    );
    let page = Kind::Status(
        200,
        Vec::new(),
        "<html><title>Under maintenance</title></html>".to_owned(),
    );
    assert_eq!(
        differences(on(pumper, page)),
        [
            "Tandem Source: pumper /api/reports/bff/pumper answered 200, a web page instead of JSON (Under maintenance)"
        ]
    );
    let gone = differences(on(pumper, Kind::Status(404, Vec::new(), String::new())));
    assert_eq!(
        gone[0],
        "Tandem Source: pumper /api/reports/bff/pumper answered 404"
    );
    let pump = json!({"pumps": [{
        "deviceId": "x", "serialNumber": 90001234, "maxDateOfEvents": null, "lastUploadDate": null, "settings": null,
        "availableDataRange": {}, "modelName": "x", "softwareVersion": "1"}]});
    assert_eq!(
        differences(on(pumper, Kind::Json(pump))),
        [
            "pumper: pumps[]: missing: assignmentId; new: deviceId (renamed?)",
            "pumper: pumps[]: serialNumber is number, and was text",
        ]
    );
}
