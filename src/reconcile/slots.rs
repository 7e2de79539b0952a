//! The milliseconds that documents occupy, and a free one for each new document.

use std::collections::{HashMap, HashSet};

use chrono::Duration;

use crate::nightscout::document::{Existing, Treatment};

/// The milliseconds that documents of each type occupy, each with the next one that may be free. Nightscout would merge two
/// documents of one type in the same millisecond.
pub(super) struct Slots<'a>(HashMap<(&'a str, i64), i64>);

impl<'a> Slots<'a> {
    /// The slots of all stored documents except those that are about to be compared, which keep or change their place.
    pub(super) fn taken_by(
        existing: &'a [Existing],
        compared: &[(Treatment, Option<&Existing>)],
    ) -> Self {
        let found = compared.iter().filter_map(|(_, found)| *found);
        let compared: HashSet<&str> = found
            .filter_map(|found| found.identifier.as_deref())
            .collect();
        let others = existing.iter().filter(|document| {
            let identifier = document.identifier.as_deref();
            identifier.is_none_or(|identifier| !compared.contains(identifier))
        });
        let taken = others.filter_map(|document| {
            let at = document.at?.timestamp_millis();
            Some(((document.event_type.as_str(), at), at + 1))
        });
        Slots(taken.collect())
    }

    /// Moves a document to the next free millisecond. The occupied slots passed on the way then point past it, so that
    /// thousands of documents at the same moment are placed quickly.
    pub(super) fn place(&mut self, treatment: &mut Treatment) {
        let event_type = treatment.event_type.name();
        let wanted = treatment.at.timestamp_millis();
        let mut passed = Vec::new();
        let mut free = wanted;
        while let Some(next) = self.0.get(&(event_type, free)) {
            passed.push(free);
            free = *next;
        }
        passed.push(free);
        let passed = passed
            .into_iter()
            .map(|slot| ((event_type, slot), free + 1));
        self.0.extend(passed);
        treatment.at += Duration::milliseconds(free - wanted);
    }
}
