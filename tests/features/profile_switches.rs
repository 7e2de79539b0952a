//! Activations of profiles (69) as `Profile Switch` treatments, from days written by hand.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

use super::{by_hand, noon_after};
use crate::pass::by_hand::{event, treatments};
use crate::pass::{filed, text};
use crate::simulator::history::{Plan, settings};

const PROFILES: &[(&str, &str)] = &[("TCONNECTSYNC_HEROKU_FEATURES", "PROFILES")];

fn change(sequence: u64, time: &str, status: i64, letters: Vec<Value>) -> Value {
    let mut properties: Map<String, Value> = letters
        .into_iter()
        .enumerate()
        .map(|(index, letter)| (format!("name{index}"), letter))
        .collect();
    properties.insert("idp".to_owned(), 1.into());
    properties.insert("status".to_owned(), status.into());
    properties.insert("numSegs".to_owned(), 3.into());
    event(sequence, time, 69, properties.into())
}

fn codes(name: &str) -> Vec<Value> {
    let codes = name.bytes().map(Value::from);
    codes.chain(std::iter::repeat(0.into())).take(16).collect()
}

#[test]
fn an_activation_is_a_switch_at_its_instant_however_its_name_is_spelled() {
    let letters = |name: &str| {
        name.chars()
            .map(|letter| letter.to_string().into())
            .collect()
    };
    let events = [
        change(10, "08:00:00", 3, codes("Sport")),
        change(20, "09:00:00", 1, codes("Edited")),
        change(30, "10:00:00", 3, letters("Everyday")),
        change(40, "11:00:00", 3, vec!["Sick day".into(), "".into()]),
        change(50, "12:00:00", 3, codes(" <b>Odd ")),
        change(60, "13:00:00", 3, vec![Value::Null]),
        event(70, "14:00:00", 69, json!({})),
        change(80, "15:00:00", 3, codes("A name of 16 let")),
    ];
    let documents = treatments(&events, PROFILES);
    let said: Vec<(String, &str)> = documents
        .iter()
        .map(|document| {
            assert_eq!(text(document, "eventType"), "Profile Switch");
            // As long as no other one comes; without a length Nightscout forgets it after two days.
            assert_eq!(document["duration"], 0);
            let at = filed(document).with_timezone(&chrono_tz::America::New_York);
            (at.format("%H:%M").to_string(), text(document, "profile"))
        })
        .collect();
    let expected = [
        ("08:00", "Sport"),
        ("10:00", "Everyday"),
        ("11:00", "Sick day"),
        ("12:00", "b>Odd"),
        ("15:00", "A name of 16 let"),
    ];
    assert_eq!(said, expected.map(|(at, name)| (at.to_owned(), name)));
}

#[test]
fn what_else_such_an_event_holds_is_no_unknown_property() {
    let site = by_hand(&[change(10, "08:00:00", 3, codes("Sport"))], "PROFILES");
    let outcome = site.good_pass(noon_after(), &["--days", "3"]);
    assert!(
        !outcome.report.summary().contains("Left out"),
        "{}",
        outcome.report.summary()
    );
}

#[test]
fn a_switch_names_a_profile_of_the_store_and_is_written_once() {
    let site = by_hand(&[change(10, "08:00:00", 3, codes("Sport"))], "PROFILES");
    for _ in 0..2 {
        site.good_pass(noon_after(), &["--days", "3"]);
        let switches = site.nightscout.treatments();
        assert_eq!(switches.len(), 1);
        let stores = site.nightscout.profiles();
        assert_eq!(stores.len(), 1);
        assert!(stores[0]["store"][text(&switches[0], "profile")].is_object());
    }
}

#[test]
fn a_switch_of_before_does_not_count_any_more_once_the_pump_follows_another_profile() {
    for mode in ["add", "replace"] {
        let mut site = by_hand(&[change(10, "08:00:00", 3, codes("Sport"))], "PROFILES");
        site.set("NIGHTSCOUT_PROFILE_UPLOAD_MODE", mode);
        let active = |idp: i64| {
            let mut settings = settings(&Plan::day(1), "2026-05-14T12:00:00Z");
            settings["details"]["profiles"]["activeIdp"] = idp.into();
            site.tandem
                .change_pumps(|pumps| pumps[0].replace = json!({ "settings": settings }));
        };
        active(1);
        site.good_pass(noon_after() - Duration::hours(28), &["--days", "3"]);
        let switch = filed(&site.nightscout.treatments()[0]);
        // And back, of which the pump's log says nothing.
        active(0);
        site.good_pass(noon_after(), &["--days", "3"]);
        let stores = site.nightscout.profiles();
        let newest = stores.iter().max_by_key(|store| text(store, "startDate"));
        let newest = newest.expect("a profile document");
        assert_eq!(text(newest, "defaultProfile"), "Everyday");
        let start: DateTime<Utc> = text(newest, "startDate").parse().expect("an instant");
        assert!(switch < start, "{mode}: Nightscout would go by the switch");
    }
}

#[test]
fn seldom_switches_make_no_run_look_back_for_weeks() {
    let site = by_hand(&[change(10, "08:00:00", 3, codes("Sport"))], "PROFILES");
    site.good_pass(noon_after(), &["--days", "3"]);
    let later = noon_after() + Duration::days(20);
    let outcome = site.good_pass(later, &[]);
    let window = outcome.report.window.expect("a window");
    assert!(window.start > later - Duration::days(2), "{window:?}");
}
