//! Every kind of event in the shape in which real pumps send it, or where none was seen, in that of public schemas: all of
//! it is known, and what is used is read.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tconnectsync_heroku::pump::decode::Decoded;
use tconnectsync_heroku::pump::event::codes_read;
use tconnectsync_heroku::tandem::PumpLogs;

/// An event of each code that is read.
fn shapes() -> Vec<(i64, Value)> {
    let signal = |id: &str, value: i64| json!({id: value, "faultLocatorData": 8402, "param1": 31, "param2": 0.25});
    let reading = |status: i64, kind: i64, rate: i64, shown: i64, valid: i64| {
        json!({
            "glucoseValueStatus": status, "cgmDataType": [kind], "rate": rate, "algorithmState": valid, "rssi": -63,
            "currentGlucoseDisplayValue": shown, "egvTimeStamp": 579_500_000, "egvInfoBitmask": [kind, 5, 6, 7, 8, 11],
            "interval": 0, "reservedD15": 1,
        })
    };
    vec![
        (
            3,
            json!({"commandedBasalRate": 0.85, "baseBasalRate": 0.9, "maxBasalRate": 3, "idp": 1, "changeType": [0, 2]}),
        ),
        (4, signal("alertId", 17)),
        (5, signal("alarmId", 8)),
        (6, signal("malfId", 12)),
        (9, json!({"insulin": 96, "abc": 71, "ibc": 75, "iob": 215})),
        (
            11,
            json!({"preSuspendState": 106, "insulinAmount": 131, "suspendReason": 0, "rpaTimeout": 15}),
        ),
        (12, json!({"preResumeState": 100, "insulinAmount": 130})),
        (
            13,
            json!({"timePrior": 40_000_000, "timeAfter": 43_600_000, "rawRtcTime": 1_400_000_000}),
        ),
        (
            14,
            json!({"datePrior": 6600, "dateAfter": 6601, "rawRtcTime": 1_400_000_001}),
        ),
        (
            16,
            json!({"bg": 143, "cgmCalibration": 0, "bgEntryType": 0, "iob": 1.0251, "targetBg": 110, "isf": 35, "selectedIob": 1, "bgSourceType": 1}),
        ),
        (
            20,
            json!({"completionStatus": 3, "bolusId": 2101, "iob": 4.2510004, "insulinDelivered": 2.4499998, "insulinRequested": 2.45}),
        ),
        (
            21,
            json!({"completionStatus": 0, "bolusId": 2102, "iob": 3.5, "insulinDelivered": 1.2503, "insulinRequested": 4.1}),
        ),
        (26, json!({"alertId": 17, "faultLocatorData": 0})),
        (28, json!({"alarmId": 18})),
        (33, json!({"insulinVolume": 175, "v2Volume": 0})),
        (34, json!({"ibc": 64})),
        (35, json!({"ibc": 63})),
        (
            55,
            json!({"bolusId": 2101, "selectedIob": 1, "spareA3": 0, "iob": 1.8009999, "bolusSize": 2.45}),
        ),
        (
            59,
            json!({"bolusId": 2102, "selectedIob": 1, "spareA3": 0, "iob": 7.6, "bolexSize": 4.1}),
        ),
        (
            61,
            json!({"primeSize": 0.5, "completionStatus": 3, "infusionSetType": 0}),
        ),
        (
            63,
            json!({"primeSize": -1, "completionStatus": 3, "position": 561_001}),
        ),
        (
            64,
            json!({"bolusId": 2101, "bolusType": 3, "correctionBolusIncluded": 1, "carbAmount": 18, "bg": 137, "iob": 1.8, "carbRatio": 0}),
        ),
        (
            65,
            json!({"bolusId": 2101, "options": 4, "standardPercent": 100, "duration": 0, "spareB6": 0, "isf": 0, "targetBg": 0, "userOverride": 1, "declinedCorrection": 0, "selectedIob": 1}),
        ),
        (
            66,
            json!({"bolusId": 2101, "spareA2": 0, "foodBolusSize": 2.25, "correctionBolusSize": 0.2, "totalBolusSize": 2.45}),
        ),
        // Seen by one client only; how the letters look was not told.
        (
            69,
            json!({"idp": 1, "status": 3, "name0": 83, "name1": 112, "name2": 111, "name3": 114, "name4": 116, "name5": 0}),
        ),
        (
            81,
            json!({"dailyTotalBasal": 21.4, "lastBasalRate": 0.85, "iob": 1.75, "batteryChargePercent": 58, "batteryLipoMilliVolts": 3811, "finalEventForDay": 1}),
        ),
        (
            90,
            json!({"commandedBasalRate": 0.763, "featuresBitmask": [], "featureBitmaskIndex": []}),
        ),
        (171, signal("dalertId", 2)),
        (
            212,
            json!({"currentTransmitterTime": 90_310, "sessionStartTime": 90_300, "sessionDuration": 10}),
        ),
        (
            213,
            json!({"currentTransmitterTime": 97_500, "sessionStartTime": 90_300, "sessionDuration": 10, "sessionJoinReason": 10}),
        ),
        (
            214,
            json!({"currentTransmitterTime": 954_300, "sessionStartTime": 90_300, "sessionStopTime": 954_290, "sessionDuration": 10, "sessionStopReason": 5}),
        ),
        (
            229,
            json!({"currentUserMode": 2, "previousUserMode": 0, "requestedAction": 3, "spareA3": 0, "sleepStartedByGui": 0, "activeSleepSchedule": [], "spareB6": 0, "exerciseStoppedByTimer": 0, "exerciseChoice": 0, "exerciseTime": 45, "eatingSoonStoppedByTimer": 0}),
        ),
        (
            230,
            json!({"currentPcm": 3, "previousPcm": 0, "pumpSuspended": 0, "calculationAvailable": 1, "cgmAvailable": 1, "closedLoopPreferred": 1, "sufficientClosedLoopParams": 1}),
        ),
        (256, reading(2, 0, -14, 0, 6)),
        (
            279,
            json!({"commandedRateSource": 4, "reservedA2": 3, "spareA3": 0, "commandedRate": 745, "profileBasalRate": 900, "algorithmRate": 745, "tempRate": 450}),
        ),
        (
            280,
            json!({"bolusId": 2102, "bolusDeliveryStatus": 0, "bolusType": [0, 1, 4], "bolusSource": 8, "remoteId": 52, "requestedNow": 1500, "requestedLater": 4100, "correction": 0, "extendedDurationRequested": 90, "deliveredTotal": 1500}),
        ),
        (
            313,
            json!({"pumpControlState": 3, "usermode": 1, "sensorType": 3, "weightUnit": 0, "weight": 0, "currentTdIpop": 0}),
        ),
        (
            369,
            json!({"dalertId": 32, "sensorType": 3, "spareA2": 0, "faultLocatorData": 8470, "param1": 26, "param2": 80}),
        ),
        (372, reading(0, 5, 4, 121, 100)),
        (394, json!({"cgmTimestamp": 51_020, "sessionSignature": 93})),
        (399, reading(1, 1, 0, 417, 32)),
        (
            404,
            json!({"sessionStartTime": 578_000_000, "sessionDuration": 14}),
        ),
        (
            405,
            json!({"sessionStartTime": 578_000_000, "sessionStopTime": 579_200_000, "sessionDuration": 14, "sessionStopReason": 0}),
        ),
        (
            406,
            json!({"sessionStartTime": 578_000_000, "sessionJoinTime": 578_007_260, "sessionDuration": 14, "sessionJoinReason": 0}),
        ),
        (
            447,
            json!({"currentTransmitterTime": 899_120, "sessionStartTime": 4_294_967_295_i64, "sessionStopTime": 0, "sessionDuration": 10, "sessionStopReason": 15, "stopSessionCode": 0}),
        ),
        (
            460,
            json!({"dalertId": 1, "sensorType": 2, "faultLocatorData": 8471, "param1": 52, "param2": 55}),
        ),
        (
            477,
            json!({"sessionStartTime": 578_100_000, "sessionJoinTime": 578_103_600, "sessionDuration": 14, "sessionJoinReason": 0}),
        ),
        (480, reading(2, 0, 127, 0, 100)),
        (
            486,
            json!({"sessionStartTime": 578_100_000, "sessionStopTime": 579_300_000, "sessionDuration": 14, "sessionStopReason": 0}),
        ),
    ]
}

