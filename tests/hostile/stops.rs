//! A run that is asked to stop, or whose time is up, ends whatever is under way: nothing waits for a service.

use std::any::Any;
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::Utc;
use serde_json::{Value, json};
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::pass;

use crate::arrangement::{Arrangement, Said, day_until_now};
use crate::simulator::answer::{Answer, Outcome};
use crate::simulator::fault::{Fault, Kind, Times};
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

/// Asks the program to stop, as soon as it is known which process it is, and notes when.
struct Asking {
    id: Receiver<u32>,
    asked: Sender<Instant>,
}

impl Asking {
    fn now(self) {
        let id = self.id.recv().expect("a process id").cast_signed();
        let process = rustix::process::Pid::from_raw(id).expect("a process");
        let _ = self.asked.send(Instant::now());
        rustix::process::kill_process(process, rustix::process::Signal::TERM).expect("it runs");
    }
}

/// What has to be there as long as the program runs.
type Kept = Option<Box<dyn Any>>;

/// Runs the program until it is asked to stop: what it said, and how long it took to end from then on.
fn stopped_program(
    arguments: &[&str],
    arrange: impl FnOnce(&mut Arrangement, Asking) -> Kept,
) -> (Said, Duration) {
    let mut arrangement = Arrangement::of(day_until_now(72));
    let (give_id, id) = mpsc::channel();
    let (asked, was_asked) = mpsc::channel();
    let kept = arrange(&mut arrangement, Asking { id, asked });
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut command = arrangement.command(home.path(), arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    give_id.send(child.id()).expect("the hook waits");
    let said = Said::of(child.wait_with_output().expect("the program ends"));
    let asked = was_asked.try_recv().expect("it was asked to stop");
    drop(kept);
    (said, asked.elapsed())
}

/// Asks at this request to Tandem, which gets this answer.
fn at_tandem(number: usize, kind: Kind) -> impl Fn(&mut Arrangement, Asking) -> Kept {
    move |arrangement, asking| {
        let tandem = &arrangement.tandem;
        tandem.inject(Fault::from(number, kind.clone()));
        tandem.after_requests(number, move || asking.now());
        None
    }
}

/// Asks at the first write to the site, which gets this answer.
fn at_a_write(kind: Kind) -> impl Fn(&mut Arrangement, Asking) -> Kept {
    move |arrangement, asking| {
        let site = &arrangement.nightscout;
        site.inject(Fault::on("POST", "/api/v1/", Times::Always, kind.clone()));
        let asking = Mutex::new(Some(asking));
        site.refuse(move |_| {
            let asking = asking.lock().expect("one at a time").take();
            if let Some(asking) = asking {
                asking.now();
            }
            false
        });
        None
    }
}

fn at_the_site(arrangement: &mut Arrangement, asking: Asking) -> Kept {
    arrangement.nightscout.inject(Fault::from(1, Kind::Stall));
    arrangement
        .nightscout
        .after_requests(1, move || asking.now());
    None
}

/// A server that takes connections and never begins to speak TLS.
fn while_connecting(arrangement: &mut Arrangement, asking: Asking) -> Kept {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    arrangement.set("NS_URL", &format!("https://{address}"));
    let thread = std::thread::spawn(move || {
        let connection = listener.accept().expect("a connection");
        asking.now();
        // Held until the program hangs up.
        let _ = std::io::copy(&mut &connection.0, &mut std::io::sink());
    });
    Some(Box::new(thread))
}

/// A page of events that takes a while to make something of.
fn while_computing(arrangement: &mut Arrangement, asking: Asking) -> Kept {
    let at = (Utc::now() - chrono::Duration::hours(2)).with_timezone(&chrono_tz::America::Phoenix);
    let time = at.format("%Y-%m-%dT%H:%M:%S").to_string();
    let event = |number: u32| {
        json!({"eventCode": 279, "sequenceGroup": 0, "sequenceNumber": 5_000_000 + number, "pumpDateTime": time,
            "eventProperties": {"commandedRate": number % 900, "commandedRateSource": 3}})
    };
    let events: Vec<Value> = (0..60_000).map(event).collect();
    let tandem = &arrangement.tandem;
    tandem.serve_pump_logs(json!({"events": events, "clockChanges": []}));
    // Login page, login, authorize (twice), token, pumper, pump logs: the last is the seventh.
    tandem.after_requests(7, move || asking.now());
    None
}

fn at_the_heartbeat(arrangement: &mut Arrangement, asking: Asking) -> Kept {
    let asking = Mutex::new(Some(asking));
    let monitor = Server::start(move |_| {
        Arc::new(move |_| {
            if let Some(asking) = asking.lock().expect("one at a time").take() {
                asking.now();
            }
            Outcome::Hang
        })
    });
    arrangement.set("HEARTBEAT_URL", &format!("{}/key", monitor.url()));
    Some(Box::new(monitor))
}

#[test]
fn wherever_the_program_is_asked_to_stop_it_ends_soon() {
    type Arrange = Box<dyn Fn(&mut Arrangement, Asking) -> Kept>;
    let run: &[&str] = &[];
    let cases: [(&str, &[&str], Arrange, Option<i32>); 11] = [
        ("connecting", run, Box::new(while_connecting), Some(75)),
        (
            "no answer to a login",
            run,
            Box::new(at_tandem(2, Kind::Stall)),
            Some(75),
        ),
        (
            "no body of the pump",
            run,
            Box::new(at_tandem(6, Kind::StallBody)),
            Some(75),
        ),
        (
            "the pause before another try",
            run,
            Box::new(at_tandem(6, Kind::retry_after(503, 60))),
            Some(75),
        ),
        ("computing", run, Box::new(while_computing), Some(75)),
        (
            "a write without an answer",
            run,
            Box::new(at_a_write(Kind::AfterHandling(Box::new(Kind::Stall)))),
            Some(75),
        ),
        (
            "an answer to a write without its body",
            run,
            Box::new(at_a_write(Kind::StallBody)),
            Some(75),
        ),
        ("the heartbeat", run, Box::new(at_the_heartbeat), Some(0)),
        (
            "--check-login",
            &["--check-login"],
            Box::new(at_tandem(1, Kind::Stall)),
            // It writes nothing, and no handler keeps the signal from ending it.
            None,
        ),
        ("--show", &["--show"], Box::new(at_the_site), Some(75)),
        (
            "--remove-doubles",
            &["--remove-doubles"],
            Box::new(at_the_site),
            Some(75),
        ),
    ];
    let mut longest = Duration::ZERO;
    for (what, arguments, arrange, status) in cases {
        let (said, took) = stopped_program(arguments, arrange);
        println!("{what}: {took:?}");
        assert!(took < SOON, "{what}: {took:?}");
        assert_eq!(said.status, status, "{what}: {said:#?}");
        longest = longest.max(took);
    }
    println!("longest: {longest:?}");
}

#[test]
fn a_stopped_program_gives_its_summary_and_tells_the_monitor() {
    let monitor = Arc::new(Server::start(|_| {
        Arc::new(|_| Answer::html(200, "OK").into())
    }));
    let told = Arc::clone(&monitor);
    let (said, took) = stopped_program(&[], move |arrangement, asking| {
        arrangement.set("HEARTBEAT_FAIL_URL", &format!("{}/bad-key", told.url()));
        at_tandem(6, Kind::Stall)(arrangement, asking)
    });
    assert!(took < SOON, "{took:?}");
    assert_eq!(said.status, Some(75), "{said:#?}");
    assert!(said.log.contains("asked to stop"), "{said:#?}");
    assert_eq!(said.out, "Nothing uploaded.\n");
    assert_eq!(monitor.requests_to("GET", "/bad-key").len(), 1);
}
