//! Pump logs as text: every element is visited, odd ones are reported, and other answers are not understood.

use anyhow::Result;
use chrono::NaiveDateTime;
use proptest::prelude::*;
use serde_json::{Value, json};
use tconnectsync_heroku::failure::{self, ExitStatus};
use tconnectsync_heroku::tandem::{PumpLogs, WireEvent};

use super::fails;

/// An element as its code, number, time and properties; `None` for an odd one.
type Seen = Option<(i64, i64, String, String)>;

fn visit(json: &str) -> Result<(Vec<Seen>, Vec<Seen>)> {
    let logs = PumpLogs::from_json(json);
    let (mut events, mut changes) = (Vec::new(), Vec::new());
    let seen = |event: Option<WireEvent<'_>>| match event {
        Some(event) => {
            let time: NaiveDateTime = event.pump_date_time;
            Some((
                event.code,
                event.sequence_number,
                time.to_string(),
                event.properties.get().to_owned(),
            ))
        }
        None => None,
    };
    logs.visit(
        |event| events.push(seen(event)),
        |change| changes.push(seen(change)),
    )?;
    Ok((events, changes))
}

fn event(change: Value) -> String {
    let mut event = json!({
        "deviceAssignmentId": "4ff6bebc", "eventCode": 279, "sequenceGroup": 0, "sequenceNumber": 7,
        "pumpDateTime": "2026-05-14T00:01:00", "eventProperties": {"commandedRate": 1279},
        "estimatedDateTime": "2026-05-14T00:01:00Z",
    });
    if let (Some(event), Value::Object(change)) = (event.as_object_mut(), change) {
        event.extend(change);
    }
    event.to_string()
}

fn only(element: &str) -> Seen {
    let (events, changes) =
        visit(&format!(r#"{{"events":[{element}],"clockChanges":[]}}"#)).unwrap();
    assert_eq!((events.len(), changes.len()), (1, 0));
    events.into_iter().next().expect("one event")
}

#[test]
fn events_and_clock_changes_are_told_apart_in_any_order() {
    let json = format!(
        r#"{{"extra":{{"events":[1]}},"clockChanges":[{}],"events":[{},{}],"events":[7]}}"#,
        event(json!({"eventCode": 13})),
        event(json!({})),
        event(json!({"sequenceNumber": 8})),
    );
    let (events, changes) = visit(&json).unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(
        changes
            .iter()
            .filter(|change| matches!(change, Some((13, ..))))
            .count(),
        1
    );
}

#[test]
fn odd_spellings_of_values_are_read() {
    let plain = only(&event(json!({})));
    assert_eq!(
        plain,
        Some((
            279,
            7,
            "2026-05-14 00:01:00".to_owned(),
            r#"{"commandedRate":1279}"#.to_owned()
        ))
    );
    for change in [
        json!({"eventCode": "279"}),
        json!({"sequenceNumber": "7", "sequenceGroup": 0.0}),
        json!({"pumpDateTime": "2026-05-14T00:01:00.9999Z"}),
        json!({"pumpDateTime": "2026-05-14 00:01:00-04:00"}),
        json!({"estimatedDateTime": null, "new": [{"eventCode": 1}]}),
    ] {
        assert_eq!(only(&event(change.clone())), plain, "{change}");
    }
    for missing in [r#","eventProperties":null}"#, "}"] {
        let element = format!(
            r#"{{"\u0065ventCode":1,"sequenceGroup":0,"sequenceNumber":7,"pumpDateTime":"2026-05-14T00:01:00"{missing}"#
        );
        assert_eq!(
            only(&element),
            Some((1, 7, "2026-05-14 00:01:00".to_owned(), "{}".to_owned()))
        );
    }
}

#[test]
fn an_odd_element_is_reported_and_the_others_are_read() {
    for element in [
        "null".to_owned(),
        "7".to_owned(),
        "[]".to_owned(),
        // Which of the two it is, nobody can say.
        r#"{"eventCode":1,"eventCode":2,"sequenceGroup":0,"sequenceNumber":7,"pumpDateTime":"2026-05-14T00:01:00"}"#.to_owned(),
        "{}".to_owned(),
        event(json!({"eventCode": null})),
        event(json!({"eventCode": 1.5})),
        event(json!({"sequenceNumber": "seven"})),
        event(json!({"sequenceGroup": {}})),
        event(json!({"pumpDateTime": "yesterday"})),
        event(json!({"pumpDateTime": "2026-02-30T00:00:00"})),
        event(json!({"pumpDateTime": 1_795_200_000})),
        event(json!({"eventProperties": [1]})),
    ] {
        assert!(only(&element).is_none(), "{element}");
        let (events, _) =
            visit(&format!(r#"{{"events":[{element},{}]}}"#, event(json!({})))).unwrap();
        assert!(events[0].is_none() && events[1].is_some());
    }
}

#[test]
fn without_a_list_of_events_it_is_not_understood() {
    for json in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"clockChanges":[]}"#,
        r#"{"events":null}"#,
        r#"{"events":{}}"#,
        r#"{"events":"none"}"#,
        r#"{"events":[],"clockChanges":5}"#,
        r#"{"events":[]} <html>"#,
        "<html>",
    ] {
        let text = fails(visit(json), ExitStatus::NotUnderstood);
        assert!(
            text.starts_with("Tandem Source: pump logs answered"),
            "{text}"
        );
    }
    // What was lost on the way comes the next time.
    let text = fails(visit(r#"{"events":[]"#), ExitStatus::Unavailable);
    assert!(text.contains("answered JSON that is cut off"), "{text}");
    assert!(visit(r#"{"events":[]}"#).is_ok());
    assert!(visit(r#"{"events":[],"clockChanges":null}"#).is_ok());
}

/// Any JSON, with the keys that count now and then.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        Just(json!("2026-05-14T00:01:00")),
    ];
    let key = prop_oneof![
        Just("eventCode".to_owned()),
        Just("sequenceGroup".to_owned()),
        Just("sequenceNumber".to_owned()),
        Just("pumpDateTime".to_owned()),
        Just("eventProperties".to_owned()),
        "[a-z]{1,5}",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_list_of_events_is_visited_whole(elements in prop::collection::vec(any_json(), 0..20)) {
        let json = json!({"events": elements, "clockChanges": elements}).to_string();
        let (events, changes) = visit(&json).expect("logs");
        prop_assert_eq!(events.len(), elements.len());
        prop_assert_eq!(events, changes);
    }

    #[test]
    fn any_text_is_visited_or_not_understood(text in "\\PC{0,60}", cut in 0usize..200) {
        let _ = visit(&text);
        let whole = format!(r#"{{"events":[{}]}}"#, event(json!({"notes": text})));
        let mut cut = cut.min(whole.len() - 1);
        while !whole.is_char_boundary(cut) {
            cut -= 1;
        }
        let expected = match cut {
            0 => ExitStatus::NotUnderstood,
            _ => ExitStatus::Unavailable,
        };
        prop_assert_eq!(failure::status(&visit(&whole[..cut]).unwrap_err()), expected);
    }
}