/// What is known of the pump's log and not used: the codes of Tandem's own event table and of pumpX2.
const KNOWN: &str = "0 2 7 8 15 25 27 29 30 31 32 36 37 41 48 53 57 60 67 68 69 70 71 73 74 82 93 96 97 98 99 140 142 151 156 \
    157 160 162 163 165 166 167 168 169 172 173 187 191 198 199 203 206 207 210 211 215 216 217 218 219 220 231 235 237 238 \
    244 245 246 267 271 283 286 288 291 301 302 307 318 319 327 332 348 367 368 370 371 390 395 419 434 438 439 441 443 461 \
    558 559 562 563 564 565 566";

fn decode(events: impl IntoIterator<Item = (i64, Value)>) -> Decoded {
    let events: Vec<Value> = (1..)
        .zip(events)
        .map(|(number, (code, properties))| {
            json!({
                "deviceAssignmentId": "5f0c4f0e-2f0b-4a57-9d53-0d6c0a1be001", "eventCode": code, "sequenceGroup": 0,
                "sequenceNumber": number, "pumpDateTime": "2026-05-14T08:00:00", "eventProperties": properties,
                "estimatedDateTime": "2026-05-14T08:00:00Z",
            })
        })
        .collect();
    let logs = json!({"events": events, "clockChanges": []}).to_string();
    Decoded::from_logs(PumpLogs::from_json(logs)).expect("logs")
}

