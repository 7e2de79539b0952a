//! Retries, the deadline and the stop flag, seen through a site's calls.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tconnectsync_heroku::config;
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::nightscout::{Collection, Site};

use super::{basal, fails, limits, secret, site, site_config, site_with, write};
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::nightscout::Nightscout;

const STATUS: &str = "/api/v1/status.json";

#[test]
fn what_may_pass_is_tried_three_times() {
    for kind in [
        Kind::status(429),
        Kind::status(500),
        Kind::status(502),
        Kind::status(503),
        Kind::status(504),
        Kind::Drop,
        Kind::Truncate,
        Kind::TruncateChunked,
    ] {
        for (faults, succeeds) in [(2, true), (3, false)] {
            let nightscout = Nightscout::start();
            nightscout.inject(Fault::on("GET", STATUS, Times::First(faults), kind.clone()));
            assert_eq!(
                site(&nightscout).status().is_ok(),
                succeeds,
                "{faults} times {kind:?}"
            );
            assert_eq!(nightscout.request_count(), 3);
        }
    }
}

#[test]
fn what_does_not_pass_is_tried_once() {
    for status in [400, 401, 403, 404, 405, 410, 501, 302] {
        let nightscout = Nightscout::start();
        nightscout.inject(Fault::on(
            "GET",
            STATUS,
            Times::Always,
            Kind::status(status),
        ));
        assert!(site(&nightscout).status().is_err());
        assert_eq!(nightscout.request_count(), 1, "{status}");
    }
}

#[test]
fn retry_after_is_honoured() {
    let nightscout = Nightscout::start();
    nightscout.inject(Fault::on(
        "GET",
        STATUS,
        Times::Nth(1),
        Kind::retry_after(429, 17),
    ));
    nightscout.inject(Fault::on(
        "GET",
        STATUS,
        Times::Nth(2),
        Kind::retry_after(503, 23),
    ));
    let limits = limits();
    site_with(&nightscout, limits.clone()).status().unwrap();
    assert_eq!(
        limits.skipped_pauses(),
        [Duration::from_secs(17), Duration::from_secs(23)]
    );
}

#[test]
fn pauses_grow_and_a_sleeping_site_gets_time_to_wake() {
    let nightscout = Nightscout::start();
    nightscout.inject(Fault::on("GET", STATUS, Times::First(2), Kind::status(503)));
    nightscout.inject(Fault::on(
        "GET",
        "/api/v1/profile",
        Times::First(2),
        Kind::status(503),
    ));
    let limits = limits();
    let site = site_with(&nightscout, limits.clone());
    site.status().unwrap();
    site.newest_profiles().unwrap();
    let pauses = limits.skipped_pauses();
    assert_eq!(pauses.len(), 4);
    assert!(
        pauses[0] > Duration::from_secs(10) && pauses[1] > pauses[0],
        "{pauses:?}"
    );
    assert!(
        pauses[2] < Duration::from_secs(1) && pauses[3] > pauses[2],
        "{pauses:?}"
    );
}

#[test]
fn a_pause_that_no_run_has_time_for_is_told_and_not_waited_for() {
    for (status, end) in [
        (429, ExitStatus::TryLater),
        (503, ExitStatus::Unavailable),
        (500, ExitStatus::Unavailable),
    ] {
        let nightscout = Nightscout::start();
        let kind = Kind::retry_after(status, 3700);
        nightscout.inject(Fault::on("GET", STATUS, Times::Always, kind));
        let text = fails(site(&nightscout).status(), end);
        assert!(text.contains(&status.to_string()), "{text}");
        assert!(text.contains("asks for a pause of 62 minutes"), "{text}");
        assert!(!text.contains("time is used up"), "{text}");
        assert_eq!(nightscout.request_count(), 1);
    }
}

#[test]
fn no_request_outlasts_the_deadline() {
    for kind in [Kind::Stall, Kind::StallBody, Kind::Endless] {
        let nightscout = Nightscout::start();
        nightscout.inject(Fault::always(kind.clone()));
        let began = Instant::now();
        let limits =
            RunLimits::without_pauses(Deadline::after(Duration::from_millis(300)), Stop::new());
        // A list may be long.
        fails(
            site_with(&nightscout, limits).newest_treatment("x", chrono::Utc::now()),
            ExitStatus::TryLater,
        );
        assert!(began.elapsed() < Duration::from_secs(3), "{kind:?}");
    }
}

