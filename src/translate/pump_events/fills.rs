//! Cartridge, tubing and cannula fills. The amount is in the notes: in the field `insulin` it would count as a bolus.

use crate::nightscout::document::{Cause, EventType, Subject, Treatment};
use crate::pump::event::{CartridgeFilled, Completion, Detail, Filled};

use super::super::{History, ending, note, one_each};

pub(super) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    one_each(history, Cause::Person, |detail| {
        let (event_type, notes) = match detail {
            Detail::CartridgeFilled(filled) => (EventType::InsulinChange, cartridge(filled)),
            Detail::TubingFilled(filled) => (EventType::Note, in_words("Tubing", filled)),
            Detail::CannulaFilled(filled) => (cannula(filled), in_words("Cannula", filled)),
            _ => return None,
        };
        Some((Subject::Fill, event_type, note(notes)))
    })
}

/// A filled cannula means a new site. After an incomplete fill comes another one, or the old site stays in use: that must not
/// reset the cannula's age.
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

/// What was filled, the amount if the pump recorded it, and how it ended if it was incomplete.
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
