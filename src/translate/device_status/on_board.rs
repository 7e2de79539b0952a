//! The insulin on board that the pump reports, unless it misses a bolus that has begun since.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::super::bolus::GIVEN_WITHIN;
use super::Reported;
use crate::pump::clock::DatedEvent;
use crate::pump::event::{BolusId, Detail};
use crate::pump::quantity::MilliUnits;

/// The newest insulin on board, and the boluses that it does not include.
#[derive(Default)]
pub(super) struct OnBoard {
    reported: Option<Reported<MilliUnits>>,
    /// Boluses that were requested or begun, and that no insulin on board reported at their end includes.
    open: HashMap<BolusId, Open>,
    /// Boluses that one includes.
    counted: HashSet<BolusId>,
}

struct Open {
    since: DateTime<Utc>,
    /// When it ended, if only code 280 says so.
    over: Option<DateTime<Utc>>,
}

impl OnBoard {
    /// The newest reported, however old or outdated.
    pub(super) fn newest(&self) -> Option<Reported<MilliUnits>> {
        self.reported
    }

    /// The newest reported, if it includes every bolus that had begun. It includes what was given of an extended part up to
    /// then.
    pub(super) fn value(&self) -> Option<Reported<MilliUnits>> {
        self.reported.filter(|reported| {
            self.open.values().all(|open| {
                open.over.is_some_and(|over| reported.at > over)
                    || reported.at - open.since > GIVEN_WITHIN
            })
        })
    }

    pub(super) fn take(&mut self, event: &DatedEvent) {
        let at = event.at;
        let detail = &event.event.detail;
        let value = told(detail).and_then(MilliUnits::from_units);
        if let Some(value) = value {
            self.reported = Some(Reported { value, at });
        }
        let Some(bolus) = detail.bolus() else {
            return;
        };
        match detail {
            // A request reopens an id: the pump has started counting again.
            Detail::BolusRequested1(_)
            | Detail::BolusRequested2(_)
            | Detail::BolusRequested3(_) => {
                self.counted.remove(&bolus);
                self.open(bolus, at, false);
            }
            Detail::BolusActivated(_) => self.open(bolus, at, false),
            Detail::BolusDelivery(delivery) => {
                self.open(bolus, at, delivery.completed == Some(true));
            }
            // The end of a part: when the extended part begins, the part given at once is over.
            _ if value.is_some() => {
                self.open.remove(&bolus);
                self.counted.insert(bolus);
            }
            _ => self.open(bolus, at, true),
        }
    }

    fn open(&mut self, bolus: BolusId, at: DateTime<Utc>, over: bool) {
        if self.counted.contains(&bolus) {
            return;
        }
        let open = self.open.entry(bolus).or_insert(Open {
            since: at,
            over: None,
        });
        if over {
            open.over = Some(at);
        }
    }
}

/// The insulin on board that an event reports, in U.
fn told(detail: &Detail) -> Option<f64> {
    match detail {
        Detail::StatusSnapshot(status) | Detail::DailyBasal(status) => status.iob,
        Detail::BgEntered(entered) => entered.iob,
        Detail::BolusRequested1(request) => request.iob,
        Detail::BolusActivated(activated) | Detail::ExtendedBolusActivated(activated) => {
            activated.iob
        }
        Detail::BolusCompleted(completed) | Detail::ExtendedBolusCompleted(completed) => {
            completed.iob
        }
        _ => None,
    }
}
