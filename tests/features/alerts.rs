//! `PUMP_ALERTS`, and the alarms that are announcements, from days written by hand.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::{by_hand, in_lines, noon_after};
use crate::pass::by_hand::{event, treatments};
use crate::pass::{filed, text};

const ALERTS: &[(&str, &str)] = &[("TCONNECTSYNC_HEROKU_FEATURES", "PUMP_ALERTS")];

fn shown(sequence: u64, time: &str, id: i64) -> Value {
    let properties =
        json!({"alertId": id, "faultLocatorData": 8242, "param1": 102, "param2": 249.765_17});
    event(sequence, time, 4, properties)
}

fn cleared(sequence: u64, time: &str, id: i64) -> Value {
    event(
        sequence,
        time,
        26,
        json!({"alertId": id, "faultLocatorData": 0}),
    )
}

#[test]
fn an_alert_lasts_until_it_is_cleared() {
    let events = [
        shown(10, "08:00:00", 0),
        shown(20, "08:30:00", 51),
        cleared(30, "08:35:30", 51),
        shown(31, "08:35:30", 14),
        shown(32, "08:35:30", 2),
        cleared(33, "08:35:30", 14),
        cleared(40, "09:10:00", 0),
        // Its beginning is not on record.
        cleared(41, "09:11:00", 17),
        shown(50, "10:00:00", 51),
        shown(60, "11:00:00", 51),
        cleared(70, "11:01:00", 51),
        shown(80, "12:00:00", 99),
    ];
    insta::assert_snapshot!(in_lines(&treatments(&events, ALERTS)), @r#"
    14 08:00:00 Pump Alert, duration 70.000, notes "Low insulin"
    14 08:30:00 Pump Alert, duration 5.500, notes "Control-IQ low"
    14 08:35:30 Pump Alert, notes "Incomplete tubing fill"
    14 08:35:30.001 Pump Alert, notes "Low power, not cleared when last heard of"
    14 10:00:00 Pump Alert, notes "Control-IQ low, not cleared when last heard of"
    14 11:00:00 Pump Alert, duration 1.000, notes "Control-IQ low"
    14 12:00:00 Pump Alert, notes "Alert 99, not cleared when last heard of"
    "#);
    assert!(treatments(&events, &[("TCONNECTSYNC_HEROKU_FEATURES", "PUMP_EVENTS")]).is_empty());
}

#[test]
fn a_later_pass_completes_an_alert_and_none_before_writes_it_again() {
    let site = by_hand(&[shown(10, "08:00:00", 2)], "PUMP_ALERTS");
    let at = |hours: i64| noon_after() - Duration::hours(24 - hours);
    for hours in [0, 1] {
        site.good_pass(at(hours), &[]);
        let found = site.nightscout.treatments();
        assert_eq!(
            text(&found[0], "notes"),
            "Low power, not cleared when last heard of"
        );
        assert_eq!(site.nightscout.writes(), 1);
    }
    let events = [shown(10, "08:00:00", 2), cleared(20, "13:30:15", 2)];
    site.tandem
        .serve_pump_logs(json!({"events": events, "clockChanges": []}));
    for hours in [2, 3] {
        site.good_pass(at(hours), &[]);
        let found = site.nightscout.treatments();
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0]["duration"], 330.25);
        assert_eq!(text(&found[0], "notes"), "Low power");
        assert_eq!(text(&found[0], "pump_event_id"), "10,20");
        assert_eq!(site.nightscout.writes(), 2);
    }
}

#[test]
fn each_alert_has_a_name() {
    let ids: Vec<i64> = (0..=63).collect();
    let events: Vec<Value> = ids
        .iter()
        .map(|id| {
            shown(
                1000 + *id as u64,
                &format!("{:02}:{:02}:00", id / 60 + 1, id % 60),
                *id,
            )
        })
        .collect();
    let name = |id: i64| {
        let documents = treatments(&events[id as usize..=id as usize], ALERTS);
        text(&documents[0], "notes").replace(", not cleared when last heard of", "")
    };
    for (name_of, numbers) in [
        ("Low insulin", &[0][..]),
        ("Very low insulin", &[17]),
        ("Low power", &[2]),
        ("Very low power", &[3]),
        ("Auto-off soon", &[5]),
        ("Incomplete bolus", &[11]),
        ("Incomplete cartridge change", &[13]),
        ("Incomplete tubing fill", &[14]),
        ("Incomplete cannula fill", &[15]),
        ("Control-IQ high", &[50]),
        ("Control-IQ low", &[51]),
        ("Alert 21", &[21]),
    ] {
        for number in numbers {
            assert_eq!(name(*number), name_of);
        }
    }
}

#[test]
fn alarms_that_stop_the_insulin_are_announced_at_once_and_everything_else_waits() {
    let events: Vec<Value> = (0..=31)
        .map(|id| event(100 + id, "08:00:00", 5, json!({"alarmId": id})))
        .collect();
    let site = by_hand(&events, "PUMP_EVENTS,PUMP_ALERTS");
    let now: DateTime<Utc> = "2026-05-14T12:05:00Z".parse().expect("an instant");
    let outcome = site.good_pass(now, &[]);
    let announced: Vec<Value> = site.nightscout.treatments();
    let numbers: Vec<&str> = announced
        .iter()
        .map(|document| text(document, "pump_event_id"))
        .collect();
    assert_eq!(numbers, ["102", "108", "112", "126"]);
    for document in &announced {
        assert_eq!(document["isAnnouncement"], true);
        assert_eq!(text(document, "eventType"), "Alarm");
        assert!(now - filed(document) < Duration::minutes(10));
    }
    assert_eq!(outcome.report.uploads.total(|tally| tally.held_back), 26);
    site.good_pass(now + Duration::minutes(10), &[]);
    let all = site.nightscout.treatments();
    assert_eq!(all.len(), 30);
    let announcements = all
        .iter()
        .filter(|document| document["isAnnouncement"] == true);
    assert_eq!(announcements.count(), 4);
}
