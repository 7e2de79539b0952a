//! `--setup` for an account with several pumps.

use std::fs;
use std::path::Path;

use chrono::{Duration, Utc};

use super::{empty_directory, set_up, talk::Talk};
use crate::arrangement::{Arrangement, day_until_now};
use crate::simulator::history::{History, Plan};
use crate::simulator::tandem::Region;

const DOWN: &str = "\u{1b}[B";
const UP: &str = "\u{1b}[A";

/// An account with a pump in use, and one that was replaced forty days ago. Gives the serial number of the one in use.
fn replaced_pump() -> (Arrangement, String) {
    let arrangement = Arrangement::of(day_until_now(75));
    let end = Utc::now() - Duration::days(40);
    let plan = Plan::day(76)
        .between(end - Duration::hours(20), end)
        .of_another_pump();
    arrangement.tandem.add_history(History::generate(&plan));
    let mut serial = String::new();
    arrangement
        .tandem
        .change_pumps(|pumps| serial = pumps[0].serial.clone());
    (arrangement, serial)
}

/// Answers what is asked before the pumps; Enter for what the file has already.
fn sign_in(talk: &mut Talk, arrangement: &Arrangement) {
    let account = arrangement.tandem.account();
    talk.answer("E-mail address", &account.email);
    talk.answer_unseen("Password", &account.password);
    talk.expect("the account is in the US region");
}

/// Answers what is asked after the pumps, with one pump in use; gives all that was shown.
fn finish(mut talk: Talk, arrangement: &Arrangement) -> String {
    talk.answer("Time zone", "America/Phoenix");
    super::finish(talk, arrangement)
}

fn has_serial(directory: &Path, serial: &str) -> bool {
    let text = fs::read_to_string(directory.join(".env")).expect("a file");
    assert_eq!(text.contains("PUMP_SERIAL_NUMBER"), text.contains(serial));
    text.contains(&format!("PUMP_SERIAL_NUMBER='{serial}'"))
}

#[test]
fn one_pump_of_several_is_chosen_by_what_is_known_of_it_and_so_are_all() {
    let (arrangement, serial) = replaced_pump();
    let directory = empty_directory();
    let mut talk = set_up(&arrangement, directory.path());
    sign_in(&mut talk, &arrangement);
    let end = &serial[serial.len() - 3..];
    talk.expect(&format!("pump ...{end}, t:slim X2"));
    talk.expect("last upload 20");
    talk.expect("pump ...678, t:slim X2");
    talk.expect("last upload 40");
    talk.press("all pumps, and a replacement", &format!("{DOWN}\r"));
    let shown = finish(talk, &arrangement);
    assert!(has_serial(directory.path(), &serial));
    for serial in [serial.as_str(), "90005678"] {
        assert!(!shown.contains(serial), "{shown}");
    }

    let mut talk = set_up(&arrangement, directory.path());
    talk.press("Change it?", "y");
    sign_in(&mut talk, &arrangement);
    // What is chosen is where the choice begins.
    talk.press("Copy", &format!("{UP}\r"));
    finish(talk, &arrangement);
    assert!(!has_serial(directory.path(), &serial));
}

#[test]
fn a_pump_that_is_not_in_the_account_does_not_stay_chosen() {
    let arrangement = Arrangement::of(day_until_now(77));
    for left in ["90009999", "on the back of it"] {
        let directory = empty_directory();
        let file = directory.path().join(".env");
        let lines = "TCONNECTSYNC_HEROKU_DEADLINE_SECS=soon\nIGNORE_ZERO_UNIT_BASAL=true\n";
        fs::write(&file, format!("PUMP_SERIAL_NUMBER='{left}'\n{lines}")).expect("written");
        let mut talk = set_up(&arrangement, directory.path());
        talk.press("Change it?", "y");
        talk.expect("DEADLINE_SECS must be a number");
        talk.expect("It is left out.");
        sign_in(&mut talk, &arrangement);
        if left == "90009999" {
            talk.press("Copy", "\r");
        }
        finish(talk, &arrangement);
        assert!(!has_serial(directory.path(), left));
        let text = fs::read_to_string(&file).expect("a file");
        assert!(
            !text.contains("DEADLINE") && text.contains("IGNORE_ZERO"),
            "{text}"
        );
    }
}

#[test]
fn the_region_is_found_whatever_the_file_says() {
    let arrangement = Arrangement::of(day_until_now(79));
    arrangement
        .tandem
        .change_account(|account| account.region = Region::Eu);
    // The server of the other region.
    arrangement.tandem.reject_first_logins(1);
    let account = arrangement.tandem.account();
    let directory = empty_directory();
    fs::write(directory.path().join(".env"), "TCONNECT_REGION='US'\n").expect("written");
    let mut talk = set_up(&arrangement, directory.path());
    talk.press("Change it?", "y");
    talk.answer("E-mail address", &account.email);
    talk.answer_unseen("Password", &account.password);
    talk.expect("the account is in the EU region");
    talk.type_in("\u{3}");
    talk.expect("Stopped.");
    talk.end();
}
