//! Pump events of a day written by hand: what each is called, and stretches that begin, change and end.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::{by_hand, in_lines};
use crate::arrangement::Arrangement;
use crate::pass::by_hand::{event, treatments};
use crate::pass::{filed, text};

const EVENTS_ONLY: &[(&str, &str)] = &[("TCONNECTSYNC_HEROKU_FEATURES", "PUMP_EVENTS")];

/// The day's treatments with these features, in a line each.
fn lines(events: &[Value], features: &str) -> String {
    in_lines(&treatments(
        events,
        &[("TCONNECTSYNC_HEROKU_FEATURES", features)],
    ))
}

fn mode(sequence: u64, time: &str, modes: [i64; 2], action: i64) -> Value {
    let [previous, current] = modes;
    event(
        sequence,
        time,
        229,
        json!({"currentUserMode": current, "previousUserMode": previous, "requestedAction": action}),
    )
}

// As the pump numbers the modes.
const NORMAL: i64 = 0;
const SLEEP: i64 = 1;
const EXERCISE: i64 = 2;
const EATING_SOON: i64 = 3;

fn sign_of_life(sequence: u64, time: &str) -> Value {
    event(sequence, time, 4, json!({"alertId": 7}))
}

#[test]
fn a_cartridge_change_is_insulin_tubing_and_site() {
    let filled = |sequence, time, code, prime: f64, status| {
        event(
            sequence,
            time,
            code,
            json!({"primeSize": prime, "completionStatus": status}),
        )
    };
    let events = [
        event(
            10,
            "08:00:00",
            33,
            json!({"insulinVolume": 180, "v2Volume": 0}),
        ),
        filled(11, "08:00:00", 63, -1.0, 3),
        filled(12, "08:05:00", 63, 15.25, 1),
        filled(13, "08:10:00", 61, 0.3, 0),
        filled(14, "08:12:00", 61, 0.3, 3),
        event(
            20,
            "09:00:00",
            33,
            json!({"insulinVolume": 0, "v2Volume": 95.5}),
        ),
        event(21, "09:10:00", 61, json!({"primeSize": null})),
    ];
    insta::assert_snapshot!(lines(&events, "PUMP_EVENTS"), @r#"
    14 08:00:00 Insulin Change, notes "Cartridge filled: 180 U"
    14 08:00:00 Note, notes "Tubing filled"
    14 08:05:00 Note, notes "Tubing fill stopped by an alarm: 15.25 U"
    14 08:10:00 Note, notes "Cannula fill stopped by the user: 0.3 U"
    14 08:12:00 Site Change, notes "Cannula filled: 0.3 U"
    14 09:00:00 Insulin Change, notes "Cartridge filled: 95.5 U"
    14 09:10:00 Site Change, notes "Cannula filled"
    "#);
}

#[test]
fn suspensions_stand_there_once_by_either_feature_or_both() {
    let stopped = |sequence, time, reason: Value| {
        event(
            sequence,
            time,
            11,
            json!({"suspendReason": reason, "insulinAmount": 120}),
        )
    };
    let resumed = |sequence, time| event(sequence, time, 12, json!({"insulinAmount": 120}));
    let events = [
        stopped(10, "08:00:00", 0.into()),
        resumed(11, "08:20:00"),
        stopped(20, "09:00:00", 6.into()),
        resumed(21, "09:00:00"),
        stopped(22, "09:00:00", 1.into()),
        resumed(30, "10:00:00"),
        stopped(40, "11:00:00", 99.into()),
    ];
    let both = lines(&events, "PUMP_EVENTS,PUMP_EVENTS_BASAL_SUSPENSION");
    insta::assert_snapshot!(both, @r#"
    14 08:00:00 Basal Suspension, reason "Stopped by the user"
    14 08:20:00 Basal Resume
    14 09:00:00 Basal Suspension, reason "Stopped by the low-glucose suspend"
    14 09:00:00 Basal Resume
    14 09:00:00.001 Basal Suspension, reason "Stopped by an alarm"
    14 10:00:00 Basal Resume
    14 11:00:00 Basal Suspension
    "#);
    assert_eq!(lines(&events, "PUMP_EVENTS"), both);
    assert_eq!(lines(&events, "PUMP_EVENTS_BASAL_SUSPENSION"), both);
    assert_eq!(lines(&events, "BOLUS_BG"), "");
}

/// The names of the signals of a code with the numbers from 0 on, by number.
fn names(code: u32, id: &str, numbers: std::ops::RangeInclusive<i64>) -> Vec<(i64, String)> {
    let events: Vec<Value> = numbers
        .map(|number| {
            let minute = format!("{:02}:{:02}:00", 1 + number / 60, number % 60);
            event(1000 + number as u64, &minute, code, json!({ id: number }))
        })
        .collect();
    let features = [("TCONNECTSYNC_HEROKU_FEATURES", "PUMP_EVENTS,CGM_ALERTS")];
    treatments(&events, &features)
        .iter()
        .map(|document| {
            let number: i64 = text(document, "pump_event_id").parse().expect("a number");
            let kind = text(document, "eventType");
            (
                number - 1000,
                format!("{kind}: {}", text(document, "notes")),
            )
        })
        .collect()
}

#[test]
fn alarms_have_names_and_the_reminders_to_resume_are_left_out() {
    let named: &[(&str, &[i64])] = &[
        ("Cartridge alarm", &[0, 1, 5, 6, 9, 16, 20, 29, 30, 31, 34]),
        ("Occlusion", &[2, 26]),
        ("Pump reset", &[3]),
        ("Auto off", &[7]),
        ("Empty cartridge", &[8]),
        ("Temperature", &[10, 11, 15]),
        ("Battery shutdown", &[12]),
        ("Invalid date", &[14]),
        ("Altitude", &[21]),
        ("Stuck button", &[22]),
        ("Pressure", &[24]),
        ("Cartridge removed", &[25]),
    ];
    let name = |id: i64| {
        let known = named.iter().find(|(_, ids)| ids.contains(&id));
        known.map_or(format!("Alarm {id}"), |(name, _)| (*name).to_owned())
    };
    let expected: Vec<(i64, String)> = (0..=40)
        .filter(|id| ![18, 23].contains(id))
        .map(|id| (id, format!("Alarm: {}", name(id))))
        .collect();
    assert_eq!(names(5, "alarmId", 0..=40), expected);
    let malfunctions = names(6, "malfId", 3..=3);
    assert_eq!(malfunctions, [(3, "Alarm: Malfunction 3".to_owned())]);
    // Alerts, and alarms that are over.
    assert_eq!(names(4, "alertId", 0..=20), []);
    assert_eq!(names(28, "alarmId", 0..=20), []);
}

#[test]
fn cgm_alerts_have_names_and_out_of_range_is_left_out() {
    let named = [
        (1, "Fixed low"),
        (2, "High"),
        (3, "Low"),
        (4, "Calibration requested"),
        (5, "Rise"),
        (6, "Rapid rise"),
        (7, "Fall"),
        (8, "Rapid fall"),
        (9, "Calibration error"),
        (10, "Calibration error"),
        (11, "Sensor failed"),
        (12, "Sensor expires soon"),
        (13, "Sensor expired"),
        (16, "First start-up calibration"),
        (17, "Second start-up calibration"),
        (18, "Calibration required"),
        (19, "Transmitter battery low"),
        (20, "Transmitter error"),
        (22, "Sensor expires soon"),
        (24, "Urgent low soon"),
        (25, "Replace sensor"),
        (26, "Sensor temperature"),
        (27, "Connection failed"),
        (28, "Check sensor"),
        (29, "Reading unusable"),
        (31, "Grace period started"),
        (32, "Grace period ends soon"),
        (39, "Transmitter expired"),
        (40, "Pump Bluetooth error"),
        (45, "Transmitter expires soon"),
        (46, "Transmitter expires soon"),
        (48, "CGM unavailable"),
    ];
    let name = |id: i64| {
        let known = named.iter().find(|(number, _)| *number == id);
        known.map_or(format!("CGM alert {id}"), |(_, name)| (*name).to_owned())
    };
    let expected: Vec<(i64, String)> = (0..=50)
        .filter(|id| *id != 14)
        .map(|id| (id, format!("CGM Alert: {}", name(id))))
        .collect();
    for code in [171, 369, 460] {
        assert_eq!(names(code, "dalertId", 0..=50), expected, "{code}");
    }
}

#[test]
fn a_stretch_of_sleep_or_exercise_is_one_document_from_its_start_to_its_end() {
    let events = [
        mode(10, "00:10:00", [NORMAL, SLEEP], 1),
        mode(11, "00:13:55", [SLEEP, NORMAL], 2),
        // One mode right into another.
        mode(20, "01:00:00", [NORMAL, SLEEP], 1),
        mode(21, "07:00:30", [SLEEP, EXERCISE], 3),
        mode(22, "07:45:00", [EXERCISE, NORMAL], 4),
        // Everything stopped at once.
        mode(30, "09:00:00", [NORMAL, EXERCISE], 3),
        mode(31, "09:10:00", [EXERCISE, NORMAL], 5),
        // Eating soon is told by the boluses that it makes, but it ends what was on.
        mode(40, "10:00:00", [NORMAL, EATING_SOON], 6),
        mode(41, "10:30:00", [EATING_SOON, SLEEP], 1),
        mode(42, "11:00:00", [SLEEP, EATING_SOON], 6),
        mode(43, "11:20:00", [EATING_SOON, NORMAL], 7),
    ];
    insta::assert_snapshot!(lines(&events, "PUMP_EVENTS"), @r#"
    14 00:10:00 Sleep, duration 3.917, notes "Sleep (scheduled)"
    14 01:00:00 Sleep, duration 360.500, notes "Sleep (scheduled)"
    14 07:00:30 Exercise, duration 44.500, notes "Exercise"
    14 09:00:00 Exercise, duration 10.000, notes "Exercise"
    14 10:30:00 Sleep, duration 30.000, notes "Sleep (scheduled)"
    "#);
}

#[test]
fn a_timed_exercise_says_its_plan_and_that_the_timer_ended_it() {
    let exercise = |modes: [i64; 2], action, by_timer| {
        let [previous, current] = modes;
        json!({
            "currentUserMode": current, "previousUserMode": previous, "requestedAction": action,
            "exerciseChoice": 1, "exerciseTime": 45, "exerciseStoppedByTimer": by_timer,
        })
    };
    // A continuous one keeps the minutes of the timed one before.
    let mut continuous = exercise([NORMAL, EXERCISE], 3, 0);
    continuous["exerciseChoice"] = 0.into();
    let events = [
        (10, "08:00:00", exercise([NORMAL, EXERCISE], 3, 0)),
        (11, "08:45:00", exercise([EXERCISE, NORMAL], 4, 1)),
        (20, "18:00:00", exercise([NORMAL, EXERCISE], 3, 0)),
        (21, "18:20:00", exercise([EXERCISE, NORMAL], 4, 0)),
        (30, "20:00:00", continuous),
        (31, "20:30:00", exercise([EXERCISE, NORMAL], 4, 0)),
    ]
    .map(|(sequence, time, properties)| event(sequence, time, 229, properties));
    insta::assert_snapshot!(lines(&events, "PUMP_EVENTS"), @r#"
    14 08:00:00 Exercise, duration 45.000, notes "Exercise (45 min), timer ran out"
    14 18:00:00 Exercise, duration 20.000, notes "Exercise (45 min)"
    14 20:00:00 Exercise, duration 30.000, notes "Exercise"
    "#);
}

#[test]
fn a_stretch_that_still_runs_lasts_to_the_newest_event_and_says_so() {
    let events = [
        mode(10, "08:00:00", [NORMAL, EXERCISE], 3),
        sign_of_life(20, "08:40:00"),
    ];
    insta::assert_snapshot!(lines(&events, "PUMP_EVENTS"), @r#"14 08:00:00 Exercise, duration 40.000, notes "Exercise, goes on""#);
}

#[test]
fn a_stretch_from_before_the_window_is_completed_but_never_begun() {
    let night = [
        mode(10, "00:10:00", [NORMAL, SLEEP], 1),
        sign_of_life(20, "02:00:00"),
        // Without it, the run would start a day before the newest document, which is the sleep.
        event(30, "20:00:00", 5, json!({"alarmId": 2})),
        mode(40, "23:40:00", [SLEEP, NORMAL], 2),
    ];
    let run = |arrangement: &Arrangement, events: &[Value], now: &str| {
        let now: DateTime<Utc> = now.parse().expect("an instant");
        let uploaded = (now - Duration::minutes(5))
            .format("%Y-%m-%dT%H:%M:%SZ")
            .to_string();
        let logs = json!({"events": events, "clockChanges": []});
        arrangement.tandem.serve_pump_logs(logs);
        arrangement.tandem.change_pumps(|pumps| {
            pumps[0].replace = json!({"lastUploadDate": uploaded, "maxDateOfEvents": null});
        });
        arrangement.good_pass(now, &[]);
    };
    let after = "2026-05-15T04:30:00Z";
    let arrangement = by_hand(&[], "PUMP_EVENTS");
    run(&arrangement, &night[..2], "2026-05-14T06:20:00Z");
    run(&arrangement, &night[..3], "2026-05-15T00:20:00Z");
    run(&arrangement, &night, after);
    insta::assert_snapshot!(in_lines(&arrangement.nightscout.treatments()), @r#"
    14 00:10:00 Sleep, duration 1410.000, notes "Sleep (scheduled)"
    14 20:00:00 Alarm, notes "Occlusion"
    "#);
    let late = by_hand(&[], "PUMP_EVENTS");
    run(&late, &night, after);
    insta::assert_snapshot!(in_lines(&late.nightscout.treatments()), @r#"14 20:00:00 Alarm, notes "Occlusion""#);
}

#[test]
fn what_the_log_lost_of_a_stretch_is_not_made_up() {
    let events = [
        // Whose start is not there.
        mode(10, "06:00:00", [SLEEP, NORMAL], 2),
        // Whose end is not there.
        mode(20, "08:00:00", [NORMAL, EXERCISE], 3),
        mode(30, "20:00:00", [NORMAL, SLEEP], 1),
        // Said twice.
        mode(31, "20:05:00", [SLEEP, SLEEP], 1),
        mode(32, "21:00:00", [SLEEP, NORMAL], 2),
    ];
    insta::assert_snapshot!(lines(&events, "PUMP_EVENTS"), @r#"
    14 08:00:00 Exercise, duration 720.000, notes "Exercise, end unknown"
    14 20:00:00 Sleep, duration 60.000, notes "Sleep (scheduled)"
    "#);
}

#[test]
fn a_mode_that_nobody_knows_by_number_is_judged_by_what_was_asked_for() {
    let asked = |sequence, time, action: i64| {
        event(sequence, time, 229, json!({ "requestedAction": action }))
    };
    let events = [
        asked(10, "08:00:00", 3),
        asked(11, "08:30:00", 2),
        asked(12, "09:00:00", 4),
        asked(20, "10:00:00", 1),
        asked(21, "10:10:00", 42),
        asked(22, "10:30:00", 5),
    ];
    insta::assert_snapshot!(lines(&events, "PUMP_EVENTS"), @r#"
    14 08:00:00 Exercise, duration 60.000, notes "Exercise"
    14 10:00:00 Sleep, duration 30.000, notes "Sleep (scheduled)"
    "#);
}

#[test]
fn only_glucoses_typed_in_are_finger_checks() {
    let entered = |sequence, time, bg: i64, source: Value, calibration: i64| {
        let properties =
            json!({"bg": bg, "bgEntryType": source, "cgmCalibration": calibration, "iob": 1.2});
        event(sequence, time, 16, properties)
    };
    let events = [
        entered(10, "08:00:00", 151, 0.into(), 0),
        entered(11, "09:00:00", 164, 1.into(), 0),
        entered(12, "10:00:00", 90, 0.into(), 1),
        entered(13, "11:00:00", 90, Value::Null, 0),
    ];
    let documents = treatments(&events, &[("TCONNECTSYNC_HEROKU_FEATURES", "BOLUS_BG")]);
    insta::assert_json_snapshot!(documents, @r#"
    [
      {
        "created_at": "2026-05-14T12:00:00.000Z",
        "enteredBy": "Pump (tconnectsync)",
        "eventType": "BG Check",
        "glucose": 151,
        "glucoseType": "Finger",
        "identifier": "b34da994-049d-5ba6-a701-da01e44a3d36",
        "pump_event_id": "10",
        "units": "mg/dl",
        "utcOffset": -240
      },
      {
        "created_at": "2026-05-14T14:00:00.000Z",
        "enteredBy": "Pump (tconnectsync)",
        "eventType": "BG Check",
        "glucose": 90,
        "glucoseType": "Finger",
        "identifier": "64c065ba-9551-5622-b5b0-42273c64c26e",
        "notes": "Calibration",
        "pump_event_id": "12",
        "units": "mg/dl",
        "utcOffset": -240
      }
    ]
    "#);
}

#[test]
fn two_of_a_kind_in_one_second_both_stay() {
    let alarm = |sequence, id| event(sequence, "08:00:00", 5, json!({ "alarmId": id }));
    let both = treatments(&[alarm(10, 2), alarm(11, 8)], EVENTS_ONLY);
    let found: Vec<_> = both
        .iter()
        .map(|document| {
            (
                filed(document).timestamp_subsec_millis(),
                text(document, "notes"),
            )
        })
        .collect();
    assert_eq!(found, [(0, "Occlusion"), (1, "Empty cartridge")]);
}
