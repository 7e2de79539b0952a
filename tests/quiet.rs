//! What a quiet run (`-q`) says: of failures that pass by themselves only once they have lasted, and once a day of what
//! needs a person.

use std::path::{Path, PathBuf};

use chrono::{Duration, Utc};
use serde_json::Value;

use crate::arrangement::{Arrangement, Said, day_until_now};

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// A quiet run in this home: its exit status, and what it said.
#[track_caller]
fn quiet(arrangement: &Arrangement, home: &Path) -> (Option<i32>, String) {
    quiet_with(arrangement, home, &[])
}

/// The same with more arguments, as in another line of the crontab.
#[track_caller]
fn quiet_with(arrangement: &Arrangement, home: &Path, more: &[&str]) -> (Option<i32>, String) {
    let arguments = [&["-q"], more].concat();
    let Said { status, out, log } = arrangement.program_at(home, &arguments);
    assert_eq!(out, "");
    (status, log)
}

/// What a home remembers of the runs in it.
fn remembered(home: &Path) -> Option<(PathBuf, serde_json::Map<String, Value>)> {
    let directory = std::fs::read_dir(home.join(".cache/tconnectsync-heroku")).ok()?;
    let mut paths = directory.map(|entry| entry.expect("an entry").path());
    let path = paths.find(|path| path.to_string_lossy().contains("reminders-"))?;
    let text = std::fs::read(&path).expect("readable");
    Some((path, serde_json::from_slice(&text).expect("an object")))
}

/// Moves everything that is remembered back in time.
fn hours_later(home: &Path, hours: i64) {
    let (path, mut told) = remembered(home).expect("something is remembered");
    for at in told.values_mut() {
        *at = Value::from(at.as_i64().expect("seconds") - hours * 3600);
    }
    std::fs::write(path, Value::Object(told).to_string()).expect("written");
}

/// Tandem Source is down: nothing listens there. Gives its address.
fn out_of_order(arrangement: &mut Arrangement) -> String {
    let address = arrangement.variables["TCONNECT_BASE_URL"].clone();
    arrangement.set("TCONNECT_BASE_URL", "http://127.0.0.1:9");
    address
}

#[test]
fn a_failure_that_passes_is_told_once_it_has_lasted_three_hours_and_then_once_a_day() {
    let mut arrangement = Arrangement::of(day_until_now(91));
    let home = home();
    let address = out_of_order(&mut arrangement);
    let silent = (Some(69), String::new());
    assert_eq!(quiet(&arrangement, home.path()), silent);
    hours_later(home.path(), 2);
    assert_eq!(quiet(&arrangement, home.path()), silent);
    hours_later(home.path(), 1);
    let (status, said) = quiet(&arrangement, home.path());
    assert_eq!(status, Some(69));
    assert!(
        said.starts_with("error: Tandem Source: login page failed"),
        "{said}"
    );
    assert_eq!(quiet(&arrangement, home.path()), silent, "told an hour ago");
    hours_later(home.path(), 24);
    let (_, said) = quiet(&arrangement, home.path());
    assert!(said.starts_with("error: Tandem Source"), "{said}");
    // Others than quiet runs tell each failure.
    let said = arrangement.program_at(home.path(), &[]);
    assert!(said.log.starts_with("error: Tandem Source"), "{said:#?}");
    // It is over, and the next one counts from its own beginning.
    arrangement.set("TCONNECT_BASE_URL", &address);
    assert_eq!(quiet(&arrangement, home.path()), (Some(0), String::new()));
    let left = remembered(home.path()).map(|(_, told)| told);
    assert_eq!(left.unwrap_or_default(), serde_json::Map::new());
    out_of_order(&mut arrangement);
    assert_eq!(quiet(&arrangement, home.path()), silent);
}

