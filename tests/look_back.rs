//! What arrives late is found: once a day a run looks a week back. And what tells how far the site is.

use chrono::{DateTime, Duration, TimeZone, Utc};
use serde_json::json;

use crate::arrangement::{Arrangement, without_ids};
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{Feature, Features, History, Plan};

const BOLUS_CODES: [u32; 6] = [64, 65, 66, 55, 280, 20];

fn plain(seed: u64, days: i64) -> History {
    let features = Features::only(&[Feature::Basal, Feature::Meals]);
    History::generate(&Plan::days(seed, days).with_features(features))
}

fn boluses(arrangement: &Arrangement) -> usize {
    let documents = arrangement.nightscout.treatments();
    documents
        .iter()
        .filter(|document| document["eventType"] == "Meal Bolus")
        .count()
}

/// Three in the morning, in New York, of a day of the history.
fn three_in_the_morning(history: &History, day: i64) -> DateTime<Utc> {
    history.plan.start + Duration::days(day) + Duration::hours(3)
}

#[test]
fn what_arrives_days_late_is_there_the_next_morning() {
    let history = plain(71, 5);
    let arrangement = Arrangement::of(history.clone());
    let run = |now: DateTime<Utc>| {
        arrangement.tandem.set_uploaded_until(now);
        arrangement.good_pass(now + Duration::minutes(12), &[])
    };
    run(three_in_the_morning(&history, 1) - Duration::hours(1));
    // The cloud has everything of these days but the boluses.
    arrangement
        .tandem
        .configure(|behaviour| behaviour.hidden_codes = BOLUS_CODES.into());
    for day in 1..4 {
        for hour in [4, 12, 20] {
            run(three_in_the_morning(&history, day) + Duration::hours(hour));
        }
    }
    let before = boluses(&arrangement);
    arrangement
        .tandem
        .configure(|behaviour| behaviour.hidden_codes.clear());
    let night = three_in_the_morning(&history, 4);
    run(night - Duration::minutes(40));
    let delivered = history
        .truth
        .boluses
        .iter()
        .filter(|bolus| bolus.delivered_now > 0 && bolus.at < night - Duration::minutes(40));
    let delivered = delivered.count();
    assert!(
        before < delivered && boluses(&arrangement) < delivered,
        "some are too old for this run"
    );
    // The first run of the day that has news of it.
    arrangement.tandem.clear_requests();
    run(night + Duration::hours(1));
    assert_eq!(boluses(&arrangement), delivered);
    // Only the first.
    let asked = || {
        let requests = arrangement.tandem.requests();
        requests
            .iter()
            .filter(|request| request.path.contains("pump-logs"))
            .count()
    };
    assert_eq!(asked(), 2, "the week is asked for beside the day");
    arrangement.tandem.clear_requests();
    run(night + Duration::hours(2));
    assert_eq!(asked(), 1);
}

#[test]
fn a_week_that_cannot_be_looked_through_keeps_nothing_of_today_back() {
    let history = plain(76, 5);
    let arrangement = Arrangement::of(history.clone());
    let run = |now: DateTime<Utc>| {
        arrangement.tandem.set_uploaded_until(now);
        arrangement.good_pass(now + Duration::minutes(12), &[])
    };
    let night = three_in_the_morning(&history, 4);
    for day in 1..4 {
        run(three_in_the_morning(&history, day) + Duration::hours(12));
    }
    run(night - Duration::minutes(40));
    let before = arrangement.nightscout.treatments().len();
    // The day is answered, the week is not.
    let path = "/api/reports/bff/pump-logs/";
    let refused = Fault::on("GET", path, Times::Nth(2), Kind::status(403));
    arrangement.tandem.inject(refused);
    let outcome = run(night + Duration::hours(1));
    let warnings = &outcome.report.warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("arrived late")),
        "{warnings:?}"
    );
    assert!(arrangement.nightscout.treatments().len() > before);
    let written = arrangement.nightscout.writes();
    run(night + Duration::hours(1));
    assert_eq!(arrangement.nightscout.writes(), written);
}

#[test]
fn a_site_that_was_empty_yesterday_is_not_filled_a_week_back() {
    let history = plain(72, 6);
    let arrangement = Arrangement::of(history.clone());
    let first = three_in_the_morning(&history, 4) - Duration::hours(6);
    for now in [first, first + Duration::hours(8)] {
        arrangement.tandem.set_uploaded_until(now);
        arrangement.good_pass(now + Duration::minutes(12), &[]);
    }
    let documents = arrangement.nightscout.treatments();
    let oldest = documents.iter().map(|document| {
        let at = document["created_at"].as_str().expect("a time");
        DateTime::parse_from_rfc3339(at)
            .expect("well formed")
            .to_utc()
    });
    let oldest = oldest.min().expect("documents");
    assert!(oldest >= first - Duration::hours(24), "{oldest}");
}

#[test]
fn a_document_that_a_person_made_in_our_name_proves_nothing() {
    let history = plain(73, 6);
    let end = history.plan.end;
    let now = end + Duration::minutes(15);
    let arrangement = Arrangement::of(history.clone());
    let before = end - Duration::days(3);
    arrangement.tandem.set_uploaded_until(before);
    arrangement.good_pass(before + Duration::minutes(15), &["--days", "4"]);
    let ours = |at: DateTime<Utc>, more: serde_json::Value| {
        let mut document = json!({
            "eventType": "Note", "enteredBy": "Pump (tconnectsync)", "notes": "typed in",
            "created_at": at.to_rfc3339(),
        });
        let fields = document.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        arrangement.nightscout.insert_treatment(document);
    };
    ours(now - Duration::minutes(30), json!({}));
    // Dated in the future, by a phone whose clock was wrong.
    let future = Utc
        .with_ymd_and_hms(2031, 1, 1, 0, 0, 0)
        .single()
        .expect("an instant");
    ours(future, json!({"pump_event_id": "17"}));
    arrangement.tandem.set_uploaded_until(end);
    arrangement.good_pass(now, &[]);
    let whole = Arrangement::of(history);
    whole.good_pass(now, &["--days", "7"]);
    let mut found = without_ids(arrangement.nightscout.treatments());
    found.retain(|document| document["notes"] != "typed in");
    assert_eq!(found, without_ids(whole.nightscout.treatments()));
}
