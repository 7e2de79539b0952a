//! Two runs at the same moment, on machines that share no disk, and answers that leave it open whether a write was done:
//! what stands on the site twice is one again after the next run, and nothing is lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::pass;

use crate::arrangement::{Arrangement, without_ids};
use crate::features::EVERYTHING;
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};
use crate::simulator::tandem::Tandem;

const VERSIONS: [Version; 3] = [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7];

/// Every collection, as its path and the documents that it holds.
type Held = BTreeMap<&'static str, Vec<Value>>;

fn held(site: &Nightscout) -> Held {
    let mut profiles = without_ids(site.profiles());
    for profile in &mut profiles {
        // Each run adds its own.
        profile["startDate"] = Value::Null;
        profile["created_at"] = Value::Null;
    }
    BTreeMap::from([
        ("treatments", without_ids(site.treatments())),
        ("entries", without_ids(site.entries())),
        ("devicestatus", without_ids(site.devicestatuses())),
        ("profile", profiles),
    ])
}

/// Some hours of a pump with everything, and a while after them.
fn some_hours() -> (Arc<History>, DateTime<Utc>) {
    let day = Plan::day(83);
    let start = day.start + Duration::hours(11);
    let history = History::generate(&day.between(start, start + Duration::hours(3)));
    let now = history.plan.end + Duration::minutes(20);
    (Arc::new(history), now)
}

fn begin(history: &Arc<History>, version: Version) -> Arrangement {
    let tandem = Tandem::with_history(Arc::clone(history));
    let mut arrangement = Arrangement::joining(tandem, Nightscout::version(version));
    arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", EVERYTHING);
    arrangement
}

/// What one run alone leaves.
fn alone(history: &Arc<History>, now: DateTime<Utc>, version: Version) -> Held {
    let arrangement = begin(history, version);
    arrangement.good_pass(now, &[]);
    held(&arrangement.nightscout)
}

/// How many documents of each collection are there beyond what there should be.
fn surplus(found: &Held, expected: &Held) -> BTreeMap<&'static str, usize> {
    let counts = expected.iter().map(|(collection, expected)| {
        (
            *collection,
            found[collection].len().saturating_sub(expected.len()),
        )
    });
    counts.filter(|(_, count)| *count > 0).collect()
}

/// Two runs at the same moment, to the millisecond in which they start a profile.
fn two_runs(arrangement: &Arrangement, now: DateTime<Utc>) {
    arrangement.nightscout.set_now(now);
    let run = |later: i64| {
        let now = now + Duration::milliseconds(later);
        let limits = RunLimits::without_pauses(Deadline::NONE, Stop::new());
        pass::run(&arrangement.config(now, &[]), now, &limits)
    };
    let outcomes = std::thread::scope(|scope| {
        let runs = [scope.spawn(|| run(0)), scope.spawn(|| run(137))];
        runs.map(|run| run.join().expect("a run"))
    });
    for outcome in outcomes {
        assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    }
}

#[test]
fn a_hundred_pairs_of_runs_at_the_same_moment_leave_nothing_twice_after_the_next_run() {
    let (history, now) = some_hours();
    // A site that is empty, and one that holds the first part already, of which the newest rate has to grow.
    let half = history.plan.start + Duration::minutes(93);
    let prepare = |version: Version, holds_half: bool| {
        let arrangement = begin(&history, version);
        if holds_half {
            arrangement.tandem.set_uploaded_until(half);
            arrangement.good_pass(half + Duration::minutes(11), &[]);
            arrangement.tandem.set_uploaded_until(history.plan.end);
        }
        arrangement
    };
    let sites = VERSIONS
        .iter()
        .flat_map(|version| [(*version, false), (*version, true)]);
    let expected = sites.map(|(version, holds_half)| {
        let arrangement = prepare(version, holds_half);
        arrangement.good_pass(now, &[]);
        (version, holds_half, held(&arrangement.nightscout))
    });
    let expected: Vec<_> = expected.collect();
    let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
    for pair in 0..100 {
        let (version, holds_half, expected) = &expected[pair % expected.len()];
        let arrangement = prepare(*version, *holds_half);
        let site = &arrangement.nightscout;
        site.configure(|settings| settings.races = true);
        two_runs(&arrangement, now);
        for (collection, count) in surplus(&held(site), expected) {
            *seen.entry(collection).or_default() += count;
        }
        site.configure(|settings| settings.races = false);
        arrangement.good_pass(now + Duration::minutes(1), &[]);
        let after = held(site);
        assert_eq!(
            surplus(&after, expected),
            BTreeMap::new(),
            "pair {pair}, {version:?}"
        );
        assert_eq!(after, *expected, "pair {pair}, {version:?}");
        let (writes, deletions) = (site.writes(), site.deletions());
        arrangement.good_pass(now + Duration::minutes(2), &[]);
        assert_eq!(
            (site.writes(), site.deletions()),
            (writes, deletions),
            "pair {pair}"
        );
    }
    let twice: Vec<&str> = seen.keys().copied().collect();
    assert_eq!(
        twice,
        ["devicestatus", "entries", "profile", "treatments"],
        "the races make doubles of every kind: {seen:?}"
    );
}

