//! The pump's newest state: what it holds, how old its parts may be, and that it is written once.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use tconnectsync_heroku::config::Feature;

use super::{afterwards, arrange, by_hand, noon_after};
use crate::arrangement::{Arrangement, without_ids};
use crate::pass::by_hand::event;
use crate::pass::{filed, text};
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::Nightscout;
use crate::simulator::tandem::Pump;

const BOTH: &str = "DEVICE_STATUS,IOB";

fn snapshot(sequence: u64, time: &str, insulin: i64, battery: i64, iob: i64) -> Value {
    event(
        sequence,
        time,
        9,
        json!({"insulin": insulin, "ibc": battery, "iob": iob}),
    )
}

fn rate(sequence: u64, time: &str, source: i64) -> Value {
    let rate = if source == 0 { 0 } else { 800 };
    event(
        sequence,
        time,
        279,
        json!({"commandedRate": rate, "commandedRateSource": source}),
    )
}

fn bolus_ended(sequence: u64, time: &str, iob: f64) -> Value {
    let properties = json!({
        "bolusId": 7, "completionStatus": 3, "iob": iob, "insulinDelivered": 2, "insulinRequested": 2,
    });
    event(sequence, time, 20, properties)
}

/// The one document that a day with these events leaves.
#[track_caller]
fn status(events: &[Value], features: &str) -> Value {
    let arrangement = by_hand(events, features);
    arrangement.good_pass(noon_after(), &["--days", "3"]);
    let mut documents = without_ids(arrangement.nightscout.devicestatuses());
    assert_eq!(documents.len(), 1, "{documents:#?}");
    documents.remove(0)
}

