//! The pump's events into Nightscout's documents: one file a feature, events in, documents out, nothing else.

pub mod basal;
pub mod bolus;

use chrono::{DateTime, Duration, Utc};

use crate::config::{Feature, FeatureSet, PumpSerial};
use crate::nightscout::document::Treatment;
use crate::pump::clock::DatedEvent;

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
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        self.events.last().map(|event| event.at)
    }
}

/// What the owner wants to see, as far as translating goes.
#[derive(Clone, Copy, Debug)]
pub struct Wishes<'a> {
    /// What to copy.
    pub features: &'a FeatureSet,
    /// Leave out basal rates of 0 U/h.
    pub ignore_zero_unit_basal: bool,
}

/// Every treatment that the wanted features make of a history, by time and then by sequence.
pub fn treatments(history: &History<'_>, wishes: &Wishes<'_>) -> Vec<Treatment> {
    let mut treatments = Vec::new();
    for feature in wishes.features.iter() {
        match feature {
            Feature::Basal => treatments.extend(basal::treatments(history, wishes)),
            Feature::Bolus => treatments.extend(bolus::treatments(history)),
            _ => {}
        }
    }
    treatments.sort_by_key(|treatment| (treatment.at, treatment.identity.events[0]));
    treatments
}

/// A length of time in minutes, with the fraction that its seconds make.
fn minutes(duration: Duration) -> f64 {
    duration.num_milliseconds() as f64 / 60_000.0
}
