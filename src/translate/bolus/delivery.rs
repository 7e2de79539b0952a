//! The events of each bolus, gathered.

use std::collections::HashMap;

use chrono::Duration;

use crate::pump::clock::DatedEvent;
use crate::pump::event::{
    BolusActivated, BolusCompleted, BolusDelivery, BolusId, BolusRequested1, BolusRequested2,
    BolusRequested3, Detail, EventId,
};
use crate::pump::quantity::MilliUnits;

/// Longer than any bolus takes, its extended part included: an equal `bolusId` after this long is another bolus.
const LONGEST: Duration = Duration::hours(24);

type Part<'a, T> = Option<(&'a DatedEvent, &'a T)>;

/// What the pump's history says about one bolus.
#[derive(Clone, Default)]
pub(super) struct Delivery<'a> {
    pub requested_1: Part<'a, BolusRequested1>,
    pub requested_2: Part<'a, BolusRequested2>,
    pub requested_3: Part<'a, BolusRequested3>,
    /// The newest of its code-280 events.
    pub delivery: Part<'a, BolusDelivery>,
    pub completed: Part<'a, BolusCompleted>,
    pub extended_activated: Part<'a, BolusActivated>,
    pub extended_completed: Part<'a, BolusCompleted>,
    newest: Option<&'a DatedEvent>,
}

impl<'a> Delivery<'a> {
    /// The event that the document is filed under: the completion; of a bolus that has no part given at once, the start
    /// of the extended part or what stands for it; and of a bolus that has nothing else, the end of the extended part.
    ///
    /// Which of them it is stays the same from run to run: a document is filed under the latter two only when the bolus is
    /// over, and what would come before them is known by then.
    pub(super) fn main(&self, extended: bool) -> Option<&'a DatedEvent> {
        let completed = self.completed.map(|(event, _)| event);
        completed.or(match extended {
            true => self.extended_from(),
            false => self.end_alone().map(|(event, _)| event),
        })
    }

    /// What the extended part counts from: its start, else the end of the part given at once, else the request.
    pub(super) fn extended_from(&self) -> Option<&'a DatedEvent> {
        let started = self.extended_activated.map(|(event, _)| event);
        let completed = self.completed.map(|(event, _)| event);
        started.or(completed).or(self.requested())
    }

    /// The first of the requests on record.
    fn requested(&self) -> Option<&'a DatedEvent> {
        let first = self.requested_1.map(|(event, _)| event);
        let second = self.requested_2.map(|(event, _)| event);
        let third = self.requested_3.map(|(event, _)| event);
        first.or(second).or(third)
    }

    /// The end of the extended part; none of one that was called off before it began.
    pub(super) fn extended_ended(&self) -> Part<'a, BolusCompleted> {
        let began = self.completed.is_some() || self.extended_activated.is_some();
        self.extended_completed
            .filter(|(_, ended)| began || ended.delivered > MilliUnits::ZERO)
    }

    /// The end of an extended part where nothing tells since when it was given.
    pub(super) fn end_alone(&self) -> Part<'a, BolusCompleted> {
        self.extended_ended()
            .filter(|_| self.extended_from().is_none())
    }

    /// The share asked for at once, in percent.
    fn requested_percent(&self) -> Option<i64> {
        self.requested_2
            .and_then(|(_, request)| request.standard_percent)
    }

    /// Whether all of it was asked for at once, whatever length the request has kept from another bolus.
    pub(super) fn is_given_at_once(&self) -> bool {
        self.requested_percent() == Some(100)
    }

    /// The share of a bolus with a later part that was asked for at once, in percent.
    pub(super) fn standard_percent(&self) -> Option<i64> {
        self.requested_percent().filter(|percent| *percent < 100)
    }

    /// How long the later part is to take, in minutes; 0 where nothing tells. The request says it, else the start.
    pub(super) fn planned_minutes(&self) -> i64 {
        let requested = self
            .requested_2
            .map(|(_, request)| request.duration_minutes);
        let started = self
            .delivery
            .and_then(|(_, delivery)| delivery.extended_duration_minutes);
        requested
            .filter(|minutes| *minutes > 0)
            .or(started)
            .unwrap_or(0)
    }

    /// What was asked for over time.
    pub(super) fn requested_later(&self) -> Option<MilliUnits> {
        let activated = self
            .extended_activated
            .and_then(|(_, activated)| activated.size);
        let asked = self
            .delivery
            .and_then(|(_, delivery)| delivery.requested_later);
        let total = self.requested_3.and_then(|(_, request)| request.total);
        let now = self
            .completed
            .and_then(|(_, completed)| completed.requested);
        let rest = total.map(|total| total - now.unwrap_or(MilliUnits::ZERO));
        let positive = |amount: &MilliUnits| *amount > MilliUnits::ZERO;
        activated
            .filter(positive)
            .or(asked.filter(positive))
            .or(rest.filter(positive))
    }

    /// The events that the document tells of, in tconnectsync's order: the completion first, then the requests.
    pub(super) fn ids(&self) -> impl Iterator<Item = EventId> {
        [
            self.completed.map(|(event, _)| event),
            self.requested_1.map(|(event, _)| event),
            self.requested_2.map(|(event, _)| event),
            self.requested_3.map(|(event, _)| event),
            self.delivery.map(|(event, _)| event),
            self.extended_activated.map(|(event, _)| event),
            self.extended_completed.map(|(event, _)| event),
        ]
        .into_iter()
        .flatten()
        .map(|event| event.event.id)
    }

    /// Whether an event can belong to this bolus, or has to be another with the same `bolusId`.
    fn takes(&self, event: &DatedEvent) -> bool {
        let free = match event.event.detail {
            Detail::BolusRequested1(_) => self.requested_1.is_none() && self.completed.is_none(),
            Detail::BolusRequested2(_) => self.requested_2.is_none() && self.completed.is_none(),
            Detail::BolusRequested3(_) => self.requested_3.is_none() && self.completed.is_none(),
            Detail::BolusCompleted(_) => self.completed.is_none(),
            Detail::ExtendedBolusActivated(_) => self.extended_activated.is_none(),
            Detail::ExtendedBolusCompleted(_) => self.extended_completed.is_none(),
            _ => true,
        };
        free && self
            .newest
            .is_none_or(|newest| event.at - newest.at <= LONGEST)
    }

    fn add(&mut self, event: &'a DatedEvent) {
        match &event.event.detail {
            Detail::BolusRequested1(request) => self.requested_1 = Some((event, request)),
            Detail::BolusRequested2(request) => self.requested_2 = Some((event, request)),
            Detail::BolusRequested3(request) => self.requested_3 = Some((event, request)),
            Detail::BolusDelivery(delivery) => self.delivery = Some((event, delivery)),
            Detail::BolusCompleted(completed) => self.completed = Some((event, completed)),
            Detail::ExtendedBolusActivated(activated) => {
                self.extended_activated = Some((event, activated));
            }
            Detail::ExtendedBolusCompleted(completed) => {
                self.extended_completed = Some((event, completed));
            }
            _ => {}
        }
        self.newest = Some(event);
    }
}

