//! What a person at a terminal sees while a run goes on, on a pseudo-terminal of several widths; and that nobody else does.
#![cfg(unix)]

use std::time::Duration;

use chrono::{Days, Utc};

use crate::arrangement::{Arrangement, day_until_now};
use crate::setup::talk::Talk;

/// Two months of days: five pages.
fn backfill() -> [String; 2] {
    let first = Utc::now().date_naive() - Days::new(60);
    ["--start-date".to_owned(), first.to_string()]
}

/// All that a run of two months shows on a terminal of this many columns, after each of these texts has come.
#[track_caller]
fn shown(columns: u16, locale: &str, expected: &[&str]) -> String {
    let arrangement = Arrangement::of(day_until_now(81));
    // A page takes long enough to be seen.
    for server in [&*arrangement.tandem, &*arrangement.nightscout] {
        server.set_latency(Duration::from_millis(100));
    }
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut variables: Vec<(&str, String)> = vec![
        ("HOME", home.path().to_string_lossy().into_owned()),
        ("TERM", "xterm".to_owned()),
        ("LANG", locale.to_owned()),
    ];
    let set = arrangement.variables.iter();
    variables.extend(set.map(|(name, value)| (name.as_str(), value.clone())));
    let arguments = backfill();
    let arguments = arguments.each_ref().map(String::as_str);
    let program = env!("CARGO_BIN_EXE_tconnectsync-heroku");
    let mut talk = Talk::as_wide_as(columns, program, home.path(), &variables, &arguments);
    for text in expected {
        talk.expect(text);
    }
    let (status, shown) = talk.end();
    assert_eq!(status, Some(0), "{shown}");
    shown
}

/// The lines that were drawn one over the other: all but the summary, which ends the output.
fn drawn(shown: &str) -> Vec<&str> {
    let lines = shown.split(['\r', '\n']);
    let lines = lines.take_while(|line| !line.starts_with("Uploaded "));
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn a_backfill_shows_a_bar_with_the_day_that_is_reached_and_the_time_left() {
    let expected = [
        "signing in to Tandem Source",
        "[",
        "] 1 of 5 pages, up to ",
        "about ",
        "s left",
        "] 4 of 5 pages, up to ",
        "Uploaded ",
    ];
    for (locale, block, other) in [("C.UTF-8", '█', '#'), ("C", '#', '█')] {
        let shown = shown(80, locale, &expected);
        assert!(shown.contains(block) && !shown.contains(other), "{shown}");
        for line in drawn(&shown) {
            assert!(line.chars().count() <= 80, "{line:?}");
        }
    }
}

#[test]
fn on_a_narrow_terminal_no_line_of_it_wraps() {
    let expected = ["1 of 5, up to ", "s left", "4 of 5, up to ", "Uploaded "];
    let shown = shown(40, "C.UTF-8", &expected);
    for line in drawn(&shown) {
        assert!(line.chars().count() <= 40, "{line:?}");
    }
}

#[test]
fn without_a_terminal_a_page_is_a_line_and_nothing_is_drawn() {
    let arrangement = Arrangement::of(day_until_now(82));
    let arguments = backfill();
    let said = arrangement.program(&arguments.each_ref().map(String::as_str));
    assert_eq!(said.status, Some(0), "{said:#?}");
    let pages: Vec<&str> = said.log.lines().collect();
    assert_eq!(pages.len(), 5, "{pages:#?}");
    for (page, number) in pages.iter().zip(1..) {
        let begins = format!("page {number} of 5 done, up to ");
        assert!(page.starts_with(&begins), "{page}");
    }
    for text in [&said.out, &said.log] {
        assert!(!text.contains(['\u{1b}', '\r']), "{text:?}");
    }
}
