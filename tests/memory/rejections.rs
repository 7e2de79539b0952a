//! The pause after a rejected login.

use std::fs;

use chrono::Duration;
use tconnectsync_heroku::failure::{self, ExitStatus};
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::tandem::{self, Memory, Session};

use super::Machine;
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::tandem::Region;

const REJECTED: ExitStatus = ExitStatus::CredentialsRejected;

/// A machine whose owner mistyped the password.
fn mistyped(region: &str) -> Machine {
    let mut machine = Machine::start();
    machine.arrangement.set("TCONNECT_PASSWORD", "mistyped");
    machine.arrangement.set("TCONNECT_REGION", region);
    machine
}

#[test]
fn a_wrong_password_is_tried_four_times_on_a_day_of_a_run_every_ten_minutes() {
    for (region, logins_a_try) in [("US", 1), ("auto", 2)] {
        let machine = mistyped(region);
        let tandem = &machine.arrangement.tandem;
        tandem.configure(|behaviour| behaviour.attempts_before_lock = 100);
        for run in 0..144 {
            let now = machine.now + Duration::minutes(10 * run);
            let outcome = machine.arrangement.pass(now, &[]);
            assert_eq!(outcome.status(), REJECTED, "run {run}");
        }
        assert_eq!(tandem.login_attempts(), 4 * logins_a_try, "{region}");
    }
}

#[test]
fn a_region_that_rejected_a_login_is_left_alone_whatever_the_other_one_answers() {
    let machine = mistyped("auto");
    let tandem = &machine.arrangement.tandem;
    // The US rejects it; the EU is down for hours.
    let down = Fault::on(
        "POST",
        "/accounts/api/login",
        Times::From(2),
        Kind::status(503),
    );
    tandem.inject(down);
    for run in 0..10 {
        let now = machine.now + Duration::minutes(10 * run);
        let outcome = machine.arrangement.pass(now, &[]);
        assert_eq!(outcome.status(), ExitStatus::Unavailable, "run {run}");
    }
    assert_eq!(tandem.login_attempts(), 1);
    tandem.heal();
    let later = machine.now + Duration::hours(2);
    assert_eq!(machine.arrangement.pass(later, &[]).status(), REJECTED);
    assert_eq!(tandem.login_attempts(), 2, "in the EU");
}

#[test]
fn a_region_that_was_never_asked_is_asked_when_the_other_one_has_locked_the_account() {
    let mut machine = Machine::start();
    machine.arrangement.set("TCONNECT_REGION", "auto");
    let tandem = &machine.arrangement.tandem;
    tandem.change_account(|account| account.region = Region::Eu);
    let locked = r#"{"status":"ERROR","message":"Max attempted logins exceeded."}"#.to_owned();
    let kind = Kind::Status(400, Vec::new(), locked);
    tandem.inject(Fault::on(
        "POST",
        "/accounts/api/login",
        Times::First(1),
        kind,
    ));
    let outcome = machine.arrangement.pass(machine.now, &[]);
    assert_eq!(outcome.status(), REJECTED);
    // What the message says to do.
    let text = outcome.message().expect("a failure");
    assert!(text.contains("set TCONNECT_REGION=EU"), "{text}");
    machine.arrangement.set("TCONNECT_REGION", "EU");
    let soon = machine.now + Duration::minutes(10);
    machine.arrangement.good_pass(soon, &[]);
}

#[test]
fn a_run_in_the_pause_says_since_when_and_how_to_try_now() {
    let machine = mistyped("US");
    let begin = machine.now;
    machine.arrangement.pass(begin, &[]);
    let outcome = machine.arrangement.pass(begin + Duration::hours(5), &[]);
    let text = outcome.message().expect("a failure");
    for told in [
        "rejected",
        "2026-05-15 04:20 UTC",
        "2026-05-15 10:20 UTC",
        "--check-login",
    ] {
        assert!(text.contains(told), "{told} in: {text}");
    }
    assert!(!text.contains("mistyped") && !text.contains("example.org"));
}

