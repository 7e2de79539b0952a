//! What tconnectsync's documents record of a delivery, and what they leave out.
//!
//! Of an extended bolus tconnectsync writes only the part given at once, of a basal rate only the time up to the newest event
//! it knew, and of a sleep or exercise only the part up to then. It never corrects what it wrote. What its documents leave
//! out goes into a document of ours beside them. That one says so in its text, and later runs recognise it by that text.

use chrono::Duration;

use crate::foreign;
use crate::nightscout::document::{Content, EventType, Existing, Treatment};
use crate::pump::quantity::MilliUnits;
use crate::translate::{MILLISECONDS_A_MINUTE, length};

/// The text in a document of ours that only adds what tconnectsync's leaves out.
const REST: &str = "the rest of what tconnectsync wrote";

/// tconnectsync rounds insulin and rates to hundredths of a unit.
pub(super) const ROUNDED: f64 = 0.0051;

/// tconnectsync counts whole seconds.
const SAME_END: Duration = Duration::seconds(1);

/// Whether a document of ours only adds what tconnectsync's leaves out.
pub(crate) fn is_rest(ours: &Existing) -> bool {
    ["notes", "reason"]
        .iter()
        .filter_map(|field| foreign::text_in(&ours.document, field))
        .any(|text| text.contains(REST))
}

/// Whether this is what a document of ours says that tells only that.
pub(super) fn tells_rest(content: &Content) -> bool {
    let texts = [&content.notes, &content.reason];
    let mut texts = texts.into_iter().flatten();
    texts.any(|text| text.contains(REST))
}

/// What these documents leave out of a delivery; `None` if nothing.
pub(super) fn rest(wanted: &Treatment, theirs: &[&Existing]) -> Option<Treatment> {
    match wanted.event_type {
        EventType::MealBolus | EventType::CorrectionBolus | EventType::ComboBolus => {
            rest_of_bolus(wanted, theirs)
        }
        EventType::TempBasal | EventType::Sleep | EventType::Exercise => {
            rest_of_stretch(wanted, theirs)
        }
        // The other types only record that something happened.
        _ => None,
    }
}

/// The largest number in a field of any of the documents. Not the sum: two may record the same.
fn most(theirs: &[&Existing], field: &str) -> f64 {
    let numbers = theirs.iter().map(|document| amount(document, field));
    numbers.fold(0.0, f64::max)
}

/// The number in a field; 0 if there is none.
pub(super) fn amount(document: &Existing, field: &str) -> f64 {
    let value = document.document.get(field);
    value.and_then(foreign::number).unwrap_or_default()
}

fn rest_of_bolus(wanted: &Treatment, theirs: &[&Existing]) -> Option<Treatment> {
    let content = &wanted.content;
    let given = content.insulin.map_or(0.0, MilliUnits::units);
    let missing = given - most(theirs, "insulin");
    let insulin = MilliUnits::from_units(missing).filter(|_| missing > ROUNDED);
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
    let mut left = wanted.clone();
    left.event_type = event_type;
    let content = &mut left.content;
    content.insulin = insulin;
    content.carbs = carbs;
    content.relative = later;
    content.notes = Some(with_rest(content.notes.as_deref()));
    if later.is_none() {
        content.duration = None;
        content.entered_insulin = None;
        content.split_now = None;
        content.split_ext = None;
    }
    Some(left)
}

/// The part of a temp basal, sleep or exercise after the end of tconnectsync's record.
fn rest_of_stretch(wanted: &Treatment, theirs: &[&Existing]) -> Option<Treatment> {
    let told = length(most(theirs, "duration"));
    let whole = length(wanted.content.duration.unwrap_or_default());
    if whole - told <= SAME_END {
        return None;
    }
    let mut left = no_rest(wanted);
    left.at += told;
    left.content.duration = Some((whole - told).num_milliseconds() as f64 / MILLISECONDS_A_MINUTE);
    Some(left)
}

/// What a document of ours says about something that lasts, if theirs turned out to record all of it: the same as theirs, since
/// nothing is removed, and a rest after its end would overlap whatever came next.
pub(super) fn no_rest(wanted: &Treatment) -> Treatment {
    let mut treatment = wanted.clone();
    let text = match wanted.event_type {
        EventType::TempBasal => &mut treatment.content.reason,
        _ => &mut treatment.content.notes,
    };
    *text = Some(with_rest(text.as_deref()));
    treatment
}

fn with_rest(text: Option<&str>) -> String {
    match text {
        Some(text) => format!("{text}; {REST}"),
        None => REST.to_owned(),
    }
}
