//! Rests and modes that outlast the days which a run fetches around its own.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::{by_hand, in_lines};
use crate::arrangement::Arrangement;
use crate::pass::text;

/// An event of May 2026 in New York.
fn event(number: u64, day: u32, time: &str, code: u32, properties: Value) -> Value {
    let shown = format!("2026-05-{day}T{time}");
    json!({
        "deviceAssignmentId": "5f0c4f0e-2f0b-4a57-9d53-0d6c0a1be001", "eventCode": code, "sequenceGroup": 0,
        "sequenceNumber": number, "pumpDateTime": shown, "eventProperties": properties,
        "estimatedDateTime": format!("{shown}Z"),
    })
}

fn rate(number: u64, day: u32, time: &str, milliunits: i64) -> Value {
    let source = if milliunits == 0 { 0 } else { 3 };
    let properties = json!({"commandedRateSource": source, "commandedRate": milliunits});
    event(number, day, time, 279, properties)
}

/// An event each hour between the 14th at 10:00 and the 18th at 10:00.
fn hourly(code: u32, id: &str) -> impl Iterator<Item = Value> {
    (11..106).map(move |hour| {
        let (day, time) = (14 + hour / 24, format!("{:02}:30:00", hour % 24));
        event(100 + u64::from(hour), day, &time, code, json!({ id: 2 }))
    })
}

/// A pump at rest for four days, which it reports at the beginning and at the end only.
fn long_rest() -> Vec<Value> {
    let mut events = vec![
        rate(10, 14, "09:55:00", 800),
        event(20, 14, "10:00:00", 11, json!({"suspendReason": 0})),
        rate(21, 14, "10:00:00", 0),
    ];
    events.extend(hourly(5, "alarmId"));
    events.extend([
        event(900, 18, "10:00:00", 12, json!({})),
        rate(901, 18, "10:00:00", 900),
        event(902, 18, "10:04:00", 4, json!({"alertId": 7})),
    ]);
    events
}

