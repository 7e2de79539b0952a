//! What this version does not know, remembered as far as a report can use it.

use std::collections::{BTreeMap, BTreeSet};

use crate::pump::event::EventId;

/// So many events, or names, are remembered of each sort of oddity: more of them would tell nobody more.
const MOST: usize = 1000;

/// The longest name that is remembered, in characters. Tandem's longest property has 28.
const LONGEST_NAME: usize = 60;

/// Oddities of one sort, by kind, each with the events that have it: what two answers hold counts once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddities<K: Ord> {
    kinds: BTreeMap<K, BTreeSet<EventId>>,
    remembered: usize,
    beyond: bool,
}

impl<K: Ord> Default for Oddities<K> {
    fn default() -> Self {
        Oddities {
            kinds: BTreeMap::new(),
            remembered: 0,
            beyond: false,
        }
    }
}

impl<K: Ord> Oddities<K> {
    /// Remembers that an event has it.
    pub(super) fn note(&mut self, kind: K, event: EventId) {
        if self.remembered == MOST {
            let known = (self.kinds.get(&kind)).is_some_and(|events| events.contains(&event));
            self.beyond |= !known;
        } else if self.kinds.entry(kind).or_default().insert(event) {
            self.remembered += 1;
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.beyond |= other.beyond;
        for (kind, events) in other.kinds {
            let room = MOST - self.remembered;
            let known = self.kinds.get(&kind);
            let new: Vec<EventId> = events
                .into_iter()
                .filter(|event| known.is_none_or(|known| !known.contains(event)))
                .collect();
            self.beyond |= new.len() > room;
            let new: Vec<EventId> = new.into_iter().take(room).collect();
            if !new.is_empty() {
                self.remembered += new.len();
                self.kinds.entry(kind).or_default().extend(new);
            }
        }
    }

    /// The kinds, and how many events are known to have each.
    pub fn kinds(&self) -> impl Iterator<Item = (&K, usize)> {
        self.kinds.iter().map(|(kind, events)| (kind, events.len()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// How many events have any, as far as they are remembered.
    pub fn total(&self) -> usize {
        self.remembered
    }

    /// Whether there were more than are remembered.
    pub fn is_cut_off(&self) -> bool {
        self.beyond
    }
}

/// Names, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    names: BTreeSet<(i64, String)>,
    beyond: bool,
}

impl Names {
    /// Remembers the name of a property of a code's events.
    pub(super) fn note(&mut self, code: i64, name: &str) {
        // A report shows it: nothing in it may look like another line of the log.
        let letters = name.chars().take(LONGEST_NAME);
        let name = letters.map(|letter| match letter.is_ascii_graphic() {
            true => letter,
            false => '?',
        });
        let name = (code, name.collect::<String>());
        if self.names.len() < MOST {
            self.names.insert(name);
        } else {
            self.beyond |= !self.names.contains(&name);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.beyond |= other.beyond;
        for (code, name) in other.names {
            self.note(code, &name);
        }
    }

    /// The codes and names.
    pub fn iter(&self) -> impl Iterator<Item = &(i64, String)> {
        self.names.iter()
    }

    /// How many there are, as far as they are remembered.
    pub(crate) fn total(&self) -> usize {
        self.names.len()
    }

    /// Whether there were more than are remembered.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.beyond
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
            oddities.note(number % 7, event(number));
        }
        let again = oddities.clone();
        oddities.merge(again);
        assert_eq!((oddities.total(), oddities.is_cut_off()), (600, false));
        let mut others = Oddities::default();
        for number in 500..1_000_000 {
            others.note(number, event(number));
        }
        assert_eq!((others.total(), others.is_cut_off()), (MOST, true));
        oddities.merge(others);
        assert_eq!((oddities.total(), oddities.is_cut_off()), (MOST, true));
        assert_eq!(
            oddities.kinds().map(|(_, count)| count).sum::<usize>(),
            MOST
        );
    }

    #[test]
    fn names_are_cut_to_a_length_and_a_number() {
        let mut names = Names::default();
        for number in 0..5000 {
            names.note(399, &format!("{number} {}", "ä".repeat(10_000)));
        }
        assert_eq!((names.total(), names.is_cut_off()), (MOST, true));
        assert!(names.iter().all(|(_, name)| name.len() <= LONGEST_NAME));
    }
}
