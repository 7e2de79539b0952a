//! `BOLUS`: each bolus as one document, filed under the moment at which it was complete.
//!
//! A bolus leaves seven events and more, paired by their `bolusId`, and they may come hours apart. `bolus::delivery` gathers
//! them, `bolus::calculator` says how the pump reckoned, this file says what Nightscout gets. An extended bolus becomes a combo bolus as Nightscout's own form makes it: the part given at once,
//! and the rest as a rate over a while. What was asked for stands there until the pump says what was delivered.

mod calculator;
mod delivery;
mod notes;

use chrono::{DateTime, Duration, Utc};

use crate::nightscout::document::{Cause, Content, EventType, Identity, Subject, Treatment};
use crate::pump::clock::DatedEvent;
use crate::pump::event::{
    BgSource, BolusKind, BolusOption, BolusSource, Completion, Detail, EventId,
};
use crate::pump::quantity::{MgDl, MilliUnits};

use super::{History, minutes, rounded};
use delivery::Delivery;

/// How long before a bolus the glucose was entered that it was reckoned with.
const BG_BEFORE: Duration = Duration::minutes(10);

/// A document for each bolus that delivered insulin or tells of carbs.
pub(crate) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    let glucoses = entered_glucoses(history.events);
    delivery::deliveries(history.events)
        .iter()
        .filter_map(|delivery| treatment(history, delivery, &glucoses))
        .collect()
}

/// What all boluses of a history delivered between two instants; `None` where that is not known of one of them.
pub(super) fn delivered_between(
    history: &History<'_>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Option<MilliUnits> {
    let delivered = delivery::deliveries(history.events)
        .into_iter()
        .map(|delivery| delivery.delivered_between(from, to));
    delivered.sum()
}

fn treatment(
    history: &History<'_>,
    delivery: &Delivery<'_>,
    glucoses: &[EnteredGlucose],
) -> Option<Treatment> {
    let extended = Extended::of(delivery);
    let main = delivery.main(extended.is_some())?;
    // What went in since nobody knows when stands there as given at its end.
    let ends = [delivery.now_ended(), delivery.end_alone()];
    let now: MilliUnits = ends.iter().flatten().map(|ended| ended.delivered).sum();
    let carbs = delivery.requested_1.and_then(|(_, request)| request.carbs);
    if now == MilliUnits::ZERO && carbs.is_none() && extended.is_none() {
        return None;
    }
    let mut content = Content {
        insulin: Some(now).filter(|insulin| *insulin > MilliUnits::ZERO),
        carbs,
        automatic: is_automatic(delivery),
        notes: notes::notes(delivery, extended.as_ref()),
        calculation: calculator::calculation(delivery),
        ..Content::default()
    };
    if let Some((glucose, kind)) = glucose(delivery, glucoses) {
        content.glucose = Some(glucose);
        content.glucose_type = kind;
    }
    let event_type = match &extended {
        Some(extended) => {
            extended.fill(now, &mut content);
            EventType::ComboBolus
        }
        None if carbs.is_some() => EventType::MealBolus,
        None => EventType::CorrectionBolus,
    };
    let main_id = main.event.id;
    let others: Vec<EventId> = delivery.told().filter(|id| *id != main_id).collect();
    let identity = Identity::new(history.serial, Subject::Bolus, main_id, &others);
    Some(Treatment {
        identity: identity.or_by(history.serial, Subject::Bolus, delivery.events()),
        event_type,
        at: main.at,
        cause: if content.automatic {
            Cause::Pump
        } else {
            Cause::Person
        },
        content,
        restated: None,
    })
}

/// Whether Control-IQ decided on it.
fn is_automatic(delivery: &Delivery<'_>) -> bool {
    let option = delivery.requested_2.and_then(|(_, request)| request.option);
    let kind = delivery.requested_1.and_then(|(_, request)| request.kind);
    let source = delivery.reported(|report| report.source);
    matches!(
        option,
        Some(BolusOption::Automatic | BolusOption::EatingSoonAutomatic)
    ) || kind == Some(BolusKind::AutomaticCorrection)
        || matches!(
            source,
            Some(BolusSource::Algorithm | BolusSource::EatingSoon)
        )
}

