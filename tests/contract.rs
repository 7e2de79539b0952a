//! The contract with a real Nightscout. The same things happen on the site of `CONTRACT_NS_URL` and on the simulated one of its
//! version: runs, every feature on, while a made-up pump's day grows; changes by others; twins; doubles of
//! tconnectsync's; tokens. After each step both hold the same. Then all of it is removed again.
//!
//! ```text
//! CONTRACT_NS_URL=https://test-site.example CONTRACT_NS_SECRET=... cargo test -- --ignored contract
//! ```
//!
//! The site should be one for tests, without a profile, and without anybody's data of January 2015, where the made-up data lie.
//! Documents are removed by their `_id`, where this program is their author; nothing else is removed, or changed. The tokens of
//! the test, and their roles, are removed too. Where the secret is itself a token, none are made.

mod site;

use chrono::{DateTime, Duration, TimeZone, Utc};
use serde_json::Value;
use tconnectsync_heroku::config::Feature as Wanted;
use tconnectsync_heroku::doubles;
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::pass::Outcome;
use tconnectsync_heroku::report::Tally;

use crate::arrangement::Arrangement;
use crate::check::checked;
use crate::simulator::history::{Features, History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};
use crate::simulator::tandem::Tandem;
use site::{COLLECTIONS, Held, MARK, Site};

/// The made-up pump's serial number: the identifiers of its documents are those of no real pump's.
const SERIAL: &str = "00000000000000000042";

/// A run over the made-up pump's whole day.
const DAY: [&str; 4] = ["--start-date", "2015-01-14", "--end-date", "2015-01-14"];

/// Some hours in January 2015 with all that a pump in everyday use does.
fn history() -> History {
    let start = Utc
        .with_ymd_and_hms(2015, 1, 14, 9, 0, 0)
        .single()
        .expect("an instant");
    let mut plan = Plan::day(42)
        .between(start, start + Duration::hours(8))
        .with_features(Features::USUAL);
    plan.serial = SERIAL.to_owned();
    History::generate(&plan)
}

/// A site, and a pump whose data go there.
struct Side<'a> {
    site: &'a Site<'a>,
    arrangement: Arrangement,
}

impl<'a> Side<'a> {
    fn new(site: &'a Site<'a>) -> Self {
        let tandem = Tandem::with_history(history());
        let mut arrangement = Arrangement::joining(tandem, Nightscout::start());
        arrangement.set("NS_URL", &site.url);
        arrangement.set("NS_SECRET", &site.secret);
        arrangement.set("NS_ALLOW_INSECURE_HTTP", "true");
        let features = Wanted::ALL.map(Wanted::name).join(",");
        arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", &features);
        Side { site, arrangement }
    }

    fn run(&self, now: DateTime<Utc>, arguments: &[&str]) -> Outcome {
        self.site.set_now(now);
        self.arrangement.pass(now, arguments)
    }

    fn good_run(&self, now: DateTime<Utc>, arguments: &[&str]) -> Outcome {
        let outcome = self.run(now, arguments);
        assert_eq!(
            outcome.status(),
            ExitStatus::Done,
            "{:?}",
            outcome.message()
        );
        outcome
    }

    /// The treatments, oldest first.
    fn treatments(&self) -> Vec<Value> {
        let mut treatments = self.site.documents("treatments");
        let at = |document: &Value| document["created_at"].as_str().map(str::to_owned);
        treatments.sort_by_key(|document| (at(document), document["eventType"].to_string()));
        treatments
    }

    /// The nth temp basal of the day.
    fn basal(&self, nth: usize) -> Value {
        let treatments = self.treatments().into_iter();
        let mut basals = treatments.filter(|document| document["eventType"] == "Temp Basal");
        basals.nth(nth).expect("a temp basal")
    }
}

