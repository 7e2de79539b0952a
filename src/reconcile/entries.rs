//! Readings that should be in Nightscout against those that are.
//!
//! Nightscout finds an entry by its time and type alone, whoever wrote it: what is sent for a time that another device
//! has an entry at takes its place. So nothing is ever sent for a time near which there is a reading, and an entry that is
//! there stays as it is. That holds for our own, too, when the pump's clock comes to be judged otherwise: API v1 cannot move
//! an entry, nothing is ever removed here, and the same curve twice is worse than one that stays where it was.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Duration, Utc};

use crate::nightscout::entry::{Entry, ExistingEntry};

/// Two devices that read one sensor differ by less than half of its five minutes.
const SAME_READING_WITHIN: Duration = Duration::seconds(150);

/// How far an entry may lie from the event whose number it has: the pump's clock was judged otherwise.
const SAME_EVENT_WITHIN: Duration = Duration::days(1);

/// Readings of our own are the same when they are this close: two pumps may follow one sensor.
const SAME_OF_OURS_WITHIN: Duration = Duration::seconds(30);

/// What has to be written.
#[derive(Clone, Debug, Default)]
pub struct EntryPlan {
    /// Entries that Nightscout lacks, oldest first.
    pub create: Vec<Entry>,
    /// How many are there already, from here or from another device.
    pub already: usize,
}

/// Compares the entries that should be there with those that are.
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

struct Index<'a> {
    identifiers: HashSet<&'a str>,
    /// tconnectsync's entries, by the pump's sequence number.
    events: BTreeMap<i64, DateTime<Utc>>,
    ours: BTreeSet<DateTime<Utc>>,
    others: BTreeSet<DateTime<Utc>>,
}

impl<'a> Index<'a> {
    fn new(existing: &'a [ExistingEntry], wanted: &[Entry]) -> Self {
        let (ours, others): (Vec<_>, Vec<_>) = existing.iter().partition(|entry| entry.ours);
        let belongs: HashMap<String, DateTime<Utc>> = wanted
            .iter()
            .map(|entry| (entry.identity.identifier.to_string(), entry.at))
            .collect();
        // What stands where it does not belong keeps no other from its place.
        let misplaced = |entry: &&&ExistingEntry| {
            let belongs = entry.identifier.as_ref().and_then(|id| belongs.get(id));
            belongs.is_some_and(|at| (*at - entry.at).abs() > SAME_OF_OURS_WITHIN)
        };
        let nameless = ours.iter().filter(|entry| entry.identifier.is_none());
        Index {
            identifiers: ours
                .iter()
                .filter_map(|entry| entry.identifier.as_deref())
                .collect(),
            events: nameless
                .flat_map(|entry| entry.events.iter().map(|number| (*number, entry.at)))
                .collect(),
            ours: (ours.iter().filter(|entry| !misplaced(entry)))
                .map(|entry| entry.at)
                .collect(),
            others: others.iter().map(|entry| entry.at).collect(),
        }
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
