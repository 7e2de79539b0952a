//! A capture of each story replays to the documents that the run itself wrote or would have written.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use tconnectsync_heroku::capture;
use tconnectsync_heroku::config::{Cli, Reading, Sources, Verbosity};
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::pass::{self, Outcome};

use clap::Parser;

use crate::arrangement::Arrangement;
use crate::simulator::history::{ClockStory, Features, History, Plan};

/// Everything that can be copied.
const ALL: &str =
    "BASAL,BOLUS,PUMP_EVENTS,PUMP_ALERTS,CGM,CGM_ALERTS,BOLUS_BG,DEVICE_STATUS,IOB,PROFILES";

/// One run that only pretends, captured.
pub fn captured(
    arrangement: &Arrangement,
    now: DateTime<Utc>,
    arguments: &[&str],
) -> (Outcome, String) {
    arrangement.nightscout.set_now(now);
    let program = ["tconnectsync-heroku", "--pretend"].iter().chain(arguments);
    let cli = Cli::try_parse_from(program).expect("good arguments");
    let sources = Sources {
        environment: arrangement.variables.clone().into(),
        ..Sources::default()
    };
    let reading = Reading::new(&cli, &sources, now);
    let config = reading.config.clone().expect("a good configuration");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("capture.json");
    let limits = RunLimits::without_pauses(Deadline::NONE, Stop::new());
    let mut outcome = None;
    capture::captured(&file, &reading, now, limits, |limits| {
        outcome = Some(pass::run(&capture::to_capture(config), now, limits));
        outcome.as_ref().expect("just set").status()
    })
    .expect("a capture");
    let text = std::fs::read_to_string(&file).expect("the capture");
    (outcome.expect("a run"), text)
}

/// A capture's replay.
pub fn replayed(capture: &str) -> capture::Replayed {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("capture.json");
    std::fs::write(&file, capture).expect("written");
    capture::replay(&file, false, Verbosity::Normal, Stop::new()).expect("a capture")
}

/// The documents with their times since the first, and names by the order in which they come; without what is made of the
/// pump's serial number.
fn comparable(outcome: &Outcome, now: DateTime<Utc>) -> Vec<Value> {
    let mut names = HashMap::new();
    let documents = outcome.report.uploads.documents.iter();
    documents
        .map(|document| without_whose(&Value::from(document.clone()), now, &mut names))
        .collect()
}

fn without_whose(value: &Value, now: DateTime<Utc>, names: &mut HashMap<String, usize>) -> Value {
    match value {
        Value::Array(values) => values
            .iter()
            .map(|value| without_whose(value, now, names))
            .collect(),
        Value::Object(object) => {
            let mut all: Vec<(String, Value)> = Vec::new();
            for (name, value) in object {
                let named = |text: &str, names: &mut HashMap<String, usize>| {
                    let next = names.len();
                    *names.entry(text.to_owned()).or_insert(next)
                };
                let value = match (name.as_str(), value) {
                    ("identifier" | "_id" | "timezone", _) => continue,
                    ("store", Value::Object(store)) => {
                        let store = store
                            .iter()
                            .map(|(_, value)| without_whose(value, now, names));
                        let mut store: Vec<Value> = store.collect();
                        store.sort_by_key(Value::to_string);
                        store.into()
                    }
                    ("profile" | "defaultProfile", Value::String(text)) => {
                        named(text, names).into()
                    }
                    (_, Value::String(text)) => since(text, now).into(),
                    ("date", Value::Number(millis)) => {
                        (millis.as_i64().expect("a time") - now.timestamp_millis()).into()
                    }
                    (_, value) => without_whose(value, now, names),
                };
                all.push((name.clone(), value));
            }
            Value::Object(all.into_iter().collect())
        }
        value => value.clone(),
    }
}

