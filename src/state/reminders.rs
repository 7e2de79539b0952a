//! Remembers when a quiet run last gave a warning that needs a person, so that it is given once a day and not with each run.
//!
//! If no disk can be written, nothing is remembered, and each run gives the warning.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Duration, Utc};

use super::{fingerprint, read, remove, write};
use crate::config::Config;

/// How long a warning that was told need not be told again. A little less than a day, so that a run a day tells it with
/// each run.
const TOLD_FOR: Duration = Duration::hours(23);

/// The warnings told about one account and site.
#[derive(Debug)]
pub(crate) struct Reminders {
    path: Option<PathBuf>,
    now: DateTime<Utc>,
}

/// When each warning was last told, by its topic: seconds since 1970.
type Told = BTreeMap<String, i64>;

impl Reminders {
    /// The reminders of this configuration's account and site, in a run that began at `now`.
    pub(crate) fn new(config: &Config, now: DateTime<Utc>) -> Reminders {
        let site = config.nightscout.url.as_str();
        let name = fingerprint(&[config.tandem.email.expose(), site]);
        let directory = config.state_directory.as_ref().filter(|_| !config.pretend);
        Reminders {
            path: directory.map(|directory| directory.join(format!("reminders-{name}.json"))),
            now,
        }
    }

    /// Whether to give the warning about this topic now. If so, that is remembered.
    pub(crate) fn is_due(&self, topic: &str) -> bool {
        let Some(path) = &self.path else {
            return true;
        };
        let mut told = self.told();
        let now = self.now.timestamp();
        let due = told.get(topic).is_none_or(|last| {
            let since = now.saturating_sub(*last);
            // A time in the future is of a clock that was wrong.
            !(0..TOLD_FOR.num_seconds()).contains(&since)
        });
        if due {
            told.insert(topic.to_owned(), now);
            write(path, &as_json(&told));
        }
        due
    }

    /// Whether what this topic is about has lasted for `limit` by now, through all runs since it began with one of them. Where
    /// nothing can be remembered, it has: no later run would know better.
    pub(crate) fn has_lasted(&self, topic: &str, limit: Duration) -> bool {
        let Some(path) = &self.path else {
            return true;
        };
        let mut told = self.told();
        let now = self.now.timestamp();
        let begun = told.get(&since(topic)).filter(|begun| **begun <= now);
        if let Some(begun) = begun {
            return now.saturating_sub(*begun) >= limit.num_seconds();
        }
        told.insert(since(topic), now);
        let remembered = write(path, &as_json(&told));
        !remembered || limit <= Duration::zero()
    }

    /// What this topic is about is over.
    pub(crate) fn forget_since(&self, topic: &str) {
        self.forget(topic);
        self.forget(&since(topic));
    }

    /// The reason for the warning is gone: the next warning is given at once.
    pub(crate) fn forget(&self, topic: &str) {
        let mut told = self.told();
        if told.remove(topic).is_none() {
            return;
        }
        match &self.path {
            Some(path) if told.is_empty() => remove(path),
            Some(path) => {
                write(path, &as_json(&told));
            }
            None => {}
        }
    }

    fn told(&self) -> Told {
        let content = self.path.as_deref().and_then(read);
        // What cannot be read is told again.
        content
            .and_then(|content| serde_json::from_slice(&content).ok())
            .unwrap_or_default()
    }
}

/// The name under which the beginning of something is kept.
fn since(topic: &str) -> String {
    format!("{topic} since")
}

/// A map of numbers always serialises.
fn as_json(told: &Told) -> Vec<u8> {
    serde_json::to_vec(told).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: Option<PathBuf>, hour: i64) -> Reminders {
        let now = DateTime::UNIX_EPOCH + Duration::hours(500_000 + hour);
        Reminders { path, now }
    }

    #[test]
    fn a_warning_is_told_once_a_day_and_again_after_it_was_gone() {
        let directory = tempfile::tempdir().unwrap();
        let path = Some(directory.path().join("reminders.json"));
        let due = |hour, topic| at(path.clone(), hour).is_due(topic);
        assert!(due(0, "doubles"));
        assert!(!due(1, "doubles"));
        assert!(due(1, "zone"));
        assert!(!due(22, "doubles"));
        assert!(due(24, "doubles"));
        at(path.clone(), 25).forget("doubles");
        assert!(due(26, "doubles"));
        assert!(due(0, "doubles"), "a time in the future counts for nothing");
    }

    #[test]
    fn what_lasts_counts_from_its_first_run_until_it_is_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = Some(directory.path().join("reminders.json"));
        let lasted = |hour| at(path.clone(), hour).has_lasted("failing", Duration::hours(3));
        assert!(!lasted(0));
        assert!(!lasted(2));
        assert!(lasted(3));
        assert!(lasted(9));
        at(path.clone(), 9).forget_since("failing");
        assert!(!lasted(10));
        assert!(!lasted(5), "a time in the future counts for nothing");
        assert!(lasted(8));
        assert!(at(None, 0).has_lasted("failing", Duration::hours(3)));
    }

    #[test]
    fn without_a_disk_a_warning_is_always_told() {
        for _ in 0..2 {
            assert!(at(None, 0).is_due("doubles"));
        }
        at(None, 0).forget("doubles");
    }
}