#[test]
fn what_was_corrected_is_tried_at_once() {
    let mut machine = mistyped("EU");
    assert_eq!(
        machine.arrangement.pass(machine.now, &[]).status(),
        REJECTED
    );
    machine.arrangement.set("TCONNECT_REGION", "US");
    assert_eq!(
        machine.arrangement.pass(machine.now, &[]).status(),
        REJECTED
    );
    assert_eq!(machine.arrangement.tandem.login_attempts(), 2);
    let password = machine.arrangement.tandem.account().password;
    machine.arrangement.set("TCONNECT_PASSWORD", &password);
    machine.arrangement.good_pass(machine.now, &[]);
}

#[test]
fn a_forgotten_run_with_the_old_password_stays_paused_beside_a_good_one() {
    let mut machine = mistyped("US");
    machine.arrangement.pass(machine.now, &[]);
    let password = machine.arrangement.tandem.account().password;
    for run in 1..20 {
        let now = machine.now + Duration::minutes(10 * run);
        machine.arrangement.set("TCONNECT_PASSWORD", &password);
        machine.arrangement.good_pass(now, &[]);
        machine.arrangement.set("TCONNECT_PASSWORD", "mistyped");
        // As long as the token is good, nobody asks for the password.
        machine.arrangement.good_pass(now, &[]);
        machine.arrangement.tandem.expire_tokens();
        assert_eq!(machine.arrangement.pass(now, &[]).status(), REJECTED);
    }
    assert_eq!(machine.arrangement.tandem.login_attempts(), 1 + 19);
}

#[test]
fn a_locked_account_is_left_alone_too() {
    let machine = Machine::start();
    let tandem = &machine.arrangement.tandem;
    tandem.configure(|behaviour| behaviour.attempts_before_lock = 0);
    for minutes in [0, 10, 350] {
        let now = machine.now + Duration::minutes(minutes);
        assert_eq!(machine.arrangement.pass(now, &[]).status(), REJECTED);
    }
    assert_eq!(tandem.login_attempts(), 1);
}

#[test]
fn a_token_that_is_never_accepted_is_no_rejected_login() {
    let machine = Machine::start();
    let tandem = &machine.arrangement.tandem;
    tandem.configure(|behaviour| behaviour.uses_of_a_token = Some(0));
    assert_eq!(
        machine.arrangement.pass(machine.now, &[]).status(),
        REJECTED
    );
    tandem.configure(|behaviour| behaviour.uses_of_a_token = None);
    machine.arrangement.good_pass(machine.now, &[]);
}

#[test]
fn other_failures_of_the_login_are_no_rejection() {
    for kind in [
        Kind::status(503),
        Kind::status(403),
        Kind::Drop,
        Kind::Html200,
    ] {
        let machine = Machine::start();
        let tandem = &machine.arrangement.tandem;
        tandem.inject(Fault::on(
            "POST",
            "/accounts/api/login",
            Times::Always,
            kind,
        ));
        assert_ne!(
            machine.arrangement.pass(machine.now, &[]).status(),
            REJECTED
        );
        tandem.heal();
        machine.arrangement.good_pass(machine.now, &[]);
    }
}

#[test]
fn a_check_of_the_login_always_tries_and_ends_the_pause() {
    let machine = mistyped("US");
    machine.arrangement.pass(machine.now, &[]);
    let config = machine.arrangement.config(machine.now, &[]);
    let open_anew = || {
        let limits = RunLimits::without_pauses(Deadline::NONE, Stop::new());
        let client = tandem::client(&config.tandem, None, limits).expect("a client");
        let memory = Memory::new(&config, machine.now + Duration::hours(1));
        Session::open_anew(client, &config.tandem, memory).map(drop)
    };
    assert_eq!(
        failure::status(&open_anew().expect_err("rejected")),
        REJECTED
    );
    assert_eq!(machine.arrangement.tandem.login_attempts(), 2);
    // The owner set the password at Tandem to what the program has.
    let tandem = &machine.arrangement.tandem;
    tandem.change_account(|account| account.password = "mistyped".to_owned());
    open_anew().expect("accepted");
    assert_eq!(machine.file("rejected-logins"), None);
    machine.arrangement.good_pass(machine.now, &[]);
}

