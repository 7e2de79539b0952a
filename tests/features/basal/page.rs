//! What the page shows as basal from minute to minute, with a run every ten minutes and an upload every hour.

use chrono::{DateTime, Duration, DurationRound, Utc};
use serde_json::Value;

use crate::arrangement::{Arrangement, without_ids};
use crate::features::arrange;
use crate::pass::filed;
use crate::pass::whole_day::assert_basal;
use crate::simulator::history::{Feature, Features, History, Plan};
use crate::simulator::truth::Truth;

/// The newest rate lasts so long.
const NEWEST: Duration = Duration::minutes(30);

/// How young a document may not be.
const HELD_BACK: Duration = Duration::minutes(10);

/// What a site holds since an instant, but for what the site itself adds.
fn held(arrangement: &Arrangement, since: DateTime<Utc>) -> Vec<Value> {
    let mut documents = without_ids(arrangement.nightscout.treatments());
    documents.retain(|document| filed(document) >= since);
    documents
}

/// When the pump last told a rate, and what it was.
fn told(truth: &Truth, until: DateTime<Utc>) -> (DateTime<Utc>, i64) {
    let told = truth.told.partition_point(|(at, _)| *at <= until);
    truth.told[told - 1]
}

/// When the phone last uploaded: at the hour, as long as the pump is not off.
fn uploaded_until(truth: &Truth, now: DateTime<Utc>) -> DateTime<Utc> {
    let hour = now.duration_trunc(Duration::hours(1)).expect("an hour");
    let mut off = truth.shut_downs.iter();
    let off = off.find(|off| off.from <= hour && hour < off.to);
    off.map_or(hour, |off| off.from)
}

/// Runs every ten minutes of the history's last day; looks at the page every minute, and at all of it in the end.
fn a_day_minute_by_minute(plan: &Plan) {
    let history = History::generate(plan);
    let truth = &history.truth;
    let (end, from) = (plan.end, plan.end - Duration::hours(26));
    let site = arrange(history.clone(), "BASAL,BOLUS");
    let mut now = from;
    while now < end {
        let uploaded = uploaded_until(truth, now);
        site.tandem.set_uploaded_until(uploaded);
        site.good_pass(now, &[]);
        let curve = site.nightscout.basal_curve();
        // Up to here everything is written.
        let known = uploaded.min(now - HELD_BACK);
        let (told_at, last_told) = told(truth, known);
        for minute in 0..10 {
            let at = now + Duration::minutes(minute);
            let shown = curve.rate_at(at);
            let really = [truth.rate_at(at), truth.rate_at(known), Some(last_told)];
            let is_right = really.contains(&shown) && shown.is_some();
            // What nobody has told for so long is the profile's again.
            let is_old = shown.is_none() && at > told_at + NEWEST;
            assert!(
                is_right || is_old,
                "seed {}, {at}: {shown:?} of {really:?}, uploaded until {uploaded}",
                plan.seed
            );
        }
        let reported = truth.reports.iter().rev();
        let reported = reported.map(|report| report.at).find(|at| *at <= known);
        let mut at = now - Duration::hours(5);
        while reported.is_some_and(|reported| at < reported) {
            assert_eq!(
                curve.rate_at(at),
                truth.rate_at(at),
                "seed {}, {at}",
                plan.seed
            );
            at += Duration::seconds(47);
        }
        now += Duration::minutes(10);
    }
    let afterwards = end + Duration::minutes(12);
    site.tandem.set_uploaded_until(end);
    site.good_pass(afterwards, &[]);
    let since = afterwards - Duration::hours(24);
    assert_basal(truth, &site.nightscout.treatments(), since, end);
    let writes = site.nightscout.writes();
    site.good_pass(afterwards, &[]);
    assert_eq!(site.nightscout.writes(), writes, "seed {}", plan.seed);
    let whole = arrange(history.clone(), "BASAL,BOLUS");
    whole.tandem.set_uploaded_until(end);
    whole.good_pass(afterwards, &["--days", "2"]);
    assert_eq!(
        held(&site, since),
        held(&whole, since),
        "seed {}",
        plan.seed
    );
}

#[test]
fn the_page_never_shows_the_profiles_rate_while_the_pump_does_otherwise() {
    a_day_minute_by_minute(&Plan::days(301, 2));
}

#[test]
fn nor_for_a_pump_without_a_loop() {
    let features = Features::USUAL.without(Feature::ControlIq);
    a_day_minute_by_minute(&Plan::days(302, 2).with_features(features));
}

#[test]
fn nor_for_one_whose_suspensions_no_report_tells_of() {
    let features = Features::USUAL.with(Feature::QuietSuspensions);
    a_day_minute_by_minute(&Plan::days(303, 2).with_features(features));
}

#[test]
fn nor_for_one_that_tells_changes_only() {
    let features = Features::USUAL.with(Feature::ChangesOnly);
    a_day_minute_by_minute(&Plan::days(304, 2).with_features(features));
}
