//! A run that is asked to stop, or whose time is up, ends whatever is under way: nothing waits for a service.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::pass;

use crate::arrangement::{Arrangement, Said, day_until_now};
use crate::simulator::answer::Answer;
use crate::simulator::fault::{Fault, Kind};
use crate::simulator::server::Server;

/// Long beside the two seconds that a run has, and short beside the minutes that a request may take.
const SOON: Duration = Duration::from_secs(20);

/// A pass during which something asks it to stop.
fn stopped(arrangement: &Arrangement, asks: impl FnOnce(Stop)) {
    let stop = Stop::new();
    asks(stop.clone());
    let now = chrono::Utc::now();
    let limits = RunLimits::without_pauses(Deadline::NONE, stop);
    let config = arrangement.config(now, &[]);
    let began = Instant::now();
    let outcome = pass::run(&config, now, &limits);
    assert_eq!(
        outcome.status(),
        ExitStatus::TryLater,
        "{:?}",
        outcome.failure
    );
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[test]
fn no_request_under_way_is_waited_for() {
    for kind in [Kind::Stall, Kind::StallBody] {
        for number in 1..=6 {
            let arrangement = Arrangement::of(day_until_now(71));
            let tandem = &arrangement.tandem;
            tandem.inject(Fault::from(number, kind.clone()));
            stopped(&arrangement, |stop| {
                tandem.after_requests(number, move || stop.request())
            });
        }
        for number in 1..=3 {
            let arrangement = Arrangement::of(day_until_now(71));
            let site = &arrangement.nightscout;
            site.inject(Fault::from(number, kind.clone()));
            stopped(&arrangement, |stop| {
                site.after_requests(number, move || stop.request())
            });
        }
    }
}

#[test]
fn a_stopped_program_gives_its_summary_and_tells_the_monitor() {
    let mut arrangement = Arrangement::of(day_until_now(72));
    let monitor = Server::start(|_| Arc::new(|_| Answer::html(200, "OK").into()));
    arrangement.set("HEARTBEAT_FAIL_URL", &format!("{}/bad-key", monitor.url()));
    arrangement.tandem.inject(Fault::from(6, Kind::Stall));
    let (give_id, id) = mpsc::channel::<u32>();
    arrangement.tandem.after_requests(6, move || {
        let id = id.recv().expect("a process id").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    });
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut command = arrangement.command(home.path(), &[]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let began = Instant::now();
    let child = command.spawn().expect("the program starts");
    give_id.send(child.id()).expect("the hook waits");
    let said = Said::of(child.wait_with_output().expect("the program ends"));
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    println!("stopped and ended after {:?} in all", began.elapsed());
    assert_eq!(said.status, Some(75), "{said:#?}");
    assert!(said.log.contains("asked to stop"), "{said:#?}");
    assert_eq!(said.out, "Nothing uploaded.\n");
    assert_eq!(monitor.requests_to("GET", "/bad-key").len(), 1);
}