#[test]
fn two_lines_of_a_crontab_count_their_failures_apart() {
    let mut arrangement = Arrangement::of(day_until_now(92));
    let others: [&[&str]; 3] = [
        &["--features", "PROFILES"],
        &["--days", "2"],
        &["--start-date", "2026-01-01", "--end-date", "2026-01-01"],
    ];
    for other in others {
        let home = home();
        let address = out_of_order(&mut arrangement);
        let silent = (Some(69), String::new());
        assert_eq!(quiet(&arrangement, home.path()), silent);
        hours_later(home.path(), 3);
        // The other one goes well meanwhile.
        arrangement.set("TCONNECT_BASE_URL", &address);
        let done = (Some(0), String::new());
        assert_eq!(quiet_with(&arrangement, home.path(), other), done);
        out_of_order(&mut arrangement);
        let (status, said) = quiet(&arrangement, home.path());
        assert_eq!(status, Some(69));
        assert!(said.starts_with("error: Tandem Source"), "{other:?} {said}");
        // Nor does the other one tell of a failure that is not its own.
        assert_eq!(quiet_with(&arrangement, home.path(), other), silent);
        arrangement.set("TCONNECT_BASE_URL", &address);
    }
}

#[test]
fn without_a_disk_or_without_patience_a_failure_is_told_at_once() {
    let mut arrangement = Arrangement::of(day_until_now(93));
    out_of_order(&mut arrangement);
    let elsewhere = home();
    let mut command = arrangement.command(elsewhere.path(), &["-q"]);
    let said = Said::of(
        command
            .env_remove("HOME")
            .output()
            .expect("the program starts"),
    );
    assert!(said.log.starts_with("error: Tandem Source"), "{said:#?}");
    arrangement.set("TCONNECTSYNC_HEROKU_QUIET_HOURS", "0");
    for _ in 0..2 {
        let (_, said) = quiet(&arrangement, elsewhere.path());
        assert!(said.starts_with("error: Tandem Source"), "{said}");
    }
}

#[test]
fn where_nothing_can_be_written_a_failure_is_told_at_once() {
    let mut arrangement = Arrangement::of(day_until_now(95));
    out_of_order(&mut arrangement);
    let elsewhere = home();
    // A file in the place of a directory stops the superuser too.
    std::fs::write(elsewhere.path().join(".cache"), "").expect("written");
    let no_home = elsewhere.path().join(".cache/nowhere");
    for home in [elsewhere.path(), &no_home] {
        arrangement.set("HOME", &home.to_string_lossy());
        for _ in 0..2 {
            let (status, said) = quiet(&arrangement, elsewhere.path());
            assert_eq!(status, Some(69));
            assert!(said.starts_with("error: Tandem Source"), "{said:?}");
        }
    }
}

#[test]
fn a_silent_phone_and_a_wrong_zone_are_told_once_a_day() {
    let mut arrangement = Arrangement::of(day_until_now(94));
    let home = home();
    assert_eq!(quiet(&arrangement, home.path()), (Some(0), String::new()));
    arrangement
        .tandem
        .set_uploaded_until(Utc::now() - Duration::hours(7));
    let (status, said) = quiet(&arrangement, home.path());
    assert_eq!(status, Some(0));
    assert!(
        said.starts_with("warning: the pump's newest event is 7 h") && said.lines().count() == 1,
        "{said}"
    );
    assert_eq!(quiet(&arrangement, home.path()), (Some(0), String::new()));
    hours_later(home.path(), 24);
    assert_ne!(quiet(&arrangement, home.path()).1, "");
    arrangement.tandem.set_uploaded_until(Utc::now());
    assert_eq!(quiet(&arrangement, home.path()), (Some(0), String::new()));
    arrangement.set("TIMEZONE_NAME", "Pacific/Honolulu");
    let (status, said) = quiet(&arrangement, home.path());
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("do not fit each other"), "{said}");
    assert_eq!(quiet(&arrangement, home.path()), (Some(0), String::new()));
}