#[test]
fn nothing_is_sent_once_the_run_should_end() {
    let nightscout = Nightscout::start();
    let stop = Stop::new();
    stop.request();
    let limits = RunLimits::new(Deadline::NONE, stop);
    fails(
        site_with(&nightscout, limits).status(),
        ExitStatus::TryLater,
    );
    let limits = RunLimits::new(Deadline::after(Duration::ZERO), Stop::new());
    fails(
        site_with(&nightscout, limits).status(),
        ExitStatus::TryLater,
    );
    assert_eq!(nightscout.request_count(), 0);
}

#[test]
fn a_stop_between_two_writes_ends_the_run() {
    let nightscout = Nightscout::start();
    let stop = Stop::new();
    let flag = stop.clone();
    nightscout.after_requests(1, move || flag.request());
    let limits = RunLimits::without_pauses(Deadline::NONE, stop);
    let documents: Vec<_> = (0..1200).map(basal).collect();
    let site = site_with(&nightscout, limits);
    fails(
        write(&site, Collection::Treatments, &documents),
        ExitStatus::TryLater,
    );
    assert_eq!(nightscout.treatments().len(), 500);
}

#[test]
fn the_secret_is_sent_as_a_hash_in_a_header() {
    let nightscout = Nightscout::start();
    let site = site(&nightscout);
    site.status().unwrap();
    let request = &nightscout.requests()[0];
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(request.header("api-secret").map(str::len), Some(40));
    assert!(
        request
            .header("user-agent")
            .unwrap()
            .starts_with("tconnectsync-heroku/")
    );
    assert_eq!(request.query, "");
}

/// Answers `requests` requests with an empty list; yields how many connections they came through.
fn count_connections(listener: TcpListener, requests: usize) -> usize {
    let mut answered = 0;
    let mut connections = 0;
    while answered < requests {
        let (mut stream, _) = listener.accept().expect("a connection");
        connections += 1;
        let mut head = Vec::new();
        let mut byte = [0];
        while answered < requests && stream.read(&mut byte).is_ok_and(|read| read == 1) {
            head.push(byte[0]);
            if head.ends_with(b"\r\n\r\n") {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]";
                stream.write_all(answer).expect("an open connection");
                head.clear();
                answered += 1;
            }
        }
    }
    connections
}

#[test]
fn calls_share_one_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = thread::spawn(move || count_connections(listener, 4));
    let config = config::Nightscout {
        url: format!("http://{address}/").parse().expect("an address"),
        secret: secret("a secret of some length"),
        skip_tls_verify: false,
        ca_file: None,
    };
    let site = Site::new(&config, None, limits()).unwrap();
    for _ in 0..4 {
        site.newest_treatment("x", chrono::Utc::now()).unwrap();
    }
    assert_eq!(server.join().expect("a server that ends"), 1);
}

#[test]
fn https_to_a_server_without_it_is_a_tls_problem() {
    let nightscout = Nightscout::start();
    let mut config = site_config(&nightscout, Nightscout::API_SECRET);
    config.url = nightscout.url().replace("http:", "https:").parse().unwrap();
    let site = Site::new(&config, None, limits()).unwrap();
    let text = fails(site.status(), ExitStatus::Unavailable);
    assert!(text.contains("TLS"), "{text}");
}

#[test]
fn an_answer_of_any_other_shape_is_not_understood() {
    for kind in [
        Kind::Html200,
        Kind::Empty200,
        Kind::Json(json!([])),
        Kind::Json(json!({"ok": 1})),
        Kind::Json(json!("text")),
    ] {
        let nightscout = Nightscout::start();
        nightscout.inject(Fault::on("GET", STATUS, Times::Always, kind));
        let text = fails(site(&nightscout).status(), ExitStatus::NotUnderstood);
        assert!(text.contains("NS_URL"), "{text}");
    }
}