/// One step of the story, and what was written in it. The figures have to be the same on both sides, too.
type Step = fn(&Side<'_>, DateTime<Utc>) -> Vec<usize>;

const STORY: [(&str, Step); 9] = [
    ("a day that grows", grows),
    ("a run over the whole day", whole_day),
    ("what others add", marked),
    ("what others change", changed),
    ("what stands there twice", twins),
    ("what tconnectsync wrote too", doubled),
    ("a token with the permissions advised", advised_token),
    ("a token that may not update", narrow_token),
    ("the check", check),
];

/// Hourly uploads, and a run every twenty minutes.
fn grows(side: &Side<'_>, _: DateTime<Utc>) -> Vec<usize> {
    let plan = history().plan;
    let mut written = Vec::new();
    for minutes in (20..=280).step_by(20) {
        let now = plan.start + Duration::minutes(minutes);
        let uploaded = plan.start + Duration::hours(minutes / 60);
        side.arrangement.tandem.set_uploaded_until(uploaded);
        let outcome = side.good_run(now, &[]);
        written.extend(figures(&outcome));
    }
    side.arrangement.tandem.set_uploaded_until(plan.end);
    written
}

fn whole_day(side: &Side<'_>, now: DateTime<Utc>) -> Vec<usize> {
    let first = side.good_run(now, &DAY);
    let second = side.good_run(now, &DAY);
    assert_eq!(writes(&second), 0, "{}", second.report.summary());
    figures(&first)
}

/// What others add to the documents stays, and is no difference.
fn marked(side: &Side<'_>, now: DateTime<Utc>) -> Vec<usize> {
    for document in side.treatments() {
        side.site
            .change(&document, |document| document["testData"] = MARK.into());
    }
    let outcome = side.good_run(now, &DAY);
    assert_eq!(writes(&outcome), 0, "{}", outcome.report.summary());
    let treatments = side.treatments();
    assert!(
        treatments
            .iter()
            .all(|document| document["testData"] == MARK)
    );
    figures(&outcome)
}

/// What others change is put right, what they removed comes back.
fn changed(side: &Side<'_>, now: DateTime<Utc>) -> Vec<usize> {
    let before = side.site.held();
    side.site
        .change(&side.basal(2), |document| document["duration"] = 77.into());
    side.site.change(&side.basal(4), |document| {
        document["created_at"] = "2015-01-14T03:04:05.678Z".into();
    });
    side.site.remove("treatments", &side.basal(7));
    let outcome = side.good_run(now, &DAY);
    assert_eq!(outcome.report.uploads.total(|tally| tally.updated), 2);
    assert_eq!(outcome.report.uploads.total(|tally| tally.created), 1);
    same("afterwards", &side.site.held(), &before);
    figures(&outcome)
}

/// Two documents of one identifier, as two machines leave them that run at the same moment, become one.
fn twins(side: &Side<'_>, now: DateTime<Utc>) -> Vec<usize> {
    let before = side.site.held();
    let mut made = 0;
    for collection in COLLECTIONS {
        let of_it = side.site.make_twins(collection);
        println!("{}: {collection}: {of_it} too many", side.site.url);
        made += of_it;
    }
    let outcome = side.good_run(now, &DAY);
    assert_eq!(outcome.report.twins_removed, made);
    same("afterwards", &side.site.held(), &before);
    let again = side.good_run(now, &DAY);
    assert_eq!(again.report.twins_removed, 0);
    assert_eq!(writes(&again), 0, "{}", again.report.summary());
    figures(&outcome)
}

/// A bolus that tconnectsync wrote too goes, comes back under its own `_id`, and goes again.
fn doubled(side: &Side<'_>, now: DateTime<Utc>) -> Vec<usize> {
    let before = side.site.held();
    let mut treatments = side.treatments().into_iter();
    let bolus = treatments.find(|document| document["eventType"] == "Meal Bolus");
    let mut theirs = bolus.expect("a bolus");
    theirs["identifier"] = Value::Null;
    theirs["eventType"] = "Combo Bolus".into();
    theirs["created_at"] = "2015-01-14T10:00:07.000Z".into();
    side.site.add("treatments", &theirs);
    let double = || {
        let mut treatments = side.treatments().into_iter();
        treatments.find(|document| document["created_at"] == theirs["created_at"])
    };
    let added = double();
    assert!(added.is_some());
    let directory = tempfile::tempdir().expect("a directory");
    let limits = RunLimits::without_pauses(Deadline::NONE, Stop::new());
    let remove = || {
        side.site.set_now(now);
        let arguments = [&["--remove-doubles"][..], &DAY].concat();
        let config = side.arrangement.config(now, &arguments);
        let saving = doubles::Saving {
            directory: directory.path(),
            disk_is_lost: false,
        };
        let outcome = doubles::remove(&config, now, &limits, Some(saving));
        assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
        assert_eq!(outcome.removed, 1);
        same("after the removal", &side.site.held(), &before);
        outcome.file.expect("a file")
    };
    let file = remove();
    for _ in 0..2 {
        let config = side.arrangement.config(now, &[]);
        let restored = doubles::restore(&config, &limits, &file);
        assert!(restored.failure.is_none(), "{:?}", restored.failure);
        assert_eq!(restored.documents, 1);
        assert_eq!(double(), added);
    }
    remove();
    assert_eq!(double(), None);
    Vec::new()
}

fn advised_token(side: &Side<'_>, now: DateTime<Utc>) -> Vec<usize> {
    if side.site.has_token() {
        return Vec::new();
    }
    let names = COLLECTIONS.map(|name| format!("api:{name}:*"));
    let token = side
        .site
        .token(&format!("api:status:read {}", names.join(" ")));
    with_token(side, &token.text, |side| {
        let before = side.site.held();
        side.site
            .change(&side.basal(2), |document| document["duration"] = 77.into());
        side.site.remove("treatments", &side.basal(5));
        let outcome = side.good_run(now, &DAY);
        same("afterwards", &side.site.held(), &before);
        figures(&outcome)
    })
}

/// Before 15.0.7 it keeps what has changed from being put right, and nothing else.
fn narrow_token(side: &Side<'_>, now: DateTime<Utc>) -> Vec<usize> {
    if side.site.has_token() {
        return Vec::new();
    }
    let rights = COLLECTIONS.map(|name| format!("api:{name}:create api:{name}:read"));
    let token = side
        .site
        .token(&format!("api:status:read {}", rights.join(" ")));
    let before = side.site.held();
    side.site
        .change(&side.basal(2), |document| document["duration"] = 77.into());
    side.site.remove("treatments", &side.basal(5));
    let written = with_token(side, &token.text, |side| {
        let outcome = side.run(now, &DAY);
        let puts = side.site.kind().0 < Version::V15_0_7;
        let expected = match puts {
            true => ExitStatus::CredentialsRejected,
            false => ExitStatus::Done,
        };
        assert_eq!(outcome.status(), expected, "{:?}", outcome.message());
        assert_eq!(outcome.report.uploads.total(|tally| tally.created), 1);
        assert_eq!(side.basal(2)["duration"] == 77, puts);
        figures(&outcome)
    });
    side.good_run(now, &DAY);
    same("afterwards", &side.site.held(), &before);
    written
}

fn with_token<T>(side: &Side<'_>, token: &str, act: impl FnOnce(&Side<'_>) -> T) -> T {
    let mut narrow = Side::new(side.site);
    narrow.arrangement.set("NS_SECRET", token);
    act(&narrow)
}

