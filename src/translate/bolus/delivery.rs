//! Gathers the events of each bolus.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};

use super::GIVEN_WITHIN;
use crate::pump::clock::DatedEvent;
use crate::pump::event::{
    BolusActivated, BolusCompleted, BolusDelivery, BolusId, BolusRequested1, BolusRequested2,
    BolusRequested3, Completion, Detail, EventId,
};
use crate::pump::quantity::MilliUnits;

/// Longer than any bolus takes, extended part included: the same `bolusId` after this long is another bolus.
const LONGEST: Duration = Duration::hours(24);

type Part<'a, T> = Option<(&'a DatedEvent, &'a T)>;

fn event<'a, T>(part: Part<'a, T>) -> Option<&'a DatedEvent> {
    part.map(|(event, _)| event)
}

/// What the pump's history says about one bolus.
#[derive(Clone, Default)]
pub(super) struct Delivery<'a> {
    pub(crate) requested_1: Part<'a, BolusRequested1>,
    pub(crate) requested_2: Part<'a, BolusRequested2>,
    pub(crate) requested_3: Part<'a, BolusRequested3>,
    activated: Part<'a, BolusActivated>,
    /// Code 280, in order: one at the start, one at the end, and during an extended part one every five minutes.
    reports: Vec<(&'a DatedEvent, &'a BolusDelivery)>,
    completed: Part<'a, BolusCompleted>,
    pub extended_activated: Part<'a, BolusActivated>,
    extended_completed: Part<'a, BolusCompleted>,
    /// All of its events.
    pub events: Vec<EventId>,
    newest: Option<&'a DatedEvent>,
}

/// How a bolus, or one of its parts, ended.
#[derive(Clone, Copy)]
pub(super) struct Ended<'a> {
    /// The event of the end, or the nearest one to it.
    pub(crate) event: &'a DatedEvent,
    pub(crate) delivered: MilliUnits,
    pub(crate) requested: Option<MilliUnits>,
    /// `None` if unknown.
    pub(crate) completion: Option<Completion>,
}

impl<'a> Ended<'a> {
    fn recorded((event, completed): (&'a DatedEvent, &'a BolusCompleted)) -> Self {
        Ended {
            event,
            delivered: completed.delivered,
            requested: completed.requested,
            completion: completed.completion,
        }
    }

    /// From code 280, which does not say why less was delivered than requested.
    fn reported(event: &'a DatedEvent, delivered: MilliUnits, requested: MilliUnits) -> Self {
        Ended {
            event,
            delivered,
            requested: Some(requested),
            completion: (delivered >= requested).then_some(Completion::Completed),
        }
    }
}

