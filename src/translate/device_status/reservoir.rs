//! What is left in the cartridge: as the pump reported it last, less what went in since.
//!
//! Many pumps report it at suspensions and fills only, days apart. In between it is reckoned, and said to be; not at all
//! where something is missing that may have changed it: a bolus without its end, a stretch without basal rates, a fill of
//! which the pump recorded no amount.

use chrono::{DateTime, Duration, Utc};

use super::Reported;
use crate::config::FeatureSet;
use crate::nightscout::document::Treatment;
use crate::pump::clock::DatedEvent;
use crate::pump::event::{Detail, Signal};
use crate::pump::quantity::MilliUnits;
use crate::translate::{History, TranslateOptions, basal, bolus};

/// Somebody took the cartridge out (`alarmId`).
const CARTRIDGE_REMOVED: Signal = Signal { id: 25 };

/// Rates follow one another to the second.
const WITHOUT_GAP: Duration = Duration::seconds(2);

/// What is left in a cartridge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reservoir {
    /// What the pump reported last.
    pub(crate) reported: Reported<MilliUnits>,
    /// What is left of that now.
    pub(crate) left: MilliUnits,
}

impl Reservoir {
    /// Whether it is what the pump reported, with nothing taken out since.
    pub(super) fn is_as_reported(&self) -> bool {
        self.left == self.reported.value
    }

    /// What to show in place of a number that looks measured.
    pub(super) fn estimate(&self) -> Option<String> {
        (!self.is_as_reported()).then(|| format!("~{:.0}U", self.left.units()))
    }
}

/// What is left at the newest event of a history; `None` where nobody knows.
pub(super) fn left(history: &History<'_>, features: &FeatureSet) -> Option<Reservoir> {
    let now = history.newest()?;
    let (reported, primed) = reported(history.events)?;
    let since = reported.at;
    let boluses = bolus::delivered_between(history, since, now)?;
    let options = TranslateOptions {
        features,
        ignore_zero_unit_basal: false,
        // What has to wait was delivered all the same.
        written_until: DateTime::<Utc>::MAX_UTC,
    };
    let basal = basal_between(&basal::treatments(history, &options), since, now)?;
    let left = reported.value - primed - boluses - basal;
    Some(Reservoir {
        reported,
        left: left.max(MilliUnits::ZERO),
    })
}

/// Whether the pump reports its reservoir at all.
pub(super) fn is_reported(history: &History<'_>) -> bool {
    history.events.iter().any(|event| level(event).is_some())
}

/// What an event says is in the cartridge.
fn level(event: &DatedEvent) -> Option<MilliUnits> {
    match &event.event.detail {
        Detail::StatusSnapshot(status) => status.reservoir,
        Detail::PumpingSuspended(suspended) => suspended.reservoir,
        Detail::PumpingResumed(resumed) => resumed.reservoir,
        Detail::CartridgeFilled(filled) => filled.volume,
        _ => None,
    }
}

/// The last report that still holds, and what was primed out of the cartridge since.
fn reported(events: &[DatedEvent]) -> Option<(Reported<MilliUnits>, MilliUnits)> {
    let mut last: Option<(Reported<MilliUnits>, MilliUnits)> = None;
    let mut filled_at = None;
    for event in events {
        let at = event.at;
        match &event.event.detail {
            Detail::CartridgeFilled(_) => {
                last = None;
                filled_at = Some(at);
            }
            Detail::AlarmActivated(alarm) if *alarm == CARTRIDGE_REMOVED => last = None,
            // A Mobi fills the tubing with the cartridge, and what it reports is what is left then. How much a pump takes
            // that does so by hand shows in its next report.
            Detail::TubingFilled(_) if filled_at != Some(at) => last = None,
            Detail::CannulaFilled(filled) => {
                last = last
                    .zip(filled.prime)
                    .map(|((reported, primed), prime)| (reported, primed + prime));
            }
            _ => {}
        }
        if let Some(value) = level(event) {
            last = Some((Reported { value, at }, MilliUnits::ZERO));
        }
    }
    last
}

/// The basal insulin between two instants; `None` where a rate is not known.
fn basal_between(
    rates: &[Treatment],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Option<MilliUnits> {
    let end = |rate: &Treatment| {
        let minutes = rate.content.duration.unwrap_or(0.0);
        rate.at + Duration::milliseconds((minutes * 60_000.0).round() as i64)
    };
    let mut known_until = from;
    let mut units = 0.0;
    for (index, rate) in rates.iter().enumerate() {
        let next = rates.get(index + 1).map_or(to, |next| next.at);
        let until = end(rate).min(next).min(to);
        if until <= known_until {
            continue;
        }
        if rate.at - known_until > WITHOUT_GAP {
            return None;
        }
        let hours = (until - known_until.max(rate.at)).num_milliseconds() as f64 / 3_600_000.0;
        units += rate.content.absolute?.units_per_hour() * hours;
        known_until = until;
    }
    if to - known_until > WITHOUT_GAP {
        return None;
    }
    MilliUnits::from_units(units)
}
