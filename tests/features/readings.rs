//! Glucose readings beside those of other devices, of tconnectsync, and of this program itself.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::{afterwards, arrange, by_hand, noon_after, taken};
use crate::arrangement::{Arrangement, without_ids};
use crate::pass::by_hand::event;
use crate::pass::text;
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};

/// A G7's reading of the day written by hand, measured at `taken` and recorded at `time`, on the pump's clock.
fn reading(sequence: u64, time: &str, taken: &str, glucose: i64, properties: Value) -> Value {
    let at = format!("2026-05-14T{taken}Z").parse::<DateTime<Utc>>();
    let epoch = "2008-01-01T00:00:00Z".parse::<DateTime<Utc>>();
    let seconds = (at.expect("a time") - epoch.expect("a time")).num_seconds();
    let mut all = json!({
        "currentGlucoseDisplayValue": glucose, "glucoseValueStatus": 0, "cgmDataType": [0], "rate": -6,
        "egvTimeStamp": seconds, "rssi": -78, "algorithmState": 32, "interval": 0,
    });
    for (name, value) in properties.as_object().expect("an object") {
        all[name] = value.clone();
    }
    event(sequence, time, 399, all)
}

/// The entries as local time and glucose.
fn curve(arrangement: &Arrangement) -> Vec<(String, i64)> {
    let entries = arrangement.nightscout.entries();
    let point = |entry: &Value| {
        let local = taken(entry).with_timezone(&chrono_tz::America::New_York);
        (
            local.format("%H:%M:%S").to_string(),
            entry["sgv"].as_i64().expect("a number"),
        )
    };
    entries.iter().map(point).collect()
}

fn points(points: &[(&str, i64)]) -> Vec<(String, i64)> {
    points
        .iter()
        .map(|(time, sgv)| ((*time).to_owned(), *sgv))
        .collect()
}

