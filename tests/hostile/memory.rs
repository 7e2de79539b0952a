//! How much memory a run takes, whatever it is sent: its peak, as the system has it at the run's end.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use crate::arrangement::{Arrangement, Said, day_until_now};
use crate::simulator::answer::Answer;
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::server::Server;

/// What a run may take, in KiB. The pages of the program itself count, and those of a build for tests are many.
const LIMIT: u64 = 64 * 1024;

/// What the program said, and its peak: a monitoring service looks at it when it is told how the run ended.
fn run(mut arrangement: Arrangement, arguments: &[&str]) -> (Said, u64) {
    let (give_id, id) = mpsc::channel::<u32>();
    let id = Mutex::new(id);
    let (give_peak, peak) = mpsc::channel();
    let monitor = Server::start(move |_| {
        Arc::new(move |_| {
            let id = id.lock().expect("one at a time").recv().expect("an id");
            let status = std::fs::read_to_string(format!("/proc/{id}/status"));
            let _ = give_peak.send(status.expect("the program waits for the answer"));
            Answer::html(200, "OK").into()
        })
    });
    for name in ["HEARTBEAT_URL", "HEARTBEAT_FAIL_URL"] {
        arrangement.set(name, &monitor.url());
    }
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut command = arrangement.command(home.path(), arguments);
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = command.spawn().expect("the program starts");
    give_id.send(child.id()).expect("the monitor waits");
    let said = Said::of(child.wait_with_output().expect("the program ends"));
    let status = peak.try_recv().expect("the monitor was told");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let digits = line.expect("a peak").chars().filter(char::is_ascii_digit);
    let peak = digits.collect::<String>().parse().expect("KiB");
    (said, peak)
}

const EVERY_FEATURE: &str =
    "BASAL,BOLUS,CGM,PUMP_EVENTS,PROFILES,DEVICE_STATUS,IOB,CGM_ALERTS,BOLUS_BG";

fn arrangement() -> Arrangement {
    let mut arrangement = Arrangement::of(day_until_now(61));
    arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", EVERY_FEATURE);
    arrangement.set("TCONNECTSYNC_HEROKU_DEADLINE_SECS", "60");
    arrangement
}

#[track_caller]
fn stays_small(what: &str, arrangement: Arrangement) {
    let (said, peak) = run(arrangement, &["--json"]);
    println!("{what}: {} MiB, status {:?}", peak / 1024, said.status);
    assert!(peak < LIMIT, "{what}: {peak} KiB, {said:#?}");
    assert_ne!(said.status, Some(70), "{what}: {said:#?}");
}

fn body(text: String) -> Kind {
    let json = ("content-type".to_owned(), "application/json".to_owned());
    Kind::Status(200, vec![json], text)
}

/// A list of so many times this element.
fn list(element: &str, times: usize) -> Kind {
    let mut text = String::with_capacity(times * (element.len() + 1) + 2);
    text.push('[');
    for number in 0..times {
        text.push_str(&element.replace("NUMBER", &number.to_string()));
        text.push(',');
    }
    text.pop();
    text.push(']');
    body(text)
}

#[test]
fn an_ordinary_run_takes_little() {
    stays_small("a day", arrangement());
}

#[test]
fn lists_of_a_site_are_not_kept() {
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let foreign = format!(
        r#"{{"_id":"5fNUMBER","eventType":"Note","enteredBy":"x","created_at":"{now}","notes":"a note of some length"}}"#
    );
    let ours = format!(
        r#"{{"_id":"5fNUMBER","eventType":"Temp Basal","enteredBy":"Pump (tconnectsync)","created_at":"{now}",
            "identifier":"4ff6bebc-d4d6-4423-b123-NUMBER","pump_event_id":"NUMBER","duration":5,"absolute":1.0}}"#
    );
    let entry = format!(
        r#"{{"_id":"5fNUMBER","type":"sgv","sgv":100,"device":"x","date":{}}}"#,
        chrono::Utc::now().timestamp_millis()
    );
    for (what, kind) in [
        (
            "60 MB of empty objects with a member",
            list(r#"{"":0}"#, 8_000_000),
        ),
        ("60 MB of empty lists", list("[]", 20_000_000)),
        ("200,000 documents of others", list(&foreign, 200_000)),
        ("200,000 documents of ours", list(&ours, 200_000)),
        ("200,000 entries", list(&entry, 200_000)),
        (
            "one document of 20 MB",
            body(format!("[{{\"a\":[{}0]}}]", "{\"\":0},".repeat(3_000_000))),
        ),
        ("20 MB of nesting", body("[".repeat(20_000_000))),
        (
            "20 MB of one text",
            body(format!("[\"{}\"]", "x".repeat(20_000_000))),
        ),
    ] {
        let arrangement = arrangement();
        for path in [
            "/api/v1/treatments",
            "/api/v1/entries",
            "/api/v1/profile",
            "/api/v1/devicestatus",
        ] {
            let fault = Fault::on("GET", path, Times::Always, kind.clone());
            arrangement.nightscout.inject(fault);
        }
        stays_small(what, arrangement);
    }
}

