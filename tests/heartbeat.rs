//! HEARTBEAT_URL and HEARTBEAT_FAIL_URL: who is told how a run ended, and what that changes: nothing.

use std::sync::Arc;

use crate::arrangement::{Arrangement, day_until_now};
use crate::simulator::answer::Answer;
use crate::simulator::fault::{Fault, Kind};
use crate::simulator::server::Server;

/// A pump, a site, and a monitoring service that is told of successes at `/good-key` and of failures at `/bad-key`.
fn watched() -> (Arrangement, Server) {
    let mut arrangement = Arrangement::of(day_until_now(51));
    let monitor = Server::start(|_| Arc::new(|_| Answer::html(200, "OK").into()));
    arrangement.set("HEARTBEAT_URL", &format!("{}/good-key", monitor.url()));
    arrangement.set(
        "HEARTBEAT_FAIL_URL",
        &format!("{}/bad-key?a=b", monitor.url()),
    );
    (arrangement, monitor)
}

fn calls(monitor: &Server) -> Vec<String> {
    let requests = monitor.requests();
    requests
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect()
}

#[test]
fn success_and_failure_are_told_once_each_and_the_addresses_are_not() {
    let (mut arrangement, monitor) = watched();
    let said = arrangement.program(&["-vv"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert_eq!(calls(&monitor), ["GET /good-key"]);
    said.reveals_none_of(&["good-key".to_owned(), monitor.url()]);
    arrangement.set("NS_SECRET", "some other secret");
    let said = arrangement.program(&["-vv"]);
    assert_eq!(said.status, Some(77), "{said:#?}");
    assert_eq!(calls(&monitor), ["GET /good-key", "GET /bad-key"]);
    said.reveals_none_of(&["bad-key".to_owned()]);
}

#[test]
fn a_broken_configuration_is_told_as_a_failure() {
    let (mut arrangement, monitor) = watched();
    arrangement.variables.remove("NS_URL");
    arrangement.set("HEARTBEAT_URL", "nonsense");
    assert_eq!(arrangement.program(&[]).status, Some(78));
    assert_eq!(calls(&monitor), ["GET /bad-key"]);
}

#[test]
fn a_run_that_only_pretends_or_checks_tells_nobody() {
    let (mut arrangement, monitor) = watched();
    assert_eq!(arrangement.program(&["--pretend"]).status, Some(0));
    assert_eq!(arrangement.program(&["--check-login"]).status, Some(0));
    arrangement.variables.remove("NS_URL");
    assert_eq!(arrangement.program(&["--pretend"]).status, Some(78));
    assert_eq!(calls(&monitor), Vec::<String>::new());
}

#[test]
fn a_monitor_that_fails_changes_nothing_but_a_warning_without_its_address() {
    let (mut arrangement, monitor) = watched();
    monitor.inject(Fault::always(Kind::status(500)));
    let said = arrangement.program(&[]);
    assert_eq!((said.status, calls(&monitor).len()), (Some(0), 1));
    insta::assert_snapshot!(said.log, @r"
    warning: Heartbeat: call answered 500 Internal Server Error. The run itself is not affected. If it lasts, check HEARTBEAT_URL and HEARTBEAT_FAIL_URL.
    ");
    arrangement.set("HEARTBEAT_URL", "http://127.0.0.1:9/good-key");
    let said = arrangement.program(&[]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    insta::assert_snapshot!(said.log, @r"
    warning: Heartbeat: call failed: connection refused. The run itself is not affected. If it lasts, check HEARTBEAT_URL and HEARTBEAT_FAIL_URL.
    ");
}

#[test]
fn a_run_out_of_time_is_told_all_the_same() {
    let (mut arrangement, monitor) = watched();
    arrangement.set("TCONNECTSYNC_HEROKU_DEADLINE_SECS", "1");
    arrangement.tandem.inject(Fault::always(Kind::Stall));
    assert_eq!(arrangement.program(&[]).status, Some(75));
    assert_eq!(calls(&monitor), ["GET /bad-key"]);
}

#[test]
fn a_monitor_that_repeats_the_path_does_not_bring_the_key_into_the_log() {
    let mut arrangement = Arrangement::of(day_until_now(52));
    let monitor =
        Server::start(|_| Arc::new(|request| Answer::html(404, &request.path.clone()).into()));
    arrangement.set("HEARTBEAT_URL", &format!("{}/x/short7", monitor.url()));
    let said = arrangement.program(&["-vv"]);
    assert!(
        said.log.contains("Heartbeat: call answered 404"),
        "{said:#?}"
    );
    said.reveals_none_of(&["short7".to_owned()]);
}