#[test]
fn a_reading_is_an_entry_at_its_own_time() {
    let events = [reading(10, "00:01:31", "00:01:28", 167, json!({}))];
    let arrangement = by_hand(&events, "CGM");
    let outcome = arrangement.good_pass(noon_after(), &["--days", "3"]);
    insta::assert_json_snapshot!(without_ids(arrangement.nightscout.entries()), @r#"
    [
      {
        "date": 1778731288000,
        "dateString": "2026-05-14T04:01:28.000Z",
        "device": "Pump (tconnectsync)",
        "direction": "Flat",
        "identifier": "f6983ff1-ba72-5ff0-be40-497be152019a",
        "pump_event_id": "10",
        "sgv": 167,
        "sysTime": "2026-05-14T04:01:28.000Z",
        "type": "sgv",
        "utcOffset": -240
      }
    ]
    "#);
    let summary = outcome.report.summary();
    assert!(
        summary.starts_with("Uploaded 1 Glucose Reading. "),
        "{summary}"
    );
    assert!(
        arrangement
            .nightscout
            .requests_to("GET", "/api/v1/treatments")
            .is_empty()
    );
}

#[test]
fn what_is_no_glucose_is_left_out_and_what_comes_twice_is_there_once() {
    let events = [
        reading(10, "08:00:05", "08:00:00", 120, json!({})),
        reading(11, "08:05:05", "08:05:00", 0, json!({"cgmDataType": [4]})),
        reading(
            12,
            "08:10:05",
            "08:10:00",
            130,
            json!({"glucoseValueStatus": 6}),
        ),
        reading(
            13,
            "08:15:05",
            "08:15:00",
            130,
            json!({"glucoseValueStatus": 3}),
        ),
        reading(
            14,
            "08:20:05",
            "08:20:00",
            420,
            json!({"glucoseValueStatus": 1}),
        ),
        reading(
            15,
            "08:25:05",
            "08:25:00",
            31,
            json!({"glucoseValueStatus": 2}),
        ),
        // The sensor sends again what it sent, and what was missed.
        reading(20, "11:00:00", "08:00:00", 121, json!({"cgmDataType": [1]})),
        reading(21, "11:00:00", "08:20:02", 401, json!({"cgmDataType": [1]})),
        reading(
            22,
            "11:00:00",
            "08:30:00",
            140,
            json!({"cgmDataType": [1], "rate": null}),
        ),
    ];
    let arrangement = by_hand(&events, "CGM");
    arrangement.good_pass(noon_after(), &["--days", "3"]);
    let expected = [
        ("08:00:00", 120),
        ("08:20:00", 401),
        ("08:25:00", 39),
        ("08:30:00", 140),
    ];
    assert_eq!(curve(&arrangement), points(&expected));
    let last = arrangement.nightscout.entries().pop().expect("an entry");
    assert!(last["direction"].is_null(), "{last}");
}

/// A reading of any sensor at the pump's clock `time`.
fn reading_of(
    code: u32,
    sequence: u64,
    time: &str,
    [status, kind, rate, shown]: [i64; 4],
) -> Value {
    let properties = json!({"glucoseValueStatus": status, "cgmDataType": [kind], "rate": rate});
    let mut event = reading(sequence, time, time, shown, properties);
    event["eventCode"] = code.into();
    event
}

#[test]
fn on_every_sensor_the_status_decides_and_the_rate_is_in_tenths() {
    const FIVE_MINUTES: i64 = 0;
    const BACKFILL: i64 = 1;
    for code in [256, 372, 399, 480] {
        let readings = [
            // A low and a high without a number are the ones that must not be missing.
            [2, FIVE_MINUTES, -14, 0],
            [1, FIVE_MINUTES, 20, 0],
            [2, FIVE_MINUTES, 127, 31],
            [1, FIVE_MINUTES, 0, 1200],
            [0, FIVE_MINUTES, 7, 316],
            [0, FIVE_MINUTES, -45, 174],
            [0, FIVE_MINUTES, 127, 180],
            [0, BACKFILL, 0, 181],
            [0, BACKFILL, 30, 182],
            [0, FIVE_MINUTES, 0, 0],
            [6, FIVE_MINUTES, 0, 100],
        ];
        let events: Vec<Value> = (0..)
            .zip(readings)
            .map(|(index, reading)| {
                let time = format!("08:{:02}:00", 5 * index);
                reading_of(code, 10 + index, &time, reading)
            })
            .collect();
        let arrangement = by_hand(&events, "CGM");
        arrangement.good_pass(noon_after(), &["--days", "3"]);
        let entries = arrangement.nightscout.entries();
        let shown: Vec<(i64, Option<&str>)> = entries
            .iter()
            .map(|entry| {
                let sgv = entry["sgv"].as_i64().expect("a number");
                (sgv, entry["direction"].as_str())
            })
            .collect();
        let expected = [
            (39, Some("FortyFiveDown")),
            (401, Some("SingleUp")),
            (39, None),
            (401, Some("Flat")),
            (316, Some("Flat")),
            (174, Some("DoubleDown")),
            (180, None),
            (181, None),
            (182, None),
        ];
        assert_eq!(shown, expected, "{code}");
    }
}

#[test]
fn readings_a_minute_apart_are_all_there() {
    const FIVE_MINUTES: i64 = 0;
    const ONE_MINUTE: i64 = 5;
    for code in [372, 480] {
        let of = |sequence, time, kind, shown| {
            reading_of(
                code,
                sequence,
                time,
                [i64::from(shown == 0) * 2, kind, 0, shown],
            )
        };
        let events = [
            of(10, "08:00:00", FIVE_MINUTES, 71),
            of(11, "08:00:00", ONE_MINUTE, 71),
            of(12, "08:01:00", ONE_MINUTE, 58),
            of(13, "08:02:01", ONE_MINUTE, 0),
            of(14, "08:03:00", ONE_MINUTE, 62),
            of(15, "08:05:00", FIVE_MINUTES, 75),
        ];
        let arrangement = by_hand(&events, "CGM");
        arrangement.good_pass(noon_after(), &["--days", "3"]);
        let expected = [
            ("08:00:00", 71),
            ("08:01:00", 58),
            ("08:02:01", 39),
            ("08:03:00", 62),
            ("08:05:00", 75),
        ];
        assert_eq!(curve(&arrangement), points(&expected));
        arrangement.writes_nothing_more(noon_after(), &["--days", "3"]);
    }
}

#[test]
fn where_another_device_has_a_reading_ours_is_not_added() {
    for version in [Version::V14_2_6, Version::V15_0_7] {
        let history = History::generate(&Plan::days(41, 1));
        let now = afterwards(&history);
        let model = arrange(history.clone(), "CGM");
        model.good_pass(now, &["--days", "2"]);
        let ours = model.nightscout.entries();

        let mut arrangement = Arrangement::with(history, Nightscout::version(version));
        arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "CGM");
        // Every second reading is there, up to two and a half minutes off, some at the very millisecond.
        let offsets = [0, -150, 60, 150];
        for (entry, offset) in ours.iter().step_by(2).zip(offsets.into_iter().cycle()) {
            let at = taken(entry) + Duration::seconds(offset);
            arrangement.nightscout.insert_entry(json!({
                "type": "sgv", "sgv": 222, "date": at.timestamp_millis(), "dateString": at.to_rfc3339(),
                "sysTime": at.to_rfc3339(), "device": "xDrip-DexcomG7", "direction": "Flat",
            }));
        }
        let theirs = arrangement.nightscout.entries();
        arrangement.good_pass(now, &["--days", "2"]);
        let all = arrangement.nightscout.entries();
        assert!(theirs.iter().all(|entry| all.contains(entry)));
        let times: Vec<DateTime<Utc>> = all.iter().map(taken).collect();
        let apart = times
            .windows(2)
            .all(|pair| pair[1] - pair[0] > Duration::seconds(149));
        assert!(apart, "{times:#?}");
        let covered = ours.iter().all(|entry| {
            times
                .iter()
                .any(|time| (*time - taken(entry)).abs() <= Duration::seconds(150))
        });
        assert!(covered);
        arrangement.writes_nothing_more(now, &["--days", "2"]);
    }
}

