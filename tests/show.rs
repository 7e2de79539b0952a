//! `--show`: the last hours as Nightscout holds them.

use anstream::adapter::strip_str;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::America::New_York;
use serde_json::{Value, json};
use tconnectsync_heroku::nightscout::{Document, GlucoseUnits};
use tconnectsync_heroku::report::day::Day;
use tconnectsync_heroku::report::picture::{Canvas, draw};

use crate::arrangement::{Arrangement, day_until_now};

#[test]
fn it_shows_what_was_copied_asks_only_nightscout_and_writes_nothing() {
    let mut arrangement = Arrangement::of(day_until_now(61));
    arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "BASAL,BOLUS,CGM");
    let copied = arrangement.program(&["-q"]);
    assert_eq!(copied.status, Some(0), "{copied:#?}");
    let (writes, logins) = (
        arrangement.nightscout.writes(),
        arrangement.tandem.login_attempts(),
    );
    let said = arrangement.program(&["--show"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert!(said.out.starts_with("The 24 hours before "), "{}", said.out);
    for part in ["U/h |", "hour  ", "Totals   basal ", "Newest   glucose: "] {
        assert!(said.out.contains(part), "{part} in\n{}", said.out);
    }
    assert!(said.out.is_ascii(), "no terminal: {}", said.out);
    let widest = said.out.lines().map(str::len).max();
    assert!(widest <= Some(100), "{}", said.out);
    assert_eq!(arrangement.nightscout.writes(), writes);
    assert_eq!(arrangement.tandem.login_attempts(), logins);
    said.reveals_none_of(&arrangement.secrets());
}

#[test]
fn its_totals_are_those_of_the_pump() {
    let history = day_until_now(62);
    let until = Utc::now();
    let from = until - Duration::hours(6);
    let truth = history.truth.clone();
    let arrangement = Arrangement::of(history);
    let copied = arrangement.program(&["-q"]);
    assert_eq!(copied.status, Some(0), "{copied:#?}");
    let said = arrangement.program(&["--show", "6", "--json"]);
    let shown: Value = serde_json::from_str(&said.out).expect("JSON");
    let boluses = truth.boluses.iter().filter(|bolus| bolus.at >= from);
    let carbs: i64 = boluses.map(|bolus| bolus.carbs).sum();
    assert_eq!(shown["carbs"].as_f64(), Some(carbs as f64));
    assert_eq!(shown["readings"], 0);
    let hours = shown["to"].as_str().zip(shown["from"].as_str());
    let (to, from) = hours.expect("times");
    let (to, from): (DateTime<Utc>, DateTime<Utc>) =
        (to.parse().expect("a time"), from.parse().expect("a time"));
    assert_eq!(to - from, Duration::hours(6));
}

#[test]
fn an_empty_site_is_said_to_be_empty() {
    let arrangement = Arrangement::of(day_until_now(63));
    let said = arrangement.program(&["--show", "3"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert!(said.out.starts_with("The 3 hours before "), "{}", said.out);
    assert!(said.out.ends_with(": nothing.\n"), "{}", said.out);
}

#[test]
fn a_wrong_secret_is_said_as_in_a_run() {
    let mut arrangement = Arrangement::of(day_until_now(64));
    arrangement.set("NS_SECRET", "somebody-elses-secret");
    let said = arrangement.program(&["--show"]);
    assert_eq!(said.status, Some(77), "{said:#?}");
    assert!(said.log.contains("NS_SECRET"), "{}", said.log);
}

#[test]
fn hours_that_cannot_be_meant_are_refused() {
    let arrangement = Arrangement::of(day_until_now(65));
    for arguments in [
        &["--show", "0"][..],
        &["--show", "169"],
        &["--show", "--pretend"],
    ] {
        assert_eq!(
            arrangement.program(arguments).status,
            Some(2),
            "{arguments:?}"
        );
    }
}

/// A morning with everything in it: a low, a high, a gap of either kind, a suspension, a combo bolus.
fn morning() -> Day {
    let start: DateTime<Utc> = "2026-11-20T11:00:00Z".parse().expect("a time");
    let minute = |minute: i64| start + Duration::minutes(minute);
    let at = |offset| minute(offset).to_rfc3339();
    let document = |value: Value| -> Document { value.as_object().cloned().expect("an object") };
    let mut treatments: Vec<Document> = (0..48)
        .filter(|index| !(20..26).contains(index))
        .map(|index| {
            let rate = match index {
                8..12 => 0.0,
                0..20 => 0.8,
                _ => 1.35,
            };
            document(json!({"eventType": "Temp Basal", "created_at": at(index * 5), "duration": 5, "absolute": rate}))
        })
        .collect();
    treatments.push(document(
        json!({"eventType": "Meal Bolus", "created_at": at(30), "insulin": 4.25, "carbs": 45}),
    ));
    treatments.push(document(json!({"eventType": "Correction Bolus", "created_at": at(95), "insulin": 0.433, "automatic": true})));
    treatments.push(document(json!({"eventType": "Combo Bolus", "created_at": at(150), "insulin": 2, "relative": 1.5, "duration": 90, "carbs": 30})));
    treatments.push(document(
        json!({"eventType": "Site Change", "created_at": at(60)}),
    ));
    let entries: Vec<Document> = (0..48)
        .filter(|index| !(30..36).contains(index))
        .map(|index| {
            let glucose = 130.0 + 95.0 * f64::sin(index as f64 / 7.0);
            document(json!({"type": "sgv", "sgv": glucose.round(), "date": minute(index * 5).timestamp_millis()}))
        })
        .collect();
    Day::read(&treatments, &entries, start, start + Duration::hours(4))
}

fn canvas(width: usize, unicode: bool, units: GlucoseUnits) -> Canvas {
    Canvas {
        width,
        unicode,
        zone: New_York,
        units,
    }
}

#[test]
fn a_morning_on_a_terminal() {
    let picture = draw(&morning(), &canvas(64, true, GlucoseUnits::MgDl));
    insta::assert_snapshot!(strip_str(&picture).to_string());
}

#[test]
fn a_morning_in_plain_ascii_and_mmol() {
    let picture = draw(&morning(), &canvas(64, false, GlucoseUnits::Mmol));
    insta::assert_snapshot!(strip_str(&picture).to_string());
}

#[test]
fn lows_and_highs_have_colours_of_their_own() {
    let picture = draw(&morning(), &canvas(64, true, GlucoseUnits::MgDl));
    for colour in ["\u{1b}[1m\u{1b}[31m•", "\u{1b}[33m•", "\u{1b}[32m•"] {
        assert!(picture.contains(colour), "{colour:?} in {picture:?}");
    }
}
