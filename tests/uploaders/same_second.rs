//! What shares a second with a rate that tconnectsync wrote.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::features;
use crate::pass::by_hand::event;
use crate::pass::{filed, number};

fn report(sequence: u64, time: &str, rate: i64) -> Value {
    let properties = json!({"commandedRate": rate, "commandedRateSource": 3});
    event(sequence, time, 279, properties)
}

/// The rates that stand on a site after a run, each with its length in minutes, whoever wrote them; one of tconnectsync's was
/// there before, of 0.8 U/h and five minutes from 14:00 on.
fn rates_beside(theirs: &Value, events: &[Value]) -> Vec<(f64, f64)> {
    let arrangement = features::by_hand(events, "BASAL");
    let mut document = json!({
        "eventType": "Temp Basal", "enteredBy": "Pump (tconnectsync)", "reason": "Algorithm",
        "created_at": "2026-05-14T18:00:00.000Z", "absolute": 0.8, "rate": 0.8, "duration": 5.0,
    });
    if let (Some(document), Some(theirs)) = (document.as_object_mut(), theirs.as_object()) {
        document.extend(theirs.clone());
    }
    arrangement.nightscout.insert_treatment(document);
    arrangement.good_pass(features::noon_after(), &[]);
    let treatments = arrangement.nightscout.treatments();
    let of_two = treatments.iter().filter(|document| {
        let second = filed(document).timestamp()
            - "2026-05-14T18:00:00Z"
                .parse::<DateTime<Utc>>()
                .expect("a time")
                .timestamp();
        (0..=1).contains(&second)
    });
    let mut rates: Vec<(f64, f64)> = of_two
        .map(|document| (number(document, "absolute"), number(document, "duration")))
        .collect();
    rates.sort_by(|one, other| one.partial_cmp(other).expect("numbers"));
    rates
}

#[test]
fn a_suspension_in_the_second_of_a_report_is_another_thing_than_the_report() {
    let suspended = event(
        12,
        "14:00:00",
        11,
        json!({"suspendReason": 0, "insulinAmount": 120}),
    );
    let resumed = event(20, "14:30:00", 12, json!({"insulinAmount": 120}));
    let events = [
        report(10, "13:55:00", 900),
        report(11, "14:00:00", 800),
        suspended,
        resumed,
        report(21, "14:30:00", 700),
        report(22, "14:35:00", 700),
    ];
    for theirs in [json!({"pump_event_id": "11"}), json!({})] {
        let rates = rates_beside(&theirs, &events);
        assert!(rates.contains(&(0.0, 30.0)), "{theirs}: {rates:?}");
    }
}

#[test]
fn a_rate_without_a_number_is_told_by_one_of_the_same_rate_alone() {
    for (rate, expected) in [
        (800, vec![(0.8, 5.0)]),
        // Rounded as tconnectsync rounds.
        (804, vec![(0.8, 5.0)]),
        (600, vec![(0.6, 5.0), (0.8, 5.0)]),
    ] {
        let events = [
            report(10, "13:55:00", 900),
            report(11, "14:00:00", rate),
            report(12, "14:05:00", 900),
            report(13, "14:10:00", 900),
        ];
        assert_eq!(rates_beside(&json!({}), &events), expected, "{rate} mU/h");
    }
}
