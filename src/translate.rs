//! The pump's events into Nightscout's documents: one file a feature, events in, documents out, nothing else.

pub(crate) mod basal;
pub(crate) mod bolus;
pub(crate) mod bolus_bg;
pub mod cgm;
pub(crate) mod cgm_alerts;
pub mod device_status;
pub(crate) mod profile;
pub(crate) mod pump_alerts;
pub(crate) mod pump_events;

use chrono::{DateTime, Duration, Utc};

use crate::config::{Feature, FeatureSet, PumpSerial};
use crate::nightscout::document::{Cause, Content, EventType, Identity, Subject, Treatment};
use crate::pump::clock::DatedEvent;
use crate::pump::event::Completion;

/// One pump's history over some days.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// The pump.
    pub serial: &'a PumpSerial,
    /// Its events with their instants, in the order in which it wrote them.
    pub events: &'a [DatedEvent],
}

impl History<'_> {
    /// The instant of the newest event known.
    pub(crate) fn newest(&self) -> Option<DateTime<Utc>> {
        self.events.last().map(|event| event.at)
    }
}

/// What the owner wants to see, as far as translating goes.
#[derive(Clone, Copy, Debug)]
pub struct TranslateOptions<'a> {
    /// What to copy.
    pub features: &'a FeatureSet,
    /// Leave out basal rates of 0 U/h.
    pub ignore_zero_unit_basal: bool,
    /// What the pump did by itself after this instant is held back.
    pub written_until: DateTime<Utc>,
}

/// Every treatment that the wanted features make of a history, by time and then by sequence.
pub fn treatments(history: &History<'_>, options: &TranslateOptions<'_>) -> Vec<Treatment> {
    let mut treatments = Vec::new();
    for feature in options.features.iter() {
        treatments.extend(match feature {
            Feature::Basal => basal::treatments(history, options),
            Feature::Bolus => bolus::treatments(history),
            Feature::PumpEvents => pump_events::treatments(history),
            Feature::PumpEventsBasalSuspension
                if options.features.contains(Feature::PumpEvents) =>
            {
                // All pump events have these among them.
                continue;
            }
            Feature::PumpEventsBasalSuspension => pump_events::suspensions(history),
            Feature::CgmAlerts => cgm_alerts::treatments(history),
            Feature::PumpAlerts => pump_alerts::treatments(history),
            Feature::BolusBg => bolus_bg::treatments(history),
            Feature::Profiles => profile::switches(history),
            // No treatments.
            Feature::Cgm | Feature::DeviceStatus | Feature::Iob => continue,
        });
    }
    treatments.sort_by_key(|treatment| (treatment.at, treatment.identity.events[0]));
    treatments
}

/// A treatment that tells of one event and is filed under its time.
fn treatment_of(
    history: &History<'_>,
    event: &DatedEvent,
    subject: Subject,
    (event_type, cause): (EventType, Cause),
    content: Content,
) -> Treatment {
    Treatment {
        identity: Identity::new(history.serial, subject, event.event.id, &[]),
        event_type,
        at: event.at,
        cause,
        content,
        restated: None,
    }
}

/// Content of nothing but a note.
fn note(text: impl Into<String>) -> Content {
    Content {
        notes: Some(text.into()),
        ..Content::default()
    }
}

/// How a delivery or a fill ended that was not completed.
fn ending(completion: Completion) -> Option<&'static str> {
    match completion {
        Completion::Completed => None,
        Completion::UserAborted => Some("stopped by the user"),
        Completion::Alarm => Some("stopped by an alarm"),
        Completion::Malfunction => Some("stopped by a malfunction"),
        Completion::Rejected => Some("rejected"),
        Completion::LowGlucoseSuspend => Some("stopped by the low-glucose suspend"),
    }
}

/// A length of time in minutes. Three decimals tell every second, and a page shows them as they are.
pub(crate) fn minutes(duration: Duration) -> f64 {
    let seconds = (duration.num_milliseconds() as f64 / 1000.0).round();
    rounded(seconds / 60.0, 3)
}

/// A number with so many decimals at the most.
fn rounded(number: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (number * scale).round() / scale
}
