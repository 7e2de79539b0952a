//! A bolus in words: what kind it was, and what was unusual about it.

use crate::pump::event::{BolusOption, BolusSource};

use super::super::ending;
use super::delivery::{Delivery, Ended};
use super::{Extended, is_automatic};

/// The kind of bolus, the user's changes to the pump's proposal, and how it ended if not as planned.
pub(super) fn notes(delivery: &Delivery<'_>, extended: Option<&Extended>) -> Option<String> {
    let mut notes: Vec<String> = Vec::new();
    notes.extend(kind(delivery).map(str::to_owned));
    if let Some((_, request)) = delivery.requested_2 {
        if request.user_override {
            notes.push("override".to_owned());
        }
        if request.declined_correction {
            notes.push("correction declined".to_owned());
        }
    }
    if delivery.end_alone().is_some() {
        notes.push("extended part, start not recorded".to_owned());
    }
    if let Some(ended) = delivery.now_ended() {
        notes.extend(cut_short(&ended));
    }
    if let Some(how) = extended
        .and_then(|part| part.completion)
        .flatten()
        .and_then(ending)
    {
        notes.push(format!("extended part {how}"));
    }
    (!notes.is_empty()).then(|| notes.join(", "))
}

/// How a part ended; `None` if it was given in full.
fn cut_short(ended: &Ended<'_>) -> Option<String> {
    let how = match (ended.completion, ended.requested) {
        (Some(completion), _) => ending(completion)?,
        (None, Some(requested)) if ended.delivered < requested => "stopped",
        (None, _) => return None,
    };
    Some(match ended.requested {
        Some(requested) => format!("{how}: {} of {requested}", ended.delivered.units()),
        None => how.to_owned(),
    })
}

fn kind(delivery: &Delivery<'_>) -> Option<&'static str> {
    let option = delivery.requested_2.and_then(|(_, request)| request.option);
    let source = delivery.reported(|report| report.source);
    match option {
        Some(BolusOption::Standard) if source == Some(BolusSource::Phone) => Some("Phone bolus"),
        Some(BolusOption::Standard) => Some("Standard bolus"),
        Some(BolusOption::Extended) => Some("Extended bolus"),
        Some(BolusOption::Quick) => Some("Quick bolus"),
        Some(BolusOption::Automatic) => Some("Automatic correction"),
        Some(BolusOption::PhoneStandard) => Some("Phone bolus"),
        Some(BolusOption::PhoneExtended) => Some("Extended phone bolus"),
        Some(BolusOption::EatingSoonAutomatic) => Some("Automatic eating-soon bolus"),
        Some(BolusOption::Late) => Some("Late bolus"),
        None if is_automatic(delivery) => Some("Automatic correction"),
        None => None,
    }
}
