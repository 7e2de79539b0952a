//! Basal rates to the second: suspensions, rate changes and shut-downs as real pumps write them, and what the page shows.

mod page;
mod upgrade;

use serde_json::{Value, json};

use super::{by_hand, in_lines, noon_after};
use crate::pass::by_hand::{event, treatments};
use crate::pass::{filed, number};

/// The day's temp basals, in a line each.
fn lines(events: &[Value]) -> String {
    in_lines(&treatments(
        events,
        &[("TCONNECTSYNC_HEROKU_FEATURES", "BASAL")],
    ))
}

/// Event 279 as captured.
fn report(sequence: u64, time: &str, source: i64, milliunits: i64) -> Value {
    let properties = json!({
        "commandedRateSource": source, "reservedA2": 3, "spareA3": 0, "commandedRate": milliunits,
        "profileBasalRate": 1000, "algorithmRate": 65535, "tempRate": 65535,
    });
    event(sequence, time, 279, properties)
}

/// Event 3 with these bits.
fn change(sequence: u64, time: &str, bits: &[i64], units: f64) -> Value {
    let properties = json!({
        "commandedBasalRate": units, "baseBasalRate": 1, "maxBasalRate": 3, "idp": 0, "changeType": bits,
    });
    event(sequence, time, 3, properties)
}

fn suspended(sequence: u64, time: &str) -> Value {
    let properties = json!({
        "preSuspendState": 106, "insulinAmount": 120, "suspendReason": 0, "rpaTimeout": 15,
    });
    event(sequence, time, 11, properties)
}

fn resumed(sequence: u64, time: &str) -> Value {
    let properties = json!({"preResumeState": 100, "insulinAmount": 105});
    event(sequence, time, 12, properties)
}

fn control_mode(sequence: u64, time: &str, suspended: i64) -> Value {
    let properties = json!({"currentPcm": 0, "previousPcm": 3, "pumpSuspended": suspended});
    event(sequence, time, 230, properties)
}

fn alarm(sequence: u64, time: &str, id: i64) -> Value {
    event(sequence, time, 5, json!({ "alarmId": id }))
}

fn sign_of_life(sequence: u64, time: &str) -> Value {
    event(sequence, time, 4, json!({"alertId": 7}))
}

const SUSPENDED: i64 = 0;
const PROFILE: i64 = 1;
const TEMP: i64 = 2;
const ALGORITHM: i64 = 3;

/// A suspension as captured, with whatever the pump writes at its end.
fn a_suspension(end: &[Value]) -> Vec<Value> {
    let mut events = vec![
        report(10, "09:59:04", ALGORITHM, 800),
        suspended(20, "10:01:49"),
        change(21, "10:01:49", &[4], 0.0),
        control_mode(22, "10:01:49", 1),
        report(30, "10:04:05", SUSPENDED, 0),
        report(40, "10:09:05", SUSPENDED, 0),
        report(50, "10:14:06", SUSPENDED, 0),
    ];
    events.extend(end.iter().cloned());
    events.extend([
        report(70, "10:19:07", ALGORITHM, 750),
        report(80, "10:24:07", ALGORITHM, 910),
    ]);
    events
}

