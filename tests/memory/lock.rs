//! The lock between two runs on one machine, and disks that cannot be used.

use std::fs;
use std::sync::mpsc;
use std::time::Duration;

use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::state::RunLock;

use super::Machine;

#[test]
fn a_run_beside_another_one_ends_at_once_and_says_so() {
    let machine = Machine::start();
    let config = machine.arrangement.config(machine.now, &[]);
    let lock = RunLock::take(&config).expect("the lock");
    let outcome = machine.arrangement.pass(machine.now, &[]);
    assert_eq!(outcome.status(), ExitStatus::TryLater);
    let text = outcome.message().expect("a failure");
    assert!(text.contains("Another run"), "{text}");
    assert_eq!(machine.arrangement.tandem.request_count(), 0);
    assert_eq!(machine.arrangement.nightscout.request_count(), 0);
    drop(lock);
    machine.arrangement.good_pass(machine.now, &[]);
}

#[test]
fn a_run_that_only_pretends_needs_no_lock() {
    let machine = Machine::start();
    let config = machine.arrangement.config(machine.now, &[]);
    let _lock = RunLock::take(&config).expect("the lock");
    machine.arrangement.good_pass(machine.now, &["--pretend"]);
}

#[test]
fn another_account_or_site_is_another_lock() {
    let mut machine = Machine::start();
    let config = machine.arrangement.config(machine.now, &[]);
    let _lock = RunLock::take(&config).expect("the lock");
    let site = machine.arrangement.nightscout.url();
    machine
        .arrangement
        .set("NS_URL", &site.replace("127.0.0.1", "localhost"));
    machine.arrangement.good_pass(machine.now, &[]);
}

#[test]
fn the_program_ends_with_75_beside_another_run() {
    let machine = Machine::start();
    let (inside, entered) = mpsc::channel();
    let (leave, left) = mpsc::channel::<()>();
    machine.arrangement.tandem.after_requests(1, move || {
        let _ = inside.send(());
        let _ = left.recv_timeout(Duration::from_secs(20));
    });
    std::thread::scope(|scope| {
        let first = scope.spawn(|| machine.arrangement.program_at(machine.home.path(), &[]));
        entered
            .recv_timeout(Duration::from_secs(20))
            .expect("the first run is under way");
        let second = machine.arrangement.program_at(machine.home.path(), &[]);
        leave.send(()).expect("the server waits");
        assert_eq!(second.status, Some(75), "{second:#?}");
        assert!(second.log.contains("Another run"), "{second:#?}");
        let first = first.join().expect("a run");
        assert_eq!(first.status, Some(0), "{first:#?}");
    });
}

#[test]
fn a_disk_that_cannot_be_used_changes_nothing() {
    // The home directory is a file: nothing can be below it, whoever runs this.
    let mut machine = Machine::start();
    let file = machine.home.path().join("file");
    fs::write(&file, "no directory").expect("a file");
    for home in [
        file.to_string_lossy().as_ref(),
        "/proc/none",
        "",
        "relative",
    ] {
        machine.arrangement.set("HOME", home);
        machine.arrangement.good_pass(machine.now, &[]);
        assert_eq!(machine.arrangement.tandem.login_attempts(), 1);
        // The program has the true time.
        machine.arrangement.nightscout.set_now(chrono::Utc::now());
        let said = machine.arrangement.program_at(machine.home.path(), &["-q"]);
        assert_eq!(said.status, Some(0), "{said:#?}");
        let of_the_phone = |line: &str| line.contains("Tandem's app");
        assert!(said.log.lines().all(of_the_phone), "{said:#?}");
        machine = Machine::start();
    }
}
