//! `--setup`, answered through a pseudo-terminal.
#![cfg(unix)]

mod pumps;
pub(crate) mod talk;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::{Duration, Utc};

use crate::arrangement::{Arrangement, Said, day_until_now};
use crate::simulator::nightscout::Nightscout;
use talk::Talk;

fn empty_directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// The program with nothing set but where the simulated Tandem Source is, in this directory, which is its home too.
fn set_up(arrangement: &Arrangement, directory: &Path) -> Talk {
    let variables = [
        ("HOME", directory.to_string_lossy().into_owned()),
        ("TERM", "xterm".to_owned()),
        ("TCONNECT_BASE_URL", arrangement.tandem.url()),
    ];
    let program = env!("CARGO_BIN_EXE_tconnectsync-heroku");
    Talk::begin(program, directory, &variables, &["--setup"])
}

/// The program afterwards, with no variable set at all.
fn program(directory: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tconnectsync-heroku"));
    command
        .env_clear()
        .env("HOME", directory)
        .current_dir(directory)
        .args(arguments);
    Said::of(command.output().expect("the program starts"))
}

/// Answers what is asked after the zone, with one pump in use; gives all that was shown.
fn finish(mut talk: Talk, arrangement: &Arrangement) -> String {
    talk.press("should now show", "y");
    talk.press("Copy", "\r");
    talk.answer("Address of the site", &arrangement.nightscout.url());
    talk.answer_unseen("API_SECRET or access token", Nightscout::API_SECRET);
    talk.answer("Its address", "");
    talk.expect("*/10 * * * * cd ");
    let (status, shown) = talk.end();
    assert_eq!(status, Some(0), "{shown}");
    shown
}

#[test]
fn from_an_empty_directory_to_a_first_run_and_a_picture() {
    let arrangement = Arrangement::of(day_until_now(71));
    let account = arrangement.tandem.account();
    let directory = empty_directory();
    let mut talk = set_up(&arrangement, directory.path());

    talk.answer("E-mail address", "no address");
    talk.press("Keep it as it is?", "n");
    talk.answer("E-mail address", &account.email);
    talk.answer_unseen("Password", "not the right one");
    talk.expect("the e-mail address or the password is wrong");
    // What is right needs no typing again.
    talk.answer("E-mail address", "");
    talk.answer_unseen("Password", &account.password);
    talk.expect("the account is in the US region");

    talk.answer("Time zone", "Phoenix/Arizona");
    talk.expect("is not an IANA time zone");
    let asked = Utc::now();
    talk.answer("Time zone", "Pacific/Honolulu");
    talk.expect("do not fit each other");
    talk.press("should now show", "n");
    let minutes = (Utc::now() - asked).num_minutes() + 1;
    talk.answer("Time zone", "America/Phoenix");
    talk.press("should now show", "y");

    // The third line is PUMP_EVENTS.
    talk.press("Copy", "\u{1b}[B\u{1b}[B \r");
    talk.expect("To copy: BASAL,BOLUS,PUMP_EVENTS\r\n");

    talk.answer("Address of the site", "my-site.example");
    talk.expect("NS_URL does not begin with https://");
    talk.answer("Address of the site", &arrangement.nightscout.url());
    talk.answer_unseen("API_SECRET or access token", "not the site's secret");
    talk.expect("The site does not accept NS_SECRET");
    talk.press("Try again?", "y");
    talk.answer("Address of the site", "");
    talk.answer_unseen("API_SECRET or access token", Nightscout::API_SECRET);
    talk.expect("NS_SECRET is accepted");

    talk.answer("Its address (Enter for none)", "hc-ping");
    talk.expect("HEARTBEAT_URL must be a whole address");
    // What is refused is not what Enter keeps.
    talk.answer("Its address (Enter for none)", "");
    talk.expect("readable by you only");
    talk.expect("Totals   basal ");
    talk.expect("Would upload");
    talk.expect("*/10 * * * * cd ");
    let (status, shown) = talk.end();
    assert_eq!(status, Some(0), "{shown}");
    // What the pump shows if the zone is right, not what it shows if another one fits.
    let in_honolulu = |minute| {
        let shown =
            (asked + Duration::minutes(minute)).with_timezone(&chrono_tz::Pacific::Honolulu);
        format!("should now show {}", shown.format("%H:%M"))
    };
    assert!(
        (0..=minutes).any(|minute| shown.contains(&in_honolulu(minute))),
        "{shown}"
    );
    // A line of a list that wraps could not be drawn over.
    let listed = shown
        .lines()
        .filter(|line| line.contains("] PUMP_ALERTS: "));
    for line in listed {
        assert!(line.chars().count() < 100 && line.ends_with(".."), "{line}");
    }
    // No line of what is going on is drawn over the questions.
    assert!(!shown.contains("asking Nightscout"), "{shown}");
    for secret in [
        account.password.as_str(),
        Nightscout::API_SECRET,
        "not the right one",
    ] {
        assert!(!shown.contains(secret), "{secret} in\n{shown}");
    }
    assert_eq!(arrangement.nightscout.writes(), 0);

    let file = directory.path().join(".env");
    let mode = fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(&file).expect("text");
    for line in [
        "TCONNECT_REGION='US'",
        "TIMEZONE_NAME='America/Phoenix'",
        "TCONNECTSYNC_HEROKU_FEATURES='BASAL,BOLUS,PUMP_EVENTS'",
    ] {
        assert!(text.lines().any(|it| it == line), "{line} in\n{text}");
    }
    assert!(!text.contains("TRUST"), "{text}");

    let run = program(directory.path(), &["-q"]);
    assert_eq!((run.status, run.log.as_str()), (Some(0), ""));
    assert!(arrangement.nightscout.writes() > 0);
    let shown = program(directory.path(), &["--show"]);
    assert!(shown.out.contains("U/h |"), "{shown:#?}");
}

