//! Runs that somebody ends: killed at any request, or asked to stop.
#![cfg(unix)]

use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};

use super::{Side, plan};
use crate::arrangement::{Arrangement, Said, without_ids};
use crate::simulator::history::History;

/// A pump whose last hours end a quarter of an hour before now, as the program's own clock has it.
fn history() -> History {
    let second = Utc.timestamp_opt(Utc::now().timestamp(), 0).single();
    let now: DateTime<Utc> = second.expect("a second of today");
    let [start, end] = [195, 15].map(|minutes| now - chrono::Duration::minutes(minutes));
    let plan = plan().in_zone(chrono_tz::America::Phoenix);
    History::generate(&plan.between(start, end))
}

/// Runs the program and does something to it when it has sent this request, which has been handled and is not answered yet.
fn run_until(
    arrangement: &Arrangement,
    side: Side,
    request: usize,
    end: impl FnOnce(u32) + Send + 'static,
) -> Said {
    let (give_id, id) = mpsc::channel();
    let hook = move || {
        let id = id.recv_timeout(Duration::from_secs(20));
        end(id.expect("the program's process id"));
    };
    match side {
        Side::Tandem => arrangement.tandem.after_requests(request, hook),
        Side::Site => arrangement.nightscout.after_requests(request, hook),
    }
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut command = arrangement.command(home.path(), &[]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child: Child = command.spawn().expect("the program starts");
    give_id.send(child.id()).expect("the hook waits");
    Said::of(child.wait_with_output().expect("the program ends"))
}

fn send(signal: &'static str) -> impl Fn(u32) + Send + Copy + 'static {
    move |id| {
        let sent = Command::new("kill")
            .args([signal, &id.to_string()])
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "kill {signal} {id}"
        );
    }
}

fn without_disturbance(history: &History) -> Vec<serde_json::Value> {
    let arrangement = Arrangement::of(history.clone());
    let said = arrangement.program(&[]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    without_ids(arrangement.nightscout.treatments())
}

#[test]
fn a_killed_run_is_made_good_by_the_next_one() {
    let history = history();
    let whole = without_disturbance(&history);
    let points = [
        (Side::Tandem, 2),
        (Side::Tandem, 7),
        (Side::Site, 2),
        (Side::Site, 3),
        (Side::Site, 4),
    ];
    for (side, request) in points {
        let arrangement = Arrangement::of(history.clone());
        let said = run_until(&arrangement, side, request, send("-KILL"));
        assert_eq!(said.status, None, "{side:?} {request}: {said:#?}");
        let again = arrangement.program(&[]);
        assert_eq!(again.status, Some(0), "{side:?} {request}: {again:#?}");
        let after = without_ids(arrangement.nightscout.treatments());
        assert_eq!(after, whole, "killed at {side:?} {request}");
    }
}

#[test]
fn a_run_that_is_asked_to_stop_ends_between_two_requests_with_its_summary() {
    let history = history();
    let whole = without_disturbance(&history);
    for (side, request, signal) in [
        (Side::Tandem, 1, "-TERM"),
        (Side::Tandem, 6, "-INT"),
        (Side::Site, 1, "-INT"),
        (Side::Site, 3, "-TERM"),
    ] {
        let arrangement = Arrangement::of(history.clone());
        let said = run_until(&arrangement, side, request, send(signal));
        assert_eq!(said.status, Some(75), "{side:?} {request}: {said:#?}");
        assert!(said.log.contains("asked to stop"), "{said:#?}");
        assert_eq!(said.log.lines().count(), 1, "{said:#?}");
        assert!(said.out.starts_with("Nothing uploaded."), "{said:#?}");
        let again = arrangement.program(&[]);
        assert_eq!(again.status, Some(0), "{again:#?}");
        assert_eq!(without_ids(arrangement.nightscout.treatments()), whole);
    }
}

#[test]
fn a_run_that_is_stopped_in_the_middle_of_its_writes_says_what_it_wrote() {
    // Days enough for several arrays of documents.
    let now = Utc::now();
    let plan = plan().in_zone(chrono_tz::America::Phoenix).between(
        now - chrono::Duration::days(4),
        now - chrono::Duration::minutes(15),
    );
    let mut arrangement = Arrangement::of(History::generate(&plan));
    arrangement.set("TCONNECTSYNC_HEROKU_MAX_CATCH_UP_DAYS", "30");
    let first_write = count_reads(&arrangement) + 1;
    let (give_id, id) = mpsc::channel();
    arrangement.nightscout.after_requests(first_write, move || {
        send("-TERM")(id.recv().expect("a process id"));
    });
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut command = arrangement.command(home.path(), &["--days", "5"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    give_id.send(child.id()).expect("the hook waits");
    let said = Said::of(child.wait_with_output().expect("the program ends"));
    assert_eq!(said.status, Some(75), "{said:#?}");
    assert!(said.out.starts_with("Uploaded "), "{said:#?}");
    assert_eq!(arrangement.nightscout.treatments().len(), 500);
}

/// How many requests the site gets before the first write; the site then forgets them.
fn count_reads(arrangement: &Arrangement) -> usize {
    let said = arrangement.program(&["--days", "5", "--pretend"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    let reads = arrangement.nightscout.request_count();
    arrangement.nightscout.clear_requests();
    reads
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let arrangement = Arrangement::of(history());
    let said = run_until(&arrangement, Side::Tandem, 3, |id| {
        send("-TERM")(id);
        send("-TERM")(id);
    });
    // Two signals of a kind that arrive together may be one to the system.
    assert!(matches!(said.status, None | Some(75)), "{said:#?}");
}
