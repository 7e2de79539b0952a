//! What this version does not know, kept as far as a report can use it.

use std::collections::{BTreeMap, BTreeSet};

use crate::pump::event::EventId;

/// How many oddities of a sort are kept: more would not help anybody.
const MOST: usize = 1000;

/// Oddities of one sort, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted<T> {
    noted: BTreeSet<T>,
    cut_off: bool,
}

/// Oddities of one sort with the events that have them. An event in two answers counts once.
pub type Oddities<K> = Noted<(K, EventId)>;

impl<T: Ord> Noted<T> {
    pub(super) fn note(&mut self, oddity: T) {
        if self.noted.len() < MOST {
            self.noted.insert(oddity);
        } else {
            self.cut_off |= !self.noted.contains(&oddity);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.cut_off |= other.cut_off;
        for oddity in other.noted {
            self.note(oddity);
        }
    }

    /// All that are kept.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.noted.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.noted.is_empty()
    }

    /// How many are kept.
    pub fn total(&self) -> usize {
        self.noted.len()
    }

    /// Whether there were more than are kept.
    pub fn is_cut_off(&self) -> bool {
        self.cut_off
    }
}

impl<K: Ord> Oddities<K> {
    /// The kinds, and how many events are known to have each.
    pub fn kinds(&self) -> impl Iterator<Item = (&K, usize)> {
        let mut kinds = BTreeMap::new();
        for (kind, _) in &self.noted {
            *kinds.entry(kind).or_default() += 1;
        }
        kinds.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: i64) -> EventId {
        EventId { group: 0, number }
    }

    #[test]
    fn what_two_answers_hold_counts_once_and_a_flood_is_cut_off() {
        let mut oddities = Oddities::default();
        for number in 0..600 {
            oddities.note((number % 7, event(number)));
        }
        let again = oddities.clone();
        oddities.merge(again);
        assert_eq!((oddities.total(), oddities.is_cut_off()), (600, false));
        let mut others = Oddities::default();
        for number in 500..1_000_000 {
            others.note((number, event(number)));
        }
        assert_eq!((others.total(), others.is_cut_off()), (MOST, true));
        oddities.merge(others);
        assert_eq!((oddities.total(), oddities.is_cut_off()), (MOST, true));
        assert_eq!(
            oddities.kinds().map(|(_, count)| count).sum::<usize>(),
            MOST
        );
    }
}