#[test]
fn one_document_says_what_was_reported_and_when() {
    let daily = json!({"batteryChargePercent": 74, "batteryLipoMilliVolts": 3970, "iob": 0.5, "lastBasalRate": 0.8});
    let stopped = json!({"suspendReason": 0, "insulinAmount": 121});
    let events = [
        event(10, "00:00:05", 81, daily),
        snapshot(20, "07:00:00", 140, 0, 30),
        event(30, "07:58:00", 34, json!({"ibc": 71})),
        bolus_ended(35, "08:00:00", 2.043_299_9),
        event(40, "08:02:00", 11, stopped),
        rate(41, "08:02:00", 0),
        rate(50, "08:07:00", 0),
    ];
    insta::assert_json_snapshot!(status(&events, BOTH), @r#"
    {
      "created_at": "2026-05-14T12:07:00.000Z",
      "device": "Pump (tconnectsync)",
      "identifier": "02af8198-2a8a-50f0-9b89-2e44c7099e61",
      "pump": {
        "battery": {
          "percent": 71
        },
        "clock": "2026-05-14T08:07:00.000-04:00",
        "extended": {
          "Battery as of": "2026-05-14 07:58",
          "IOB as of": "2026-05-14 08:00",
          "Reservoir as of": "2026-05-14 08:02",
          "Suspended since": "2026-05-14 08:02"
        },
        "iob": {
          "iob": 2.043,
          "timestamp": "2026-05-14T08:00:00.000-04:00"
        },
        "reservoir": 121,
        "status": {
          "status": "suspended",
          "suspended": true,
          "timestamp": "2026-05-14T08:07:00.000-04:00"
        }
      },
      "utcOffset": -240
    }
    "#);
}

#[test]
fn a_suspension_that_began_before_the_history_has_no_beginning() {
    let state = status(&[rate(10, "08:00:00", 0), rate(20, "08:05:00", 0)], BOTH);
    assert_eq!(state["pump"]["status"]["suspended"], true);
    assert!(state["pump"]["extended"].is_null(), "{state}");
    let resumed = [
        rate(10, "08:00:00", 0),
        rate(20, "08:05:00", 3),
        rate(30, "08:10:00", 0),
    ];
    let ages = &status(&resumed, BOTH)["pump"]["extended"];
    assert_eq!(ages["Suspended since"], "2026-05-14 08:10");
}

#[test]
fn each_feature_has_its_part() {
    let events = [
        rate(9, "07:58:00", 3),
        snapshot(10, "08:00:00", 140, 80, 30),
        rate(11, "08:03:00", 3),
        bolus_ended(20, "08:05:00", 2.0),
        rate(30, "08:07:00", 3),
    ];
    let state = status(&events, "DEVICE_STATUS");
    // 2 U, and seven minutes of 0.8 U/h.
    assert_eq!(state["pump"]["reservoir"], 137.907);
    assert!(state["pump"]["iob"].is_null(), "{state}");
    // An insulin on board is as old as the document: Nightscout looks at nothing else.
    insta::assert_json_snapshot!(status(&events, "IOB"), @r#"
    {
      "created_at": "2026-05-14T12:05:00.000Z",
      "device": "Pump (tconnectsync)",
      "identifier": "07af391c-9a4b-509a-9cc1-caba44b8c0bc",
      "pump": {
        "clock": "2026-05-14T08:05:00.000-04:00",
        "extended": {
          "IOB as of": "2026-05-14 08:05"
        },
        "iob": {
          "iob": 2,
          "timestamp": "2026-05-14T08:05:00.000-04:00"
        }
      },
      "utcOffset": -240
    }
    "#);
}

#[test]
fn what_is_too_old_to_stand_beside_the_rest_is_left_out() {
    let daily = |sequence, time| {
        let properties = json!({"batteryChargePercent": 74, "batteryLipoMilliVolts": 3970});
        event(sequence, time, 81, properties)
    };
    let events = [
        daily(10, "00:00:05"),
        snapshot(20, "06:00:00", 140, 80, 30),
        bolus_ended(30, "09:50:00", 2.0),
        rate(40, "10:01:00", 3),
    ];
    let state = status(&events, BOTH);
    assert!(state["pump"]["reservoir"].is_null(), "{state}");
    assert_eq!(state["pump"]["battery"], json!({"percent": 80}));
    assert_eq!(state["pump"]["iob"]["iob"], 2);
    let mut events = events.to_vec();
    events.push(rate(50, "10:06:00", 3));
    assert!(status(&events, BOTH)["pump"]["iob"].is_null());
}

#[test]
fn no_insulin_on_board_is_said_so_that_nightscout_believes_it() {
    let state = status(&[snapshot(10, "08:00:00", 140, 80, 0)], "IOB");
    // A 0 in `iob` alone makes the pill show dashes.
    assert_eq!(state["pump"]["iob"]["iob"], 0);
    assert_eq!(state["pump"]["iob"]["bolusiob"], 0);
}

#[test]
fn a_battery_of_zero_has_no_voltage_that_looks_full() {
    let daily = json!({"batteryChargePercent": 0, "batteryLipoMilliVolts": 3400});
    let state = status(&[event(10, "08:00:00", 81, daily)], "DEVICE_STATUS");
    assert_eq!(state["pump"]["battery"], json!({"percent": 0}));
}

#[test]
fn what_the_pump_did_not_send_is_named_and_leaves_no_document() {
    let events = [event(10, "08:00:00", 4, json!({"alertId": 7}))];
    let arrangement = by_hand(&events, BOTH);
    let outcome = arrangement.good_pass(noon_after(), &["--days", "3"]);
    assert!(arrangement.nightscout.devicestatuses().is_empty());
    let summary = outcome.report.summary();
    let named =
        summary.contains(" Nothing from the pump for DEVICE_STATUS (reservoir, battery), IOB.");
    assert!(named, "{summary}");
    let json = outcome.report.to_json(None);
    assert_eq!(json["without_data"], json!(["DEVICE_STATUS", "IOB"]));
}

#[test]
fn a_state_is_written_once_and_the_next_one_when_there_is_one() {
    let history = History::generate(&Plan::days(51, 2));
    let arrangement = arrange(history.clone(), BOTH);
    let mut now = history.plan.end - Duration::hours(3);
    let mut newest: Option<DateTime<Utc>> = None;
    while now < history.plan.end {
        arrangement.tandem.set_uploaded_until(now);
        for _ in 0..2 {
            let before = arrangement.nightscout.devicestatuses().len();
            let outcome = arrangement.good_pass(now + Duration::minutes(2), &[]);
            let documents = arrangement.nightscout.devicestatuses();
            let last = documents.last().map(filed);
            assert_eq!(last, outcome.report.newest_event);
            let grown = usize::from(last > newest);
            assert_eq!(documents.len(), before + grown);
            newest = last;
        }
        now += Duration::minutes(20);
    }
}

#[test]
fn nothing_but_the_newest_status_is_asked_for_and_nothing_waits() {
    let events = [snapshot(10, "08:00:00", 140, 80, 30)];
    let arrangement = by_hand(&events, BOTH);
    let now = "2026-05-14T12:01:00Z".parse().expect("an instant");
    arrangement.tandem.change_pumps(|pumps| {
        pumps[0].replace = json!({"lastUploadDate": "2026-05-14T12:00:30Z"});
    });
    let outcome = arrangement.good_pass(now, &[]);
    assert_eq!(arrangement.nightscout.devicestatuses().len(), 1);
    assert_eq!(outcome.report.uploads.total(|tally| tally.held_back), 0);
    let asked: Vec<String> = arrangement
        .nightscout
        .requests()
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    let expected = [
        "GET /api/v1/status.json",
        "GET /api/v1/devicestatus.json",
        "POST /api/v1/devicestatus.json",
    ];
    assert_eq!(asked, expected);
}

#[test]
fn of_two_pumps_the_one_heard_of_last_has_the_word() {
    let old = History::generate(&Plan::days(52, 1));
    let plan = Plan::days(53, 1)
        .between(
            old.plan.end - Duration::hours(6),
            old.plan.end + Duration::hours(2),
        )
        .of_another_pump();
    let new = History::generate(&plan);
    let newest = new.instant_of(new.events.last().expect("some events").number);
    let now = afterwards(&new);
    for new_first in [true, false] {
        let (first, second) = if new_first {
            (&new, &old)
        } else {
            (&old, &new)
        };
        let mut arrangement = Arrangement::with(first.clone(), Nightscout::start());
        arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "DEVICE_STATUS");
        arrangement.tandem.add_pump(Pump::of(second.clone().into()));
        arrangement.good_pass(now, &[]);
        let documents = arrangement.nightscout.devicestatuses();
        assert_eq!(
            documents.iter().map(filed).collect::<Vec<_>>(),
            [newest.expect("an instant")]
        );
    }
}

#[test]
fn a_run_about_days_gone_by_has_no_news_of_the_pump() {
    let history = History::generate(&Plan::days(54, 5));
    let now = afterwards(&history);
    let arrangement = arrange(history, BOTH);
    let outcome = arrangement.good_pass(
        now,
        &["--start-date", "2026-05-14", "--end-date", "2026-05-15"],
    );
    assert!(arrangement.nightscout.devicestatuses().is_empty());
    assert!(outcome.report.without_data.is_empty());
}

/// What the document says of the reservoir: amount, text in its place, and the ages.
fn reservoir(events: &[Value]) -> [Value; 4] {
    let pump = status(events, "DEVICE_STATUS")["pump"].take();
    [
        pump["reservoir"].clone(),
        pump["reservoir_display_override"].clone(),
        pump["extended"]["Reservoir as of"].clone(),
        pump["extended"]["Reservoir estimated from"].clone(),
    ]
}

fn nothing() -> [Value; 4] {
    [Value::Null, Value::Null, Value::Null, Value::Null]
}

fn filled(sequence: u64, time: &str, code: u32, prime: f64) -> Value {
    let properties = json!({"primeSize": prime, "completionStatus": 3});
    event(sequence, time, code, properties)
}

fn cartridge(sequence: u64, time: &str, volume: i64) -> Value {
    event(
        sequence,
        time,
        33,
        json!({"insulinVolume": volume, "v2Volume": 0}),
    )
}

fn stopped(sequence: u64, time: &str, left: i64) -> Value {
    event(
        sequence,
        time,
        11,
        json!({"suspendReason": 0, "insulinAmount": left}),
    )
}

fn resumed(sequence: u64, time: &str, left: i64) -> Value {
    event(sequence, time, 12, json!({"insulinAmount": left}))
}

/// A rate of 0.8 U/h every five minutes of an hour.
fn hour(sequence: u64, hour: u64) -> Vec<Value> {
    let rates = (0..12).map(|index| {
        let time = format!("{hour:02}:{:02}:00", 5 * index);
        rate(sequence + index, &time, 3)
    });
    rates.collect()
}

#[test]
fn a_reservoir_is_estimated_from_the_last_report_and_said_to_be() {
    let mut events = vec![stopped(80, "07:50:00", 150), resumed(90, "08:00:00", 150)];
    events.extend(hour(100, 8));
    events.extend(hour(200, 9));
    let since = json!("2026-05-14 08:00");
    // 1 h 55 min of 0.8 U/h.
    let expected = [json!(148.467), json!("~148U"), Value::Null, since.clone()];
    assert_eq!(reservoir(&events), expected);
    events.push(bolus_ended(300, "09:55:00", 2.0));
    events.push(filled(301, "09:55:00", 61, 0.3));
    let expected = [json!(146.167), json!("~146U"), Value::Null, since];
    assert_eq!(reservoir(&events), expected);
    events.push(snapshot(302, "09:55:00", 146, 80, 30));
    let reported = [
        json!(146),
        Value::Null,
        json!("2026-05-14 09:55"),
        Value::Null,
    ];
    assert_eq!(reservoir(&events), reported);
}

#[test]
fn no_reservoir_is_shown_where_something_is_missing_that_may_have_changed_it() {
    let begun = json!({"bolusId": 7, "bolusSize": 2, "iob": 0.1});
    let after: [(&str, Vec<Value>); 7] = [
        (
            "a bolus without its end",
            vec![event(310, "09:50:00", 55, begun)],
        ),
        (
            "a fill of which nothing is recorded",
            vec![cartridge(310, "09:50:00", 0)],
        ),
        (
            "tubing of which nobody knows how much it took",
            vec![filled(310, "09:50:00", 63, -1.0)],
        ),
        (
            "tubing filled by hand",
            vec![filled(310, "09:50:00", 63, 12.0)],
        ),
        (
            "a cannula of which nothing is recorded",
            vec![filled(310, "09:50:00", 61, -1.0)],
        ),
        (
            "a cartridge taken out",
            vec![event(310, "09:50:00", 5, json!({"alarmId": 25}))],
        ),
        ("hours without a rate", vec![rate(310, "13:00:00", 3)]),
    ];
    let mut before = vec![stopped(80, "07:50:00", 150), resumed(90, "08:00:00", 150)];
    before.extend(hour(100, 8));
    before.extend(hour(200, 9));
    for (what, missing) in after {
        let mut events = before.clone();
        events.extend(missing);
        assert_eq!(reservoir(&events), nothing(), "{what}");
        // The next report counts again.
        let last = text(events.last().expect("an event"), "pumpDateTime").to_owned();
        events.push(snapshot(400, &last[11..], 120, 80, 30));
        assert_eq!(reservoir(&events)[0], 120, "{what}");
    }
    // A rate is not known before the first.
    let unknown = [
        snapshot(10, "08:00:00", 140, 80, 30),
        rate(20, "08:05:00", 3),
    ];
    assert_eq!(reservoir(&unknown), nothing());
    // A Mobi fills the tubing with the cartridge; the pump is still stopped.
    let mobi = [
        rate(5, "07:48:00", 3),
        stopped(10, "07:50:00", 50),
        cartridge(20, "08:00:00", 180),
        filled(21, "08:00:00", 63, -1.0),
        filled(30, "08:10:00", 61, 0.3),
    ];
    assert_eq!(reservoir(&mobi)[0], 179.7);
}

#[test]
fn an_extended_part_counts_as_far_as_280_tells() {
    let report = |sequence, time, status: i64, delivered: i64| {
        let properties = json!({
            "bolusId": 7, "bolusDeliveryStatus": status, "bolusType": [0, 1], "bolusSource": 1,
            "requestedNow": 1000, "requestedLater": 3000, "extendedDurationRequested": 180,
            "deliveredTotal": delivered,
        });
        event(sequence, time, 280, properties)
    };
    let begun = json!({"bolusId": 7, "bolexSize": 3, "iob": 1.1});
    let mut events = vec![stopped(80, "07:50:00", 150), resumed(90, "08:00:00", 150)];
    events.extend(hour(100, 8));
    events.extend([
        report(201, "08:56:00", 1, 0),
        bolus_ended(202, "08:57:00", 2.0),
        event(203, "08:57:00", 59, begun),
        report(204, "08:57:00", 1, 1000),
        report(205, "09:02:00", 1, 1083),
        rate(210, "09:02:00", 3),
    ]);
    // 62 minutes of 0.8 U/h, and the 2 U that 20 tells of, which is more than 280 does.
    assert_eq!(reservoir(&events)[0], 147.173);
    events.push(report(220, "09:05:00", 1, 2500));
    assert_eq!(reservoir(&events)[0], 146.633);
}

#[test]
fn no_insulin_on_board_is_shown_from_before_a_bolus() {
    let bolus = |sequence, time, code: u32, iob: Value| {
        let properties = json!({
            "bolusId": 7, "iob": iob, "insulinDelivered": 2, "completionStatus": 3, "carbAmount": 0, "bg": 0,
            "bolusSize": 2,
        });
        event(sequence, time, code, properties)
    };
    let report = |sequence, time, status: i64| {
        let properties = json!({"bolusId": 7, "bolusDeliveryStatus": status, "deliveredTotal": 2000, "requestedNow": 2000});
        event(sequence, time, 280, properties)
    };
    let entered =
        |sequence, time, iob: f64| event(sequence, time, 16, json!({"bg": 120, "iob": iob}));
    let before = entered(10, "07:58:00", 0.5);
    let shown = |events: &[Value]| {
        let arrangement = by_hand(events, BOTH);
        let outcome = arrangement.good_pass(noon_after(), &["--days", "3"]);
        assert!(!outcome.report.without_data.contains(&Feature::Iob));
        let found = arrangement.nightscout.devicestatuses();
        found.first().map_or(Value::Null, |document| {
            document["pump"]["iob"]["iob"].clone()
        })
    };
    let asked = bolus(20, "08:00:00", 64, json!(0.5));
    let begun = bolus(30, "08:00:15", 55, json!(0.5));
    let ended = bolus(40, "08:01:15", 20, json!(2.5));
    assert_eq!(shown(std::slice::from_ref(&before)), 0.5);
    for under_way in [
        vec![before.clone(), asked.clone()],
        vec![before.clone(), begun.clone()],
        vec![
            before.clone(),
            asked.clone(),
            begun.clone(),
            report(31, "08:00:15", 1),
        ],
        vec![
            before.clone(),
            event(20, "08:00:00", 65, json!({"bolusId": 7, "options": 0})),
        ],
        // Over, but the pump has not said what is on board now.
        vec![
            before.clone(),
            asked.clone(),
            begun.clone(),
            report(39, "08:01:15", 0),
        ],
        vec![
            before.clone(),
            begun.clone(),
            bolus(40, "08:01:15", 20, Value::Null),
        ],
    ] {
        assert_eq!(shown(&under_way), Value::Null, "{under_way:#?}");
    }
    let whole = [before.clone(), asked.clone(), begun.clone(), ended.clone()];
    assert_eq!(shown(&whole), 2.5);
    // What the pump says afterwards counts the bolus, whether or not its end is on record.
    let later = [
        before.clone(),
        asked.clone(),
        begun,
        report(39, "08:01:15", 0),
        entered(50, "08:09:00", 2.4),
    ];
    assert_eq!(shown(&later), 2.4);
    let called_off = [before, asked, entered(50, "08:40:00", 0.3)];
    assert_eq!(shown(&called_off), 0.3);
}
