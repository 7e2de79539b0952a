//! Whatever Tandem may send instead of a pump's logs: it is read as far as it can be, and nothing panics.

use std::sync::LazyLock;

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::invariants::cases;
use crate::pipeline;
use crate::simulator::history::{Features, History, Plan};
use crate::simulator::rng::Rng;

const ZONES: [Tz; 5] = [
    chrono_tz::America::New_York,
    chrono_tz::Europe::Berlin,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::Pacific::Apia,
    chrono_tz::UTC,
];

/// Some events of every kind, and some movements of the clock.
static EVENTS: LazyLock<(Vec<Value>, Vec<Value>)> = LazyLock::new(|| {
    let plan = Plan::days(12, 12).with_features(Features::ALL);
    let logs = History::generate(&plan).pump_logs_json();
    let list = |name: &str| logs[name].as_array().cloned().unwrap_or_default();
    let mut of_code: std::collections::BTreeMap<String, usize> = Default::default();
    let mut events = list("events");
    events.retain(|event| {
        let seen = of_code.entry(event["eventCode"].to_string()).or_default();
        *seen += 1;
        *seen <= 20
    });
    let mut changes = list("clockChanges");
    for (number, prior, after) in [(99_000, 52_020_000, 55_620_000), (105_000, 3_600_000, 0)] {
        changes.push(json!({
            "eventCode": 13, "sequenceGroup": 0, "sequenceNumber": number,
            "pumpDateTime": "2026-05-13T15:27:00",
            "eventProperties": {"timePrior": prior, "timeAfter": after},
        }));
        changes.push(json!({
            "eventCode": 14, "sequenceGroup": 0, "sequenceNumber": number + 1,
            "pumpDateTime": "2026-05-13T15:27:00",
            "eventProperties": {"datePrior": 6705, "dateAfter": 6706},
        }));
    }
    (events, changes)
});

/// Logs of a few events, of which some values became something else.
fn mutated(rng: &mut Rng) -> Value {
    let (events, changes) = &*EVENTS;
    let mut some = |of: &[Value], most: i64| -> Vec<Value> {
        let count = rng.between(0, most);
        let begin = rng.between(0, of.len() as i64 - 1) as usize;
        let chosen = of.iter().cycle().skip(begin).take(count as usize);
        chosen.cloned().collect()
    };
    let mut logs = json!({"events": some(events, 40), "clockChanges": some(changes, 6)});
    for _ in 0..rng.between(0, 12) {
        mutate(&mut logs, rng);
    }
    logs
}

/// Changes one value somewhere below.
fn mutate(value: &mut Value, rng: &mut Rng) {
    let inner = match value {
        Value::Array(list) if !list.is_empty() && rng.chance(97) => {
            let index = rng.between(0, list.len() as i64 - 1) as usize;
            Some(&mut list[index])
        }
        Value::Object(members) if !members.is_empty() && rng.chance(97) => {
            let index = rng.between(0, members.len() as i64 - 1) as usize;
            members.values_mut().nth(index)
        }
        _ => None,
    };
    match inner {
        Some(inner) => mutate(inner, rng),
        None => *value = anything(rng),
    }
}

/// Values at the edges of what there is.
fn anything(rng: &mut Rng) -> Value {
    let integers = [
        0,
        1,
        -1,
        3,
        14,
        63,
        64,
        65_535,
        86_399_999,
        86_400_000,
        4_294_967_295,
        579_622_800,
        9_007_199_254_740_993,
        i64::MAX,
        i64::MAX - 3,
        i64::MIN,
        i64::MIN + 3,
        9_223_372_036_854_775,
        -9_223_372_036_854_775,
        106_751_991_167,
        95_000_000,
    ];
    let texts = [
        "",
        " ",
        "0",
        "-1",
        "9223372036854775807",
        "1e400",
        "NaN",
        "inf",
        "9999-12-31T23:59:59",
        "0000-01-01T00:00:00",
        "0001-01-01T00:00:00",
        "2008-01-01T00:00:00",
        "2026-03-08T02:30:00",
        "2026-11-01T01:30:00",
        "2011-12-30T12:00:00",
        "2026-05-14T24:00:00",
        "2026-05-14T23:59:60",
        "2026-02-30T00:00:00",
        "é\u{0}\u{10ffff}",
    ];
    match rng.between(0, 9) {
        0 => Value::Null,
        1 => json!(rng.chance(50)),
        2..=4 => json!(rng.pick(&integers)),
        5 => json!(rng.pick(&[1e308, -1e308, 5e-324, 0.5, -0.0, 1e18, 9.3e15, 1e9])),
        6 => json!(u64::MAX),
        7 => json!(rng.pick(&texts)),
        8 => json!(rng.pick(&[[0, 5], [63, 64], [-1, i64::MAX]])),
        _ => json!({"eventCode": 279}),
    }
}

fn now(rng: &mut Rng) -> DateTime<Utc> {
    let seconds = rng.pick(&[1_779_000_000, 1_767_225_600, 0, 1_325_203_200]);
    Utc.timestamp_opt(seconds, 0).single().expect("a second")
}

/// Any JSON of some depth.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,20}".prop_map(Value::from),
        Just(json!("2026-05-14T10:00:00")),
    ];
    let keys = prop_oneof![
        "events|clockChanges|eventCode|sequenceGroup|sequenceNumber|pumpDateTime|eventProperties",
        "\\PC{0,8}",
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn logs_with_any_values_are_read(seed in any::<u64>()) {
        let mut rng = Rng::new(seed, 1);
        let logs = mutated(&mut rng).to_string();
        let (zone, now) = (rng.pick(&ZONES), now(&mut rng));
        pipeline::documents(logs.as_bytes(), zone, now);
    }

    #[test]
    fn logs_with_any_bytes_changed_are_read(seed in any::<u64>()) {
        let mut rng = Rng::new(seed, 2);
        let mut logs = mutated(&mut rng).to_string().into_bytes();
        for _ in 0..rng.between(1, 6) {
            if logs.is_empty() {
                break;
            }
            let at = rng.between(0, logs.len() as i64 - 1) as usize;
            match rng.between(0, 3) {
                0 => logs[at] = rng.next() as u8,
                1 => logs[at] = rng.pick(b"0123456789-+.eE\"{}[],:\\"),
                2 => drop(logs.remove(at)),
                _ => logs.truncate(at.max(1)),
            }
        }
        let (zone, now) = (rng.pick(&ZONES), now(&mut rng));
        pipeline::documents(&logs, zone, now);
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn any_json_is_read_or_refused(json in any_json()) {
        let now = now(&mut Rng::new(1, 1));
        pipeline::documents(json.to_string().as_bytes(), ZONES[0], now);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let now = now(&mut Rng::new(1, 1));
        pipeline::documents(&bytes, ZONES[0], now);
    }
}

#[test]
fn the_fuzz_targets_corpus_is_logs() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus/pump_logs");
    let mut files = 0;
    for entry in std::fs::read_dir(corpus).expect("the corpus") {
        let path = entry.expect("an entry").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let json = std::fs::read(&path).expect("a file");
            let count = pipeline::documents(&json, ZONES[0], now(&mut Rng::new(1, 1)));
            assert!(count.is_some(), "{}", path.display());
            files += 1;
        }
    }
    assert_eq!(files, 4);
}
