//! `PUMP_EVENTS`: everything that happens to the pump apart from insulin delivery. `PUMP_EVENTS_BASAL_SUSPENSION` is only the
//! suspensions.

mod alarms;
mod fills;
mod modes;
mod sensors;

use crate::nightscout::document::{Cause, Content, EventType, Subject, Treatment};
use crate::pump::event::{Detail, SuspendReason};

use super::{History, one_each};

/// A treatment for each pump event.
pub(crate) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    let mut treatments = fills::treatments(history);
    treatments.extend(suspensions(history));
    treatments.extend(alarms::treatments(history));
    treatments.extend(modes::treatments(history));
    treatments.extend(sensors::treatments(history));
    treatments
}

/// A treatment for each suspension and resumption. They carry no duration: the basal rates show the missing delivery.
pub(crate) fn suspensions(history: &History<'_>) -> Vec<Treatment> {
    one_each(history, Cause::Pump, |detail| match detail {
        Detail::PumpingSuspended(suspended) => {
            let content = Content {
                reason: suspended.reason.map(|why| reason(why).to_owned()),
                ..Content::default()
            };
            Some((Subject::Suspension, EventType::BasalSuspension, content))
        }
        Detail::PumpingResumed(_) => {
            let content = Content::default();
            Some((Subject::Resumption, EventType::BasalResume, content))
        }
        _ => None,
    })
}

fn reason(reason: SuspendReason) -> &'static str {
    match reason {
        SuspendReason::User => "Stopped by the user",
        SuspendReason::Alarm => "Stopped by an alarm",
        SuspendReason::Malfunction => "Stopped by a malfunction",
        SuspendReason::LowGlucoseSuspend => "Stopped by the low-glucose suspend",
    }
}