#[test]
fn a_meter_value_at_the_same_moment_is_another_matter() {
    let events = [reading(10, "08:00:05", "08:00:00", 120, json!({}))];
    let arrangement = by_hand(&events, "CGM");
    let at: DateTime<Utc> = "2026-05-14T12:00:00Z".parse().expect("an instant");
    arrangement.nightscout.insert_entry(json!({
        "type": "mbg", "mbg": 118, "date": at.timestamp_millis(), "device": "meter",
    }));
    arrangement.good_pass(noon_after(), &["--days", "3"]);
    assert_eq!(arrangement.nightscout.entries().len(), 2);
}

#[test]
fn readings_of_tconnectsync_count_as_there_also_an_hour_off() {
    let history = History::generate(&Plan::days(42, 1));
    let now = afterwards(&history);
    let model = arrange(history.clone(), "CGM");
    model.good_pass(now, &["--days", "2"]);
    let arrangement = arrange(history, "CGM");
    for entry in model.nightscout.entries() {
        let at = taken(&entry) - Duration::hours(1);
        arrangement.nightscout.insert_entry(json!({
            "type": "sgv", "sgv": entry["sgv"], "date": at.timestamp_millis(),
            "dateString": at.to_rfc3339(), "device": "Pump (tconnectsync)",
            "pump_event_id": entry["pump_event_id"],
        }));
    }
    let outcome = arrangement.good_pass(now, &["--days", "2"]);
    assert_eq!(
        arrangement.nightscout.writes(),
        0,
        "{}",
        outcome.report.summary()
    );
}

