//! Documents of histories written by hand: rates where data is missing or the pump rests, and a bolus whole.

use chrono::{Duration, NaiveDateTime, TimeZone, Utc};
use serde_json::{Value, json};

use super::{filed, minutes, number, text};
use crate::arrangement::{Arrangement, without_ids};
use crate::simulator::history::{History, Plan};

/// The day of the histories: 2026-05-14 in New York, four hours behind UTC.
pub fn event(sequence: u64, time: &str, code: u32, properties: Value) -> Value {
    json!({
        "deviceAssignmentId": "5f0c4f0e-2f0b-4a57-9d53-0d6c0a1be001",
        "eventCode": code,
        "sequenceGroup": 0,
        "sequenceNumber": sequence,
        "pumpDateTime": format!("2026-05-14T{time}"),
        "eventProperties": properties,
        "estimatedDateTime": format!("2026-05-14T{time}Z"),
    })
}

fn rate(sequence: u64, time: &str, milliunits: i64) -> Value {
    let source = if milliunits == 0 { 0 } else { 3 };
    event(
        sequence,
        time,
        279,
        json!({
            "commandedRateSource": source, "commandedRate": milliunits, "profileBasalRate": 1000,
            "algorithmRate": milliunits, "tempRate": 65535, "reservedA2": 3,
        }),
    )
}

fn suspended(sequence: u64, time: &str) -> Value {
    event(
        sequence,
        time,
        11,
        json!({"suspendReason": 0, "insulinAmount": 120, "preSuspendState": 0}),
    )
}

fn resumed(sequence: u64, time: &str) -> Value {
    event(
        sequence,
        time,
        12,
        json!({"insulinAmount": 120, "preResumeState": 1}),
    )
}

/// Something happened then: the pump's log reaches this far.
fn sign_of_life(sequence: u64, time: &str) -> Value {
    event(sequence, time, 4, json!({"alertId": 7}))
}

/// The treatments that a day with these events makes.
pub fn treatments(events: &[Value], variables: &[(&str, &str)]) -> Vec<Value> {
    let mut arrangement = Arrangement::of(History::generate(&Plan::day(1)));
    // The uploads of a log made by hand tell nothing of the zone.
    arrangement.set("TCONNECTSYNC_HEROKU_TRUST_TIMEZONE", "true");
    for (name, value) in variables {
        arrangement.set(name, value);
    }
    arrangement
        .tandem
        .serve_pump_logs(json!({"events": events, "clockChanges": []}));
    let now = Utc
        .with_ymd_and_hms(2026, 5, 20, 12, 0, 0)
        .single()
        .expect("an instant");
    arrangement.good_pass(
        now,
        &["--start-date", "2026-05-14", "--end-date", "2026-05-14"],
    );
    without_ids(arrangement.nightscout.treatments())
}

/// The temp basals as time in New York, U/h, and length.
fn basal(events: &[Value]) -> Vec<(String, f64, Duration)> {
    basal_with(events, &[])
}

fn basal_with(events: &[Value], variables: &[(&str, &str)]) -> Vec<(String, f64, Duration)> {
    treatments(events, variables)
        .iter()
        .filter(|document| text(document, "eventType") == "Temp Basal")
        .map(|document| {
            let at = filed(document).with_timezone(&chrono_tz::America::New_York);
            let length = minutes(number(document, "duration"));
            (
                at.format("%H:%M:%S").to_string(),
                number(document, "absolute"),
                length,
            )
        })
        .collect()
}

fn expected(table: &[(&str, f64, &str)]) -> Vec<(String, f64, Duration)> {
    let midnight = NaiveDateTime::parse_from_str("2026-05-14 00:00:00", "%Y-%m-%d %H:%M:%S");
    table
        .iter()
        .map(|(time, rate, end)| {
            let at = |time: &str| {
                NaiveDateTime::parse_from_str(&format!("2026-05-14 {time}"), "%Y-%m-%d %H:%M:%S")
                    .expect("the table's own times are well formed")
                    - midnight.expect("a midnight")
            };
            ((*time).to_owned(), *rate, at(end) - at(time))
        })
        .collect()
}

#[test]
fn a_numbering_that_starts_again_goes_on_where_the_old_one_ended() {
    let again = |mut event: Value| {
        event["sequenceGroup"] = 1.into();
        event
    };
    let events = [
        rate(500_000, "08:00:00", 1279),
        rate(500_010, "08:05:00", 1000),
        again(rate(1, "08:20:00", 800)),
        again(rate(9, "08:25:00", 900)),
        again(sign_of_life(10, "08:34:00")),
    ];
    let rates = [
        ("08:00:00", 1.279, "08:05:00"),
        ("08:05:00", 1.0, "08:20:00"),
        ("08:20:00", 0.8, "08:25:00"),
        ("08:25:00", 0.9, "08:55:00"),
    ];
    assert_eq!(basal(&events), expected(&rates));
}

#[test]
fn a_rate_lasts_to_the_next_and_at_most_half_an_hour() {
    let events = [
        rate(10, "00:01:00", 1279),
        rate(20, "00:06:00", 1000),
        sign_of_life(30, "11:02:20"),
    ];
    let table = [
        ("00:01:00", 1.279, "00:06:00"),
        ("00:06:00", 1.0, "00:36:00"),
    ];
    assert_eq!(basal(&events), expected(&table));
}

#[test]
fn the_newest_rate_lasts_half_an_hour() {
    let table = [("10:00:00", 0.8, "10:30:00")];
    assert_eq!(basal(&[rate(10, "10:00:00", 800)]), expected(&table));
    assert_eq!(
        basal(&[rate(10, "10:00:00", 800), sign_of_life(20, "10:12:30")]),
        expected(&table)
    );
}

