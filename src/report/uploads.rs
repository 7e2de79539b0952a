//! What became of the documents that a run wanted Nightscout to have.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::logging::visible_json;

use crate::failure::Failure;

/// What became of the documents of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Written for the first time.
    pub created: usize,
    /// Written anew in place of an older version.
    pub updated: usize,
    /// There already.
    pub already: usize,
    /// Left for a later run, because Nightscout takes young treatments for somebody treating a low.
    pub held_back: usize,
    /// Refused by Nightscout.
    pub refused: usize,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.created += other.created;
        self.updated += other.updated;
        self.already += other.already;
        self.held_back += other.held_back;
        self.refused += other.refused;
    }
}

/// What became of documents, as far as a run got.
#[derive(Clone, Debug, Default)]
pub struct Uploads {
    /// The documents by kind.
    pub tallies: BTreeMap<&'static str, Tally>,
    /// Nightscout's reasons for refusing documents, one each.
    pub refusals: Vec<String>,
    /// What the secret may not do, where the run went on without it.
    pub(crate) not_allowed: Option<Failure>,
    /// In a run that only pretends: the documents that it would write.
    pub documents: Vec<Map<String, Value>>,
}

impl Uploads {
    /// The tally of one kind of document.
    pub(crate) fn tally(&mut self, kind: &'static str) -> &mut Tally {
        self.tallies.entry(kind).or_default()
    }

    /// Logs and keeps why Nightscout did not take a document.
    pub(crate) fn refuse(&mut self, document: String, reason: &str) {
        let refusal = format!("{document}: {reason}");
        log::warn!("Nightscout refused a document: {refusal}");
        self.refusals.push(refusal);
    }

    /// Of all kinds together.
    pub fn total(&self, of: impl Fn(&Tally) -> usize) -> usize {
        self.tallies.values().map(of).sum()
    }

    /// The documents as JSON, one a line.
    pub(crate) fn documents_as_lines(&self) -> String {
        let documents = self.documents.iter();
        // JSON values always serialise.
        let lines = documents.filter_map(|document| serde_json::to_string(document).ok());
        lines.map(|line| visible_json(&line) + "\n").collect()
    }

    /// Takes in what was done beside.
    pub(crate) fn add(&mut self, other: Uploads) {
        for (kind, tally) in other.tallies {
            self.tally(kind).add(tally);
        }
        self.refusals.extend(other.refusals);
        self.not_allowed = self.not_allowed.take().or(other.not_allowed);
        self.documents.extend(other.documents);
    }
}