#[test]
fn other_answers_of_a_site_are_not_kept_either() {
    for (what, kind) in [
        (
            "20 MB of status",
            body(format!(
                "{{\"version\":\"15.0.7\",\"a\":[{}0]}}",
                "{\"\":0},".repeat(3_000_000)
            )),
        ),
        (
            "20 MB of a page",
            Kind::Status(
                502,
                Vec::new(),
                format!("<title>{}", "<b>".repeat(7_000_000)),
            ),
        ),
        (
            "20 MB of an error",
            Kind::Status(
                500,
                Vec::new(),
                format!("{{\"message\":[{}0]}}", "{\"\":0},".repeat(3_000_000)),
            ),
        ),
        ("an endless body", Kind::Endless),
    ] {
        for path in ["/api/v1/status", "/api/v1/treatments"] {
            for method in ["GET", "POST"] {
                let arrangement = arrangement();
                let fault = Fault::on(method, path, Times::Always, kind.clone());
                arrangement.nightscout.inject(fault);
                stays_small(&format!("{what} at {method} {path}"), arrangement);
            }
        }
    }
}

#[test]
fn answers_of_tandem_are_not_kept() {
    let event = r#"{"eventCode":279,"sequenceGroup":0,"sequenceNumber":NUMBER,"pumpDateTime":"2026-05-14T10:00:00",
        "eventProperties":{"commandedRate":1000,"commandedRateSource":3}}"#;
    let unknown = event.replace("279", "9NUMBER");
    let logs = |element: &str, times: usize| {
        let Kind::Status(status, headers, list) = list(element, times) else {
            unreachable!("a list is a status")
        };
        Kind::Status(
            status,
            headers,
            format!("{{\"events\":{list},\"clockChanges\":[]}}"),
        )
    };
    let many = "{\"\":0},".repeat(3_000_000);
    for (what, path, kind) in [
        ("a million events", "/api/reports/bff/pump-logs/", logs(event, 1_000_000)),
        ("74,000 events", "/api/reports/bff/pump-logs/", logs(event, 74_000)),
        ("74,000 unknown codes", "/api/reports/bff/pump-logs/", logs(&unknown, 74_000)),
        ("an event of 20 MB", "/api/reports/bff/pump-logs/", body(format!("{{\"events\":[{{\"a\":[{many}0]}}]}}"))),
        ("20 MB beside the events", "/api/reports/bff/pump-logs/", body(format!("{{\"x\":[{many}0],\"events\":[]}}"))),
        ("20 MB of an account", "/api/reports/bff/pumper/", body(format!("{{\"pumps\":[{{\"settings\":[{many}0]}}]}}"))),
        ("1 MB of settings", "/api/reports/bff/pumper/", body(format!(
            "{{\"pumps\":[{}]}}",
            vec![format!("{{\"assignmentId\":\"a\",\"serialNumber\":\"1\",\"settings\":{{\"a\":[{}0]}}}}", "{\"\":0},".repeat(17_000)); 8].join(",")
        ))),
        ("20 MB of login", "/accounts/api/login", body(format!("{{\"status\":\"SUCCESS\",\"a\":[{many}0]}}"))),
        ("200 kB of login", "/accounts/api/login", body(format!("{{\"status\":\"SUCCESS\",\"a\":[{}0]}}", "{\"\":0},".repeat(30_000)))),
        ("an endless body", "/", Kind::Endless),
    ] {
        let arrangement = arrangement();
        let mut fault = Fault::always(kind);
        fault.path = path.to_owned();
        arrangement.tandem.inject(fault);
        stays_small(what, arrangement);
    }
}
