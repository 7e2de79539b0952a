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

/// What one pump delivered in a page.
pub(super) struct Delivery {
    /// When its record begins, on its own clock.
    begins: Option<NaiveDateTime>,
    /// Its first and its last report of a rate above zero among the page's days.
    turn: Option<(DateTime<Utc>, DateTime<Utc>)>,
    treatments: Vec<Treatment>,
}

impl Delivery {
    pub(super) fn of(pump: &Pump, events: &[DatedEvent], treatments: Vec<Treatment>) -> Delivery {
        let delivers = |dated: &&DatedEvent| match &dated.event.detail {
            Detail::BasalDelivery(delivery) => delivery.commanded > MilliUnitsPerHour::ZERO,
            Detail::BolusCompleted(_) => true,
            _ => false,
        };
        let first = events.iter().find(delivers).map(|dated| dated.at);
        let last = events.iter().rfind(delivers).map(|dated| dated.at);
        Delivery {
            begins: pump.available.0,
            turn: first.zip(last),
            treatments,
        }
    }

    /// Whether it had its first delivery before these days.
    fn began_before(&self, page: &Page) -> bool {
        self.begins
            .is_some_and(|begins| begins.date() < page.first_day)
    }

    /// When its turn begins and ends; without an end, it is still its turn.
    fn turn(
        &self,
        page: &Page,
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, Option<DateTime<Utc>>)> {
        let (first, last) = self.turn?;
        // A pump may be switched on days before it is worn: only a delivery proves that its turn has begun.
        let begins = if self.began_before(page) && first < page.window.start {
            DateTime::<Utc>::MIN_UTC
        } else {
            first
        };
        Some((begins, Some(last).filter(|last| now - *last > SILENT)))
    }

    /// Whether it is the newer one.
    fn is_newer_than(&self, other: &Delivery) -> bool {
        let first = |delivery: &Delivery| delivery.turn.map(|(first, _)| first);
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
    for (index, delivery) in deliveries.iter().enumerate() {
        let others = deliveries
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index);
        let newer = others.filter(|(_, other)| other.is_newer_than(delivery));
        let turns: Vec<_> = newer
            .filter_map(|(_, other)| other.turn(page, now))
            .collect();
        for treatment in &delivery.treatments {
            match cut(treatment, &turns) {
                Some(treatment) => all.push(treatment),
                None => left_out += 1,
            }
        }
    }
    (all, left_out)
}

/// A treatment as far as no other pump had its turn.
fn cut(
    treatment: &Treatment,
    turns: &[(DateTime<Utc>, Option<DateTime<Utc>>)],
) -> Option<Treatment> {
    let mut treatment = treatment.clone();
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
    treatment.restated = restated.and_then(|restated| cut(&restated, turns).map(Box::new));
    Some(treatment)
}
