//! `BOLUS_BG`: blood glucoses that were typed in. What the pump filled in from its CGM is among the readings.

use crate::nightscout::document::{Cause, Content, EventType, Subject, Treatment};
use crate::pump::event::{BgSource, Detail};

use super::{History, treatment_of};

/// A treatment for each value typed in.
pub(crate) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    let treatments = history.events.iter().filter_map(|event| {
        let Detail::BgEntered(entered) = &event.event.detail else {
            return None;
        };
        if entered.source != Some(BgSource::Typed) {
            return None;
        }
        let content = Content {
            glucose: Some(entered.bg),
            glucose_type: Some("Finger"),
            notes: entered.calibration.then(|| "Calibration".to_owned()),
            ..Content::default()
        };
        let what = (EventType::BgCheck, Cause::Person);
        Some(treatment_of(
            history,
            event,
            Subject::BgCheck,
            what,
            content,
        ))
    });
    treatments.collect()
}