/// A run that gets, of these events, those of the days that it asks for, as far as they are uploaded by then.
fn run(arrangement: &Arrangement, events: &[Value], now: DateTime<Utc>, arguments: &[&str]) {
    let tandem = &arrangement.tandem;
    let shown = now.with_timezone(&chrono_tz::America::New_York);
    let shown = shown.format("%Y-%m-%dT%H:%M:%S").to_string();
    let mut known: Vec<&Value> = events.iter().collect();
    known.retain(|event| text(event, "pumpDateTime") <= shown.as_str());
    let newest = known.last().map(|event| text(event, "estimatedDateTime"));
    let uploaded = newest.map(|newest| instant(newest) + Duration::hours(4) + Duration::minutes(1));
    let uploaded = uploaded.map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    tandem.change_pumps(|pumps| {
        pumps[0].replace = json!({"lastUploadDate": uploaded, "maxDateOfEvents": null, "availableDataRange": null});
    });
    // What it asks for does not depend on what it gets.
    tandem.serve_pump_logs(json!({"events": [], "clockChanges": []}));
    tandem.clear_requests();
    arrangement.good_pass(now, &[arguments, &["--pretend"]].concat());
    let asked = tandem.requests().into_iter().find_map(|request| {
        Some((
            request.query_value("startDate")?,
            request.query_value("endDate")?,
        ))
    });
    let (first, last) = asked.expect("a run asks for some days");
    known.retain(|event| (first.as_str()..=last.as_str()).contains(&text(event, "pumpDateTime")));
    tandem.serve_pump_logs(json!({"events": known, "clockChanges": []}));
    arrangement.good_pass(now, arguments);
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// The days of the stretches one by one, later than all of them.
fn run_day_by_day(arrangement: &Arrangement, events: &[Value]) {
    for day in 14..=18 {
        let date = format!("2026-05-{day}");
        let arguments = ["--start-date", &date, "--end-date", &date];
        run(arrangement, events, instant(AFTERWARDS), &arguments);
    }
}

/// All of their days at once.
fn run_over_all(arrangement: &Arrangement, events: &[Value]) {
    let arguments = ["--start-date", "2026-05-14", "--end-date", "2026-05-18"];
    run(arrangement, events, instant(AFTERWARDS), &arguments);
}

const AFTERWARDS: &str = "2026-05-25T16:00:00Z";

#[test]
fn a_rest_of_days_is_whole_where_nothing_newer_is_written_meanwhile() {
    let events = long_rest();
    let site = by_hand(&[], "BASAL,BOLUS");
    let mut now = instant("2026-05-14T15:00:00Z");
    while now < instant("2026-05-18T16:00:00Z") {
        run(&site, &events, now, &[]);
        now += Duration::hours(3);
    }
    let once = by_hand(&[], "BASAL,BOLUS");
    run_over_all(&once, &events);
    let lines = in_lines(&site.nightscout.treatments());
    insta::assert_snapshot!(lines, @r#"
    14 09:55:00 Temp Basal, duration 5.000, absolute 0.800, reason "Control-IQ"
    14 10:00:00 Temp Basal, duration 5760.000, absolute 0.000, reason "Suspended"
    18 10:00:00 Temp Basal, duration 30.000, absolute 0.900, reason "Control-IQ"
    "#);
    assert_eq!(in_lines(&once.nightscout.treatments()), lines);
}

#[test]
fn a_rest_that_outlasts_the_days_fetched_is_made_whole_by_a_run_over_all_of_it() {
    let events = long_rest();
    let site = by_hand(&[], "BASAL");
    run_day_by_day(&site, &events);
    insta::assert_snapshot!(in_lines(&site.nightscout.treatments()), @r#"
    14 09:55:00 Temp Basal, duration 5.000, absolute 0.800, reason "Control-IQ"
    14 10:00:00 Temp Basal, duration 2280.000, absolute 0.000, reason "Suspended"
    18 10:00:00 Temp Basal, duration 30.000, absolute 0.900, reason "Control-IQ"
    "#);
    run_over_all(&site, &events);
    insta::assert_snapshot!(in_lines(&site.nightscout.treatments()), @r#"
    14 09:55:00 Temp Basal, duration 5.000, absolute 0.800, reason "Control-IQ"
    14 10:00:00 Temp Basal, duration 5760.000, absolute 0.000, reason "Suspended"
    18 10:00:00 Temp Basal, duration 30.000, absolute 0.900, reason "Control-IQ"
    "#);
}

#[test]
fn a_sleep_that_outlasts_the_days_fetched_is_made_whole_by_a_run_over_all_of_it() {
    let mode = |number, day, modes: [i64; 2], action: i64| {
        let [previous, current] = modes;
        let properties = json!({
            "currentUserMode": current, "previousUserMode": previous, "requestedAction": action,
        });
        event(number, day, "10:00:00", 229, properties)
    };
    let mut events = vec![mode(10, 14, [0, 1], 1)];
    events.extend(hourly(4, "alertId"));
    events.push(mode(900, 18, [1, 0], 2));
    let site = by_hand(&[], "PUMP_EVENTS");
    run_day_by_day(&site, &events);
    insta::assert_snapshot!(in_lines(&site.nightscout.treatments()), @r#"14 10:00:00 Sleep, duration 2250.000, notes "Sleep (scheduled), goes on""#);
    run_over_all(&site, &events);
    insta::assert_snapshot!(in_lines(&site.nightscout.treatments()), @r#"14 10:00:00 Sleep, duration 5760.000, notes "Sleep (scheduled)""#);
}

#[test]
fn what_is_whole_stays_whole_where_a_run_fetches_only_its_first_days() {
    let mode = |number, day, modes: [i64; 2], action: i64| {
        let [previous, current] = modes;
        let properties = json!({
            "currentUserMode": current, "previousUserMode": previous, "requestedAction": action,
        });
        event(number, day, "09:50:00", 229, properties)
    };
    let alert = |number, day, code| event(number, day, "09:40:00", code, json!({"alertId": 7}));
    let mut events = vec![alert(1, 14, 4), mode(5, 14, [0, 1], 1)];
    events.extend(
        long_rest()
            .into_iter()
            .filter(|event| event["sequenceNumber"] != 902),
    );
    events.extend([alert(890, 18, 26), mode(895, 18, [1, 0], 2)]);
    events.sort_by_key(|event| event["sequenceNumber"].as_i64());
    let site = by_hand(&[], "BASAL,PUMP_EVENTS,PUMP_ALERTS");
    run_over_all(&site, &events);
    let whole = site.nightscout.treatments();
    let lasts = |name: &str| {
        let durations = whole
            .iter()
            .filter(|document| text(document, "eventType") == name);
        durations
            .filter_map(|document| document["duration"].as_f64())
            .fold(0.0, f64::max)
    };
    for name in ["Temp Basal", "Sleep", "Pump Alert"] {
        assert!(lasts(name) > 5700.0, "{name}: {whole:#?}");
    }
    run_day_by_day(&site, &events);
    assert_eq!(site.nightscout.treatments(), whole);
}

/// tconnectsync knew of two days of the rest; ours begins where theirs ends.
#[test]
fn what_is_left_of_tconnectsyncs_rest_stays_whole_where_a_run_fetches_only_its_first_days() {
    let events = long_rest();
    // As much as a run by dates sees of it, less, and more.
    for told in [600.0, 2280.0, 2880.0] {
        let site = by_hand(&[], "BASAL");
        let id = site.nightscout.insert_treatment(json!({
            "eventType": "Temp Basal", "created_at": "2026-05-14T14:00:00.000Z", "duration": told, "absolute": 0.0,
            "rate": 0.0, "enteredBy": "Pump (tconnectsync)", "pump_event_id": "21",
        }));
        run_over_all(&site, &events);
        let whole = site.nightscout.treatments();
        let rest = |document: &&Value| {
            document["reason"]
                .as_str()
                .is_some_and(|reason| reason.contains("the rest of"))
        };
        let rest = whole.iter().find(rest).expect("a rest").clone();
        assert_eq!(rest["duration"].as_f64(), Some(5760.0 - told));
        run_day_by_day(&site, &events);
        assert_eq!(site.nightscout.treatments(), whole, "told {told}");

        // Without theirs, ours tells all that is known again.
        let theirs = whole.iter().find(|document| document["_id"] == json!(id));
        site.remove_treatment(theirs.expect("theirs"));
        run_day_by_day(&site, &events);
        let lines = in_lines(&site.nightscout.treatments());
        let all =
            r#"14 10:00:00 Temp Basal, duration 5760.000, absolute 0.000, reason "Suspended""#;
        assert!(lines.contains(all), "told {told}: {lines}");
    }
}
