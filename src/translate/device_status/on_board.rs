//! The insulin on board that the pump reports, unless a bolus has come since that it does not count yet.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Duration, Utc};

use super::Reported;
use crate::pump::clock::DatedEvent;
use crate::pump::event::{BolusId, Detail};
use crate::pump::quantity::MilliUnits;

/// Longer than the part of any bolus takes that is given at once: 25 U were captured to take 5 to 12 minutes, by their rate.
const LONGEST: Duration = Duration::minutes(30);

/// The newest insulin on board, and the boluses that are not in it.
#[derive(Default)]
pub(super) struct OnBoard {
    reported: Option<Reported<MilliUnits>>,
    /// Boluses that were requested or begun, and whose end on record does not tell the insulin on board.
    open: HashMap<BolusId, Open>,
    /// Boluses whose end did.
    counted: HashSet<BolusId>,
}

struct Open {
    since: DateTime<Utc>,
    /// When it was over, where only code 280 tells.
    over: Option<DateTime<Utc>>,
}

impl OnBoard {
    /// Whether the pump reports any, however old or outdated.
    pub(super) fn newest(&self) -> Option<Reported<MilliUnits>> {
        self.reported
    }

    /// The newest, if every bolus is in it that had begun. An extended part is in it as far as it was given: what the pump
    /// reports after its beginning is right for then.
    pub(super) fn value(&self) -> Option<Reported<MilliUnits>> {
        self.reported.filter(|reported| {
            self.open.values().all(|open| {
                open.over.is_some_and(|over| reported.at > over)
                    || reported.at - open.since > LONGEST
            })
        })
    }

    pub(super) fn take(&mut self, event: &DatedEvent) {
        let units = match &event.event.detail {
            Detail::StatusSnapshot(status) => status.iob,
            Detail::DailyBasal(daily) => daily.iob,
            Detail::BgEntered(entered) => entered.iob,
            Detail::BolusRequested1(request) => request.iob,
            Detail::BolusActivated(activated) | Detail::ExtendedBolusActivated(activated) => {
                activated.iob
            }
            Detail::BolusCompleted(completed) | Detail::ExtendedBolusCompleted(completed) => {
                completed.iob
            }
            _ => None,
        };
        let units = units.and_then(MilliUnits::from_units);
        if let Some(value) = units {
            self.reported = Some(Reported {
                value,
                at: event.at,
            });
        }
        match &event.event.detail {
            Detail::BolusRequested1(request) => self.request(request.bolus, event.at),
            Detail::BolusRequested2(request) => self.request(request.bolus, event.at),
            Detail::BolusRequested3(request) => self.request(request.bolus, event.at),
            Detail::BolusActivated(activated) => self.open(activated.bolus, event.at),
            Detail::BolusDelivery(delivery) => {
                self.open(delivery.bolus, event.at);
                if let Some(open) = self.open.get_mut(&delivery.bolus)
                    && delivery.completed == Some(true)
                {
                    open.over = Some(event.at);
                }
            }
            // It follows the part given at once.
            Detail::ExtendedBolusActivated(activated) => {
                self.end(activated.bolus, event.at, units.is_some());
            }
            Detail::BolusCompleted(completed) | Detail::ExtendedBolusCompleted(completed) => {
                self.end(completed.bolus, event.at, units.is_some());
            }
            _ => {}
        }
    }

    /// A request: of another bolus where the pump has counted around.
    fn request(&mut self, bolus: BolusId, at: DateTime<Utc>) {
        self.counted.remove(&bolus);
        self.open(bolus, at);
    }

    fn open(&mut self, bolus: BolusId, at: DateTime<Utc>) {
        if !self.counted.contains(&bolus) {
            let open = Open {
                since: at,
                over: None,
            };
            self.open.entry(bolus).or_insert(open);
        }
    }

    fn end(&mut self, bolus: BolusId, at: DateTime<Utc>, tells: bool) {
        if tells {
            self.open.remove(&bolus);
            self.counted.insert(bolus);
        } else {
            self.open(bolus, at);
            if let Some(open) = self.open.get_mut(&bolus) {
                open.over = Some(at);
            }
        }
    }
}