#[test]
fn insulin_stops_and_starts_to_the_second() {
    let before = [
        change(60, "10:16:31", &[5], 0.75),
        resumed(61, "10:16:31"),
        control_mode(62, "10:16:31", 0),
    ];
    let mut after = [
        resumed(61, "10:16:31"),
        control_mode(62, "10:16:31", 0),
        change(63, "10:16:32", &[5], 0.75),
    ];
    insta::assert_snapshot!(lines(&a_suspension(&before)), @r#"
    14 09:59:04 Temp Basal, duration 2.750, absolute 0.800, reason "Control-IQ"
    14 10:01:49 Temp Basal, duration 7.267, absolute 0.000, reason "Suspended"
    14 10:09:05 Temp Basal, duration 5.017, absolute 0.000, reason "Suspended"
    14 10:14:06 Temp Basal, duration 2.417, absolute 0.000, reason "Suspended"
    14 10:16:31 Temp Basal, duration 7.600, absolute 0.750, reason "Control-IQ"
    14 10:24:07 Temp Basal, duration 30.000, absolute 0.910, reason "Control-IQ"
    "#);
    assert_eq!(
        lines(&a_suspension(&after)),
        lines(&a_suspension(&before)),
        "before or after the resumption"
    );
    // Without a word on the rate, the first report tells it.
    assert_eq!(
        lines(&a_suspension(&after[..2])),
        lines(&a_suspension(&before))
    );
    // The rate of the moment, then the report's.
    after[2] = change(63, "10:16:31", &[5], 1.0);
    insta::assert_snapshot!(lines(&a_suspension(&after)), @r#"
    14 09:59:04 Temp Basal, duration 2.750, absolute 0.800, reason "Control-IQ"
    14 10:01:49 Temp Basal, duration 7.267, absolute 0.000, reason "Suspended"
    14 10:09:05 Temp Basal, duration 5.017, absolute 0.000, reason "Suspended"
    14 10:14:06 Temp Basal, duration 2.417, absolute 0.000, reason "Suspended"
    14 10:16:31 Temp Basal, duration 2.600, absolute 1.000
    14 10:19:07 Temp Basal, duration 5.000, absolute 0.750, reason "Control-IQ"
    14 10:24:07 Temp Basal, duration 30.000, absolute 0.910, reason "Control-IQ"
    "#);
}

#[test]
fn a_resumption_that_is_the_newest_event_goes_on_with_the_rate_of_before() {
    let all = a_suspension(&[resumed(61, "10:16:31")]);
    insta::assert_snapshot!(lines(&all[..8]), @r#"
    14 09:59:04 Temp Basal, duration 2.750, absolute 0.800, reason "Control-IQ"
    14 10:01:49 Temp Basal, duration 7.267, absolute 0.000, reason "Suspended"
    14 10:09:05 Temp Basal, duration 5.017, absolute 0.000, reason "Suspended"
    14 10:14:06 Temp Basal, duration 2.417, absolute 0.000, reason "Suspended"
    14 10:16:31 Temp Basal, duration 30.000, absolute 0.800, reason "Control-IQ"
    "#);
}

#[test]
fn a_change_counts_from_its_second_if_the_next_report_agrees() {
    let events = |next: i64| {
        [
            report(10, "10:00:00", PROFILE, 1000),
            change(20, "10:02:10", &[2], 0.4),
            report(30, "10:05:00", TEMP, next),
            report(40, "10:10:00", TEMP, 400),
            // Set and called off again before the next report.
            change(50, "10:11:00", &[3], 1.0),
            change(51, "10:12:30", &[2], 0.4),
            report(60, "10:15:01", TEMP, 400),
            // The same rate as before.
            change(70, "10:17:00", &[0], 0.4),
            report(80, "10:20:01", TEMP, 400),
        ]
    };
    insta::assert_snapshot!(lines(&events(400)), @r#"
    14 10:00:00 Temp Basal, duration 2.167, absolute 1.000, reason "Profile"
    14 10:02:10 Temp Basal, duration 7.833, absolute 0.400, reason "Temp rate"
    14 10:10:00 Temp Basal, duration 1.000, absolute 0.400, reason "Temp rate"
    14 10:11:00 Temp Basal, duration 1.500, absolute 1.000, reason "Profile"
    14 10:12:30 Temp Basal, duration 7.517, absolute 0.400, reason "Temp rate"
    14 10:20:01 Temp Basal, duration 30.000, absolute 0.400, reason "Temp rate"
    "#);
    let disagrees = events(600);
    insta::assert_snapshot!(lines(&disagrees[..3]), @r#"
    14 10:00:00 Temp Basal, duration 2.167, absolute 1.000, reason "Profile"
    14 10:02:10 Temp Basal, duration 2.833, absolute 1.000, reason "Profile"
    14 10:05:00 Temp Basal, duration 30.000, absolute 0.600, reason "Temp rate"
    "#);
    // As long as it is the last word, it counts.
    insta::assert_snapshot!(lines(&disagrees[..2]), @r#"
    14 10:00:00 Temp Basal, duration 2.167, absolute 1.000, reason "Profile"
    14 10:02:10 Temp Basal, duration 30.000, absolute 0.400, reason "Temp rate"
    "#);
}

#[test]
fn a_pump_that_shuts_down_delivers_nothing_until_it_tells_of_a_rate() {
    let shut_down = |ends: &[Value]| {
        let mut events = vec![
            report(10, "02:00:00", PROFILE, 1000),
            alarm(20, "02:03:20", 12),
            change(21, "02:03:20", &[6], 0.0),
        ];
        events.extend(ends.iter().cloned());
        lines(&events)
    };
    insta::assert_snapshot!(shut_down(&[]), @r#"
    14 02:00:00 Temp Basal, duration 3.333, absolute 1.000, reason "Profile"
    14 02:03:20 Temp Basal, duration 30.000, absolute 0.000, reason "Shut down"
    "#);
    insta::assert_snapshot!(shut_down(&[report(30, "04:10:00", PROFILE, 900)]), @r#"
    14 02:00:00 Temp Basal, duration 3.333, absolute 1.000, reason "Profile"
    14 02:03:20 Temp Basal, duration 126.667, absolute 0.000, reason "Shut down"
    14 04:10:00 Temp Basal, duration 30.000, absolute 0.900, reason "Profile"
    "#);
    let resumed = [
        resumed(30, "04:09:00"),
        report(31, "04:10:00", PROFILE, 900),
    ];
    insta::assert_snapshot!(shut_down(&resumed), @r#"
    14 02:00:00 Temp Basal, duration 3.333, absolute 1.000, reason "Profile"
    14 02:03:20 Temp Basal, duration 125.667, absolute 0.000, reason "Shut down"
    14 04:09:00 Temp Basal, duration 31.000, absolute 0.900, reason "Profile"
    "#);
}

#[test]
fn the_alarm_of_an_empty_battery_counts_as_a_shut_down_unless_the_pump_goes_on() {
    let events = [
        report(10, "02:00:00", PROFILE, 1000),
        alarm(20, "02:03:20", 12),
        report(30, "02:05:01", PROFILE, 1000),
        change(40, "02:06:00", &[6], 0.0),
        report(50, "04:10:00", PROFILE, 900),
    ];
    insta::assert_snapshot!(lines(&events[..2]), @r#"
    14 02:00:00 Temp Basal, duration 3.333, absolute 1.000, reason "Profile"
    14 02:03:20 Temp Basal, duration 30.000, absolute 0.000, reason "Shut down"
    "#);
    let alone = [events[0].clone(), events[1].clone(), events[4].clone()];
    insta::assert_snapshot!(lines(&alone), @r#"
    14 02:00:00 Temp Basal, duration 3.333, absolute 1.000, reason "Profile"
    14 02:03:20 Temp Basal, duration 126.667, absolute 0.000, reason "Shut down"
    14 04:10:00 Temp Basal, duration 30.000, absolute 0.900, reason "Profile"
    "#);
    insta::assert_snapshot!(lines(&events), @r#"
    14 02:00:00 Temp Basal, duration 3.333, absolute 1.000, reason "Profile"
    14 02:03:20 Temp Basal, duration 2.667, absolute 1.000, reason "Profile"
    14 02:06:00 Temp Basal, duration 124.000, absolute 0.000, reason "Shut down"
    14 04:10:00 Temp Basal, duration 30.000, absolute 0.900, reason "Profile"
    "#);
}

#[test]
fn a_pump_without_reports_is_believed_by_its_rate_changes() {
    let new_day = |sequence, time, units: f64| {
        event(sequence, time, 90, json!({"commandedBasalRate": units}))
    };
    let events = [
        new_day(10, "00:00:00", 0.8),
        change(20, "06:00:00", &[0], 1.125),
        suspended(30, "08:10:20"),
        change(31, "08:10:20", &[4], 0.0),
        // A segment that begins while nothing is delivered.
        change(35, "08:30:00", &[0], 0.9),
        change(40, "09:00:05", &[5], 0.9),
        resumed(41, "09:00:05"),
        change(50, "12:00:00", &[2], 0.45),
        change(51, "13:00:00", &[3], 0.9),
        sign_of_life(60, "17:30:00"),
    ];
    insta::assert_snapshot!(lines(&events), @r#"
    14 00:00:00 Temp Basal, duration 360.000, absolute 0.800
    14 06:00:00 Temp Basal, duration 130.333, absolute 1.125, reason "Profile"
    14 08:10:20 Temp Basal, duration 49.750, absolute 0.000, reason "Suspended"
    14 09:00:05 Temp Basal, duration 179.917, absolute 0.900
    14 12:00:00 Temp Basal, duration 60.000, absolute 0.450, reason "Temp rate"
    14 13:00:00 Temp Basal, duration 300.000, absolute 0.900, reason "Profile"
    "#);
    // One report is enough for a pump that reports.
    let mut reports = events.to_vec();
    reports.push(report(5, "00:00:01", PROFILE, 800));
    assert_ne!(lines(&reports), lines(&events));
}

#[test]
fn lengths_and_rates_have_the_decimals_that_a_page_can_show() {
    let events = [
        report(10, "10:00:00", PROFILE, 1000),
        report(20, "10:05:01", PROFILE, 1000),
        report(30, "10:10:03", PROFILE, 1000),
    ];
    let documents = treatments(&events, &[]);
    let shown: Vec<String> = documents
        .iter()
        .map(|document| document["duration"].to_string())
        .collect();
    assert_eq!(shown, ["5.017", "5.033", "30"]);
    let bolus = |later: f64, ended: &str| {
        let options = json!({"bolusId": 7, "options": 1, "standardPercent": 50, "duration": 120});
        let completed = json!({"bolusId": 7, "completionStatus": 3, "insulinDelivered": 1, "insulinRequested": 1});
        let extended = json!({"bolusId": 7, "completionStatus": 3, "insulinDelivered": later});
        let events = [
            event(10, "08:00:00", 65, options),
            event(20, "08:01:00", 20, completed),
            event(
                21,
                "08:01:02",
                59,
                json!({"bolusId": 7, "bolexSize": later}),
            ),
            event(30, ended, 21, extended),
        ];
        let document = treatments(&events, &[]).remove(0);
        let given = number(&document, "relative") * number(&document, "duration") / 60.0;
        assert_eq!((given * 1000.0).round(), later * 1000.0, "{document}");
        (
            document["relative"].to_string(),
            document["duration"].to_string(),
        )
    };
    assert_eq!(
        bolus(3.78, "10:01:02"),
        ("1.89".to_owned(), "120".to_owned())
    );
    let odd = ("0.9503".to_owned(), "119.967".to_owned());
    assert_eq!(bolus(1.9, "10:01:00"), odd);
    // Over eight hours, three decimals would leave out or add some thousandths of a unit.
    assert_eq!(bolus(5.003, "15:58:32").0, "0.62865");
}

#[test]
fn what_would_snooze_alarms_is_not_even_corrected() {
    let events = [
        report(10, "09:50:00", PROFILE, 1000),
        report(20, "09:55:00", PROFILE, 900),
        report(30, "10:00:00", PROFILE, 800),
    ];
    let site = by_hand(&events, "BASAL");
    site.good_pass(noon_after(), &["--days", "2"]);
    let mut documents = site.nightscout.treatments();
    assert_eq!(documents.len(), 3);
    for document in &mut documents {
        document["absolute"] = 3.into();
        site.edit_treatment(document);
    }
    let rates = || -> Vec<f64> {
        let documents = site.nightscout.treatments();
        documents
            .iter()
            .map(|document| number(document, "absolute"))
            .collect()
    };
    let newest = filed(&documents[2]);
    let outcome = site.good_pass(newest + chrono::Duration::minutes(6), &[]);
    assert_eq!(rates(), [1.0, 0.9, 3.0]);
    assert_eq!(outcome.report.uploads.total(|tally| tally.held_back), 1);
    site.good_pass(newest + chrono::Duration::minutes(10), &[]);
    assert_eq!(rates(), [1.0, 0.9, 0.8]);
}
