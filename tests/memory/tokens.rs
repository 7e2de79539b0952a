//! The token cache.

use std::fs;

use serde_json::{Value, json};
use tconnectsync_heroku::failure::ExitStatus;

use super::{Machine, file_name};
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::tandem::Account;

const PUMPER: &str = "/api/reports/bff/pumper/";

#[test]
fn a_second_run_needs_no_login() {
    let machine = Machine::start();
    machine.arrangement.good_pass(machine.now, &[]);
    machine.arrangement.tandem.clear_requests();
    machine.arrangement.good_pass(machine.now, &[]);
    assert_eq!(machine.arrangement.tandem.request_count(), 2);
    assert_eq!(machine.arrangement.tandem.login_attempts(), 1);
}

#[test]
fn the_file_is_its_owners_alone_and_names_no_account() {
    let machine = Machine::start();
    machine.arrangement.good_pass(machine.now, &[]);
    let path = machine.file("tokens-").expect("a file");
    #[cfg(unix)]
    {
        assert_eq!(super::mode(&path), 0o600);
        assert_eq!(super::mode(&machine.directory()), 0o700);
    }
    let content = fs::read_to_string(&path).expect("a text");
    let account = Account::default();
    for private in account.private_texts() {
        assert!(!content.contains(&private) && !file_name(&path).contains(&private));
    }
}

#[test]
fn a_token_that_is_no_longer_accepted_costs_one_login() {
    let machine = Machine::start();
    machine.arrangement.good_pass(machine.now, &[]);
    machine.arrangement.tandem.expire_tokens();
    machine.arrangement.good_pass(machine.now, &[]);
    assert_eq!(machine.arrangement.tandem.login_attempts(), 2);
    machine.arrangement.good_pass(machine.now, &[]);
    assert_eq!(machine.arrangement.tandem.login_attempts(), 2);
}

#[test]
fn a_token_that_expires_soon_is_not_used() {
    let machine = Machine::start();
    let tandem = &machine.arrangement.tandem;
    tandem.configure(|behaviour| behaviour.expires_in = 60);
    machine.arrangement.good_pass(machine.now, &[]);
    let path = machine.file("tokens-").expect("a file");
    let mut kept: Value = serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
    kept["tokens"]["expires_at"] = json!("2026-01-01T00:00:00Z");
    fs::write(&path, kept.to_string()).expect("a file");
    tandem.clear_requests();
    machine.arrangement.good_pass(machine.now, &[]);
    assert_eq!(tandem.requests_to("GET", PUMPER).len(), 1);
    assert_eq!(tandem.login_attempts(), 2);
}

#[test]
fn a_file_that_is_damaged_in_any_way_is_as_good_as_none() {
    let machine = Machine::start();
    machine.arrangement.good_pass(machine.now, &[]);
    let path = machine.file("tokens-").expect("a file");
    let whole = fs::read(&path).expect("a file");
    let kept: Value = serde_json::from_slice(&whole).expect("JSON");
    let mut contents = vec![
        Vec::new(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\xff\xfe".to_vec(),
        whole[..whole.len() / 2].to_vec(),
        vec![b'['; 60_000],
    ];
    let with = |pointer: &str, value: Value| {
        let mut kept = kept.clone();
        *kept.pointer_mut(pointer).expect("a member") = value;
        kept.to_string().into_bytes()
    };
    contents.extend([
        with("/account", json!("another")),
        with("/account", json!(null)),
        with("/tokens", json!({})),
        with("/tokens/access_token", json!("")),
        with("/tokens/access_token", json!("not\nfor a header")),
        with("/tokens/pumper_id", json!("another")),
        with("/tokens/pumper_id", json!("../../../")),
        with("/tokens/region", json!("Moon")),
        with("/tokens/expires_at", json!("soon")),
        with("/tokens/expires_at", json!("-262143-01-01T00:00:00Z")),
        with("/tokens/expires_at", json!("+262142-12-31T23:59:59Z")),
    ]);
    for content in contents {
        fs::write(&path, &content).expect("a file");
        let outcome = machine.arrangement.pass(machine.now, &[]);
        let content = String::from_utf8_lossy(&content);
        assert_eq!(
            outcome.status(),
            ExitStatus::Done,
            "{content}: {:?}",
            outcome.failure
        );
    }
}

#[test]
fn an_answer_that_is_not_understood_ends_the_session() {
    let machine = Machine::start();
    machine.arrangement.good_pass(machine.now, &[]);
    let page = Fault::on("GET", PUMPER, Times::Nth(1), Kind::Html200);
    machine.arrangement.tandem.inject(page);
    let outcome = machine.arrangement.pass(machine.now, &[]);
    assert_eq!(outcome.status(), ExitStatus::NotUnderstood);
    machine.arrangement.good_pass(machine.now, &[]);
    assert_eq!(machine.arrangement.tandem.login_attempts(), 2);
}

#[test]
fn a_service_that_is_busy_or_down_does_not_cost_a_login() {
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let machine = Machine::start();
        let tandem = &machine.arrangement.tandem;
        machine.arrangement.good_pass(machine.now, &[]);
        for path in [PUMPER, "/api/reports/bff/pump-logs/"] {
            tandem.inject(Fault::on("GET", path, Times::Always, Kind::status(status)));
            let outcome = machine.arrangement.pass(machine.now, &[]);
            assert_ne!(outcome.status(), ExitStatus::Done, "{status} at {path}");
            tandem.heal();
        }
        machine.arrangement.good_pass(machine.now, &[]);
        assert_eq!(tandem.login_attempts(), 1, "{status}");
    }
}

#[test]
fn tokens_are_not_kept_where_the_owner_does_not_want_that() {
    let mut machine = Machine::start();
    machine.arrangement.set("CACHE_CREDENTIALS", "false");
    for _ in 0..2 {
        machine.arrangement.good_pass(machine.now, &[]);
    }
    assert_eq!(machine.arrangement.tandem.login_attempts(), 2);
    assert_eq!(machine.file("tokens-"), None);
}

#[test]
fn the_owner_may_choose_the_file_and_each_account_only_takes_its_own() {
    let mut machine = Machine::start();
    let chosen = machine.home.path().join("kept/here.json");
    machine
        .arrangement
        .set("CACHE_CREDENTIALS_PATH", &chosen.to_string_lossy());
    machine.arrangement.good_pass(machine.now, &[]);
    assert!(chosen.exists());
    assert_eq!(machine.file("tokens-"), None);
    // The other account's run takes nothing of it, though it may put its own in its place.
    machine.arrangement.set("TCONNECT_EMAIL", "b@example.org");
    machine
        .arrangement
        .tandem
        .change_account(|account| account.email = "b@example.org".to_owned());
    machine.arrangement.tandem.expire_tokens();
    machine.arrangement.tandem.clear_requests();
    machine.arrangement.good_pass(machine.now, &[]);
    let refused = |status| {
        let requests = machine.arrangement.tandem.requests();
        requests.iter().any(|r| r.status == Some(status))
    };
    assert!(!refused(401), "the other account's token was sent");
}

#[test]
fn a_token_is_for_one_region_and_one_address() {
    let mut machine = Machine::start();
    machine.arrangement.good_pass(machine.now, &[]);
    machine.arrangement.set("TCONNECT_REGION", "auto");
    machine.arrangement.good_pass(machine.now, &[]);
    assert_eq!(machine.arrangement.tandem.login_attempts(), 2);
}
