//! A random search through what may befall a pump's clock: zones, daylight saving moved by hand, late, never, the wrong way
//! or by itself; journeys; lost and mis-set clocks; small movements. The phone is away for hours, and runs are skipped.
//!
//! In the end every document stands at the true instant, and none was moved more than once. Without a witness two truths
//! may fit all that was sent; these are listed in `Story::may_stay_off`.
//!
//! A few fixed seeds run by default. `CLOCK_SEARCH=from..to` runs others, and `CLOCK_SEARCH_TELL=1` tells of each run.

mod story;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use tconnectsync_heroku::failure::ExitStatus;

use crate::arrangement::Arrangement;
use crate::simulator::history::History;
use story::Story;

/// What became of one history.
#[derive(Default)]
struct Ended {
    /// Documents that do not stand at the true instant, by how far they are off in seconds.
    off: BTreeMap<i64, usize>,
    /// Rates without a document.
    missing: usize,
    /// Documents that were moved more than once.
    moved_often: usize,
    /// Documents that were moved at all.
    moved: usize,
    documents: usize,
}

fn instant(document: &Value) -> DateTime<Utc> {
    let at = document["created_at"].as_str().expect("a time");
    DateTime::parse_from_rfc3339(at)
        .expect("well formed")
        .to_utc()
}

fn main_event(document: &Value) -> u64 {
    let events = document["pump_event_id"]
        .as_str()
        .expect("our own document");
    let main = events
        .split(',')
        .next()
        .and_then(|number| number.parse().ok());
    main.expect("a number")
}

fn tell() -> bool {
    std::env::var("CLOCK_SEARCH_TELL").is_ok()
}

fn run_through(story: &Story) -> Ended {
    let history = History::generate(&story.plan());
    let arrangement = Arrangement::of(history.clone());
    let mut places: HashMap<String, DateTime<Utc>> = HashMap::new();
    let mut moves: HashMap<String, usize> = HashMap::new();
    let mut glucose_until = history.plan.start - Duration::days(1);
    for (now, upload) in story.runs() {
        arrangement.upload_pump(upload.at, upload.until);
        if story.witness {
            arrangement.upload_glucose(&history, (glucose_until, now));
            glucose_until = now;
        }
        let outcome = arrangement.pass(now, &[]);
        assert_eq!(
            outcome.status(),
            ExitStatus::Done,
            "{story:?}: {:?}",
            outcome.failure
        );
        let (mut moved, mut off) = (0, 0);
        // Only a run that changes something moves a document.
        let changed = outcome
            .report
            .uploads
            .total(|tally| tally.updated + tally.created)
            > 0;
        let documents = match changed {
            true => arrangement.nightscout.treatments(),
            false => Vec::new(),
        };
        for document in documents {
            let id = document["_id"].as_str().expect("an id").to_owned();
            let at = instant(&document);
            let before = places.insert(id.clone(), at);
            if before.is_some_and(|before| (at - before).abs() > Duration::seconds(60)) {
                *moves.entry(id).or_default() += 1;
                moved += 1;
            }
            let truly = history.instant_of(main_event(&document)).expect("an event");
            off += usize::from((at - truly).abs() > Duration::seconds(60));
        }
        if tell() {
            println!(
                "{} upload {} until {}: {moved} moved, {off} off; {}",
                now.format("%d %H:%M"),
                upload.at.format("%d %H:%M"),
                upload.until.format("%d %H:%M"),
                outcome.report.summary()
            );
            for warning in &outcome.report.warnings {
                println!("    {warning}");
            }
        }
    }
    let mut ended = Ended {
        moved: moves.len(),
        moved_often: moves.values().filter(|count| **count > 1).count(),
        ..Ended::default()
    };
    let mut numbers: Vec<u64> = Vec::new();
    for document in arrangement.nightscout.treatments() {
        let number = main_event(&document);
        numbers.push(number);
        let error = instant(&document) - history.instant_of(number).expect("an event");
        ended.documents += 1;
        if error.abs() > Duration::milliseconds(1500) {
            *ended.off.entry(error.num_seconds()).or_default() += 1;
        }
    }
    numbers.sort_unstable();
    // But for the newest one, every report has a document.
    let reports = history.truth.reports.iter().rev().skip(1);
    let missing = reports.filter(|report| numbers.binary_search(&report.number).is_err());
    ended.missing = missing.count();
    ended
}

fn search(seeds: impl Iterator<Item = u64>) {
    let mut wrong = Vec::new();
    for seed in seeds {
        let story = Story::of(seed);
        let ended = run_through(&story);
        let off: Vec<(i64, usize)> = ended
            .off
            .iter()
            .map(|(error, count)| (*error, *count))
            .filter(|(error, _)| !story.may_stay_off(*error))
            .collect();
        let mut faults = Vec::new();
        if !off.is_empty() {
            let count: usize = off.iter().map(|(_, count)| count).sum();
            faults.push(format!(
                "{count} of {} documents off: {off:?}",
                ended.documents
            ));
        }
        if ended.missing > 0 {
            faults.push(format!("{} rates missing", ended.missing));
        }
        if ended.moved_often > 0 {
            faults.push(format!(
                "{} documents moved more than once",
                ended.moved_often
            ));
        }
        if tell() || std::env::var("CLOCK_SEARCH").is_ok() {
            println!(
                "{seed}: {} moved, {faults:?}: {}",
                ended.moved,
                story.name()
            );
        }
        if !faults.is_empty() {
            wrong.push(format!("{seed}: {} ({})", faults.join("; "), story.name()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The seeds of the variable, or these.
fn seeds(default: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let Ok(chosen) = std::env::var("CLOCK_SEARCH") else {
        return default;
    };
    let bounds = chosen
        .split_once("..")
        .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    let (from, to) = bounds.expect("CLOCK_SEARCH is like 100..200");
    from..to
}

#[test]
fn every_document_ends_at_its_instant_and_moves_once_at_the_most() {
    search(seeds(0..10));
}
