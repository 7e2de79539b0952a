//! Lines for a maintainer about what this version does not expect in a capture: unusual answers, and new or missing properties.

use crate::report::counted;
use crate::tandem::{self, PUMP_LOGS};

use serde_json::Value;

use super::file::{Answer, Call, Capture};
use super::shape::type_of;

/// An object in Tandem's answers: the call, the object's place, the properties that it must have with their types, and those that
/// it may have. As observed up to October 2026.
struct Expected {
    call: &'static str,
    place: &'static [&'static str],
    needed: &'static [(&'static str, &'static str)],
    known: &'static [&'static str],
}

/// Stands for the elements of a list.
const EACH: &str = "[]";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected {
        call: "login", place: &[],
        needed: &[("status", "text")],
        known: &["redirectUrl", "error", "message"],
    },
    Expected {
        call: "token", place: &[],
        needed: &[("access_token", "text"), ("id_token", "claims"), ("expires_in", "number")],
        known: &["token_type", "scope", "refresh_token"],
    },
    Expected {
        call: "token", place: &["id_token", "claims"],
        needed: &[("pumperId", "text or number")],
        known: &[],
    },
    Expected {
        call: "pumper", place: &[],
        needed: &[("pumps", "list")],
        known: &[
            "firstName", "lastName", "name", "dateOfBirth", "lowGlucoseThreshold", "highGlucoseThreshold", "country",
        ],
    },
    Expected {
        call: "pumper", place: &["pumps", EACH],
        needed: &[
            ("assignmentId", "text"), ("serialNumber", "text"), ("maxDateOfEvents", "text or null"),
            ("lastUploadDate", "text or null"), ("availableDataRange", "object"), ("settings", "object or null"),
            ("modelName", "text"), ("softwareVersion", "text"),
        ],
        known: &["algorithm", "glucoseUnit", "modelNumber", "partNumber", "lastUploadClientType"],
    },
    Expected {
        call: "pumper", place: &["pumps", EACH, "settings", "details", "profiles"],
        needed: &[("activeIdp", "number"), ("profile", "list")],
        known: &["numberOfProfiles", "activeSegment"],
    },
    Expected {
        call: "pumper", place: &["pumps", EACH, "settings", "details", "profiles", "profile", EACH],
        needed: &[
            ("idp", "number"), ("name", "text"), ("insulinDuration", "number"), ("timeDependentSegments", "list"),
        ],
        known: &["timeDependentSegmentNumber", "carbEntry", "maxBolus"],
    },
    Expected {
        call: "pumper",
        place: &["pumps", EACH, "settings", "details", "profiles", "profile", EACH, "timeDependentSegments", EACH],
        needed: &[
            ("startTime", "number"), ("basalRate", "number"), ("carbRatio", "number"), ("targetBg", "number"),
            ("isf", "number"),
        ],
        known: &["status"],
    },
    Expected {
        call: PUMP_LOGS, place: &[],
        needed: &[("events", "list"), ("clockChanges", "list")],
        known: &[],
    },
    Expected {
        call: PUMP_LOGS, place: &["events", EACH],
        needed: &[
            ("eventCode", "number"), ("sequenceGroup", "number"), ("sequenceNumber", "number"), ("pumpDateTime", "text"),
        ],
        known: &["deviceAssignmentId", "estimatedDateTime", "eventProperties"],
    },
];

/// All differences, each once.
pub(super) fn of(capture: &Capture) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut add = |line: String| {
        if !lines.contains(&line) {
            lines.push(line);
        }
    };
    for call in &capture.calls {
        status(call, answer(capture, call))
            .into_iter()
            .for_each(&mut add);
        if let Some(shape) = &call.shape
            && is_success(call)
            && call.service == tandem::NAME
        {
            shapes(call, shape).into_iter().for_each(&mut add);
        }
        if let Answer::Logs(logs) = &call.answer {
            let lists = [&logs.events, &logs.clock_changes].into_iter().flatten();
            let looked = lists.flat_map(|list| list.inspected());
            events(looked.collect()).into_iter().for_each(&mut add);
        }
    }
    lines
}

/// The answer of a call, also if the call only refers to an earlier one.
fn answer<'c>(capture: &'c Capture, call: &'c Call) -> &'c Answer {
    match &call.answer {
        Answer::AsCall(index) => &capture.calls[*index].answer,
        answer => answer,
    }
}

fn is_success(call: &Call) -> bool {
    call.status
        .is_some_and(|status| (200..300).contains(&status))
}

/// An answer with an unusual status, or that is not JSON.
fn status(call: &Call, answer: &Answer) -> Option<String> {
    let said = |what: String, phrases: &str| {
        let phrases = match phrases {
            "" => String::new(),
            phrases => format!(" ({phrases})"),
        };
        Some(format!(
            "{}: {} {} {what}{phrases}",
            call.service, call.call, call.path
        ))
    };
    let Some(status) = call.status else {
        return said("got no answer".to_owned(), "");
    };
    let page_expected = call.call == "login page" || (300..400).contains(&status);
    match answer {
        Answer::Page(phrases) if !page_expected => said(
            format!("answered {status}, a web page instead of JSON"),
            phrases,
        ),
        Answer::Text(phrases) if !page_expected => {
            said(format!("answered {status}, text instead of JSON"), phrases)
        }
        Answer::BrokenJson => said(format!("answered {status}, JSON that is cut off"), ""),
        Answer::TooLarge => said(format!("answered {status}, more than a capture holds"), ""),
        Answer::Json(json) if status >= 400 => {
            said(format!("answered {status}"), &words(json).join(", "))
        }
        _ if status >= 400 => said(format!("answered {status}"), ""),
        _ => None,
    }
}

