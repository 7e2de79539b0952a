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
        let near = self
            .there
            .iter()
            .find(|document| document.at.is_some_and(near));
        if let Some(document) = near {
            let by_us = document.identifier.is_some();
            let told_earlier = document.events.first().is_some_and(|number| main < *number);
            return match by_us && told_earlier {
                true => Start::Changes(document),
                false => Start::There,
            };
        }
        // The pump's clock was judged otherwise when it was written.
        let astray = |document: &&&Existing| {
            let within = |at: DateTime<Utc>| (at - wanted.at).abs() <= SAME_EVENT_WITHIN;
            document.events.contains(&main) && document.at.is_some_and(within)
        };
        match self.there.iter().find(astray) {
            Some(document) if document.identifier.is_some() => Start::Changes(document),
            // tconnectsync's stays where it is.
            Some(_) => Start::There,
            None => {
                self.planned.push(wanted.at);
                Start::Missing
            }
        }
    }
}
