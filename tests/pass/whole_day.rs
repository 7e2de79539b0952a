//! What the pump did is what the site holds: nothing missing, nothing double, every dose and every instant exact.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use super::{filed, milli, minutes, number, text};
use crate::arrangement::{Arrangement, without_ids};
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::{BasalCurve, Nightscout, Version};
use crate::simulator::truth::{Bolus, Truth};

const COMPLETED: i64 = 3;

/// Every bolus of a span is there once, as the pump gave it.
#[track_caller]
pub fn assert_boluses(truth: &Truth, treatments: &[Value], from: DateTime<Utc>, to: DateTime<Utc>) {
    let given = |bolus: &&Bolus| {
        let extended = bolus.extended.is_some();
        from <= bolus.at
            && bolus.at < to
            && (extended || bolus.delivered_now > 0 || bolus.carbs > 0)
    };
    let expected: BTreeMap<String, &Bolus> = truth
        .boluses
        .iter()
        .filter(given)
        .map(|bolus| (main_event(bolus).to_string(), bolus))
        .collect();
    let is_bolus = |document: &&Value| text(document, "eventType").ends_with("Bolus");
    let mut found: Vec<String> = Vec::new();
    for document in treatments.iter().filter(is_bolus) {
        let events = text(document, "pump_event_id");
        let main = events.split(',').next().unwrap_or_default().to_owned();
        let bolus = expected
            .get(&main)
            .unwrap_or_else(|| panic!("nobody gave {document}"));
        assert_bolus(bolus, document);
        found.push(main);
    }
    found.sort();
    let expected: Vec<String> = expected.into_keys().collect();
    assert_eq!(found, expected, "each bolus once");
}

fn main_event(bolus: &Bolus) -> u64 {
    let started = bolus.extended.as_ref().map(|later| later.started);
    let completed = bolus.completed.or(bolus.reported);
    completed.or(started).unwrap_or_default()
}

#[track_caller]
fn assert_bolus(bolus: &Bolus, document: &Value) {
    assert_eq!(filed(document), bolus.at, "{document}");
    assert_eq!(
        milli(number(document, "insulin")),
        bolus.delivered_now,
        "{document}"
    );
    assert_eq!(number(document, "carbs"), bolus.carbs as f64, "{document}");
    assert_eq!(number(document, "glucose"), bolus.bg as f64, "{document}");
    assert_eq!(
        document["automatic"].as_bool().unwrap_or(false),
        bolus.automatic,
        "{document}"
    );
    let Some(later) = &bolus.extended else {
        let expected = if bolus.carbs > 0 {
            "Meal Bolus"
        } else {
            "Correction Bolus"
        };
        assert_eq!(text(document, "eventType"), expected);
        assert!(
            document["relative"].is_null() && document["duration"].is_null(),
            "{document}"
        );
        return;
    };
    assert_eq!(text(document, "eventType"), "Combo Bolus");
    let (length, insulin) = match later.to {
        Some(to) => (to - later.from, later.delivered),
        None => (Duration::minutes(later.minutes), later.requested),
    };
    assert_eq!(
        milli(number(document, "enteredinsulin")),
        bolus.delivered_now + insulin,
        "{document}"
    );
    let given_later = number(document, "relative") * number(document, "duration") / 60.0;
    // The rate has few decimals, for the eye; the amount is exact all the same.
    assert_eq!((given_later * 1000.0).round() as i64, insulin, "{document}");
    if insulin > 0 {
        assert_eq!(minutes(number(document, "duration")), length, "{document}");
    }
    if later.status == COMPLETED || later.to.is_none() {
        assert_eq!(
            number(document, "splitNow"),
            later.standard_percent as f64,
            "{document}"
        );
    }
    assert_eq!(
        number(document, "splitNow") + number(document, "splitExt"),
        100.0,
        "{document}"
    );
}

/// At every second of a span at which the pump's rate is known, the page shows it; and no document lasts into the next one,
/// so that whoever adds them up counts nothing twice.
#[track_caller]
pub fn assert_basal(truth: &Truth, treatments: &[Value], from: DateTime<Utc>, to: DateTime<Utc>) {
    let documents: Vec<(DateTime<Utc>, Duration)> = treatments
        .iter()
        .filter(|document| text(document, "eventType") == "Temp Basal")
        .map(|document| {
            assert_eq!(document["absolute"], document["rate"]);
            (filed(document), minutes(number(document, "duration")))
        })
        .collect();
    for pair in documents.windows(2) {
        let [(at, length), (next, _)] = [pair[0], pair[1]];
        assert!(length > Duration::zero(), "{at}");
        assert!(at + length <= next, "{at} lasts into {next}");
    }
    // What the newest documents say of the time after the last report is not settled yet.
    let newest = documents.last().expect("some basal").0;
    let reported = truth.reports.last().map_or(newest, |report| report.at);
    let to = to.min(newest.max(reported));
    let curve = BasalCurve::of(treatments);
    let mut wrong = Vec::new();
    let first = truth.basal.first().expect("some basal").from;
    let mut at = from.max(first);
    while at < to {
        let really = truth.rate_at(at);
        if really.is_some() && curve.rate_at(at) != really {
            wrong.push((at, curve.rate_at(at), really));
        }
        at += Duration::seconds(1);
    }
    let few = &wrong[..wrong.len().min(5)];
    assert!(wrong.is_empty(), "{} seconds: {few:?}", wrong.len());
}