/// The part of a bolus that is given over time.
struct Extended {
    /// What of it was delivered, or is going to be.
    insulin: MilliUnits,
    /// How long that took, or is going to take.
    duration: Duration,
    /// The share given at once as asked for, in percent; `None` once delivery fell short of it.
    standard_percent: Option<i64>,
    /// How it ended; `None` while it runs.
    completion: Option<Option<Completion>>,
}

impl Extended {
    /// The extended part of a bolus that has one. It counts from when the part given at once was completed, and not at
    /// all where that was stopped before.
    fn of(delivery: &Delivery<'_>) -> Option<Extended> {
        if delivery.end_alone().is_some() {
            return None;
        }
        if let Some(ended) = delivery.extended_ended() {
            let from = delivery.extended_from()?;
            let whole = ended.completion == Some(Completion::Completed);
            return Some(Extended {
                insulin: ended.delivered,
                duration: ended.event.at - from.at,
                standard_percent: whole.then(|| delivery.standard_percent()).flatten(),
                completion: Some(ended.completion),
            });
        }
        let now_completed = delivery
            .now_ended()
            .is_some_and(|ended| ended.completion == Some(Completion::Completed));
        let started = delivery.is_extended();
        let begins = now_completed && !delivery.is_given_at_once();
        let planned_minutes = delivery.planned_minutes();
        if planned_minutes == 0 || !(started || begins) {
            return None;
        }
        Some(Extended {
            insulin: delivery.requested_later()?,
            duration: Duration::minutes(planned_minutes),
            standard_percent: delivery.standard_percent(),
            completion: None,
        })
    }

    /// Writes the fields of Nightscout's combo bolus.
    fn fill(&self, now: MilliUnits, content: &mut Content) {
        let total = now + self.insulin;
        let split_now = self.standard_percent.unwrap_or_else(|| percent(now, total));
        content.entered_insulin = Some(total);
        content.split_now = Some(split_now);
        content.split_ext = Some(100 - split_now);
        if self.insulin > MilliUnits::ZERO && self.duration > Duration::zero() {
            let length = minutes(self.duration);
            content.duration = Some(length);
            content.relative = Some(hourly(self.insulin, length));
        }
    }
}

/// The rate of an amount over some minutes, in U/h, with as few decimals from three on as still make the amount of it: the
/// page shows them all.
fn hourly(amount: MilliUnits, minutes: f64) -> f64 {
    let exact = amount.units() / minutes * 60.0;
    let makes_it = |rate: &f64| (rate * minutes / 60.0 - amount.units()).abs() < 0.000_1;
    let shown = (3..=6).map(|decimals| rounded(exact, decimals));
    shown.into_iter().find(makes_it).unwrap_or(exact)
}

/// The share of a total, in whole percent.
fn percent(part: MilliUnits, total: MilliUnits) -> i64 {
    if total == MilliUnits::ZERO {
        return 0;
    }
    (100 * part.milliunits() + total.milliunits() / 2) / total.milliunits()
}

/// A blood glucose entered on the pump (code 16).
struct EnteredGlucose {
    at: DateTime<Utc>,
    id: EventId,
    bg: MgDl,
    source: Option<BgSource>,
}

fn entered_glucoses(events: &[DatedEvent]) -> Vec<EnteredGlucose> {
    events
        .iter()
        .filter_map(|dated| match &dated.event.detail {
            Detail::BgEntered(entered) => Some(EnteredGlucose {
                at: dated.at,
                id: dated.event.id,
                bg: entered.bg,
                source: entered.source,
            }),
            _ => None,
        })
        .collect()
}

/// The glucose that a bolus was reckoned with, and how it was measured where an entry right before the bolus tells.
fn glucose(
    delivery: &Delivery<'_>,
    glucoses: &[EnteredGlucose],
) -> Option<(MgDl, Option<&'static str>)> {
    let (event, request) = delivery.requested_1?;
    let bg = request.bg?;
    let before = &glucoses[..glucoses.partition_point(|entered| entered.id < event.event.id)];
    let entered = before
        .iter()
        .rev()
        .take_while(|entered| event.at - entered.at <= BG_BEFORE)
        .find(|entered| entered.bg == bg);
    let kind = entered
        .and_then(|entered| entered.source)
        .map(|source| match source {
            BgSource::Typed => "Finger",
            BgSource::Cgm => "Sensor",
        });
    Some((bg, kind))
}
