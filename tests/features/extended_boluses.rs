//! Boluses of which a part is given over time, from days written by hand: what each leaves where its record is not whole.

use serde_json::{Value, json};

use super::by_hand;
use crate::pass::by_hand::{event, treatments};
use crate::pass::{filed, number, text};

/// A bolus asked for at 08:00: this share of 4 U at once, the rest over so many minutes.
fn request(percent: i64, minutes: Value) -> Vec<Value> {
    let asked = json!({"bolusId": 7, "bolusType": 0, "carbAmount": 0, "bg": 0, "iob": 0});
    let options =
        json!({"bolusId": 7, "options": 1, "standardPercent": percent, "duration": minutes});
    let sizes = json!({"bolusId": 7, "totalBolusSize": 4});
    vec![
        event(10, "08:00:00", 64, asked),
        event(11, "08:00:00", 65, options),
        event(12, "08:00:00", 66, sizes),
    ]
}

/// Code 280, as the pump begins.
fn started(now: i64, later: i64, minutes: i64) -> Value {
    let properties = json!({
        "bolusId": 7, "bolusDeliveryStatus": 1, "bolusType": [0, 1], "bolusSource": 1, "deliveredTotal": 0,
        "requestedNow": now, "requestedLater": later, "extendedDurationRequested": minutes,
    });
    event(14, "08:00:15", 280, properties)
}

fn given_at_once(units: f64) -> Value {
    let properties = json!({
        "bolusId": 7, "completionStatus": 3, "insulinDelivered": units, "insulinRequested": units,
    });
    event(20, "08:01:00", 20, properties)
}

fn later_part_begun(units: f64) -> Value {
    event(
        21,
        "08:01:02",
        59,
        json!({"bolusId": 7, "bolexSize": units}),
    )
}

fn later_part_ended(time: &str, units: f64, status: i64) -> Value {
    let properties = json!({
        "bolusId": 7, "completionStatus": status, "insulinDelivered": units, "insulinRequested": 4,
    });
    event(40, time, 21, properties)
}

/// Each bolus of a day as its time in New York, type, U at once, U over time, and minutes of that.
fn boluses(events: &[Value]) -> Vec<String> {
    in_words(&treatments(events, &[]))
}

fn in_words(documents: &[Value]) -> Vec<String> {
    let in_words = |document: &Value| {
        let at = filed(document).with_timezone(&chrono_tz::America::New_York);
        let minutes = number(document, "duration");
        let later = number(document, "relative") * minutes / 60.0;
        format!(
            "{} {}: {} U at once, {} U over {minutes} min",
            at.format("%H:%M:%S"),
            text(document, "eventType"),
            number(document, "insulin"),
            (later * 1000.0).round() / 1000.0,
        )
    };
    documents.iter().map(in_words).collect()
}

#[test]
fn a_length_that_the_request_lacks_is_taken_from_the_start() {
    for missing in [Value::Null, json!(0)] {
        let mut events = request(50, missing);
        events.extend([
            started(2000, 2000, 120),
            given_at_once(2.0),
            later_part_begun(2.0),
        ]);
        assert_eq!(
            boluses(&events),
            ["08:01:00 Combo Bolus: 2 U at once, 2 U over 120 min"]
        );
    }
}

#[test]
fn a_later_part_whose_beginning_is_not_on_record_counts_from_its_request() {
    let mut events = request(0, json!(120));
    events.push(started(0, 4000, 120));
    assert_eq!(boluses(&events), [] as [&str; 0]);
    for (time, units, status, minutes) in
        [("10:00:30", 4.0, 3, "120.5"), ("09:00:00", 2.0, 0, "60")]
    {
        events.push(later_part_ended(time, units, status));
        let expected = format!("08:00:00 Combo Bolus: 0 U at once, {units} U over {minutes} min");
        assert_eq!(boluses(&events), [expected]);
        events.pop();
    }
    events.push(later_part_ended("08:00:20", 0.0, 5));
    assert_eq!(boluses(&events), [] as [&str; 0]);
}

#[test]
fn a_later_part_into_the_next_day_is_one_document_whichever_day_is_run_first() {
    let at = |mut event: Value, time: &str| {
        event["pumpDateTime"] = format!("2026-05-{time}").into();
        event
    };
    let mut events: Vec<Value> = request(0, json!(300))
        .into_iter()
        .map(|event| at(event, "14T22:00:00"))
        .collect();
    events.push(at(later_part_ended("", 4.0, 3), "15T03:00:00"));
    for days in [[14, 15, 16], [16, 15, 14]] {
        let site = by_hand(&[], "BOLUS");
        for day in days {
            // The day, and one on either side.
            let fetched = events.iter().filter(|event| {
                let date = text(event, "pumpDateTime").get(8..10);
                let date: i64 = date.and_then(|date| date.parse().ok()).expect("a date");
                (day - 1..=day + 1).contains(&date)
            });
            let fetched: Vec<&Value> = fetched.collect();
            let logs = json!({"events": fetched, "clockChanges": []});
            site.tandem.serve_pump_logs(logs);
            let date = format!("2026-05-{day}");
            let now = "2026-05-20T12:00:00Z".parse().expect("an instant");
            site.good_pass(now, &["--start-date", &date, "--end-date", &date]);
        }
        assert_eq!(
            in_words(&site.nightscout.treatments()),
            ["22:00:00 Combo Bolus: 0 U at once, 4 U over 300 min"]
        );
    }
}

#[test]
fn of_a_later_part_with_nothing_but_its_end_on_record_the_insulin_stays() {
    let events = [later_part_ended("10:00:30", 2.0, 3)];
    assert_eq!(
        boluses(&events),
        ["10:00:30 Correction Bolus: 2 U at once, 0 U over 0 min"]
    );
    let documents = treatments(&events, &[]);
    assert_eq!(
        text(&documents[0], "notes"),
        "extended part, start not recorded"
    );
}

#[test]
fn a_bolus_given_at_once_as_a_whole_has_no_later_part() {
    // The length of an earlier bolus, and less asked for in the end than proposed.
    let mut events = request(100, json!(120));
    events.extend([started(2000, 0, 0), given_at_once(2.0)]);
    assert_eq!(
        boluses(&events),
        ["08:01:00 Correction Bolus: 2 U at once, 0 U over 0 min"]
    );
}

#[test]
fn a_later_part_that_the_pump_began_is_there_whatever_share_was_asked_for() {
    let mut events = request(100, json!(120));
    events.extend([given_at_once(2.0), later_part_begun(2.0)]);
    assert_eq!(
        boluses(&events),
        ["08:01:00 Combo Bolus: 2 U at once, 2 U over 120 min"]
    );
}