#[test]
fn a_write_that_was_done_though_a_proxy_said_otherwise_is_not_done_again() {
    let (history, now) = some_hours();
    let failures = [
        Kind::AfterHandling(Box::new(Kind::status(503))),
        Kind::AfterHandling(Box::new(Kind::status(429))),
        Kind::AfterHandling(Box::new(Kind::status(504))),
        Kind::AfterHandling(Box::new(Kind::status(502))),
        Kind::DropAfterHandling,
        Kind::Truncate,
    ];
    for version in VERSIONS {
        let expected = alone(&history, now, version);
        for kind in &failures {
            for collection in ["treatments", "entries", "devicestatus", "profile"] {
                let arrangement = begin(&history, version);
                let path = format!("/api/v1/{collection}");
                // Also where every repeat would meet the same.
                let fault = Fault::on("POST", &path, Times::Always, kind.clone());
                arrangement.nightscout.inject(fault);
                let outcome = arrangement.good_pass(now, &[]);
                let what = format!("{kind:?} on {collection}, {version:?}");
                assert_eq!(held(&arrangement.nightscout), expected, "{what}");
                assert_eq!(
                    outcome.report.uploads.total(|tally| tally.refused),
                    0,
                    "{what}"
                );
                let writes = arrangement.nightscout.requests_to("POST", &path).len();
                assert_eq!(writes, 1, "{what}");
            }
        }
    }
}

#[test]
fn a_token_that_may_not_remove_leaves_the_twins_and_says_what_it_lacks() {
    let (history, now) = some_hours();
    let mut arrangement = begin(&history, Version::V15_0_7);
    arrangement
        .nightscout
        .configure(|settings| settings.races = true);
    two_runs(&arrangement, now);
    arrangement
        .nightscout
        .configure(|settings| settings.races = false);
    let before = arrangement.nightscout.treatments().len();
    let permissions = ["treatments", "entries", "devicestatus", "profile"]
        .map(|collection| format!("api:{collection}:create,read,update"));
    let mut permissions: Vec<&str> = permissions.iter().map(String::as_str).collect();
    permissions.push("api:status:read");
    let token = arrangement.nightscout.add_token("uploader", &permissions);
    let secret = arrangement.variables.insert("NS_SECRET".to_owned(), token);
    let outcome = arrangement.good_pass(now, &[]);
    assert_eq!(arrangement.nightscout.treatments().len(), before);
    let warnings = outcome.report.warnings.join("\n");
    assert!(warnings.contains("api:treatments:delete"), "{warnings}");
    // Whoever may remove them makes it good.
    arrangement.set("NS_SECRET", &secret.expect("a secret"));
    let outcome = arrangement.good_pass(now, &[]);
    assert_eq!(
        held(&arrangement.nightscout),
        alone(&history, now, Version::V15_0_7)
    );
    assert!(
        outcome
            .report
            .summary()
            .contains("that two runs wrote twice removed")
    );
}

#[test]
fn a_run_that_only_pretends_removes_nothing() {
    let (history, now) = some_hours();
    let arrangement = begin(&history, Version::V15_0_7);
    arrangement
        .nightscout
        .configure(|settings| settings.races = true);
    two_runs(&arrangement, now);
    let before = held(&arrangement.nightscout);
    let outcome = arrangement.good_pass(now, &["--pretend"]);
    assert_eq!(held(&arrangement.nightscout), before);
    assert_eq!(arrangement.nightscout.deletions(), 0);
    assert!(outcome.report.twins_removed > 0);
}

#[test]
fn what_other_tools_wrote_twice_stays() {
    let (history, now) = some_hours();
    let arrangement = begin(&history, Version::V15_0_7);
    let site = &arrangement.nightscout;
    for _ in 0..2 {
        site.insert_treatment(serde_json::json!({
            "eventType": "Meal Bolus", "created_at": "2026-05-14T16:00:00.000Z", "enteredBy": "Loop", "insulin": 2,
            "identifier": "85a83dad-0a1b-565c-8c89-d35c33f02840", "pump_event_id": "7",
        }));
        site.insert_devicestatus(serde_json::json!({
            "device": "Pump (tconnectsync)", "created_at": "2026-05-14T16:00:00.000Z", "pump_event_id": "7",
            "pump": {"battery": {"percent": 50}},
        }));
    }
    arrangement.good_pass(now, &[]);
    arrangement.good_pass(now, &[]);
    assert_eq!(site.deletions(), 0);
}
