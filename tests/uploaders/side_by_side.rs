//! Both at work at once, against the guide: the runs warn, and the site can be mended.

use chrono::Duration;
use serde_json::Value;

use super::{Both, assert_basal_is_true, assert_boluses_are_true, boluses};
use crate::pass::{filed, minutes, text};
use crate::simulator::history::Plan;
use crate::simulator::nightscout::Version;
use crate::simulator::rng::Rng;

#[test]
fn two_days_of_both_at_random_are_true_again_once_the_old_one_is_stopped_and_the_doubles_are_removed()
 {
    let mut doubled = 0;
    for seed in 0..8 {
        let versions = [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7];
        let version = versions[seed as usize % 3];
        let both = Both::of(&Plan::days(400 + seed, 2), version);
        let mut rng = Rng::new(seed, 77);
        let mut now = both.start() + Duration::minutes(rng.between(20, 60));
        let mut uploaded = now;
        let mut warned = false;
        while now < both.end() - Duration::minutes(90) {
            // The phone uploads about once an hour.
            if rng.chance(40) {
                uploaded = now - Duration::minutes(rng.between(0, 12));
            }
            if rng.chance(60) {
                both.run_theirs(now, uploaded);
            } else {
                let outcome = both.run_ours(now, uploaded);
                warned |= !outcome.report.doubles.is_empty();
            }
            now += Duration::minutes(rng.between(8, 70));
        }
        // The old one is stopped, and the new one goes on.
        let what = format!("seed {seed}, {version:?}");
        let end = both.end() + Duration::minutes(25);
        both.run_ours(end, both.end());
        let truth = &both.history.truth;
        let given: i64 = truth.bolus_milliunits();
        let told: f64 = boluses(&both.treatments())
            .values()
            .map(|told| told.0)
            .sum();
        doubled += i64::from(told > given as f64 + 1000.0);
        let outcome = both.run_ours(end, both.end());
        assert_eq!(
            told > given as f64 + 1000.0,
            !outcome.report.doubles.is_empty() && warned,
            "{what}"
        );

        let before = both.treatments();
        let look = both.remove_doubles(end, None);
        assert_eq!(both.treatments(), before, "{what}: a look writes nothing");
        let directory = tempfile::tempdir().expect("a directory");
        let removal = both.remove_doubles(end, Some(directory.path()));
        assert_eq!(removal.removed, look.going().count(), "{what}");
        assert_boluses_are_true(truth, &both.treatments(), &what);

        // What tconnectsync left out of a rate comes with the next run.
        both.run_ours(end + Duration::minutes(1), both.end());
        let from = both.end() - Duration::hours(24);
        let to = both.end() - Duration::minutes(30);
        assert_basal_is_true(truth, &both.treatments(), (from, to), &what);
        assert_boluses_are_true(truth, &both.treatments(), &what);
        let again = both.remove_doubles(end, None);
        assert_eq!(again.found.len(), 0, "{what}: {:#?}", again.found);
        let writes = both.ours.nightscout.writes();
        let last = both.run_ours(end + Duration::minutes(2), both.end());
        assert!(last.report.doubles.is_empty(), "{what}");
        assert_eq!(both.ours.nightscout.writes(), writes, "{what}");
    }
    assert!(doubled > 4, "both at once double insulin: {doubled} times");
}

#[test]
fn a_rest_of_a_rate_that_turns_out_to_be_nothing_does_not_stand_in_the_time_of_the_next_rate() {
    let both = Both::of(&Plan::days(431, 1), Version::V15_0_7);
    for hours in [6, 9, 14] {
        let uploaded = both.start() + Duration::hours(hours);
        both.run_theirs(uploaded, uploaded);
        // The newest rate lasts half an hour, as long as nothing is known of the next one: theirs does not say so.
        both.run_ours(uploaded + Duration::minutes(12), uploaded);
        let now = uploaded + Duration::minutes(50);
        both.run_ours(now, now);
    }
    let treatments = both.treatments();
    let rates = |rest: bool| {
        let rates = treatments
            .iter()
            .filter(|document| text(document, "eventType") == "Temp Basal");
        let is_rest = |document: &&Value| {
            document["reason"]
                .as_str()
                .is_some_and(|reason| reason.contains("the rest of"))
        };
        rates.filter(move |document| is_rest(document) == rest)
    };
    let mut rests = 0;
    for rest in rates(true) {
        let lasts = minutes(rest["duration"].as_f64().expect("a duration"));
        let (from, to) = (filed(rest), filed(rest) + lasts);
        for other in rates(false) {
            let begins_within = from <= filed(other) && filed(other) < to - Duration::seconds(1);
            let same = other["absolute"] == rest["absolute"];
            assert!(!begins_within || same, "{rest:#} {other:#}");
        }
        rests += 1;
    }
    assert!(rests > 0);
    let to = both.start() + Duration::hours(14);
    assert_basal_is_true(
        &both.history.truth,
        &treatments,
        (both.start() + Duration::hours(1), to),
        "rests",
    );
}