fn bolus_of(detail: &Detail) -> Option<BolusId> {
    match detail {
        Detail::BolusRequested1(request) => Some(request.bolus),
        Detail::BolusRequested2(request) => Some(request.bolus),
        Detail::BolusRequested3(request) => Some(request.bolus),
        Detail::BolusActivated(activated) | Detail::ExtendedBolusActivated(activated) => {
            Some(activated.bolus)
        }
        Detail::BolusDelivery(delivery) => Some(delivery.bolus),
        Detail::BolusCompleted(completed) | Detail::ExtendedBolusCompleted(completed) => {
            Some(completed.bolus)
        }
        _ => None,
    }
}

/// The boluses of a history. The pump counts `bolusId` up and starts again at some point, so that equal ones far apart
/// are different boluses.
pub(super) fn deliveries(events: &[DatedEvent]) -> Vec<Delivery<'_>> {
    let mut deliveries: Vec<Delivery<'_>> = Vec::new();
    let mut newest_of: HashMap<BolusId, usize> = HashMap::new();
    for event in events {
        let Some(bolus) = bolus_of(&event.event.detail) else {
            continue;
        };
        let known = newest_of.get(&bolus).copied();
        let index = match known.filter(|index| deliveries[*index].takes(event)) {
            Some(index) => index,
            None => {
                deliveries.push(Delivery::default());
                newest_of.insert(bolus, deliveries.len() - 1);
                deliveries.len() - 1
            }
        };
        deliveries[index].add(event);
    }
    deliveries
}