#[test]
fn a_suspended_pump_delivers_nothing_until_it_reports_a_rate_or_resumes() {
    let reported = [
        rate(10, "10:00:00", 800),
        suspended(20, "10:03:00"),
        rate(21, "10:03:00", 0),
        resumed(30, "11:30:00"),
        rate(31, "11:30:01", 900),
        sign_of_life(40, "11:36:00"),
    ];
    let table = [
        ("10:00:00", 0.8, "10:03:00"),
        ("10:03:00", 0.0, "11:30:00"),
        ("11:30:00", 0.9, "12:00:01"),
    ];
    assert_eq!(basal(&reported), expected(&table));
    let unreported = [
        rate(10, "10:00:00", 800),
        suspended(20, "10:03:00"),
        resumed(30, "11:30:00"),
        rate(31, "11:30:01", 900),
        sign_of_life(40, "11:36:00"),
    ];
    assert_eq!(basal(&unreported), expected(&table));
}

#[test]
fn a_pump_still_suspended_delivers_nothing_until_half_an_hour_after_the_newest_event() {
    let events = [
        rate(10, "10:00:00", 800),
        suspended(20, "10:03:00"),
        sign_of_life(30, "14:00:00"),
    ];
    let table = [("10:00:00", 0.8, "10:03:00"), ("10:03:00", 0.0, "14:30:00")];
    assert_eq!(basal(&events), expected(&table));
}

#[test]
fn a_suspension_begins_at_its_event_and_the_report_that_says_so_adds_nothing() {
    let events = [
        rate(10, "10:00:00", 800),
        suspended(20, "10:03:00"),
        rate(30, "10:05:00", 0),
        rate(40, "10:10:00", 0),
    ];
    let table = [
        ("10:00:00", 0.8, "10:03:00"),
        ("10:03:00", 0.0, "10:10:00"),
        ("10:10:00", 0.0, "10:40:00"),
    ];
    assert_eq!(basal(&events), expected(&table));
}

#[test]
fn two_rates_of_one_second_leave_the_later_one() {
    let events = [
        rate(10, "10:00:00", 800),
        rate(11, "10:00:00", 500),
        rate(20, "10:05:00", 700),
    ];
    let table = [("10:00:00", 0.5, "10:05:00"), ("10:05:00", 0.7, "10:35:00")];
    assert_eq!(basal(&events), expected(&table));
}

#[test]
fn a_rate_before_a_step_back_of_the_clock_lasts_five_minutes() {
    let events = [
        rate(10, "10:00:00", 800),
        rate(11, "09:30:00", 500),
        rate(20, "09:35:00", 700),
    ];
    let table = [
        ("09:30:00", 0.5, "09:35:00"),
        // The pump tells nothing newer.
        ("09:35:00", 0.7, "10:05:00"),
        ("10:00:00", 0.8, "10:05:00"),
    ];
    assert_eq!(basal(&events), expected(&table));
}

#[test]
fn rates_of_zero_are_left_out_on_demand() {
    let events = [
        rate(10, "10:00:00", 800),
        rate(20, "10:05:00", 0),
        rate(30, "10:10:00", 900),
    ];
    let table = [("10:00:00", 0.8, "10:05:00"), ("10:10:00", 0.9, "10:40:00")];
    assert_eq!(
        basal_with(&events, &[("IGNORE_ZERO_UNIT_BASAL", "true")]),
        expected(&table)
    );
}

#[test]
fn a_meal_bolus_from_the_phone_says_all_that_the_pump_recorded() {
    let request = json!({"bolusId": 77, "bolusType": 3, "correctionBolusIncluded": 1, "carbAmount": 20, "bg": 116, "iob": 0, "carbRatio": 0});
    let options = json!({"bolusId": 77, "options": 4, "standardPercent": 100, "duration": 0, "userOverride": 1, "declinedCorrection": 0});
    let sizes = json!({"bolusId": 77, "foodBolusSize": 3.33, "correctionBolusSize": 0.2, "totalBolusSize": 3.53});
    let ended = json!({"bolusId": 77, "completionStatus": 0, "iob": 3.1, "insulinDelivered": 3.1, "insulinRequested": 3.53});
    let glucose = json!({"bg": 116, "cgmCalibration": 0, "bgEntryType": 1, "iob": 0, "targetBg": 110, "isf": 30});
    let events = [
        event(9, "11:02:18", 16, glucose),
        event(10, "11:02:20", 64, request),
        event(11, "11:02:20", 65, options),
        event(12, "11:02:20", 66, sizes),
        event(20, "11:04:18", 20, ended),
    ];
    insta::assert_json_snapshot!(treatments(&events, &[]), @r#"
    [
      {
        "boluscalc": {
          "bg": 116,
          "carbs": 20,
          "insulin": 3.53,
          "insulinbg": 0.2,
          "insulincarbs": 3.33
        },
        "carbs": 20,
        "created_at": "2026-05-14T15:04:18.000Z",
        "enteredBy": "Pump (tconnectsync)",
        "eventType": "Meal Bolus",
        "glucose": 116,
        "glucoseType": "Sensor",
        "identifier": "85a83dad-0a1b-565c-8c89-d35c33f02840",
        "insulin": 3.1,
        "notes": "Phone bolus, override, stopped by the user: 3.1 of 3.53 U",
        "pump_event_id": "20,10,11,12",
        "units": "mg/dl",
        "utcOffset": -240
      }
    ]
    "#);
}
