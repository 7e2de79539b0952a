//! `PUMP_EVENTS`: what happens to and around the pump, beside the insulin that it gives. `PUMP_EVENTS_BASAL_SUSPENSION`
//! is its part about suspensions.

mod alarms;
mod fills;
mod modes;
mod sensors;

use crate::nightscout::document::{Cause, Content, EventType, Subject, Treatment};
use crate::pump::event::{Detail, SuspendReason};

use super::{History, treatment_of};

/// A treatment for each pump event.
pub(crate) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    let mut treatments = fills::treatments(history);
    treatments.extend(suspensions(history));
    treatments.extend(alarms::treatments(history));
    treatments.extend(modes::treatments(history));
    treatments.extend(sensors::treatments(history));
    treatments
}

/// A treatment for each suspension and each resumption. They are marks: what was not delivered is in the basal rates.
pub(crate) fn suspensions(history: &History<'_>) -> Vec<Treatment> {
    let treatments = history.events.iter().filter_map(|event| {
        let (subject, event_type, reason) = match &event.event.detail {
            Detail::PumpingSuspended(suspended) => (
                Subject::Suspension,
                EventType::BasalSuspension,
                suspended.reason.map(reason),
            ),
            Detail::PumpingResumed(_) => (Subject::Resumption, EventType::BasalResume, None),
            _ => return None,
        };
        let content = Content {
            reason: reason.map(str::to_owned),
            ..Content::default()
        };
        Some(treatment_of(
            history,
            event,
            subject,
            (event_type, Cause::Pump),
            content,
        ))
    });
    treatments.collect()
}

fn reason(reason: SuspendReason) -> &'static str {
    match reason {
        SuspendReason::User => "Stopped by the user",
        SuspendReason::Alarm => "Stopped by an alarm",
        SuspendReason::Malfunction => "Stopped by a malfunction",
        SuspendReason::LowGlucoseSuspend => "Stopped by the low-glucose suspend",
    }
}
