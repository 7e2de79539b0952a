//! `BOLUS_BG`: blood glucose values typed in by hand. Values that the pump took from its CGM are among the readings already.

use crate::nightscout::document::{Cause, Content, EventType, Subject, Treatment};
use crate::pump::event::{BgSource, Detail};

use super::{History, one_each};

/// A treatment for each value typed in.
pub(crate) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    one_each(history, Cause::Person, |detail| match detail {
        Detail::BgEntered(entered) if entered.source == Some(BgSource::Typed) => {
            let content = Content {
                glucose: Some(entered.bg),
                glucose_type: Some("Finger"),
                notes: entered.calibration.then(|| "Calibration".to_owned()),
                ..Content::default()
            };
            Some((Subject::BgCheck, EventType::BgCheck, content))
        }
        _ => None,
    })
}