#[test]
fn a_file_that_is_there_is_only_changed_when_its_owner_wants_that() {
    let mut arrangement = Arrangement::of(day_until_now(72));
    arrangement.set("HEARTBEAT_FAIL_URL", "https://hc.example/it's");
    arrangement.set("SOMETHING_ELSE", "kept");
    let directory = empty_directory();
    let file = directory.path().join(".env");
    let lines: String = arrangement
        .variables
        .iter()
        .map(|(name, value)| format!("{name}=\"{value}\"\n"))
        .collect();
    let lines = format!("# The account is Anna's.\n{lines}a line of something else\n");
    fs::write(&file, &lines).expect("written");

    let mut talk = set_up(&arrangement, directory.path());
    talk.press("Change it?", "n");
    let (status, shown) = talk.end();
    assert_eq!(status, Some(78), "{shown}");
    assert!(shown.contains("Nothing was written"), "{shown}");
    assert_eq!(fs::read_to_string(&file).expect("text"), lines);
    assert!(!directory.path().join(".env.bak").exists());

    let mut talk = set_up(&arrangement, directory.path());
    talk.press("Change it?", "y");
    talk.answer("E-mail address", "");
    talk.answer_unseen("Password", "");
    talk.answer("Time zone", "");
    talk.press("should now show", "y");
    talk.press("Copy", "\r");
    talk.answer("Address of the site", "");
    talk.answer_unseen("API_SECRET or access token", "");
    talk.answer("Its address", "");
    talk.expect("What was in it before, with its comments, is in .env.bak");
    talk.expect("*/10 * * * * cd ");
    assert_eq!(talk.end().0, Some(0));
    let kept = directory.path().join(".env.bak");
    assert_eq!(fs::read_to_string(&kept).expect("kept"), lines);
    let mode = fs::metadata(&kept).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(&file).expect("text");
    for line in [
        "HEARTBEAT_FAIL_URL=\"https://hc.example/it's\"",
        "SOMETHING_ELSE='kept'",
        "TCONNECTSYNC_HEROKU_FEATURES='BASAL,BOLUS'",
    ] {
        assert!(text.lines().any(|it| it == line), "{line} in\n{text}");
    }
    let mode = fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(program(directory.path(), &["-q"]).status, Some(0));
}

#[test]
fn whoever_looked_at_the_pump_may_insist_on_a_zone() {
    let arrangement = Arrangement::of(day_until_now(73));
    let account = arrangement.tandem.account();
    let directory = empty_directory();
    let mut talk = set_up(&arrangement, directory.path());
    talk.answer("E-mail address", &account.email);
    talk.answer_unseen("Password", &account.password);
    talk.answer("Time zone", "Africa/Lagos");
    talk.expect("> Look at the pump");
    finish(talk, &arrangement);
    let run = program(directory.path(), &[]);
    assert_eq!(run.status, Some(0), "{run:#?}");
    assert!(
        run.log.contains("whole hours before its upload"),
        "{run:#?}"
    );
}

#[test]
fn ctrl_c_leaves_nothing_behind_and_the_terminal_as_it_was() {
    let arrangement = Arrangement::of(day_until_now(74));
    let account = arrangement.tandem.account();
    for typed in [None, Some("half a password")] {
        let directory = empty_directory();
        let mut talk = set_up(&arrangement, directory.path());
        if let Some(typed) = typed {
            talk.answer("E-mail address", &account.email);
            talk.wait_until_unseen("Password");
            talk.type_in(typed);
        } else {
            talk.expect("E-mail address");
        }
        talk.type_in("\u{3}");
        talk.expect("Stopped.");
        assert!(talk.shows_what_is_typed());
        let (status, shown) = talk.end();
        assert_eq!(status, Some(130), "{shown}");
        assert_eq!(fs::read_dir(directory.path()).expect("there").count(), 0);
    }
}

#[test]
fn where_nothing_can_be_written_it_asks_nothing() {
    let directory = empty_directory();
    let arguments = ["--setup", "--env-file", "nowhere/pump.env"];
    let variables = [("HOME", directory.path().to_string_lossy().into_owned())];
    let program = env!("CARGO_BIN_EXE_tconnectsync-heroku");
    let talk = Talk::begin(program, directory.path(), &variables, &arguments);
    let (status, shown) = talk.end();
    assert_eq!(status, Some(78), "{shown}");
    assert!(shown.contains("could not be written"), "{shown}");
    assert!(!shown.contains("E-mail address"), "{shown}");
}

#[test]
fn without_a_terminal_it_says_what_to_do_instead() {
    let directory = empty_directory();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tconnectsync-heroku"));
    command
        .env_clear()
        .current_dir(directory.path())
        .arg("--setup")
        .stdin(Stdio::null());
    let said = Said::of(command.output().expect("the program starts"));
    assert_eq!(said.status, Some(2), "{said:#?}");
    assert!(said.log.contains("copy .env.example to .env"), "{said:#?}");
    let said = Said::of(command.env("DYNO", "run.1").output().expect("it starts"));
    assert_eq!(said.status, Some(2), "{said:#?}");
    assert!(said.log.contains("Config Vars"), "{said:#?}");
}
