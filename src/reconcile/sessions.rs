//! The starts of sensor sessions against those that are there.
//!
//! Any event of a session tells when it started, give or take minutes, so that a document is found by its time too: one
//! that is near is the session's, and stays as it is. Only what an earlier event tells takes its place, so that all runs
//! come to the same, whichever came first.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::SAME_EVENT_WITHIN;
use crate::nightscout::document::{EventType, Existing, Occasion, SAME_SESSION_WITHIN, Treatment};

/// The documents that say when a session started, as far as they are ours.
pub(super) struct Sessions<'a> {
    there: Vec<&'a Existing>,
    planned: Vec<DateTime<Utc>>,
}

/// What is to be done about the start of a session.
pub(super) enum Start<'a> {
    /// It is not there.
    Missing,
    /// It is there.
    There,
    /// It is there, and has to change.
    Changes(&'a Existing),
}

impl<'a> Sessions<'a> {
    /// The starts there, but for those that `wanted` makes into something else.
    pub(super) fn new(existing: &'a [Existing], wanted: &[Treatment]) -> Self {
        let corrections = wanted
            .iter()
            .filter(|treatment| treatment.identity.occasion == Occasion::OnlyCorrects);
        let corrected: HashSet<String> = corrections
            .map(|treatment| treatment.identity.identifier.to_string())
            .collect();
        let is_start = |document: &&Existing| {
            document.ours
                && document.event_type == EventType::SensorStart.name()
                && !(document.identifier.as_ref()).is_some_and(|id| corrected.contains(id))
        };
        Sessions {
            there: existing.iter().filter(is_start).collect(),
            planned: Vec::new(),
        }
    }

    /// What is to be done about a start.
    pub(super) fn compare(&mut self, wanted: &Treatment) -> Start<'a> {
        let near = |at: DateTime<Utc>| (at - wanted.at).abs() <= SAME_SESSION_WITHIN;
        // Two pumps may have joined one session.
        if self.planned.iter().any(|at| near(*at)) {
            return Start::There;
        }
        let Some(main) = wanted.identity.events.first().map(|id| id.number) else {
            return Start::There;
        };
        let mut around = self
            .there
            .iter()
            .filter(|document| document.at.is_some_and(near));
        // The one that this event told of, where several are near.
        let told = around
            .clone()
            .find(|document| document.events.contains(&main));
        if let Some(document) = told.or_else(|| around.next()) {
            let by_us = document.identifier.is_some();
            let told_earlier = document.events.first().is_some_and(|number| main < *number);
            return match by_us && told_earlier {
                true => self.change(document, wanted),
                false => Start::There,
            };
        }
        // The pump's clock was judged otherwise when it was written.
        let astray = |document: &&&Existing| {
            let within = |at: DateTime<Utc>| (at - wanted.at).abs() <= SAME_EVENT_WITHIN;
            document.events.contains(&main) && document.at.is_some_and(within)
        };
        match self.there.iter().find(astray) {
            Some(document) if document.identifier.is_some() => self.change(document, wanted),
            // tconnectsync's stays where it is.
            Some(_) => Start::There,
            None => {
                self.planned.push(wanted.at);
                Start::Missing
            }
        }
    }

    /// What another pump tells of the same session changes the document no second time.
    fn change(&mut self, document: &'a Existing, wanted: &Treatment) -> Start<'a> {
        self.planned.push(wanted.at);
        Start::Changes(document)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::PumpSerial;
    use crate::nightscout::GlucoseUnits;
    use crate::nightscout::document::{Cause, Content, Conventions, Identity};
    use crate::pump::event::EventId;
    use crate::reconcile::reconcile;

    /// A start of ours on the site.
    fn stored_start(at: &str, numbers: &str, identifier: &str) -> Existing {
        let document = json!({
            "_id": identifier, "eventType": "Sensor Start", "created_at": at, "enteredBy": "Pump (tconnectsync)",
            "pump_event_id": numbers, "identifier": identifier,
        });
        Existing::from_document(document.as_object().expect("an object").clone())
    }

    /// A start of a pump, as this event of it tells.
    fn start_told_by(serial: &str, number: i64, at: &str) -> Treatment {
        let serial = PumpSerial::new(serial).expect("digits");
        let at: DateTime<Utc> = at.parse().expect("an instant");
        let id = EventId { group: 0, number };
        Treatment {
            identity: Identity::of_session(&serial, "Dexcom G7", (at, id), vec![at]),
            event_type: EventType::SensorStart,
            at,
            cause: Cause::Pump,
            content: Content::default(),
            restated: None,
        }
    }

    const CONVENTIONS: Conventions = Conventions {
        zone: chrono_tz::Tz::UTC,
        units: GlucoseUnits::MgDl,
    };

    #[test]
    fn of_two_starts_that_are_near_the_one_that_an_event_told_of_is_its_own() {
        let there = [
            stored_start(
                "2026-05-14T12:20:00.000Z",
                "500",
                "7f0d2a44-5a0c-5e0e-8f5e-0d3c6a1be001",
            ),
            stored_start(
                "2026-05-14T12:00:00.000Z",
                "10",
                "7f0d2a44-5a0c-5e0e-8f5e-0d3c6a1be002",
            ),
        ];
        let wanted = vec![start_told_by("90001234", 10, "2026-05-14T12:00:00Z")];
        let plan = reconcile(wanted, &there, CONVENTIONS);
        assert_eq!((plan.create.len(), plan.update.len()), (0, 0), "{plan:#?}");
    }

    #[test]
    fn a_start_that_one_pump_corrects_is_not_corrected_by_another_too() {
        let there = [stored_start(
            "2026-05-14T12:00:00.000Z",
            "900",
            "7f0d2a44-5a0c-5e0e-8f5e-0d3c6a1be001",
        )];
        let wanted = vec![
            start_told_by("90001234", 10, "2026-05-14T11:59:00Z"),
            start_told_by("90005678", 20, "2026-05-14T12:01:00Z"),
        ];
        let plan = reconcile(wanted, &there, CONVENTIONS);
        assert_eq!((plan.create.len(), plan.update.len()), (0, 1), "{plan:#?}");
        assert_eq!(plan.update[0].treatment.identity.events[0].number, 10);
    }
}