#[test]
fn a_day_arrives_whole_on_every_version_and_a_second_run_writes_nothing() {
    for (seed, version) in [
        (1, Version::V14_2_6),
        (2, Version::V15_0_6),
        (3, Version::V15_0_7),
    ] {
        let history = History::generate(&Plan::days(seed, 2));
        let truth = history.truth.clone();
        let (start, end) = (history.plan.start, history.plan.end);
        let arrangement = Arrangement::with(history, Nightscout::version(version));
        let now = end + Duration::minutes(12);
        let arguments = ["--days", "3"];
        let first = arrangement.good_pass(now, &arguments);
        let treatments = arrangement.nightscout.treatments();
        assert_basal(&truth, &treatments, start, end);
        assert_boluses(&truth, &treatments, start, end);
        assert_eq!(
            first.report.uploads.total(|tally| tally.created),
            treatments.len()
        );

        let writes = arrangement.nightscout.writes();
        let second = arrangement.good_pass(now, &arguments);
        assert_eq!(
            arrangement.nightscout.writes(),
            writes,
            "{}",
            second.report.summary()
        );
        assert_eq!(
            second.report.uploads.total(|tally| tally.already),
            treatments.len()
        );
        assert!(
            second.report.summary().starts_with("Nothing new; "),
            "{}",
            second.report.summary()
        );
    }
}

#[test]
fn the_basal_insulin_of_a_day_is_what_the_pump_gave() {
    let history = History::generate(&Plan::days(7, 3));
    let truth = history.truth.clone();
    let end = history.plan.end;
    let from = end - Duration::hours(48);
    let arrangement = Arrangement::of(history);
    arrangement.good_pass(end + Duration::minutes(30), &["--days", "3"]);
    let given: f64 = arrangement
        .nightscout
        .treatments()
        .iter()
        .filter(|document| text(document, "eventType") == "Temp Basal")
        .map(|document| {
            let (begins, length) = (filed(document), minutes(number(document, "duration")));
            let inside = (begins + length).min(end) - begins.max(from);
            number(document, "absolute") * 1000.0 * inside.num_milliseconds().max(0) as f64 / 1000.0
        })
        .sum();
    let truly = truth.basal_milliunit_seconds(from, end) as f64;
    assert!(
        (given - truly).abs() <= truly * 0.001,
        "{given} of {truly} mU/h·s"
    );
}

#[test]
fn what_the_pump_does_by_itself_waits_until_it_is_ten_minutes_old() {
    let history = History::generate(&Plan::days(11, 2));
    let end = history.plan.end;
    let arrangement = Arrangement::of(history);
    let mut held_back = 0;
    for minutes in (0..120).rev().step_by(7) {
        let now = end - Duration::minutes(minutes);
        arrangement.tandem.set_uploaded_until(now);
        held_back += arrangement
            .good_pass(now, &[])
            .report
            .uploads
            .total(|tally| tally.held_back);
        let young: Vec<Value> = arrangement
            .nightscout
            .treatments()
            .into_iter()
            .filter(|document| filed(document) > now - Duration::minutes(10))
            .collect();
        let by_itself = |document: &Value| {
            text(document, "eventType") == "Temp Basal" || document["automatic"] == true
        };
        assert!(!young.iter().any(by_itself), "{young:#?}");
    }
    assert!(held_back > 10, "{held_back} held back");
    let later = arrangement.good_pass(end + Duration::minutes(11), &[]);
    assert_eq!(later.report.uploads.total(|tally| tally.held_back), 0);
}

#[test]
fn runs_every_quarter_of_an_hour_end_in_the_documents_of_one_run() {
    let history = History::generate(&Plan::days(5, 2));
    let (end, again) = (history.plan.end, history.clone());
    let piecemeal = Arrangement::of(history);
    let mut now = end - Duration::hours(24);
    while now < end {
        now += Duration::minutes(15);
        // The phone uploads once an hour.
        let hour = now - Duration::minutes(i64::from(chrono::Timelike::minute(&now)));
        piecemeal.tandem.set_uploaded_until(hour);
        piecemeal.good_pass(now, &[]);
    }
    let now = end + Duration::minutes(30);
    piecemeal.tandem.set_uploaded_until(end);
    piecemeal.good_pass(now, &[]);

    let whole = Arrangement::of(again);
    whole.tandem.set_uploaded_until(end);
    whole.good_pass(now, &["--days", "2"]);
    let since = now - Duration::hours(24);
    let recent = |arrangement: &Arrangement| {
        let documents = without_ids(arrangement.nightscout.treatments());
        documents
            .into_iter()
            .filter(|document| filed(document) >= since)
            .collect::<Vec<_>>()
    };
    assert_eq!(recent(&piecemeal), recent(&whole));
}

#[test]
fn the_order_and_the_repetition_of_events_do_not_matter() {
    let history = History::generate(&Plan::days(9, 1));
    let now = history.plan.end + Duration::minutes(20);
    let straight = Arrangement::of(history.clone());
    straight
        .tandem
        .configure(|behaviour| behaviour.shuffled = false);
    straight.good_pass(now, &[]);
    let shuffled = Arrangement::of(history);
    shuffled.tandem.configure(|behaviour| {
        behaviour.duplicated = 30;
        behaviour.gzip = true;
    });
    shuffled.good_pass(now, &[]);
    assert_eq!(
        without_ids(straight.nightscout.treatments()),
        without_ids(shuffled.nightscout.treatments())
    );
}
