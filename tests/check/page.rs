//! How the check looks on a terminal.

use anstream::adapter::strip_str;
use chrono::{DateTime, Duration, Utc};
use tconnectsync_heroku::check::Page;
use tconnectsync_heroku::terminal::Terminal;

use super::{Checked, arrangement};
use crate::arrangement::Arrangement;
use crate::simulator::history::{History, Plan};

const TERMINAL: Terminal = Terminal {
    width: 80,
    unicode: true,
    is_rich: true,
};

/// The whole page, with its colours.
fn page(checked: &Checked, terminal: Terminal, details: bool) -> String {
    let mut page = Page::new(terminal, details);
    let mut text: String = checked.steps.iter().map(|step| page.show(step)).collect();
    text += &page.end(&checked.end[0], &checked.end[1]);
    text
}

/// A pump's two days of which all but the last hour is copied, and the instant after them.
fn copied() -> (Arrangement, DateTime<Utc>) {
    let history = History::generate(&Plan::days(41, 2));
    let now = history.plan.end + Duration::minutes(12);
    let arrangement = Arrangement::of(history);
    arrangement.good_pass(now - Duration::minutes(40), &[]);
    (arrangement, now)
}

/// The same with a wrong password, and a token that may only read.
fn broken() -> (Arrangement, DateTime<Utc>) {
    let (mut arrangement, now) = copied();
    let token = arrangement.nightscout.add_token("reader", &["*:*:read"]);
    arrangement.set("NS_SECRET", &token);
    arrangement.set("TCONNECT_PASSWORD", "mistyped");
    (arrangement, now)
}

#[test]
fn a_good_check_is_a_page_of_a_few_lines() {
    let (arrangement, now) = copied();
    let checked = Checked::of(&arrangement, now, &[]);
    insta::assert_snapshot!(strip_str(&page(&checked, TERMINAL, false)));
}

#[test]
fn details_are_shown_where_more_is_asked_for() {
    let (arrangement, now) = copied();
    let checked = Checked::of(&arrangement, now, &[]);
    let page = page(&checked, TERMINAL, true);
    for detail in [
        "TCONNECT_EMAIL",
        "285 basal",
        "Treatments may be read and written",
    ] {
        assert!(page.contains(detail), "{detail} in\n{page}");
    }
}

#[test]
fn a_cure_stands_under_its_problem() {
    let (arrangement, now) = broken();
    let checked = Checked::of(&arrangement, now, &[]);
    insta::assert_snapshot!(strip_str(&page(&checked, TERMINAL, false)));
}

#[test]
fn a_terminal_without_unicode_gets_the_same_in_ascii() {
    let (arrangement, now) = broken();
    let checked = Checked::of(&arrangement, now, &[]);
    let ascii = Terminal {
        unicode: false,
        ..TERMINAL
    };
    let plain = page(&checked, ascii, true);
    let plain = strip_str(&plain).to_string();
    assert!(plain.is_ascii(), "{plain}");
    let words = |text: &str| -> Vec<String> {
        let marks = ["✓", "!", "✗", "·", "→", "+", "x", "-", ">"];
        let words = text.split_whitespace().filter(|word| !marks.contains(word));
        words.map(|word| word.replace('…', "...")).collect()
    };
    let rich = page(&checked, TERMINAL, true);
    assert_eq!(words(&plain), words(&strip_str(&rich).to_string()));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for (arrangement, now) in [copied(), broken()] {
        let checked = Checked::of(&arrangement, now, &[]);
        for width in [40, 72, 200] {
            let terminal = Terminal { width, ..TERMINAL };
            let page = page(&checked, terminal, true);
            for line in strip_str(&page).to_string().lines() {
                // An address or a list of names is not broken.
                let is_one_word = line.trim().split(' ').count() <= 2;
                let fits = line.chars().count() <= width.min(100);
                assert!(fits || is_one_word, "{width}: {line}");
            }
        }
    }
}

#[test]
fn good_and_bad_have_colours_of_their_own() {
    let (arrangement, now) = broken();
    let page = page(&Checked::of(&arrangement, now, &[]), TERMINAL, false);
    assert!(page.contains("\u{1b}[32m✓"), "{page:?}");
    assert!(page.contains("\u{1b}[31m✗"), "{page:?}");
}

#[test]
fn what_is_not_a_terminal_gets_a_line_for_each_finding_in_ascii() {
    let arrangement = arrangement();
    let said = arrangement.program(&["--check-login"]);
    assert!(said.out.is_ascii(), "{}", said.out);
    assert!(!said.out.contains('\u{1b}'), "{:?}", said.out);
    let (steps, end) = said.out.split_once("\n\n").expect("an empty line");
    for line in steps.lines() {
        let (sign, rest) = line.split_at(4);
        assert!(["ok  ", "??  ", "!!  ", "--  "].contains(&sign), "{line}");
        assert!(rest.contains(": "), "{line}");
    }
    assert_eq!(
        end,
        "Everything looks good.\nNext: start a run with: tconnectsync-heroku\n"
    );
}