impl<'a> Delivery<'a> {
    /// The end of the bolus, or of its part given at once: code 20, or code 280 if that is missing.
    pub(super) fn now_ended(&self) -> Option<Ended<'a>> {
        match self.completed {
            Some(completed) => Some(Ended::recorded(completed)),
            None => self.now_reported(),
        }
    }

    /// The end of the part given at once, from code 280. In captures, the 280 of an extended bolus says "started" until all of
    /// it is over; the amount delivered shows when the part given at once is complete.
    fn now_reported(&self) -> Option<Ended<'a>> {
        let closing = self.closing();
        let requested = self.reported(|report| report.requested_now);
        if !self.asks_for_later() {
            let (event, total) = closing?;
            return Some(Ended::reported(event, total, requested.unwrap_or(total)));
        }
        let requested = requested.filter(|amount| *amount > MilliUnits::ZERO)?;
        let is_whole = |report: &BolusDelivery| report.delivered_total >= Some(requested);
        if let Some((event, _)) = self.reports.iter().find(|(_, report)| is_whole(report))
            && closing.is_none_or(|(closing, _)| closing.event.id != event.event.id)
        {
            return Some(Ended::reported(event, requested, requested));
        }
        let (closing, total) = closing?;
        if total < requested {
            return Some(Ended::reported(closing, total, requested));
        }
        // Only the end of the whole bolus is known. The part given at once was complete soon after the start.
        let begun = event(self.extended_activated).or(self.began());
        Some(Ended::reported(
            begun.unwrap_or(closing),
            requested,
            requested,
        ))
    }

    /// The event 280 of the end of the whole bolus, and the amount it delivered.
    fn closing(&self) -> Option<(&'a DatedEvent, MilliUnits)> {
        let (event, report) = self.reports.last()?;
        let total = report.delivered_total?;
        (report.completed == Some(true)).then_some((*event, total))
    }

    /// The newest value of something in code 280.
    pub(super) fn reported<T>(&self, of: impl Fn(&BolusDelivery) -> Option<T>) -> Option<T> {
        self.reports.iter().rev().find_map(|(_, report)| of(report))
    }

    /// Whether code 280 says that an extended part was requested.
    fn asks_for_later(&self) -> bool {
        self.reported(|report| report.requested_later)
            .is_some_and(|later| later > MilliUnits::ZERO)
    }

    /// The event that the document is filed under: the end of the part given at once; without one, the start of the extended
    /// part or the nearest event; without that too, the end of the extended part.
    ///
    /// Which one it is depends on the events that have arrived so far. The identity of the document does not.
    pub(super) fn main(&self, extended: bool) -> Option<&'a DatedEvent> {
        let ended = self.now_ended().map(|ended| ended.event);
        ended.or(match extended {
            true => self.extended_from(),
            false => self.end_alone().map(|ended| ended.event),
        })
    }

    /// Where the extended part starts: at its start event, else at the end of the part given at once, else at the beginning.
    pub(super) fn extended_from(&self) -> Option<&'a DatedEvent> {
        let ended = self.now_ended().map(|ended| ended.event);
        event(self.extended_activated).or(ended).or(self.began())
    }

    /// The event nearest to its beginning.
    fn began(&self) -> Option<&'a DatedEvent> {
        let closing = self.closing().map(|(event, _)| event.event.id);
        let mut reports = self.reports.iter().map(|(event, _)| *event);
        let reported = reports.find(|event| Some(event.event.id) != closing);
        event(self.activated)
            .or(event(self.requested_1))
            .or(event(self.requested_2))
            .or(event(self.requested_3))
            .or(reported)
    }

    /// The end of the extended part: code 21, or code 280 if that is missing. `None` if it was cancelled before it began.
    pub(super) fn extended_ended(&self) -> Option<Ended<'a>> {
        let began = self.now_ended().is_some() || self.extended_activated.is_some();
        let ended = match self.extended_completed {
            Some(completed) => Ended::recorded(completed),
            None => self.extended_reported()?,
        };
        (began || ended.delivered > MilliUnits::ZERO).then_some(ended)
    }

    /// The end of the extended part, from code 280: the whole bolus, less what was given at once.
    fn extended_reported(&self) -> Option<Ended<'a>> {
        let (event, total) = self.closing().filter(|_| self.asks_for_later())?;
        let requested = self.reported(|report| report.requested_later)?;
        let now = self.now_ended();
        let cut_short = now.is_some_and(|now| now.completion != Some(Completion::Completed));
        let now = now.map_or(MilliUnits::ZERO, |now| now.delivered);
        let delivered = (total - now).max(MilliUnits::ZERO);
        (!cut_short).then(|| Ended::reported(event, delivered, requested))
    }

    /// The end of an extended part whose start is unknown.
    pub(super) fn end_alone(&self) -> Option<Ended<'a>> {
        let took_no_time = |ended: &Ended<'_>, from: &DatedEvent| {
            from.event.id == ended.event.event.id
                || (ended.delivered > MilliUnits::ZERO && from.at >= ended.event.at)
        };
        self.extended_ended().filter(|ended| {
            self.extended_from()
                .is_none_or(|from| took_no_time(ended, from))
        })
    }

    /// The share requested at once, in percent.
    pub(super) fn requested_percent(&self) -> Option<i64> {
        self.requested_2
            .and_then(|(_, request)| request.standard_percent)
    }

    /// The share requested at once, in percent, if there is an extended part.
    pub(super) fn standard_percent(&self) -> Option<i64> {
        self.requested_percent().filter(|percent| *percent < 100)
    }

    /// The planned duration of the extended part, in minutes, from the request, else from the start; 0 if unknown.
    pub(super) fn planned_minutes(&self) -> i64 {
        match self.requested_2 {
            Some((_, request)) if request.duration_minutes > 0 => request.duration_minutes,
            _ => (self.reported(|report| report.extended_duration_minutes)).unwrap_or(0),
        }
    }

    /// The amount requested for the extended part.
    pub(super) fn requested_later(&self) -> Option<MilliUnits> {
        let activated = self.extended_activated.and_then(|(_, begun)| begun.size);
        let asked = self.reported(|report| report.requested_later);
        let total = self.requested_3.and_then(|(_, request)| request.total);
        let now = self.now_ended().and_then(|ended| ended.requested);
        let rest = total.map(|total| total - now.unwrap_or(MilliUnits::ZERO));
        let mut amounts = [activated, asked, rest].into_iter().flatten();
        amounts.find(|amount| *amount > MilliUnits::ZERO)
    }

    /// How much of it was delivered between two instants; `None` if unknown.
    pub(super) fn delivered_between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Option<MilliUnits> {
        let nothing_since = self.newest.is_none_or(|newest| newest.at <= from);
        let planned = Duration::minutes(self.planned_minutes());
        let long_over = self
            .began()
            .is_none_or(|began| from - began.at > GIVEN_WITHIN + planned);
        if from >= to || nothing_since && long_over {
            return Some(MilliUnits::ZERO);
        }
        Some(self.delivered_by(to)? - self.delivered_by(from)?)
    }

    /// How much of it was delivered up to an instant; `None` if unknown.
    fn delivered_by(&self, at: DateTime<Utc>) -> Option<MilliUnits> {
        let until = |event: &DatedEvent| event.at <= at;
        let now = self.now_ended().filter(|ended| until(ended.event));
        let later = self.extended_ended().filter(|ended| until(ended.event));
        let ended_with = now.map_or(MilliUnits::ZERO, |now| now.delivered);
        if let Some(later) = later {
            return Some(ended_with + later.delivered);
        }
        let reports = self.reports.iter().rev();
        let reported = reports
            .filter(|(event, _)| until(event))
            .find_map(|(_, report)| report.delivered_total);
        let later_runs = event(self.extended_activated).is_some_and(until);
        if later_runs || (now.is_some() && self.asks_for_later()) {
            // It is reported every five minutes.
            return reported.map(|reported| reported.max(ended_with));
        }
        let runs = event(self.activated).is_some_and(until) || reported.is_some();
        match now {
            Some(now) => Some(now.delivered),
            None if runs => None,
            None => Some(MilliUnits::ZERO),
        }
    }

    /// The events named in the document, in tconnectsync's order: the completion first, then the requests. Of the many 280s of
    /// an extended part, one is enough: the last, or the first while it runs.
    pub(super) fn told(&self) -> impl Iterator<Item = EventId> {
        let report = match self.closing() {
            Some((event, _)) => Some(event),
            None => self.reports.first().map(|(event, _)| *event),
        };
        [
            event(self.completed),
            event(self.requested_1),
            event(self.requested_2),
            event(self.requested_3),
            report,
            event(self.extended_activated),
            event(self.extended_completed),
        ]
        .into_iter()
        .flatten()
        .map(|event| event.event.id)
    }

    /// Whether an event can belong to this bolus, rather than to another with the same `bolusId`.
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
            Detail::BolusRequested1(part) => self.requested_1 = Some((event, part)),
            Detail::BolusRequested2(part) => self.requested_2 = Some((event, part)),
            Detail::BolusRequested3(part) => self.requested_3 = Some((event, part)),
            Detail::BolusActivated(part) => self.activated = Some((event, part)),
            Detail::BolusDelivery(part) => self.reports.push((event, part)),
            Detail::BolusCompleted(part) => self.completed = Some((event, part)),
            Detail::ExtendedBolusActivated(part) => self.extended_activated = Some((event, part)),
            Detail::ExtendedBolusCompleted(part) => self.extended_completed = Some((event, part)),
            _ => {}
        }
        self.events.push(event.event.id);
        self.newest = Some(event);
    }
}

/// The boluses of a history. The pump counts `bolusId` up and starts again at some point, so the same id much later is
/// another bolus.
pub(super) fn deliveries(events: &[DatedEvent]) -> Vec<Delivery<'_>> {
    let mut deliveries: Vec<Delivery<'_>> = Vec::new();
    let mut newest_of: HashMap<BolusId, usize> = HashMap::new();
    for event in events {
        let Some(bolus) = event.event.detail.bolus() else {
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
