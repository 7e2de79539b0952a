//! The demo itself: it agrees where it should, and only there.

use chrono::{DateTime, Duration, Utc};
use clap::Parser;

use crate::demo::comparison::{Compared, compare};
use crate::demo::held::Held;
use crate::demo::stage::Stage;
use crate::demo::{Arguments, WIDTH, run, show};
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::pass;
use tconnectsync_heroku::window::Window;

fn arguments(text: &str) -> Arguments {
    Arguments::parse_from(std::iter::once("demo").chain(text.split_whitespace()))
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

#[track_caller]
fn agrees(options: &str, now: DateTime<Utc>) -> String {
    let mut out = Vec::new();
    let all_agrees = show(&arguments(options), now, &mut out).expect("written to memory");
    let said = String::from_utf8(out).expect("UTF-8");
    assert!(all_agrees, "{now}:\n{said}");
    assert!(said.contains("documents and truth agree"), "{said}");
    for line in said.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
    said
}

#[test]
fn the_demo_agrees_for_any_pump() {
    for seed in 0..8 {
        agrees(&format!("--seed {seed}"), instant("2026-11-26T01:27:15Z"));
    }
    // A rate that began seconds before the span.
    agrees("--seed 136", instant("2026-07-05T10:48:08Z"));
}

#[test]
fn the_demo_agrees_at_any_time_of_day_and_year() {
    for now in [
        "2026-11-23T04:59:59Z",
        "2026-11-23T05:00:00.250Z",
        "2027-01-01T12:00:00Z",
        // The morning before, during and after New York's change to summer time, and the day after it.
        "2027-03-14T06:59:00Z",
        "2027-03-14T07:07:00Z",
        "2027-03-15T03:00:00Z",
        // The hour that New York has twice in autumn, first and second time, and the day after it.
        "2026-11-01T05:30:00Z",
        "2026-11-01T06:30:00Z",
        "2026-11-02T01:00:00Z",
    ] {
        agrees("--seed 11", instant(now));
    }
}

#[test]
fn the_demo_agrees_over_weeks() {
    let said = agrees("--days 30 --seed 2", instant("2026-11-23T02:03:04Z"));
    assert!(said.contains("agree: 2,59"), "{said}");
}

#[test]
fn the_picture_shows_a_day() {
    let said = agrees("--seed 3", instant("2026-11-23T02:03:04Z"));
    for part in ["U/h │", "hour ", "Meal Bolus", "Totals ", "Held back "] {
        assert!(said.contains(part), "{part}:\n{said}");
    }
}

/// What a run leaves in Nightscout, what the pump did, and the span of both.
fn a_copied_day() -> (Held, Stage, Window) {
    let now = instant("2026-11-23T02:03:04Z");
    let stage = Stage::set(&arguments("--seed 1"), now, now);
    stage.set_time(now);
    let limits = RunLimits::new(Deadline::NONE, Stop::new());
    let outcome = pass::run(&stage.config(now), now, &limits);
    let window = outcome.report.window.expect("a window");
    let span = Window { end: now, ..window };
    (Held::by(&stage.nightscout), stage, span)
}

#[test]
fn the_demo_sees_whatever_differs() {
    let (held, stage, span) = a_copied_day();
    let differences = |held: &Held| {
        let settled = span.end - Duration::minutes(10);
        let compared: Compared = compare(held, &stage.history.truth, span, settled);
        compared.differences.len()
    };
    assert_eq!(differences(&held), 0);
    let spoilt: [fn(&mut Held); 12] = [
        |held| held.basals[50].rate += 1,
        |held| held.basals[50].end -= Duration::seconds(1),
        |held| held.basals[50].end += Duration::seconds(1),
        |held| held.basals[50].at += Duration::seconds(1),
        |held| held.basals = held.basals[1..].to_vec(),
        |held| held.basals.truncate(held.basals.len() - 1),
        |held| held.basals.insert(7, held.basals[7].clone()),
        |held| held.boluses[3].now += 1,
        |held| held.boluses[3].at += Duration::milliseconds(1),
        |held| held.boluses[3].carbs += 1,
        |held| held.boluses.retain(|bolus| bolus.carbs == 0),
        |held| held.boluses.push(held.boluses[3].clone()),
    ];
    for (number, spoil) in spoilt.iter().enumerate() {
        let mut held = held.clone();
        spoil(&mut held);
        assert!(differences(&held) > 0, "spoilt in way {number}");
    }
}

#[test]
fn served_simulators_answer_by_the_environment_that_is_printed() {
    let mut out = Vec::new();
    let served = run(
        &arguments("--serve --serial 90001235"),
        &mut std::io::empty(),
        &mut out,
    );
    assert!(served.expect("served"));
    let said = String::from_utf8(out).expect("UTF-8");
    for name in [
        "TCONNECT_EMAIL",
        "TCONNECT_PASSWORD",
        "TCONNECT_BASE_URL",
        "NS_URL",
        "NS_SECRET",
        "TIMEZONE_NAME",
    ] {
        assert!(said.contains(&format!("\nexport {name}='")), "{said}");
    }
}
