//! Sensor sessions: one start each, at its true time, whenever and however often the pump finds the sensor again.

use serde_json::{Value, json};
use tconnectsync_heroku::config::PumpSerial;
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::nightscout::document::{Identity, Subject};
use tconnectsync_heroku::pump::event::EventId;

use super::{arrange, by_hand, in_lines, noon_after};
use crate::arrangement::{Arrangement, without_ids};
use crate::pass::by_hand::event;
use crate::pass::text;
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};

const NOT_KNOWN: i64 = 0xFFFF_FFFF;

/// A G7's join, in seconds after the start of its session.
fn join(sequence: u64, time: &str, age: i64) -> Value {
    let properties = json!({"cgmTimestamp": age, "sessionSignature": 84});
    event(sequence, time, 394, properties)
}

fn lines(arrangement: &Arrangement) -> String {
    in_lines(&without_ids(arrangement.nightscout.treatments()))
}

/// A site of this version with a pump that wrote these events.
fn with_version(events: &[Value], version: Version) -> Arrangement {
    let history = History::generate(&Plan::day(1));
    let mut arrangement = Arrangement::with(history, Nightscout::version(version));
    arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "PUMP_EVENTS");
    arrangement
        .tandem
        .serve_pump_logs(json!({"events": events, "clockChanges": []}));
    arrangement
}

