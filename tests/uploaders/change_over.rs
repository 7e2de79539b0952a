//! From tconnectsync to this program in the guide's order, and back.

use chrono::Duration;
use serde_json::Value;

use super::{Both, assert_basal_is_true, assert_boluses_are_true, boluses};
use crate::pass::{filed, minutes, number, text};
use crate::simulator::history::Plan;
use crate::simulator::nightscout::Version;
use crate::simulator::rng::Rng;

#[test]
fn in_the_guides_order_nothing_is_ever_doubled() {
    for seed in 0..8 {
        let versions = [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7];
        let version = versions[seed as usize % 3];
        let both = Both::of(&Plan::days(500 + seed, 2), version);
        let what = format!("seed {seed}, {version:?}");
        let mut rng = Rng::new(seed, 78);
        let mut now = both.start() + Duration::minutes(30);
        let change = both.start() + Duration::minutes(rng.between(12 * 60, 30 * 60));
        let mut uploaded = now;
        let mut deletions = 0;
        while now < both.end() {
            if rng.chance(50) {
                uploaded = now - Duration::minutes(rng.between(0, 12));
            }
            if now < change {
                both.run_theirs(now, uploaded);
                deletions = both.ours.nightscout.deletions();
            } else {
                let outcome = both.run_ours(now, uploaded);
                assert!(
                    outcome.report.doubles.is_empty(),
                    "{what}: {:?}",
                    outcome.report.doubles
                );
                assert_nothing_told_twice(&both, &what);
            }
            now += Duration::minutes(rng.between(8, 70));
        }
        let end = both.end() + Duration::minutes(25);
        both.run_ours(end, both.end());
        let truth = &both.history.truth;
        assert_boluses_are_true(truth, &both.treatments(), &what);
        // Before, a rate ends where tconnectsync knew no more of it, and so does a sleep.
        let from = both.end() - Duration::hours(24);
        let to = both.end() - Duration::minutes(30);
        assert_basal_is_true(truth, &both.treatments(), (from, to), &what);
        assert_modes_are_whole(&both, &what);
        let look = both.remove_doubles(end, None);
        assert_eq!(look.found.len(), 0, "{what}: {look:#?}");
        // tconnectsync removes a sleep of its own that has ended, to write it anew.
        assert_eq!(both.ours.nightscout.deletions(), deletions, "{what}");
        let writes = both.ours.nightscout.writes();
        both.run_ours(end + Duration::minutes(2), both.end());
        assert_eq!(both.ours.nightscout.writes(), writes, "{what}");
    }
}

/// No more insulin and carbs stand there than the pump gave or has yet to give.
#[track_caller]
fn assert_nothing_told_twice(both: &Both, what: &str) {
    let told = boluses(&both.treatments());
    for bolus in &both.history.truth.boluses {
        let later = bolus.extended.as_ref();
        let main = bolus.completed.or(later.map(|later| later.started));
        let Some((insulin, carbs)) = told.get(&main.unwrap_or_default().to_string()) else {
            continue;
        };
        let most = bolus.delivered().max(bolus.requested) as f64;
        assert!(*insulin <= most + 5.001, "{what}: {insulin} of {most} mU");
        assert!(*carbs <= bolus.carbs as f64, "{what}: {carbs} g");
    }
}

/// Each sleep and exercise that began after tconnectsync's first run reaches its end, in one document or two.
#[track_caller]
fn assert_modes_are_whole(both: &Both, what: &str) {
    let documents = both.treatments();
    let from = both.end() - Duration::hours(24);
    for mode in both
        .history
        .truth
        .modes
        .iter()
        .filter(|mode| mode.from > from)
    {
        let Some(to) = mode.to else { continue };
        let starts_with = |document: &&Value| {
            let events = text(document, "pump_event_id");
            events.split(',').next() == Some(mode.number.to_string().as_str())
        };
        let ends = documents
            .iter()
            .filter(starts_with)
            .map(|document| filed(document) + minutes(number(document, "duration")));
        let end = ends.max().expect("a document of the mode");
        assert!(
            (end - to).abs() <= Duration::seconds(61),
            "{what}: {end} of {to}"
        );
    }
}

#[test]
fn going_back_is_mended_as_the_guide_says() {
    for seed in 0..4 {
        let both = Both::of(&Plan::days(520 + seed, 2), Version::V15_0_7);
        let what = format!("seed {seed}");
        let mut rng = Rng::new(seed, 79);
        let mut now = both.start() + Duration::minutes(30);
        let change = both.start() + Duration::minutes(rng.between(12 * 60, 24 * 60));
        while now < change {
            both.run_ours(now, now);
            now += Duration::minutes(rng.between(8, 70));
        }
        while now < both.end() {
            both.run_theirs(now, now);
            now += Duration::minutes(rng.between(8, 70));
        }
        let end = both.end() + Duration::minutes(25);
        both.run_theirs(end, both.end());
        let given: i64 = both.history.truth.bolus_milliunits();
        let told: f64 = boluses(&both.treatments())
            .values()
            .map(|told| told.0)
            .sum();
        assert!(
            told > given as f64 + 1000.0,
            "{what}: it writes again what it does not know"
        );
        let directory = tempfile::tempdir().expect("a directory");
        assert!(
            both.remove_doubles(end, Some(directory.path())).removed > 0,
            "{what}"
        );
        // It does not write them again: the newest of its own is still there.
        both.run_theirs(end + Duration::minutes(10), both.end());
        assert_eq!(both.remove_doubles(end, None).going().count(), 0, "{what}");
        let twice = boluses(&both.treatments());
        for bolus in &both.history.truth.boluses {
            let main = bolus.completed.unwrap_or_default().to_string();
            if let Some((insulin, carbs)) = twice.get(&main) {
                // Nobody tells the later part of what was given under tconnectsync.
                assert!(
                    *insulin <= bolus.delivered() as f64 + 5.001,
                    "{what}: {insulin} mU, {bolus:?}"
                );
                assert_eq!(*carbs, bolus.carbs as f64, "{what}: {bolus:?}");
            }
        }
    }
}
