//! Turns the pump's events into Nightscout's documents: one file per feature, events in, documents out, nothing else.

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
use crate::pump::event::{Completion, Detail, EventId};
use crate::pump::quantity::rounded;

/// Milliseconds in a minute.
pub(crate) const MILLISECONDS_A_MINUTE: f64 = 60_000.0;

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

/// The owner's settings that translating depends on.
#[derive(Clone, Copy, Debug)]
pub struct TranslateOptions<'a> {
    /// The features to copy.
    pub features: &'a FeatureSet,
    /// Leave out basal rates of 0 U/h.
    pub ignore_zero_unit_basal: bool,
    /// Whatever the pump did by itself after this instant is held back.
    pub written_until: DateTime<Utc>,
}

/// All treatments of the wanted features, ordered by time and then by sequence.
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
                // PUMP_EVENTS includes these.
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

/// What one event becomes: the subject, the event type and the content of its treatment.
type Told = (Subject, EventType, Content);

/// A treatment for each event for which `tell` returns one.
fn one_each(
    history: &History<'_>,
    cause: Cause,
    tell: impl Fn(&Detail) -> Option<Told>,
) -> Vec<Treatment> {
    let treatments = history.events.iter().filter_map(|event| {
        let told = tell(&event.event.detail)?;
        Some(treatment_of(history, event, cause, told))
    });
    treatments.collect()
}

/// A treatment about one event, filed under its time.
fn treatment_of(history: &History<'_>, event: &DatedEvent, cause: Cause, told: Told) -> Treatment {
    treatment_at(history, (event.event.id, event.at), cause, told)
}

/// A treatment about one event, filed under another time.
fn treatment_at(
    history: &History<'_>,
    (id, at): (EventId, DateTime<Utc>),
    cause: Cause,
    (subject, event_type, content): Told,
) -> Treatment {
    Treatment {
        identity: Identity::new(history.serial, subject, id, &[]),
        event_type,
        at,
        cause,
        content,
        restated: None,
    }
}

/// Content with only a note.
fn note(text: impl Into<String>) -> Content {
    Content {
        notes: Some(text.into()),
        ..Content::default()
    }
}

/// The name of an alarm or alert, or its kind and number if it has none.
fn named(name: Option<&str>, kind: &str, number: i64) -> String {
    name.map_or_else(|| format!("{kind} {number}"), str::to_owned)
}

/// How a delivery or a fill ended; `None` if it was completed.
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

/// A length of time in minutes. Three decimals are exact to the second, and Nightscout shows all decimals it gets.
pub(crate) fn minutes(duration: Duration) -> f64 {
    let seconds = (duration.num_milliseconds() as f64 / 1000.0).round();
    rounded(seconds / 60.0, 3)
}

/// Minutes as a length of time; an impossible length counts as none.
pub(crate) fn length(minutes: f64) -> Duration {
    let milliseconds = (minutes * MILLISECONDS_A_MINUTE).round();
    if (0.0..1e12).contains(&milliseconds) {
        Duration::milliseconds(milliseconds as i64)
    } else {
        Duration::zero()
    }
}
