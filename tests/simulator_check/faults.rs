//! The server below both: its faults and its log.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::Response;
use serde_json::json;

use super::client;
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::nightscout::Nightscout;

#[test]
fn faults_reach_the_client_as_they_are_named() {
    let (nightscout, client) = (Nightscout::start(), client());
    let url = format!("{}/api/v1/status.json", nightscout.url());
    let get = || client.get(&url).send();
    nightscout.inject(Fault::on(
        "GET",
        "/api/v1/status",
        Times::Nth(1),
        Kind::retry_after(503, 7),
    ));
    assert_eq!(get().expect("an answer").headers()["retry-after"], "7");
    assert_eq!(get().expect("an answer").status(), StatusCode::OK);
    nightscout.heal();
    for kind in [Kind::Drop, Kind::DropAfterHandling] {
        nightscout.inject(Fault::always(kind));
        assert!(get().is_err());
        nightscout.heal();
    }
    for kind in [Kind::Truncate, Kind::TruncateChunked] {
        nightscout.inject(Fault::always(kind));
        let answer = get().expect("the headers");
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.bytes().is_err());
        nightscout.heal();
    }
    let impatient = |kind| {
        nightscout.inject(Fault::at(nightscout.request_count() + 1, kind));
        let answer = client.get(&url).timeout(Duration::from_millis(60)).send();
        answer.and_then(Response::bytes)
    };
    for kind in [Kind::Stall, Kind::StallBody, Kind::Endless] {
        assert!(impatient(kind).expect_err("no whole answer").is_timeout());
    }
    assert_eq!(impatient(Kind::Empty200).expect("nothing"), "");
    assert_eq!(impatient(Kind::Json(json!([1]))).expect("JSON"), "[1]");
    assert_eq!(
        nightscout
            .requests()
            .last()
            .and_then(|request| request.status),
        Some(200)
    );
}

#[test]
fn a_write_can_be_done_though_its_answer_is_lost() {
    let (nightscout, client) = (Nightscout::start(), client());
    let token = nightscout.add_token("writer", &["api:treatments:create,read"]);
    let url = format!("{}/api/v1/treatments", nightscout.url());
    let note = json!({"eventType": "Note", "created_at": "2026-11-20T08:00:00Z"});
    let post = || {
        client
            .post(&url)
            .header("api-secret", &token)
            .json(&note)
            .send()
    };
    let (told, hears) = std::sync::mpsc::channel();
    nightscout.after_requests(1, move || told.send("handled").expect("a listener"));
    nightscout.inject(Fault::on(
        "POST",
        "/api/v1/treatments",
        Times::Nth(1),
        Kind::DropAfterHandling,
    ));
    nightscout.inject(Fault::at(
        2,
        Kind::AfterHandling(Box::new(Kind::status(504))),
    ));
    nightscout.inject(Fault::from(3, Kind::Drop));
    assert!(post().is_err());
    assert_eq!((nightscout.writes(), hears.try_recv()), (1, Ok("handled")));
    assert_eq!(
        post().expect("an answer").status(),
        StatusCode::GATEWAY_TIMEOUT
    );
    assert_eq!(nightscout.writes(), 2);
    assert!(post().is_err() && post().is_err());
    assert_eq!((nightscout.writes(), nightscout.treatments().len()), (2, 1));
    let log = nightscout.requests_to("POST", "/api/v1/treatments");
    assert_eq!(
        log.iter().map(|request| request.status).collect::<Vec<_>>(),
        [None, Some(504), None, None]
    );
    assert_eq!(
        (log[0].header("api-secret"), log[0].json()),
        (Some(token.as_str()), Some(note.clone()))
    );
}