#[test]
fn an_outage_of_readings_alone_heals_by_itself() {
    let history = History::generate(&Plan::days(43, 6));
    let start = history.plan.start;
    let whole = arrange(history.clone(), "CGM");
    whole.good_pass(afterwards(&history), &["--days", "7"]);
    let arrangement = arrange(history.clone(), "CGM");
    let first = start + Duration::hours(20);
    arrangement.tandem.set_uploaded_until(first);
    arrangement.good_pass(first, &[]);
    arrangement.tandem.set_uploaded_until(history.plan.end);
    arrangement.good_pass(afterwards(&history), &[]);
    assert_eq!(
        without_ids(arrangement.nightscout.entries()),
        without_ids(whole.nightscout.entries())
    );
}

#[test]
fn readings_that_the_sensor_sends_late_arrive_though_the_next_run_is_a_day_later() {
    let mut events = vec![reading(10, "08:00:05", "08:00:00", 120, json!({}))];
    let arrangement = by_hand(&events, "CGM");
    let eight = noon_after() - Duration::hours(28);
    arrangement.good_pass(eight + Duration::minutes(10), &[]);
    events.push(reading(20, "09:00:05", "07:00:00", 110, json!({})));
    events.push(reading(30, "09:00:06", "07:05:00", 111, json!({})));
    let logs = json!({"events": events, "clockChanges": []});
    arrangement.tandem.serve_pump_logs(logs);
    arrangement.good_pass(eight + Duration::hours(23) + Duration::minutes(50), &[]);
    let expected = [("07:00:00", 110), ("07:05:00", 111), ("08:00:00", 120)];
    assert_eq!(curve(&arrangement), points(&expected));
}

#[test]
fn a_sensor_that_is_not_worn_any_more_does_not_make_every_run_look_back() {
    let history = History::generate(&Plan::days(44, 8));
    let now = afterwards(&history);
    let arrangement = arrange(history, "BASAL,CGM");
    // As if the newest reading were a week old.
    let events = [399].to_vec();
    arrangement
        .tandem
        .configure(|behaviour| behaviour.hidden_codes = events);
    arrangement.nightscout.insert_entry(json!({
        "type": "sgv", "sgv": 120, "date": (now - Duration::days(7)).timestamp_millis(),
        "device": "Pump (tconnectsync)", "pump_event_id": "1",
    }));
    arrangement.good_pass(now, &[]);
    let outcome = arrangement.good_pass(now, &[]);
    let window = outcome.report.window.expect("a window");
    assert_eq!(window.start, now - Duration::days(1));
    let summary = outcome.report.summary();
    assert!(
        summary.contains("Nothing from the pump for CGM."),
        "{summary}"
    );
}

#[test]
fn a_reading_that_the_site_refuses_is_named_and_the_rest_goes_up() {
    let events = [
        reading(10, "08:00:05", "08:00:00", 120, json!({})),
        reading(11, "08:05:05", "08:05:00", 125, json!({})),
        reading(12, "08:10:05", "08:10:00", 130, json!({})),
    ];
    let arrangement = by_hand(&events, "CGM");
    arrangement
        .nightscout
        .refuse_with(400, |document| document["sgv"] == 125);
    let outcome = arrangement.pass(noon_after(), &["--days", "3"]);
    assert_eq!(
        curve(&arrangement),
        points(&[("08:00:00", 120), ("08:10:00", 130)])
    );
    let report = &outcome.report;
    assert_eq!(report.uploads.total(|tally| tally.refused), 1);
    let named = &report.uploads.refusals[0];
    assert!(
        named.starts_with("Glucose Reading of 2026-05-14T08:05:00"),
        "{named}"
    );
}

#[test]
fn a_run_that_pretends_shows_the_entries_and_writes_none() {
    let events = [reading(10, "08:00:05", "08:00:00", 120, json!({}))];
    let arrangement = by_hand(&events, "CGM");
    let outcome = arrangement.good_pass(noon_after(), &["--days", "3", "--pretend"]);
    assert_eq!(arrangement.nightscout.writes(), 0);
    assert_eq!(outcome.report.uploads.documents.len(), 1);
    assert_eq!(
        text(
            &Value::Object(outcome.report.uploads.documents[0].clone()),
            "type"
        ),
        "sgv"
    );
}