/// Every date in a text as its distance to a day.
fn since(text: &str, now: DateTime<Utc>) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let date = rest
            .get(..10)
            .filter(|date| date.starts_with("20"))
            .and_then(|date| date.parse::<chrono::NaiveDate>().ok());
        match date
            .filter(|date| *date > chrono::NaiveDate::from_ymd_opt(2009, 1, 1).expect("a day"))
        {
            Some(date) => {
                written += &format!("day {}", (date - now.date_naive()).num_days());
                rest = &rest[10..];
            }
            None => {
                written.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    written
}

/// Captures a run that only pretends, and replays it.
#[track_caller]
fn assert_replays(
    arrangement: &Arrangement,
    now: DateTime<Utc>,
    arguments: &[&str],
    usual: bool,
) -> usize {
    let (outcome, capture) = captured(arrangement, now, arguments);
    let replayed = replayed(&capture);
    let replay = &replayed.outcome;
    assert_eq!(
        replay.message(),
        outcome.message(),
        "{}",
        replay.report.summary()
    );
    let later =
        replay.report.window.expect("a window").end - outcome.report.window.expect("a window").end;
    let (here, there) = (comparable(&outcome, now), comparable(replay, now + later));
    for (one, other) in here.iter().zip(&there) {
        assert_eq!(one, other);
    }
    assert_eq!(here.len(), there.len());
    let counts = |outcome: &Outcome| {
        let mut report = outcome.report.to_json(outcome.failure.as_ref());
        report["documents"].take()
    };
    assert_eq!(counts(&outcome), counts(replay));
    let held = |outcome: &Outcome| {
        let summary = outcome.report.summary();
        let parts = summary.split("; ").map(str::to_owned);
        let mut held = parts.filter(|part| part.contains("until the pump's clock is known"));
        held.next()
    };
    assert_eq!(held(&outcome), held(replay));
    if usual {
        let differences = &replayed.differences;
        assert!(differences.is_empty(), "{differences:?}");
    }
    here.len()
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// Passes every eight hours, each captured before it is made, so that the site fills meanwhile.
#[track_caller]
fn assert_story(zone: Tz, start: &str, days: i64, story: ClockStory) {
    let start = utc(start);
    let plan = Plan::day(41)
        .in_zone(zone)
        .between(start, start + Duration::days(days))
        .with_clock(story)
        .with_features(Features::USUAL);
    let history = History::generate(&plan);
    let arrangement = Arrangement::of(history.clone());
    let mut now = history.plan.start + Duration::hours(6);
    let mut documents = 0;
    while now < history.plan.end {
        arrangement.tandem.set_uploaded_until(now);
        let at = now + Duration::seconds(90);
        documents += assert_replays(&arrangement, at, &["--features", ALL], true);
        arrangement.good_pass(at, &["--features", ALL]);
        now += Duration::hours(8);
    }
    assert!(documents > 300, "{documents}");
}

const NEW_YORK: Tz = chrono_tz::America::New_York;
const HOUR: i64 = 3600;

#[test]
fn a_clock_that_follows_its_zone() {
    assert_story(NEW_YORK, "2026-10-30T04:00:00Z", 3, ClockStory::FollowsZone);
}

#[test]
fn a_clock_moved_by_hand_after_its_zone() {
    let by_hand = ClockStory::ByHand(vec![13 * HOUR]);
    assert_story(NEW_YORK, "2026-03-07T05:00:00Z", 3, by_hand);
}

#[test]
fn a_clock_that_nobody_moves() {
    assert_story(
        chrono_tz::Europe::Berlin,
        "2026-10-24T00:00:00Z",
        3,
        ClockStory::NeverChanged,
    );
}

#[test]
fn a_journey() {
    let at = |text| utc(text);
    let west = vec![
        (at("2026-06-05T19:00:00Z"), -3 * HOUR),
        (at("2026-06-06T16:00:00Z"), 3 * HOUR),
    ];
    assert_story(
        NEW_YORK,
        "2026-06-04T04:00:00Z",
        3,
        ClockStory::Travel(west),
    );
}

#[test]
fn a_pump_that_lost_its_clock() {
    let story = ClockStory::ResetTo2008 {
        at: utc("2026-06-04T15:00:00Z"),
        set_at: utc("2026-06-04T16:00:00Z"),
        recorded: true,
    };
    assert_story(NEW_YORK, "2026-06-03T04:00:00Z", 3, story);
}

#[test]
fn zones_of_half_hours_and_the_far_side_of_the_date_line() {
    let lord_howe = chrono_tz::Australia::Lord_Howe;
    assert_story(
        lord_howe,
        "2026-10-02T14:00:00Z",
        2,
        ClockStory::FollowsZone,
    );
    let kolkata = chrono_tz::Asia::Kolkata;
    assert_story(kolkata, "2026-03-06T05:00:00Z", 2, ClockStory::FollowsZone);
}

#[test]
fn days_by_date() {
    let plan = Plan::days(5, 4).with_features(Features::USUAL);
    let arrangement = Arrangement::of(History::generate(&plan));
    let now = plan.end + Duration::minutes(20);
    let day = |days: i64| {
        (plan.start + Duration::days(days))
            .format("%Y-%m-%d")
            .to_string()
    };
    let (first, last) = (day(1), day(2));
    assert_replays(
        &arrangement,
        now,
        &[
            "--features",
            ALL,
            "--start-date",
            &first,
            "--end-date",
            &last,
        ],
        true,
    );
}

#[test]
fn data_that_is_odd_in_every_way() {
    for seed in 0..3 {
        let plan = Plan::days(seed, 2).with_features(Features::ALL);
        let arrangement = Arrangement::of(History::generate(&plan));
        let now = plan.end + Duration::minutes(20);
        assert_replays(&arrangement, now, &["--features", ALL], false);
    }
}