#[test]
fn each_sensor_tells_its_start_in_its_own_way() {
    let events = [
        // A G6, by the transmitter's clock: started on the pump, joined, and joined again three hours later.
        event(
            10,
            "01:00:00",
            212,
            json!({"currentTransmitterTime": 1_400_020, "sessionStartTime": 1_400_000, "sessionDuration": 10}),
        ),
        event(
            11,
            "01:00:40",
            213,
            json!({"currentTransmitterTime": 1_400_060, "sessionStartTime": 1_400_000, "sessionDuration": 10, "sessionJoinReason": 8}),
        ),
        event(
            12,
            "04:00:00",
            213,
            json!({"currentTransmitterTime": 1_410_815, "sessionStartTime": 1_400_000, "sessionDuration": 10, "sessionJoinReason": 10}),
        ),
        event(
            13,
            "05:00:00",
            213,
            json!({"currentTransmitterTime": 1_414_420, "sessionStartTime": NOT_KNOWN, "sessionDuration": 10, "sessionJoinReason": 1}),
        ),
        event(
            14,
            "06:00:00",
            214,
            json!({"currentTransmitterTime": 1_418_020, "sessionStartTime": 1_400_000, "sessionStopTime": 1_418_000, "sessionDuration": 10, "sessionStopReason": 5}),
        ),
        // A G7 that was started on the phone the evening before.
        join(20, "07:30:00", 41_400),
        event(
            21,
            "08:00:00",
            447,
            json!({"currentTransmitterTime": 43_284, "sessionStartTime": 84, "sessionStopTime": 0, "sessionDuration": 10, "sessionStopReason": 16, "stopSessionCode": 0}),
        ),
        // A Libre 2 started on the pump, and a Libre 3 joined.
        event(
            30,
            "09:00:00",
            404,
            json!({"sessionStartTime": 580_000_000, "sessionDuration": 14}),
        ),
        event(
            31,
            "10:00:00",
            406,
            json!({"sessionStartTime": 580_000_000, "sessionJoinTime": 580_003_570, "sessionDuration": 14, "sessionJoinReason": 0}),
        ),
        event(
            32,
            "11:00:00",
            405,
            json!({"sessionStartTime": 580_000_000, "sessionStopTime": 580_007_200, "sessionDuration": 14, "sessionStopReason": 0}),
        ),
        event(
            33,
            "12:30:00",
            477,
            json!({"sessionStartTime": 0, "sessionJoinTime": 1_800, "sessionDuration": 15, "sessionJoinReason": 0}),
        ),
        event(
            34,
            "13:00:00",
            486,
            json!({"sessionStartTime": 0, "sessionStopTime": 3_600, "sessionDuration": 15, "sessionStopReason": 0}),
        ),
        // What says nothing of its start.
        event(40, "14:00:00", 394, json!({})),
        event(41, "15:00:00", 477, json!({"sessionStartTime": null})),
        event(42, "16:00:00", 404, json!({})),
    ];
    let mut arrangement = by_hand(&events, "PUMP_EVENTS");
    // The uploads of a log made by hand tell nothing of the zone.
    arrangement.set("TCONNECTSYNC_HEROKU_TRUST_TIMEZONE", "true");
    arrangement.good_pass(noon_after(), &["--days", "3"]);
    insta::assert_snapshot!(lines(&arrangement), @r#"
    13 20:00:00 Sensor Start, notes "Dexcom G7 session, a 10-day sensor expires 2026-05-23 20:00"
    14 00:59:40 Sensor Start, notes "Dexcom G6 session, expires 2026-05-24 00:59"
    14 05:00:00 Note, notes "Dexcom G6 session joined, its start is not known"
    14 06:00:00 Sensor Stop, notes "Dexcom G6 session ended"
    14 08:00:00 Sensor Stop, notes "Dexcom G7 session ended"
    14 09:00:00 Sensor Start, notes "FreeStyle Libre 2 session, expires 2026-05-28 09:00"
    14 11:00:00 Sensor Stop, notes "FreeStyle Libre 2 session ended"
    14 12:00:00 Sensor Start, notes "FreeStyle Libre 3 session, expires 2026-05-29 12:00"
    14 13:00:00 Sensor Stop, notes "FreeStyle Libre 3 session ended"
    14 14:00:00 Note, notes "Dexcom G7 session joined, its start is not known"
    14 15:00:00 Note, notes "FreeStyle Libre 3 session joined, its start is not known"
    14 16:00:00 Sensor Start, notes "FreeStyle Libre 2 session"
    "#);
    arrangement.writes_nothing_more(noon_after(), &["--days", "3"]);
}

#[test]
fn a_sensor_that_is_found_again_and_again_has_one_start() {
    // The pump's clock and the sensor's drift apart.
    let events = [
        join(10, "08:04:08", 248),
        join(11, "11:00:00", 10_880),
        join(12, "23:30:00", 55_650),
    ];
    let expected = "14 08:00:00 Sensor Start, notes \"Dexcom G7 session, a 10-day sensor expires 2026-05-24 08:00\"\n";
    for (version, forwards) in [
        (Version::V14_2_6, true),
        (Version::V14_2_6, false),
        (Version::V15_0_7, true),
        (Version::V15_0_7, false),
    ] {
        let arrangement = with_version(&[], version);
        let serve = |events: &[Value]| {
            let logs = json!({"events": events, "clockChanges": []});
            arrangement.tandem.serve_pump_logs(logs);
        };
        // Whichever of them is known first.
        for index in 0..events.len() {
            serve(match forwards {
                true => &events[..=index],
                false => &events[events.len() - 1 - index..],
            });
            arrangement.good_pass(noon_after(), &["--days", "3"]);
        }
        assert_eq!(lines(&arrangement), expected, "{version:?}, {forwards}");
        let events = &arrangement.nightscout.treatments()[0]["pump_event_id"];
        assert_eq!(events, "10");
        arrangement.writes_nothing_more(noon_after(), &["--days", "3"]);
    }
}

#[test]
fn a_session_that_began_long_before_the_window_gets_its_start_once() {
    let five_days = 5 * 86_400;
    let events = [
        join(10, "20:00:00", five_days),
        join(11, "23:00:00", five_days + 3 * 3600 + 40),
    ];
    for version in [Version::V14_2_6, Version::V15_0_7] {
        let arrangement = with_version(&events, version);
        arrangement.good_pass(noon_after(), &[]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(lines(&arrangement), @r#"09 21:00:00 Sensor Start, notes "Dexcom G7 session, a 10-day sensor expires 2026-05-19 20:00""#);
        }
        arrangement.writes_nothing_more(noon_after(), &[]);
        // Found in the days of its start, too.
        arrangement.writes_nothing_more(noon_after(), &["--days", "8"]);
    }
}

#[test]
fn sessions_of_two_sensors_on_one_morning_have_a_start_each() {
    let events = [
        join(10, "08:04:00", 240),
        join(11, "09:24:00", 600),
        join(12, "10:00:00", 2_760),
    ];
    let arrangement = by_hand(&events, "PUMP_EVENTS");
    arrangement.good_pass(noon_after(), &["--days", "3"]);
    insta::assert_snapshot!(lines(&arrangement), @r#"
    14 08:00:00 Sensor Start, notes "Dexcom G7 session, a 10-day sensor expires 2026-05-24 08:00"
    14 09:14:00 Sensor Start, notes "Dexcom G7 session, a 10-day sensor expires 2026-05-24 09:14"
    "#);
}

/// A `Sensor Start` as version 0.1 wrote it, for each event at the event's own time.
fn start_of_version_0_1(arrangement: &Arrangement, number: i64, at: &str) {
    let serial = PumpSerial::new(&Plan::day(1).serial).expect("digits");
    let id = EventId { group: 0, number };
    let identity = Identity::new(&serial, Subject::SensorSession, id, &[]);
    arrangement.nightscout.insert_treatment(json!({
        "eventType": "Sensor Start", "created_at": at, "enteredBy": "Pump (tconnectsync)",
        "pump_event_id": number.to_string(), "identifier": identity.identifier.to_string(),
        "notes": "Dexcom G7 session joined",
    }));
}

#[test]
fn starts_that_an_earlier_version_wrote_for_rejoins_no_longer_count() {
    let events = [
        join(10, "08:04:08", 248),
        join(11, "11:00:00", 10_800),
        join(12, "20:00:00", 43_200),
    ];
    for version in [Version::V14_2_6, Version::V15_0_7] {
        let arrangement = with_version(&events, version);
        start_of_version_0_1(&arrangement, 10, "2026-05-14T12:04:08.000Z");
        start_of_version_0_1(&arrangement, 11, "2026-05-14T15:00:00.000Z");
        arrangement.good_pass(noon_after(), &["--days", "3"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(lines(&arrangement), @r#"
            14 08:04:08 Sensor Start, notes "Dexcom G7 session joined"
            14 11:00:00 Note, notes "Dexcom G7 session joined again"
            "#);
        }
        arrangement.writes_nothing_more(noon_after(), &["--days", "3"]);
    }
}

#[test]
fn a_start_that_was_dated_an_hour_off_moves_to_its_time() {
    let arrangement = by_hand(&[join(10, "08:04:08", 248)], "PUMP_EVENTS");
    arrangement.nightscout.insert_treatment(json!({
        "eventType": "Sensor Start", "created_at": "2026-05-14T13:00:00.000Z", "enteredBy": "Pump (tconnectsync)",
        "pump_event_id": "10", "identifier": "7f0d2a44-5a0c-5e0e-8f5e-0d3c6a1be001",
        "notes": "Dexcom G7 session, a 10-day sensor expires 2026-05-24 08:00",
    }));
    arrangement.good_pass(noon_after(), &["--days", "3"]);
    let found = arrangement.nightscout.treatments();
    assert_eq!(found.len(), 1);
    assert_eq!(text(&found[0], "created_at"), "2026-05-14T12:00:00.000Z");
    assert_eq!(
        text(&found[0], "identifier"),
        "7f0d2a44-5a0c-5e0e-8f5e-0d3c6a1be001"
    );
    arrangement.writes_nothing_more(noon_after(), &["--days", "3"]);
}

#[test]
fn the_start_of_another_tool_stays_beside_ours() {
    let arrangement = arrange(History::generate(&Plan::day(1)), "PUMP_EVENTS");
    let logs = json!({"events": [join(10, "08:04:08", 248)], "clockChanges": []});
    arrangement.tandem.serve_pump_logs(logs);
    arrangement.nightscout.insert_treatment(json!({
        "eventType": "Sensor Start", "created_at": "2026-05-14T12:00:00.000Z", "enteredBy": "a parent",
    }));
    let theirs = arrangement.nightscout.treatments();
    arrangement.good_pass(noon_after(), &["--days", "3"]);
    let all = arrangement.nightscout.treatments();
    assert_eq!(all.len(), 2);
    assert!(all.contains(&theirs[0]));
    arrangement.writes_nothing_more(noon_after(), &["--days", "3"]);
}

#[test]
fn a_session_that_a_first_run_finds_before_its_window_is_not_started_again_by_a_join_within() {
    // The two events tell of starts two minutes apart, on either side of a half hour.
    let transmitter = |seconds: i64| json!({"currentTransmitterTime": 1_400_000 + seconds, "sessionStartTime": 1_400_000, "sessionDuration": 10});
    let events = [
        event(10, "08:59:00", 212, transmitter(0)),
        event(11, "20:01:00", 213, transmitter(11 * 3600)),
    ];
    for version in [Version::V14_2_6, Version::V15_0_7] {
        let arrangement = with_version(&events, version);
        arrangement.good_pass(noon_after(), &[]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(lines(&arrangement), @r#"14 08:59:00 Sensor Start, notes "Dexcom G6 session, expires 2026-05-24 08:59""#);
        }
        arrangement.writes_nothing_more(noon_after(), &[]);
    }
}

#[test]
fn a_start_that_the_site_refused_is_not_taken_for_one_that_it_has() {
    let transmitter = |seconds: i64| json!({"currentTransmitterTime": 1_400_000 + seconds, "sessionStartTime": 1_400_000, "sessionDuration": 10});
    let events = [
        event(10, "08:59:00", 212, transmitter(0)),
        event(11, "20:01:00", 213, transmitter(11 * 3600)),
    ];
    let arrangement = with_version(&events, Version::V15_0_7);
    let asked = std::sync::atomic::AtomicUsize::new(0);
    arrangement.nightscout.refuse_with(400, move |document| {
        let is_start = text(document, "eventType") == "Sensor Start";
        is_start && asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0
    });
    let outcome = arrangement.pass(noon_after(), &[]);
    assert_eq!(
        outcome.status(),
        ExitStatus::Refused,
        "{:?}",
        outcome.failure
    );
    let starts = arrangement.nightscout.treatments();
    assert_eq!(starts.len(), 1, "what the window's own event tells of it");
}

#[test]
fn a_start_that_was_dated_hours_off_before_the_days_read_moves_to_its_time() {
    // Of a session that began an hour after the first instant that a run reads documents of.
    let events = [join(10, "20:00:00", 32 * 3600)];
    for wrong in ["2026-05-13T14:00:00.000Z", "2026-05-13T04:00:00.000Z"] {
        let arrangement = by_hand(&events, "PUMP_EVENTS");
        let there = |at: &str, event_type: &str, number: &str, identifier: &str| {
            arrangement.nightscout.insert_treatment(json!({
                "eventType": event_type, "created_at": at, "enteredBy": "Pump (tconnectsync)",
                "pump_event_id": number, "identifier": identifier,
            }));
        };
        there(
            wrong,
            "Sensor Start",
            "10",
            "7f0d2a44-5a0c-5e0e-8f5e-0d3c6a1be001",
        );
        // What shows that the site is up to date.
        there(
            "2026-05-15T15:00:00.000Z",
            "Note",
            "5",
            "7f0d2a44-5a0c-5e0e-8f5e-0d3c6a1be002",
        );
        arrangement.good_pass(noon_after(), &[]);
        let starts = arrangement.nightscout.treatments().into_iter();
        let starts: Vec<Value> = starts
            .filter(|start| text(start, "eventType") == "Sensor Start")
            .collect();
        assert_eq!(starts.len(), 1, "{starts:#?}");
        assert_eq!(text(&starts[0], "created_at"), "2026-05-13T16:00:00.000Z");
        arrangement.writes_nothing_more(noon_after(), &[]);
    }
}
