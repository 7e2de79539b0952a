//! What a client must survive: codes, members and properties that nobody knows, nulls, and elements that are no events.

use super::super::rng::Rng;
use super::calendar::{DAY, stamp};
use super::event::{Event, Properties};
use super::plan::Feature;
use super::world::World;

/// Codes that are known and without a meaning for Nightscout, and two that nobody knows.
const UNKNOWN_CODES: &[u32] = &[
    99, 140, 53, 60, 57, 203, 191, 371, 558, 559, 562, 566, 1234, 65_000,
];

/// Properties on which nothing depends.
const IDLE_PROPERTIES: &[&str] = &[
    "reservedA2",
    "spareA3",
    "spareA2",
    "spareB6",
    "reservedD15",
    "rssi",
    "algorithmState",
    "selectedIob",
    "remoteId",
    "faultLocatorData",
    "param1",
    "carbRatio",
    "position",
    "infusionSetType",
    "bgSourceType",
];

/// Bit masks, which may come as integers.
const MASKS: &[&str] = &[
    "bolusType",
    "cgmDataType",
    "changeType",
    "activeSleepSchedule",
    "egvInfoBitmask",
];

pub(super) fn strew(world: &mut World<'_>) {
    let mut rng = world.rng(12);
    let odd = world.plan.features;
    for event in world.recorder.events_mut() {
        if odd.has(Feature::UnknownFields) && rng.chance(10) {
            event
                .odd
                .push_str(",\"receivedBy\":{\"region\":\"x\",\"tags\":[1,null]}");
            if event.properties.len() > 2 {
                event
                    .properties
                    .insert_str(1, "\"brandNew\":{\"a\":[1,2]},");
            }
        }
        if odd.has(Feature::NullProperties) && rng.chance(20) {
            let key = rng.pick(IDLE_PROPERTIES);
            replace(event, key, |_| Some("null".to_owned()));
            let key = rng.pick(IDLE_PROPERTIES);
            replace(event, key, |_| None);
        }
        if odd.has(Feature::MaskIntegers) && rng.chance(50) {
            MASKS.iter().for_each(|key| replace(event, key, mask));
        }
    }
    // However many events there are.
    let mut rng = world.rng(14);
    for day in world.days() {
        if odd.has(Feature::UnknownCodes) {
            for _ in 0..rng.between(1, 12) {
                let properties = Properties::new()
                    .int("whatever", rng.between(0, 9))
                    .raw("list", "[1,2]");
                let (code, at) = (rng.pick(UNKNOWN_CODES), day + rng.between(0, DAY - 1));
                let pushed = world.push(code, at, properties);
                world.truth.unknown_codes += usize::from(pushed.is_some() && is_new(code));
            }
        }
        if odd.has(Feature::Chatter) {
            for _ in 0..1_000 {
                let at = day + rng.between(0, DAY - 1);
                let properties = Properties::new()
                    .int("state", at % 7)
                    .int("value", rng.between(0, 99_999))
                    .int("spareA2", 0);
                let code = rng.pick(UNKNOWN_CODES);
                let pushed = world.push(code, at, properties);
                world.truth.unknown_codes += usize::from(pushed.is_some() && is_new(code));
            }
        }
        if odd.has(Feature::Malformed) && rng.chance(70) {
            malformed(world, day + rng.between(0, DAY - 1), &mut rng);
        }
    }
}

/// Whether nobody knows a code.
fn is_new(code: u32) -> bool {
    matches!(code, 1234 | 65_000)
}

/// An element of `events` from which nothing can be read.
fn malformed(world: &mut World<'_>, at: i64, rng: &mut Rng) {
    if world.push(20, at, Properties::new()).is_none() {
        return;
    }
    world.truth.malformed += 1;
    let text = stamp(world.clock.wall(at));
    let head = "{\"deviceAssignmentId\":\"x\",\"eventCode\":";
    let Some(event) = world.recorder.events_mut().last_mut() else {
        return;
    };
    match rng.between(0, 6) {
        0 => event.odd = "{}".to_owned(),
        1 => event.odd = "null".to_owned(),
        2 => event.odd = "\"event\"".to_owned(),
        3 => event.odd = format!("{head}\"twenty\",\"sequenceNumber\":\"{text}\"}}"),
        4 => {
            event.odd = format!(
                "{head}20,\"sequenceGroup\":0,\"sequenceNumber\":5,\"pumpDateTime\":\"yesterday\",\"eventProperties\":{{}}}}"
            )
        }
        5 => {
            event.odd = format!(
                "{head}20,\"sequenceGroup\":0,\"pumpDateTime\":\"{text}\",\"eventProperties\":null}}"
            )
        }
        // A completion without a single property: the element itself is well-formed.
        _ => {}
    }
}

/// Replaces a property's value, or takes the property away.
fn replace(event: &mut Event, key: &str, change: impl FnOnce(&str) -> Option<String>) {
    let Some(start) = event.properties.find(&format!("\"{key}\":")) else {
        return;
    };
    let value = start + key.len() + 3;
    let rest = &event.properties[value..];
    let length = if rest.starts_with('[') {
        rest.find(']').map(|end| end + 1)
    } else {
        rest.find([',', '}'])
    };
    let Some(end) = length.map(|length| value + length) else {
        return;
    };
    match change(&event.properties[value..end]) {
        Some(changed) => event.properties.replace_range(value..end, &changed),
        None if event.properties[end..].starts_with(',') => {
            event.properties.replace_range(start..=end, "")
        }
        None if start > 1 => event.properties.replace_range(start - 1..end, ""),
        None => event.properties.replace_range(start..end, ""),
    }
}

/// `[0,3,4]` as 25.
fn mask(list: &str) -> Option<String> {
    let bits = list
        .trim_matches(['[', ']'])
        .split(',')
        .filter_map(|bit| bit.parse::<u32>().ok());
    Some(bits.fold(0_u64, |mask, bit| mask | 1 << bit).to_string())
}
