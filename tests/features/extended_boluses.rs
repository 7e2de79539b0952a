//! Boluses of which a part is given over time, from days written by hand: what each leaves where its record is not whole.

use serde_json::{Value, json};

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

/// Each bolus as its time in New York, type, U at once, U over time, and minutes of that.
fn boluses(events: &[Value]) -> Vec<String> {
    let in_words = |document: &Value| {
        let at = filed(document).with_timezone(&chrono_tz::America::New_York);
        let minutes = number(document, "duration");
        format!(
            "{} {}: {} U at once, {} U over {minutes} min",
            at.format("%H:%M:%S"),
            text(document, "eventType"),
            number(document, "insulin"),
            number(document, "relative") * minutes / 60.0,
        )
    };
    treatments(events, &[]).iter().map(in_words).collect()
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
