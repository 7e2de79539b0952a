//! `BOLUS`: each bolus as one document, filed under the time of its completion.
//!
//! A bolus leaves seven or more events with the same `bolusId`, which may be hours apart. `bolus::delivery` gathers them,
//! `bolus::calculator` reads the pump's calculation, and this file makes the document. An extended bolus becomes a combo bolus
//! like those of Nightscout's own form: the part given at once, and the rest as a rate over some time. Until the pump reports
//! what was delivered, the document has what was requested.

mod calculator;
mod delivery;
mod notes;

use chrono::{DateTime, Duration, Utc};

use crate::nightscout::document::{Cause, Content, EventType, Subject, Treatment};
use crate::pump::event::{BgSource, BolusKind, BolusOption, BolusSource, Completion, Detail};
use crate::pump::quantity::{MgDl, MilliUnits, rounded};

use super::{History, minutes, treatment_of};
use delivery::Delivery;

/// The glucose used for a bolus was entered at most this long before it.
const BG_BEFORE: Duration = Duration::minutes(10);

/// Longer than giving a bolus takes, its extended part aside: 25 U take 5 to 12 minutes at the captured rates.
pub(super) const GIVEN_WITHIN: Duration = Duration::minutes(30);

/// A document for each bolus with insulin or carbs.
pub(crate) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    let deliveries = delivery::deliveries(history.events);
    let treatments = deliveries
        .iter()
        .filter_map(|delivery| treatment(history, delivery));
    treatments.collect()
}

/// The insulin of all boluses between two instants; `None` if it is unknown for one of them.
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

fn treatment(history: &History<'_>, delivery: &Delivery<'_>) -> Option<Treatment> {
    let extended = Extended::of(delivery);
    let main = delivery.main(extended.is_some())?;
    // If only the end is recorded, file the insulin at the end.
    let ends = [delivery.now_ended(), delivery.end_alone()];
    let now: MilliUnits = ends.iter().flatten().map(|ended| ended.delivered).sum();
    let carbs = delivery.requested_1.and_then(|(_, request)| request.carbs);
    if now == MilliUnits::ZERO && carbs.is_none() && extended.is_none() {
        return None;
    }
    let (glucose, glucose_type) = glucose(history, delivery).unzip();
    let mut content = Content {
        insulin: Some(now).filter(|insulin| *insulin > MilliUnits::ZERO),
        carbs,
        automatic: is_automatic(delivery),
        notes: notes::notes(delivery, extended.as_ref()),
        calculation: calculator::calculation(delivery),
        glucose,
        glucose_type: glucose_type.flatten(),
        ..Content::default()
    };
    let event_type = match &extended {
        Some(extended) => {
            extended.fill(now, &mut content);
            EventType::ComboBolus
        }
        None if carbs.is_some() => EventType::MealBolus,
        None => EventType::CorrectionBolus,
    };
    let cause = match content.automatic {
        true => Cause::Pump,
        false => Cause::Person,
    };
    let told = (Subject::Bolus, event_type, content);
    let mut treatment = treatment_of(history, main, cause, told);
    let others = delivery.told().filter(|id| *id != main.event.id);
    treatment.identity.events.extend(others);
    treatment.identity =
        (treatment.identity).or_by(history.serial, Subject::Bolus, &delivery.events);
    Some(treatment)
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

/// The extended part of a bolus.
struct Extended {
    /// What was delivered of it, or is going to be.
    insulin: MilliUnits,
    /// How long that took, or is going to take.
    duration: Duration,
    /// The share requested at once, in percent; `None` if less than requested was delivered.
    standard_percent: Option<i64>,
    /// How it ended; `None` while it runs.
    completion: Option<Option<Completion>>,
}

impl Extended {
    /// The extended part of a bolus that has one. It starts when the part given at once is completed; if that was stopped,
    /// there is no extended part.
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
        let started = delivery.extended_activated.is_some();
        // A request for all of it at once may still carry the duration of another bolus.
        let begins = now_completed && delivery.requested_percent() != Some(100);
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

    /// Fills in the fields of Nightscout's combo bolus.
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

/// An amount over some minutes as a rate in U/h, with the fewest decimals (at least three) that still give the amount:
/// Nightscout shows all of them.
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

/// The glucose that a bolus was calculated with, and how it was measured if an entry just before the bolus says so.
fn glucose(history: &History<'_>, delivery: &Delivery<'_>) -> Option<(MgDl, Option<&'static str>)> {
    let (event, request) = delivery.requested_1?;
    let bg = request.bg?;
    let events = history.events;
    let before = events.partition_point(|earlier| earlier.event.id < event.event.id);
    let entries = events[..before].iter().rev();
    let mut entries = entries
        .filter_map(|earlier| match &earlier.event.detail {
            Detail::BgEntered(entered) => Some((earlier.at, entered)),
            _ => None,
        })
        .take_while(|(at, _)| event.at - *at <= BG_BEFORE);
    let entry = entries.find(|(_, entered)| entered.bg == bg);
    let source = entry.and_then(|(_, entered)| entered.source);
    let kind = source.map(|source| match source {
        BgSource::Typed => "Finger",
        BgSource::Cgm => "Sensor",
    });
    Some((bg, kind))
}