/// The check finds nothing wrong with the site, and writes nothing.
fn check(side: &Side<'_>, now: DateTime<Utc>) -> Vec<usize> {
    let before = side.site.held();
    let (lines, _) = checked(&side.arrangement, now, &[]);
    let of_the_site: Vec<&String> = lines
        .iter()
        .filter(|line| line.contains("Nightscout: "))
        .collect();
    assert!(!of_the_site.is_empty());
    for line in of_the_site {
        assert!(!line.starts_with("!!"), "{lines:#?}");
    }
    same("afterwards", &side.site.held(), &before);
    Vec::new()
}

/// Both hold the same; said is what differs.
#[track_caller]
fn same(when: &str, held: &Held, expected: &Held) {
    let keys = held.keys().chain(expected.keys());
    let different = keys.filter(|key| held.get(*key) != expected.get(*key));
    let told: Vec<String> = different
        .take(5)
        .map(|key| format!("{key}: {:?}, not {:?}", held.get(key), expected.get(key)))
        .collect();
    assert!(told.is_empty(), "{when}: {}", told.join("\n"));
}

/// How many documents of each kind became what.
fn figures(outcome: &Outcome) -> Vec<usize> {
    let tallies = outcome.report.uploads.tallies.values();
    tallies
        .flat_map(|tally| [tally.created, tally.updated, tally.already, tally.held_back])
        .collect()
}

fn writes(outcome: &Outcome) -> usize {
    let written = |tally: &Tally| tally.created + tally.updated;
    outcome.report.uploads.total(written)
}

/// Removes what the test wrote, however it ends.
struct Clean<'a>(&'a Site<'a>);

impl Drop for Clean<'_> {
    fn drop(&mut self) {
        self.0.clean();
    }
}

/// Holds a site to the contract. It has to hold nothing of the made-up pump's days, and no profile.
fn hold(site: &Site<'_>) {
    let now = Utc::now();
    let there: Held = site.held();
    assert!(there.is_empty(), "the site holds {:?}", there.keys());
    let (version, mmol) = site.kind();
    let model = Nightscout::with(|settings| {
        settings.version = version;
        settings.mmol = mmol;
    });
    let model = Site::simulated(&model);
    let (model, real) = (Side::new(&model), Side::new(site));
    let clean = Clean(site);
    for (name, step) in STORY {
        let expected = step(&model, now);
        assert_eq!(step(&real, now), expected, "{name}");
        let (held, expected) = (real.site.held(), model.site.held());
        assert!(held.len() > 100, "{}", held.len());
        same(name, &held, &expected);
        println!(
            "{}: {name}: {} documents are the same",
            site.url,
            held.len()
        );
    }
    drop(clean);
    assert_eq!(site.held(), Held::new(), "everything is removed");
}

#[test]
#[ignore = "needs a Nightscout: CONTRACT_NS_URL, CONTRACT_NS_SECRET"]
fn a_nightscout_keeps_the_contract() {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    hold(&Site::real(
        &variable("CONTRACT_NS_URL"),
        &variable("CONTRACT_NS_SECRET"),
    ));
}

#[test]
fn the_simulated_ones_keep_the_contract() {
    for version in [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7] {
        for (mmol, readable) in [(false, true), (true, false)] {
            let nightscout = Nightscout::with(|settings| {
                settings.version = version;
                settings.mmol = mmol;
                settings.readable = readable;
            });
            hold(&Site::simulated(&nightscout));
            assert_eq!(nightscout.treatments().len(), 0);
            assert!(nightscout.deletions() > 100);
        }
    }
}
