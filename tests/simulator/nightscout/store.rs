//! A collection of documents with the look-ups that Nightscout's upserts and queries need, so that a year of treatments is
//! written and read without going through all of them each time.

use std::collections::{BTreeSet, HashMap};
use std::ops::{Bound, Range};

use serde_json::Value;

use super::values::Doc;

/// How a collection finds and orders its documents.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// What two documents that replace each other have in common.
    pub key: fn(&Doc) -> Option<String>,
    /// What the documents are listed by; compares as text.
    pub order: fn(&Doc) -> String,
}

/// Documents in the order of their dates.
pub(super) struct Collection {
    rules: Rules,
    slots: Vec<Option<Doc>>,
    ids: HashMap<String, usize>,
    identifiers: HashMap<String, Vec<usize>>,
    keys: HashMap<String, Vec<usize>>,
    order: BTreeSet<(String, usize)>,
    next_id: u64,
    /// The second in which documents are written now.
    pub second: u32,
    /// The documents that the request under way does not see when it looks for one to replace.
    unseen: Range<usize>,
}

impl Collection {
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            slots: Vec::new(),
            ids: HashMap::new(),
            identifiers: HashMap::new(),
            keys: HashMap::new(),
            order: BTreeSet::new(),
            next_id: 0,
            second: 0x6b03_0000,
            unseen: 0..0,
        }
    }

    /// What a look at the collection now can find: everything before this mark.
    pub fn mark(&self) -> usize {
        self.slots.len()
    }

    /// The request under way looked when the mark was made: it replaces nothing that came since.
    pub fn looked_at(&mut self, mark: usize) {
        self.unseen = mark..self.slots.len();
    }

    fn first_seen(&self, slots: &[usize]) -> Option<usize> {
        let seen = |slot: &&usize| !self.unseen.contains(slot);
        slots.iter().find(seen).copied()
    }

    /// Stores a new document, under its own `_id` if it has one; gives the `_id`.
    pub fn insert(&mut self, mut doc: Doc) -> String {
        let id = match doc.get("_id") {
            Some(Value::String(id)) => id.clone(),
            _ => {
                self.next_id += 1;
                // 24 hexadecimal digits: seconds, machine and counter, as MongoDB makes them.
                format!(
                    "{:08x}{:016x}",
                    self.second,
                    0xfd1d_1100_0000_0000_u64 + self.next_id
                )
            }
        };
        doc.insert("_id".to_owned(), Value::from(id.clone()));
        let slot = self.slots.len();
        self.slots.push(None);
        self.put(slot, doc);
        id
    }

    /// Replaces a document; the `_id` stays.
    pub fn replace(&mut self, slot: usize, mut doc: Doc) {
        let id = self.slots[slot]
            .as_ref()
            .and_then(|old| old.get("_id").cloned());
        self.take(slot);
        if let Some(id) = id {
            doc.insert("_id".to_owned(), id);
        }
        self.put(slot, doc);
    }

    /// Removes a document.
    pub fn remove(&mut self, slot: usize) {
        self.take(slot);
    }

    pub fn by_id(&self, id: &str) -> Option<usize> {
        self.ids.get(id).copied()
    }

    pub fn by_identifier(&self, identifier: &Value) -> Option<usize> {
        self.identifiers
            .get(&identifier.to_string())
            .and_then(|slots| self.first_seen(slots))
    }

    pub fn by_key(&self, doc: &Doc) -> Option<usize> {
        let key = (self.rules.key)(doc)?;
        self.keys.get(&key).and_then(|slots| self.first_seen(slots))
    }

    pub fn get(&self, slot: usize) -> Option<&Doc> {
        self.slots[slot].as_ref()
    }

    /// All documents, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = (usize, &Doc)> {
        self.range(Bound::Unbounded, Bound::Unbounded)
    }

    /// The documents between two places in the order, oldest first.
    pub fn range(
        &self,
        low: Bound<String>,
        high: Bound<String>,
    ) -> impl DoubleEndedIterator<Item = (usize, &Doc)> {
        // Both ends inclusive: whoever asked for less tests each document anyway.
        let low = match low {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Included(text) | Bound::Excluded(text) => Bound::Included((text, 0)),
        };
        let high = match high {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Included(text) | Bound::Excluded(text) => Bound::Included((text, usize::MAX)),
        };
        let empty = matches!((&low, &high), (Bound::Included(a), Bound::Included(b)) if a > b);
        let low = if empty { high.clone() } else { low };
        let chosen = self.order.range((low, high)).filter(move |_| !empty);
        chosen.filter_map(|(_, slot)| self.slots[*slot].as_ref().map(|doc| (*slot, doc)))
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    fn put(&mut self, slot: usize, doc: Doc) {
        if let Some(Value::String(id)) = doc.get("_id") {
            self.ids.insert(id.clone(), slot);
        }
        if let Some(identifier) = doc.get("identifier") {
            self.identifiers
                .entry(identifier.to_string())
                .or_default()
                .push(slot);
        }
        if let Some(key) = (self.rules.key)(&doc) {
            self.keys.entry(key).or_default().push(slot);
        }
        self.order.insert(((self.rules.order)(&doc), slot));
        self.slots[slot] = Some(doc);
    }

    fn take(&mut self, slot: usize) {
        let Some(doc) = self.slots[slot].take() else {
            return;
        };
        if let Some(Value::String(id)) = doc.get("_id") {
            self.ids.remove(id);
        }
        if let Some(slots) = doc
            .get("identifier")
            .and_then(|identifier| self.identifiers.get_mut(&identifier.to_string()))
        {
            slots.retain(|other| *other != slot);
        }
        if let Some(slots) = (self.rules.key)(&doc).and_then(|key| self.keys.get_mut(&key)) {
            slots.retain(|other| *other != slot);
        }
        self.order.remove(&((self.rules.order)(&doc), slot));
    }
}