#[test]
fn each_kind_of_event_is_read_in_the_shape_in_which_it_comes() {
    let shapes = shapes();
    let codes: Vec<i64> = shapes.iter().map(|(code, _)| *code).collect();
    let mut read: Vec<i64> = codes_read().collect();
    read.sort_unstable();
    assert_eq!(codes, read, "a code that is read has no shape here");
    let decoded = decode(shapes);
    assert_eq!(decoded.skipped, Default::default());
    let mut lines = String::new();
    for (code, event) in codes.iter().zip(&decoded.events) {
        let _ = writeln!(lines, "{code} {:?}", event.detail);
    }
    insta::assert_snapshot!(lines, @r#"
    3 BasalRateChange(BasalRateChange { commanded: Some(MilliUnitsPerHour(850)), change: Bits(5) })
    4 AlertActivated(Signal { id: 17 })
    5 AlarmActivated(Signal { id: 8 })
    6 Malfunction(Signal { id: 12 })
    9 StatusSnapshot(StatusSnapshot { reservoir: Some(MilliUnits(96000)), battery_percent: Some(71), battery_millivolts: None, iob: Some(2.15) })
    11 PumpingSuspended(PumpingSuspended { reservoir: Some(MilliUnits(131000)), reason: Some(User) })
    12 PumpingResumed(PumpingResumed { reservoir: Some(MilliUnits(130000)) })
    13 TimeChanged(TimeChanged { prior_ms: 40000000, after_ms: 43600000 })
    14 DateChanged(DateChanged { prior_days: 6600, after_days: 6601 })
    16 BgEntered(BgEntered { bg: MgDl(143), source: Some(Typed), calibration: false, iob: Some(1.0251) })
    20 BolusCompleted(BolusCompleted { bolus: 2101, delivered: MilliUnits(2450), requested: Some(MilliUnits(2450)), iob: Some(4.2510004), completion: Some(Completed) })
    21 ExtendedBolusCompleted(BolusCompleted { bolus: 2102, delivered: MilliUnits(1250), requested: Some(MilliUnits(4100)), iob: Some(3.5), completion: Some(UserAborted) })
    26 AlertCleared(Signal { id: 17 })
    28 AlarmCleared(Signal { id: 18 })
    33 CartridgeFilled(CartridgeFilled { volume: Some(MilliUnits(175000)) })
    34 StatusSnapshot(StatusSnapshot { reservoir: None, battery_percent: Some(64), battery_millivolts: None, iob: None })
    35 StatusSnapshot(StatusSnapshot { reservoir: None, battery_percent: Some(63), battery_millivolts: None, iob: None })
    55 BolusActivated(BolusActivated { bolus: 2101, iob: Some(1.8009999), size: Some(MilliUnits(2450)) })
    59 ExtendedBolusActivated(BolusActivated { bolus: 2102, iob: Some(7.6), size: Some(MilliUnits(4100)) })
    61 CannulaFilled(Filled { prime: Some(MilliUnits(500)), completion: Some(Completed) })
    63 TubingFilled(Filled { prime: None, completion: Some(Completed) })
    64 BolusRequested1(BolusRequested1 { bolus: 2101, kind: Some(Remote), carbs: Some(18.0), bg: Some(MgDl(137)), iob: Some(1.8), carb_ratio: None })
    65 BolusRequested2(BolusRequested2 { bolus: 2101, option: Some(PhoneStandard), standard_percent: Some(100), duration_minutes: 0, user_override: true, declined_correction: false, sensitivity: None, target: None })
    66 BolusRequested3(BolusRequested3 { bolus: 2101, food: Some(MilliUnits(2250)), correction: Some(MilliUnits(200)), total: Some(MilliUnits(2450)) })
    69 ProfileChange(ProfileChange { activated: Some("Sport") })
    81 DailyBasal(StatusSnapshot { reservoir: None, battery_percent: Some(58), battery_millivolts: Some(3811), iob: Some(1.75) })
    90 NewDay(NewDay { commanded: Some(MilliUnitsPerHour(763)) })
    171 CgmAlert(Signal { id: 2 })
    212 SensorStarted(SensorSession { sensor: G6, age: Some(TimeDelta { secs: 10, nanos: 0 }), days: Some(10) })
    213 SensorJoined(SensorSession { sensor: G6, age: Some(TimeDelta { secs: 7200, nanos: 0 }), days: Some(10) })
    214 SensorStopped(SensorSession { sensor: G6, age: Some(TimeDelta { secs: 864000, nanos: 0 }), days: Some(10) })
    229 UserModeChange(UserModeChange { current: Some(Exercise), previous: Some(Normal), action: Some(StartExercise), sleep_by_hand: false, exercise_minutes: None, exercise_timed_out: false })
    230 ControlModeChange(OnlyTime)
    256 CgmReading(CgmReading { glucose: None, status: Some(Low), taken: PumpTime(2026-05-13T04:13:20), backfilled: false, rate_tenths: Some(-14) })
    279 BasalDelivery(BasalDelivery { commanded: MilliUnitsPerHour(745), source: Some(TempRateAndAlgorithm) })
    280 BolusDelivery(BolusDelivery { bolus: 2102, completed: Some(true), source: Some(Phone), requested_now: Some(MilliUnits(1500)), requested_later: Some(MilliUnits(4100)), delivered_total: Some(MilliUnits(1500)), extended_duration_minutes: Some(90) })
    313 DailyStatus(OnlyTime)
    369 CgmAlert(Signal { id: 32 })
    372 CgmReading(CgmReading { glucose: Some(MgDl(121)), status: Some(Value), taken: PumpTime(2026-05-13T04:13:20), backfilled: false, rate_tenths: Some(4) })
    394 SensorJoined(SensorSession { sensor: G7, age: Some(TimeDelta { secs: 51020, nanos: 0 }), days: None })
    399 CgmReading(CgmReading { glucose: Some(MgDl(417)), status: Some(High), taken: PumpTime(2026-05-13T04:13:20), backfilled: true, rate_tenths: Some(0) })
    404 SensorStarted(SensorSession { sensor: Libre2, age: None, days: Some(14) })
    405 SensorStopped(SensorSession { sensor: Libre2, age: None, days: Some(14) })
    406 SensorJoined(SensorSession { sensor: Libre2, age: Some(TimeDelta { secs: 7260, nanos: 0 }), days: Some(14) })
    447 SensorStopped(SensorSession { sensor: G7, age: None, days: Some(10) })
    460 CgmAlert(Signal { id: 1 })
    477 SensorJoined(SensorSession { sensor: Libre3, age: Some(TimeDelta { secs: 3600, nanos: 0 }), days: Some(14) })
    480 CgmReading(CgmReading { glucose: None, status: Some(Low), taken: PumpTime(2026-05-13T04:13:20), backfilled: false, rate_tenths: Some(127) })
    486 SensorStopped(SensorSession { sensor: Libre3, age: None, days: Some(14) })
    "#);
}

#[test]
fn what_public_schemas_know_is_nothing_new() {
    let known = KNOWN
        .split_whitespace()
        .map(|code| code.parse().expect("a number"));
    let not_read = known.filter(|code| codes_read().all(|read| read != *code));
    let decoded = decode(not_read.map(|code| (code, json!({"whatever": 1}))));
    assert_eq!(decoded.skipped, Default::default());
    assert!(decoded.events.is_empty());
}

#[test]
fn names_of_properties_are_the_same_in_upper_and_lower_case() {
    let shouted = shapes().into_iter().map(|(code, properties)| {
        let properties = properties.as_object().expect("an object").clone();
        let shouted = properties
            .into_iter()
            .map(|(name, value)| (name.to_uppercase(), value));
        (code, Value::Object(shouted.collect()))
    });
    let (shouted, plain) = (decode(shouted), decode(shapes()));
    assert_eq!(shouted.skipped, Default::default());
    assert_eq!(shouted.events, plain.events);
}

#[test]
fn what_nobody_knows_is_named_and_bounded() {
    let odd = [
        (64_001, json!({})),
        (64_001, json!({})),
        (34, json!({"ibc": 64, "spareC9": 1, "newThing": 2})),
        (11, json!({"insulinAmount": 100, "suspendReason": 77})),
        (20, json!({"bolusId": 5})),
    ];
    let skipped = decode(odd).skipped;
    assert_eq!(
        skipped.unknown_events.kinds().collect::<Vec<_>>(),
        [(&64_001, 2)]
    );
    let fields: Vec<_> = skipped.unknown_fields.iter().collect();
    assert_eq!(fields, [&(34, "newThing".to_owned())]);
    let values: Vec<_> = skipped.unknown_values.kinds().collect();
    assert_eq!(values, [(&(11, "suspendReason", 77), 1)]);
    assert_eq!(skipped.unreadable(), 1);

    let flood = decode((0..20_000).map(|code| (1_000_000 + code, json!({})))).skipped;
    assert!(flood.unknown_events.is_cut_off());
    assert_eq!(flood.unknown_events.total(), 1000);
}