#[test]
fn the_file_tells_neither_account_nor_password() {
    let machine = mistyped("US");
    machine.arrangement.pass(machine.now, &[]);
    let path = machine.file("rejected-logins").expect("a file");
    #[cfg(unix)]
    assert_eq!(super::mode(&path), 0o600);
    let content = fs::read_to_string(path).expect("a text");
    assert!(!content.contains("mistyped") && !content.contains("example"));
}

#[test]
fn a_damaged_file_and_a_clock_set_back_do_not_lock_anybody_out() {
    let machine = mistyped("US");
    machine.arrangement.pass(machine.now, &[]);
    let earlier = machine.now - Duration::days(400);
    machine.arrangement.pass(earlier, &[]);
    assert_eq!(machine.arrangement.tandem.login_attempts(), 2);
    let path = machine.file("rejected-logins").expect("a file");
    fs::write(path, "[{\"at\":").expect("a file");
    machine.arrangement.pass(earlier, &[]);
    assert_eq!(machine.arrangement.tandem.login_attempts(), 3);
}

#[test]
fn twenty_accounts_rejected_at_once_are_all_remembered() {
    let mut machine = Machine::start();
    let tandem = &machine.arrangement.tandem;
    tandem.configure(|behaviour| behaviour.attempts_before_lock = 100);
    let mut configs = Vec::new();
    for number in 0..20 {
        let email = format!("person{number}@example.org");
        machine.arrangement.set("TCONNECT_EMAIL", &email);
        configs.push(machine.arrangement.config(machine.now, &[]));
    }
    let now = machine.now;
    let run = |config: &tconnectsync_heroku::config::Config| {
        let limits = RunLimits::without_pauses(Deadline::NONE, Stop::new());
        tconnectsync_heroku::pass::run(config, now, &limits).status()
    };
    std::thread::scope(|scope| {
        for config in &configs {
            scope.spawn(move || assert_eq!(run(config), REJECTED));
        }
    });
    let tandem = &machine.arrangement.tandem;
    assert_eq!(tandem.login_attempts(), 20);
    for config in &configs {
        assert_eq!(run(config), REJECTED);
    }
    assert_eq!(tandem.login_attempts(), 20);
}

#[test]
fn what_is_kept_tells_no_password_to_whoever_lacks_the_key() {
    // The same login on two machines, and on one machine twice, looks the same nowhere but where the key is.
    let names: Vec<String> = (0..2)
        .map(|_| {
            let machine = mistyped("EU");
            machine.arrangement.pass(machine.now, &[]);
            let path = machine.file("rejected-logins").expect("a file");
            let content = fs::read_to_string(&path).expect("a text");
            assert!(
                content.parse::<chrono::DateTime<chrono::Utc>>().is_ok(),
                "a time and nothing else: {content}"
            );
            let key = machine.file("login.key").expect("the key");
            assert_eq!(fs::read(&key).expect("a file").len(), 32);
            #[cfg(unix)]
            assert_eq!(super::mode(&key), 0o600);
            super::file_name(&path)
        })
        .collect();
    assert_ne!(names[0], names[1]);
}

#[test]
fn the_file_that_earlier_versions_kept_is_removed() {
    let machine = Machine::start();
    machine.arrangement.good_pass(machine.now, &[]);
    let old = machine.directory().join("rejected-logins.json");
    fs::write(&old, "[]").expect("a file");
    #[cfg(unix)]
    fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
    machine.arrangement.good_pass(machine.now, &[]);
    assert!(!old.exists());
}
