//! The events of each bolus, gathered.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};

use crate::pump::clock::DatedEvent;
use crate::pump::event::{
    BolusActivated, BolusCompleted, BolusDelivery, BolusId, BolusRequested1, BolusRequested2,
    BolusRequested3, Completion, Detail, EventId,
};
use crate::pump::quantity::MilliUnits;

/// Longer than any bolus takes, its extended part included: an equal `bolusId` after this long is another bolus.
const LONGEST: Duration = Duration::hours(24);

/// Longer than it takes to give the part of any bolus that is given at once.
const GIVEN_WITHIN: Duration = Duration::minutes(30);

type Part<'a, T> = Option<(&'a DatedEvent, &'a T)>;

/// What the pump's history says about one bolus.
#[derive(Clone, Default)]
pub(super) struct Delivery<'a> {
    pub(crate) requested_1: Part<'a, BolusRequested1>,
    pub(crate) requested_2: Part<'a, BolusRequested2>,
    pub(crate) requested_3: Part<'a, BolusRequested3>,
    activated: Part<'a, BolusActivated>,
    /// Code 280, in order: one when it begins, one when it is over, and during an extended part one every five minutes.
    reports: Vec<(&'a DatedEvent, &'a BolusDelivery)>,
    completed: Part<'a, BolusCompleted>,
    extended_activated: Part<'a, BolusActivated>,
    extended_completed: Part<'a, BolusCompleted>,
    /// All of its events.
    events: Vec<EventId>,
    newest: Option<&'a DatedEvent>,
}

