//! What tconnectsync's documents tell of a delivery, and what is left to tell.
//!
//! tconnectsync writes the part of a bolus that was given at once and nothing of the rest, a basal rate up to the newest
//! event that it knew and no further, and a sleep or an exercise that had not ended yet. It never corrects what it wrote.
//! Each of its documents counts for what it tells and no more: the rest goes into a document of ours beside it, which says
//! so in words. By these words it is known for what it is in later runs.

use chrono::Duration;
use serde_json::Value;

use crate::nightscout::document::{Content, EventType, Existing, Treatment};
use crate::pump::quantity::MilliUnits;

/// What a document of ours says that tells only what tconnectsync's leaves out.
const REST: &str = "the rest of what tconnectsync wrote";

/// tconnectsync rounds to hundredths of a unit.
const SAME_INSULIN: f64 = 0.0051;

/// tconnectsync counts whole seconds.
const SAME_END: Duration = Duration::seconds(1);

/// The minutes in a millisecond.
const MILLISECONDS_A_MINUTE: f64 = 60_000.0;

/// Whether a document of ours tells only what tconnectsync's leaves out.
pub(crate) fn is_rest(ours: &Existing) -> bool {
    let says = |field: &str| ours.document.get(field).and_then(Value::as_str);
    [says("notes"), says("reason")]
        .into_iter()
        .flatten()
        .any(|text| text.contains(REST))
}

/// What these documents leave out of a delivery; `None` where that is nothing.
pub(super) fn rest(wanted: &Treatment, theirs: &[&Existing]) -> Option<Treatment> {
    match wanted.event_type {
        EventType::MealBolus | EventType::CorrectionBolus | EventType::ComboBolus => {
            rest_of_bolus(wanted, theirs)
        }
        EventType::TempBasal | EventType::Sleep | EventType::Exercise => {
            rest_of_stretch(wanted, theirs)
        }
        // The others tell that something happened.
        _ => None,
    }
}

/// The largest number that a field has in any of the documents: two may tell the same twice.
fn most(theirs: &[&Existing], field: &str) -> f64 {
    let numbers = theirs.iter().map(|document| amount(document, field));
    numbers.fold(0.0, f64::max)
}

/// The number in a field; 0 where there is none.
pub(super) fn amount(document: &Existing, field: &str) -> f64 {
    let value = document.document.get(field);
    value.and_then(Value::as_f64).unwrap_or_default()
}

fn rest_of_bolus(wanted: &Treatment, theirs: &[&Existing]) -> Option<Treatment> {
    let content = &wanted.content;
    let given = content.insulin.map_or(0.0, MilliUnits::units);
    let missing = given - most(theirs, "insulin");
    let insulin = MilliUnits::from_units(missing).filter(|_| missing > SAME_INSULIN);
    let carbs = content.carbs.filter(|_| most(theirs, "carbs") <= 0.0);
    let later = content.relative.filter(|_| most(theirs, "relative") <= 0.0);
    if insulin.is_none() && carbs.is_none() && later.is_none() {
        return None;
    }
    let event_type = match (later, carbs) {
        (Some(_), _) => EventType::ComboBolus,
        (None, Some(_)) => EventType::MealBolus,
        (None, None) => EventType::CorrectionBolus,
    };
    let combo = later.is_some();
    Some(Treatment {
        event_type,
        content: Content {
            insulin,
            carbs,
            relative: later,
            duration: content.duration.filter(|_| combo),
            entered_insulin: content.entered_insulin.filter(|_| combo),
            split_now: content.split_now.filter(|_| combo),
            split_ext: content.split_ext.filter(|_| combo),
            notes: Some(with_rest(content.notes.as_deref())),
            ..content.clone()
        },
        ..wanted.clone()
    })
}

/// What lasts, from where tconnectsync's record of it ends.
fn rest_of_stretch(wanted: &Treatment, theirs: &[&Existing]) -> Option<Treatment> {
    let told = length(most(theirs, "duration"));
    let whole = length(wanted.content.duration.unwrap_or_default());
    if whole - told <= SAME_END {
        return None;
    }
    Some(Treatment {
        at: wanted.at + told,
        content: Content {
            duration: Some((whole - told).num_milliseconds() as f64 / MILLISECONDS_A_MINUTE),
            ..known_as_rest(wanted)
        },
        ..wanted.clone()
    })
}

/// What a document of ours says of something that lasts, where theirs turned out to tell all of it: the same as theirs, since
/// nothing is removed and a rest after its end would stand in the time of what came next.
pub(super) fn no_rest(wanted: &Treatment) -> Treatment {
    Treatment {
        content: known_as_rest(wanted),
        ..wanted.clone()
    }
}

fn known_as_rest(wanted: &Treatment) -> Content {
    let content = wanted.content.clone();
    match wanted.event_type {
        EventType::TempBasal => Content {
            reason: Some(with_rest(content.reason.as_deref())),
            ..content
        },
        _ => Content {
            notes: Some(with_rest(content.notes.as_deref())),
            ..content
        },
    }
}

fn with_rest(text: Option<&str>) -> String {
    match text {
        Some(text) => format!("{text}; {REST}"),
        None => REST.to_owned(),
    }
}

/// Minutes as a length of time; what nothing can last counts as none.
pub(super) fn length(minutes: f64) -> Duration {
    let milliseconds = (minutes * MILLISECONDS_A_MINUTE).round();
    if (0.0..1e12).contains(&milliseconds) {
        Duration::milliseconds(milliseconds as i64)
    } else {
        Duration::zero()
    }
}
