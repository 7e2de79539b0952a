//! What is left in the cartridge: the pump's last report, less the insulin delivered since.
//!
//! Many pumps report it only at suspensions and fills, days apart. In between it is estimated, and marked as an estimate.
//! There is no estimate if anything is missing that could have changed it: the end of a bolus, basal rates for some time, or
//! the amount of a fill.

use chrono::{DateTime, Duration, Utc};

use super::Reported;
use crate::config::FeatureSet;
use crate::nightscout::document::Treatment;
use crate::pump::clock::DatedEvent;
use crate::pump::event::{Detail, Signal};
use crate::pump::quantity::MilliUnits;
use crate::translate::{History, TranslateOptions, basal, bolus, length};

/// Somebody took the cartridge out (`alarmId`).
const CARTRIDGE_REMOVED: Signal = Signal { id: 25 };

/// Consecutive rates are at most this far apart: they are dated to the second.
const WITHOUT_GAP: Duration = Duration::seconds(2);

/// What is left in a cartridge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reservoir {
    /// The pump's last report.
    pub(crate) reported: Reported<MilliUnits>,
    /// How much of that is left now.
    pub(crate) left: MilliUnits,
}

impl Reservoir {
    /// Whether nothing was delivered since the report.
    pub(super) fn is_as_reported(&self) -> bool {
        self.left == self.reported.value
    }

    /// The text to show instead of a number that would look measured.
    pub(super) fn estimate(&self) -> Option<String> {
        (!self.is_as_reported()).then(|| format!("~{:.0}U", self.left.units()))
    }
}

/// What is left at the newest event of a history; `None` if that cannot be known.
pub(super) fn left(history: &History<'_>, features: &FeatureSet) -> Option<Reservoir> {
    let now = history.newest()?;
    let (reported, primed) = reported(history.events)?;
    let since = reported.at;
    let boluses = bolus::delivered_between(history, since, now)?;
    let options = TranslateOptions {
        features,
        ignore_zero_unit_basal: false,
        // Records that are held back were delivered too.
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

/// The reservoir level that an event reports.
fn level(event: &DatedEvent) -> Option<MilliUnits> {
    match &event.event.detail {
        Detail::StatusSnapshot(status) => status.reservoir,
        Detail::PumpingSuspended(suspended) => suspended.reservoir,
        Detail::PumpingResumed(resumed) => resumed.reservoir,
        Detail::CartridgeFilled(filled) => filled.volume,
        _ => None,
    }
}

/// The last report that is still valid, and the insulin primed since.
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
            // A Mobi fills the tubing together with the cartridge and reports what is left after that. How much a tubing
            // fill by hand takes shows only in the next report.
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

/// The basal insulin between two instants; `None` if a rate is unknown.
fn basal_between(
    rates: &[Treatment],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Option<MilliUnits> {
    let end = |rate: &Treatment| rate.at + length(rate.content.duration.unwrap_or_default());
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
