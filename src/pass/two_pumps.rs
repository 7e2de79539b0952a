//! Two pumps on one account: at any moment one of them delivers.
//!
//! A pump that was replaced goes on logging rates in a drawer, and the new one may log before the old one is taken off. From
//! the newer pump's first delivery on the older one's rates are cut and left out. A newer pump that has been silent for a
//! day may have been given back: then its last delivery ends its turn.

use chrono::{DateTime, Duration, NaiveDateTime, Utc};

use crate::nightscout::document::{EventType, Treatment};
use crate::pump::clock::DatedEvent;
use crate::pump::event::Detail;
use crate::pump::quantity::MilliUnitsPerHour;
use crate::tandem::Pump;
use crate::translate::minutes;
use crate::window::Page;

/// A pump in use is heard of more often than this.
const SILENT: Duration = Duration::hours(24);

/// When it is a pump's turn to deliver: from an instant on, to another one where the turn has ended.
type Turn = (DateTime<Utc>, Option<DateTime<Utc>>);

/// What one pump delivered in a page.
pub(super) struct Delivery {
    /// When its record begins, on its own clock.
    begins: Option<NaiveDateTime>,
    /// The spans in which it delivered among the page's days, without a silence in any of them.
    spans: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    treatments: Vec<Treatment>,
}

impl Delivery {
    pub(super) fn of(pump: &Pump, events: &[DatedEvent], treatments: Vec<Treatment>) -> Delivery {
        let delivers = |dated: &&DatedEvent| match &dated.event.detail {
            Detail::BasalDelivery(delivery) => delivery.commanded > MilliUnitsPerHour::ZERO,
            Detail::BasalRateChange(change) => {
                (change.commanded).is_some_and(|rate| rate > MilliUnitsPerHour::ZERO)
            }
            Detail::BolusCompleted(_) => true,
            _ => false,
        };
        // Who reports only changes of its rate may be silent for days while it delivers.
        let reports_delivery =
            (events.iter()).any(|dated| matches!(dated.event.detail, Detail::BasalDelivery(_)));
        let delivered: Vec<DateTime<Utc>> = events
            .iter()
            .filter(delivers)
            .map(|dated| dated.at)
            .collect();
        let spans = delivered.chunk_by(|one, other| !reports_delivery || *other - *one <= SILENT);
        Delivery {
            begins: pump.available.0,
            spans: spans.map(|span| (span[0], span[span.len() - 1])).collect(),
            treatments,
        }
    }

    /// Whether it had its first delivery before these days.
    fn began_before(&self, page: &Page) -> bool {
        self.begins
            .is_some_and(|begins| begins.date() < page.first_day)
    }

    /// When its turns begin and end; one without an end is still its turn.
    fn turns(&self, page: &Page, now: DateTime<Utc>) -> Vec<Turn> {
        let spans = self.spans.iter().enumerate();
        let turns = spans.map(|(index, (first, last))| {
            // A pump may be switched on days before it is worn: only a delivery proves that its turn has begun.
            let goes_on = index == 0 && self.began_before(page) && *first < page.window.start;
            let begins = if goes_on {
                DateTime::<Utc>::MIN_UTC
            } else {
                *first
            };
            let is_newest = index + 1 == self.spans.len();
            let goes_on = is_newest && now - *last <= SILENT;
            (begins, (!goes_on).then_some(*last))
        });
        turns.collect()
    }

    /// Whether it is the newer one.
    fn is_newer_than(&self, other: &Delivery) -> bool {
        let first = |delivery: &Delivery| delivery.spans.first().map(|(first, _)| *first);
        match (self.begins, other.begins) {
            (Some(one), Some(other)) if one != other => one > other,
            _ => first(self) > first(other),
        }
    }
}

/// The treatments of all pumps, without the older ones' rates while a newer one delivers; and how many were left out.
pub(super) fn one_pump_at_a_time(
    deliveries: Vec<Delivery>,
    page: &Page,
    now: DateTime<Utc>,
) -> (Vec<Treatment>, usize) {
    let mut all = Vec::new();
    let mut left_out = 0;
    let turns_of_newer = |delivery: &Delivery| {
        let newer = deliveries
            .iter()
            .filter(|other| other.is_newer_than(delivery));
        newer.flat_map(|other| other.turns(page, now)).collect()
    };
    let turns: Vec<Vec<Turn>> = deliveries.iter().map(turns_of_newer).collect();
    for (delivery, turns) in deliveries.into_iter().zip(turns) {
        for treatment in delivery.treatments {
            match cut(treatment, &turns) {
                Some(treatment) => all.push(treatment),
                None => left_out += 1,
            }
        }
    }
    (all, left_out)
}

/// A treatment as far as no other pump had its turn.
fn cut(mut treatment: Treatment, turns: &[Turn]) -> Option<Treatment> {
    if treatment.event_type != EventType::TempBasal {
        return Some(treatment);
    }
    for (begins, ends) in turns {
        if *begins <= treatment.at && ends.is_none_or(|ends| treatment.at <= ends) {
            return None;
        }
        let until = minutes(*begins - treatment.at);
        if treatment.at < *begins
            && treatment
                .content
                .duration
                .is_some_and(|lasts| lasts > until)
        {
            treatment.content.duration = Some(until);
        }
    }
    let restated = treatment.restated.take();
    treatment.restated = restated.and_then(|restated| cut(*restated, turns).map(Box::new));
    Some(treatment)
}