/// How a bolus, or one of its parts, ended.
#[derive(Clone, Copy)]
pub(super) struct Ended<'a> {
    /// The event that tells, or that comes nearest to the end.
    pub(crate) event: &'a DatedEvent,
    pub(crate) delivered: MilliUnits,
    pub(crate) requested: Option<MilliUnits>,
    /// `None` where nothing says how.
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

    /// As code 280 tells, which does not say why less was delivered than asked for.
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
    /// The end of the bolus, or of its part given at once: code 20, and where that is missing what code 280 says.
    pub(super) fn now_ended(&self) -> Option<Ended<'a>> {
        match self.completed {
            Some(completed) => Some(Ended::recorded(completed)),
            None => self.now_reported(),
        }
    }

    /// The end of the part given at once as code 280 tells it. The captured 280 of an extended bolus says "started" until
    /// all of it is over; that the part given at once is complete shows in how much was delivered.
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
        // Only the end of all of it is known: the part given at once was complete before, soon after it began.
        let event = self.extended_activated.map(|(event, _)| event);
        let event = event.or(self.began()).unwrap_or(closing);
        Some(Ended::reported(event, requested, requested))
    }

    /// The event 280 that says that the whole bolus is over, and what it delivered.
    fn closing(&self) -> Option<(&'a DatedEvent, MilliUnits)> {
        let (event, report) = self.reports.last()?;
        let total = report.delivered_total?;
        (report.completed == Some(true)).then_some((*event, total))
    }

    /// The newest that code 280 says of something.
    pub(super) fn reported<T>(&self, of: impl Fn(&BolusDelivery) -> Option<T>) -> Option<T> {
        self.reports.iter().rev().find_map(|(_, report)| of(report))
    }

    /// Whether code 280 says that a part was asked for over time.
    fn asks_for_later(&self) -> bool {
        self.reported(|report| report.requested_later)
            .is_some_and(|later| later > MilliUnits::ZERO)
    }

    /// The event that the document is filed under: the end of the part given at once; of a bolus that has none, the start
    /// of the extended part or what stands for it; and of a bolus that has nothing else, the end of the extended part.
    ///
    /// Which of them it is depends on what has come of the bolus so far. Who the document is does not.
    pub(super) fn main(&self, extended: bool) -> Option<&'a DatedEvent> {
        let ended = self.now_ended().map(|ended| ended.event);
        ended.or(match extended {
            true => self.extended_from(),
            false => self.end_alone().map(|ended| ended.event),
        })
    }

    /// What the extended part counts from: its start, else the end of the part given at once, else the beginning.
    pub(super) fn extended_from(&self) -> Option<&'a DatedEvent> {
        let started = self.extended_activated.map(|(event, _)| event);
        let ended = self.now_ended().map(|ended| ended.event);
        started.or(ended).or(self.began())
    }

    /// What comes nearest to its beginning.
    fn began(&self) -> Option<&'a DatedEvent> {
        let activated = self.activated.map(|(event, _)| event);
        let closing = self.closing().map(|(event, _)| event.event.id);
        let mut reports = self.reports.iter().map(|(event, _)| *event);
        let reported = reports.find(|event| Some(event.event.id) != closing);
        activated.or(self.requested()).or(reported)
    }

    /// The first of the requests on record.
    fn requested(&self) -> Option<&'a DatedEvent> {
        let first = self.requested_1.map(|(event, _)| event);
        let second = self.requested_2.map(|(event, _)| event);
        let third = self.requested_3.map(|(event, _)| event);
        first.or(second).or(third)
    }

    /// The end of the extended part: code 21, and where that is missing what code 280 says. None of one that was called
    /// off before it began.
    pub(super) fn extended_ended(&self) -> Option<Ended<'a>> {
        let began = self.now_ended().is_some() || self.extended_activated.is_some();
        let ended = match self.extended_completed {
            Some(completed) => Ended::recorded(completed),
            None => self.extended_reported()?,
        };
        (began || ended.delivered > MilliUnits::ZERO).then_some(ended)
    }

    /// The end of the extended part as code 280 tells it: the whole, less what was given at once.
    fn extended_reported(&self) -> Option<Ended<'a>> {
        let (event, total) = self.closing().filter(|_| self.asks_for_later())?;
        let requested = self.reported(|report| report.requested_later)?;
        let now = self.now_ended();
        let cut_short = now.is_some_and(|now| now.completion != Some(Completion::Completed));
        let now = now.map_or(MilliUnits::ZERO, |now| now.delivered);
        let delivered = (total - now).max(MilliUnits::ZERO);
        (!cut_short).then(|| Ended::reported(event, delivered, requested))
    }

    /// The end of an extended part where nothing tells since when it was given.
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

    /// Whether its extended part was begun.
    pub(super) fn is_extended(&self) -> bool {
        self.extended_activated.is_some()
    }

    /// How long the later part is to take, in minutes; 0 where nothing tells. The request says it, else the start.
    pub(super) fn planned_minutes(&self) -> i64 {
        let requested = self
            .requested_2
            .map(|(_, request)| request.duration_minutes);
        let started = self.reported(|report| report.extended_duration_minutes);
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
        let asked = self.reported(|report| report.requested_later);
        let total = self.requested_3.and_then(|(_, request)| request.total);
        let now = self.now_ended().and_then(|ended| ended.requested);
        let rest = total.map(|total| total - now.unwrap_or(MilliUnits::ZERO));
        let positive = |amount: &MilliUnits| *amount > MilliUnits::ZERO;
        activated
            .filter(positive)
            .or(asked.filter(positive))
            .or(rest.filter(positive))
    }

    /// How much of it went in between two instants; `None` where that is not known.
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

    /// How much of it went in up to an instant; `None` where that is not known.
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
        let later_runs = self
            .extended_activated
            .is_some_and(|(event, _)| until(event));
        if later_runs || (now.is_some() && self.asks_for_later()) {
            // It is told every five minutes.
            return reported.map(|reported| reported.max(ended_with));
        }
        let runs = self.activated.is_some_and(|(event, _)| until(event)) || reported.is_some();
        match now {
            Some(now) => Some(now.delivered),
            None if runs => None,
            None => Some(MilliUnits::ZERO),
        }
    }

    /// All of its events.
    pub(super) fn events(&self) -> &[EventId] {
        &self.events
    }

    /// The events that the document tells of, in tconnectsync's order: the completion first, then the requests. Of the
    /// many 280s of an extended part one is enough, the last or, as long as it runs, the first.
    pub(super) fn told(&self) -> impl Iterator<Item = EventId> {
        let report = match self.closing() {
            Some((event, _)) => Some(event),
            None => self.reports.first().map(|(event, _)| *event),
        };
        [
            self.completed.map(|(event, _)| event),
            self.requested_1.map(|(event, _)| event),
            self.requested_2.map(|(event, _)| event),
            self.requested_3.map(|(event, _)| event),
            report,
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
            Detail::BolusActivated(activated) => self.activated = Some((event, activated)),
            Detail::BolusDelivery(delivery) => self.reports.push((event, delivery)),
            Detail::BolusCompleted(completed) => self.completed = Some((event, completed)),
            Detail::ExtendedBolusActivated(activated) => {
                self.extended_activated = Some((event, activated));
            }
            Detail::ExtendedBolusCompleted(completed) => {
                self.extended_completed = Some((event, completed));
            }
            _ => {}
        }
        self.events.push(event.event.id);
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
