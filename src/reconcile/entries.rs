//! Compares the readings that should be in Nightscout with those that are.
//!
//! Nightscout looks an entry up by its time and type alone: an entry sent for the time of another device's entry replaces
//! it. So nothing is sent for a time that has a reading nearby, and stored entries stay as they are. That includes our own
//! entries when the pump's clock is judged differently later: API v1 cannot move an entry, and a curve that stays where it
//! was is better than the same curve twice.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Duration, Utc};

use super::SAME_EVENT_WITHIN;
use crate::nightscout::entry::{Entry, ExistingEntry};

/// Two devices that read the same sensor differ by less than half of its five-minute interval.
const SAME_READING_WITHIN: Duration = Duration::seconds(150);

/// Our own readings are the same if they are this close: two pumps may follow one sensor.
const SAME_OF_OURS_WITHIN: Duration = Duration::seconds(30);

/// What has to be written.
#[derive(Clone, Debug, Default)]
pub struct EntryPlan {
    /// Entries that Nightscout lacks, oldest first.
    pub create: Vec<Entry>,
    /// How many are stored already, by this program or another device.
    pub already: usize,
}

/// Compares the wanted entries with the stored ones.
pub fn missing(mut wanted: Vec<Entry>, existing: &[ExistingEntry]) -> EntryPlan {
    wanted.sort_by_key(|entry| entry.at);
    let mut index = Index::new(existing, &wanted);
    let mut plan = EntryPlan::default();
    for entry in wanted {
        if index.has(&entry) {
            plan.already += 1;
        } else {
            index.ours.insert(entry.at);
            plan.create.push(entry);
        }
    }
    plan
}

#[derive(Default)]
struct Index<'a> {
    identifiers: HashSet<&'a str>,
    /// tconnectsync's entries, by the pump's sequence number.
    events: BTreeMap<i64, DateTime<Utc>>,
    ours: BTreeSet<DateTime<Utc>>,
    others: BTreeSet<DateTime<Utc>>,
}

impl<'a> Index<'a> {
    fn new(existing: &'a [ExistingEntry], wanted: &[Entry]) -> Self {
        let belongs: HashMap<String, DateTime<Utc>> = wanted
            .iter()
            .map(|entry| (entry.identity.identifier.to_string(), entry.at))
            .collect();
        let mut index = Index::default();
        for entry in existing {
            if !entry.ours {
                index.others.insert(entry.at);
                continue;
            }
            match &entry.identifier {
                Some(identifier) => drop(index.identifiers.insert(identifier)),
                None => {
                    (index.events).extend(entry.events.iter().map(|number| (*number, entry.at)))
                }
            }
            let belongs = entry.identifier.as_ref().and_then(|id| belongs.get(id));
            // An entry of ours at a wrong time does not block the time where it is.
            if belongs.is_none_or(|at| (*at - entry.at).abs() <= SAME_OF_OURS_WITHIN) {
                index.ours.insert(entry.at);
            }
        }
        index
    }

    fn has(&self, wanted: &Entry) -> bool {
        let identifier = wanted.identity.identifier.to_string();
        let mut numbers = wanted.identity.events.iter().map(|id| id.number);
        self.identifiers.contains(identifier.as_str())
            || is_near(&self.ours, wanted.at, SAME_OF_OURS_WITHIN)
            || is_near(&self.others, wanted.at, SAME_READING_WITHIN)
            || numbers.any(|number| {
                let at = self.events.get(&number);
                at.is_some_and(|at| (*at - wanted.at).abs() <= SAME_EVENT_WITHIN)
            })
    }
}

fn is_near(times: &BTreeSet<DateTime<Utc>>, at: DateTime<Utc>, within: Duration) -> bool {
    times.range(at - within..=at + within).next().is_some()
}