/// The known phrases of an answer that says what went wrong.
fn words(json: &Value) -> Vec<String> {
    let mut words = match json {
        Value::String(text) if text != super::anonymous::LEFT_OUT && !text.is_empty() => {
            vec![text.clone()]
        }
        Value::Array(values) => values.iter().flat_map(words).collect(),
        Value::Object(object) => object.values().flat_map(words).collect(),
        _ => Vec::new(),
    };
    words.sort();
    words.dedup();
    words
}

/// The objects of an answer with new, missing or changed properties.
fn shapes(call: &Call, shape: &Value) -> Vec<String> {
    let expected = EXPECTED
        .iter()
        .filter(|expected| expected.call == call.call);
    let lines = expected.flat_map(|expected| {
        let place = expected.place.iter();
        let found = place.fold(vec![shape], |found, part| {
            found
                .into_iter()
                .filter_map(|shape| step(shape, part))
                .collect()
        });
        let lines = found.into_iter().flat_map(|shape| {
            let place = expected.place.join(".").replace(".[]", "[]");
            let at = match place.is_empty() {
                true => call.call.to_owned(),
                false => format!("{}: {place}", call.call),
            };
            compare(&at, shape, expected)
        });
        lines.collect::<Vec<String>>()
    });
    lines.collect()
}

fn step<'s>(shape: &'s Value, part: &str) -> Option<&'s Value> {
    match part {
        EACH => shape.as_array()?.first(),
        name => property(shape, name),
    }
}

/// A property of a shape, whether all objects have it or some.
fn property<'s>(shape: &'s Value, name: &str) -> Option<&'s Value> {
    shape.get(name).or_else(|| shape.get(format!("{name}?")))
}

fn compare(at: &str, shape: &Value, expected: &Expected) -> Vec<String> {
    let Some(object) = shape.as_object() else {
        return vec![format!("{at} is {}, and no object", type_of(shape))];
    };
    let mut lines = Vec::new();
    let needed = expected.needed.iter();
    let missing: Vec<&str> = (needed.clone())
        .map(|(name, _)| *name)
        .filter(|name| property(shape, name).is_none())
        .collect();
    let is_expected = |name: &str| {
        expected.needed.iter().any(|(needed, _)| *needed == name) || expected.known.contains(&name)
    };
    // Only one of a login's claims is of interest.
    let knows_all = expected.place != ["id_token", "claims"];
    let names = object.keys().map(|name| name.trim_end_matches('?'));
    let new: Vec<&str> = names
        .filter(|name| knows_all && !is_expected(name))
        .collect();
    lines.extend(changed_names(at, &missing, &new));
    for (name, wanted) in needed {
        let Some(found) = property(shape, name).map(type_of) else {
            continue;
        };
        let wanted: Vec<&str> = wanted.split(" or ").collect();
        if !found
            .split(" or ")
            .all(|found| wanted.contains(&found) || found == "null")
        {
            lines.push(format!(
                "{at}: {name} is {found}, and was {}",
                wanted.join(" or ")
            ));
        }
    }
    lines
}

/// New and missing properties in one place. If there are both, one may have been renamed.
fn changed_names(at: &str, missing: &[&str], new: &[&str]) -> Option<String> {
    let (missing_names, new_names) = (missing.join(", "), new.join(", "));
    match (missing.is_empty(), new.is_empty()) {
        (true, true) => None,
        (true, false) => Some(format!("{at}: new: {new_names}")),
        (false, true) => Some(format!("{at}: missing: {missing_names}")),
        (false, false) => Some(format!(
            "{at}: missing: {missing_names}; new: {new_names} (renamed?)"
        )),
    }
}

/// The events with unknown codes or unusual properties.
fn events(looked: Vec<(i64, usize, crate::pump::decode::Inspected)>) -> Vec<String> {
    let mut codes: Vec<i64> = looked.iter().map(|(code, ..)| *code).collect();
    codes.sort_unstable();
    codes.dedup();
    let lines = codes.into_iter().filter_map(|code| {
        let of_code = looked.iter().filter(|(other, ..)| *other == code);
        let events: usize = of_code.clone().map(|(_, events, _)| events).sum();
        if crate::pump::decode::is_new(code) {
            return Some(format!(
                "{PUMP_LOGS}: event code {code} is new ({})",
                counted(events, "event", "events")
            ));
        }
        let mut new: Vec<&str> = (of_code.clone())
            .flat_map(|(_, _, inspected)| inspected.unknown.iter().map(String::as_str))
            .collect();
        new.sort_unstable();
        new.dedup();
        if new.is_empty() {
            return None;
        }
        // Properties may be left out. Only together with a new one, that is worth a line.
        let in_none = |name: &&str| {
            let mut of_code = of_code.clone();
            of_code.all(|(_, _, inspected)| inspected.absent.iter().any(|absent| absent == name))
        };
        let absent = of_code.clone().next().into_iter();
        let absent = absent.flat_map(|(_, _, inspected)| &inspected.absent);
        let mut missing: Vec<&str> = absent.map(String::as_str).filter(in_none).collect();
        missing.dedup();
        changed_names(&format!("{PUMP_LOGS}: event code {code}"), &missing, &new)
    });
    lines.collect()
}
