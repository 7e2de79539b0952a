//! Cartridge, tubing and cannula. What is filled is in the notes: in the field `insulin` it would count as a bolus.

use crate::nightscout::document::{Cause, EventType, Subject, Treatment};
use crate::pump::event::{CartridgeFilled, Completion, Detail, Filled};

use super::super::{History, ending, note, treatment_of};

pub(super) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    let treatments = history.events.iter().filter_map(|event| {
        let (event_type, notes) = match &event.event.detail {
            Detail::CartridgeFilled(filled) => (EventType::InsulinChange, cartridge(filled)),
            Detail::TubingFilled(filled) => (EventType::Note, in_words("Tubing", filled)),
            Detail::CannulaFilled(filled) => (cannula(filled), in_words("Cannula", filled)),
            _ => return None,
        };
        let what = (event_type, Cause::Person);
        Some(treatment_of(
            history,
            event,
            Subject::Fill,
            what,
            note(notes),
        ))
    });
    treatments.collect()
}

/// A cannula that was filled is a new site. A fill that did not come to its end is followed by another one, or by a walk
/// back to the old site: the cannula's age stays.
fn cannula(filled: &Filled) -> EventType {
    match filled.completion {
        Some(Completion::Completed) | None => EventType::SiteChange,
        Some(_) => EventType::Note,
    }
}

fn cartridge(filled: &CartridgeFilled) -> String {
    match filled.volume {
        Some(volume) => format!("Cartridge filled: {volume}"),
        None => "Cartridge filled".to_owned(),
    }
}

/// What was filled, how much where the pump recorded it, and how it ended where that was before its time.
fn in_words(what: &str, filled: &Filled) -> String {
    let mut text = match filled.completion.and_then(ending) {
        Some(ending) => format!("{what} fill {ending}"),
        None => format!("{what} filled"),
    };
    if let Some(prime) = filled.prime {
        text.push_str(&format!(": {prime}"));
    }
    text
}
