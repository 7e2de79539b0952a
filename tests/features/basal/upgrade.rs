//! What the first run of this version makes of the documents that earlier versions wrote: a document for each report (279)
//! right up to the next, and of suspensions only those that no report told of.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};
use tconnectsync_heroku::config::PumpSerial;
use tconnectsync_heroku::nightscout::document::{Identity, Subject};
use tconnectsync_heroku::pump::event::EventId;

use crate::features::{afterwards, arrange};
use crate::pass::whole_day::assert_basal;
use crate::pass::{filed, text};
use crate::simulator::history::{Feature, Features, History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};

use crate::arrangement::Arrangement;

/// A rate lasted so long at most, and a report told of a suspension within this time.
const AT_MOST: Duration = Duration::minutes(30);
const NEXT_REPORT: Duration = Duration::seconds(330);

/// The documents of earlier versions up to an instant.
fn written_before(history: &History, until: DateTime<Utc>) -> Vec<Value> {
    let serial = PumpSerial::new(&history.plan.serial).expect("digits");
    let group = history.plan.group;
    let document = |subject, number: u64, at: DateTime<Utc>, end: DateTime<Utc>, rate: i64| {
        let id = EventId {
            number: number as i64,
            group,
        };
        let identity = Identity::new(&serial, subject, id, &[]);
        json!({
            "eventType": "Temp Basal",
            "created_at": at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "enteredBy": "Pump (tconnectsync)",
            "identifier": identity.identifier.to_string(),
            "pump_event_id": number.to_string(),
            "absolute": rate as f64 / 1000.0,
            "rate": rate as f64 / 1000.0,
            "duration": (end - at).num_milliseconds() as f64 / 60_000.0,
            "reason": if rate == 0 { "Suspended" } else { "Control-IQ" },
        })
    };
    let truth = &history.truth;
    let known = truth.reports.iter().filter(|report| report.at < until);
    let reports: Vec<_> = known.collect();
    let next_report = |at| {
        reports
            .iter()
            .map(|report| report.at)
            .find(|next| *next > at)
    };
    let unreported = truth.suspensions.iter().filter(|suspension| {
        suspension.from < until
            && next_report(suspension.from).is_none_or(|next| next > suspension.from + NEXT_REPORT)
    });
    let unreported: Vec<_> = unreported.collect();
    let mut documents = Vec::new();
    for suspension in &unreported {
        let end = next_report(suspension.from).unwrap_or(until);
        let from = suspension.from;
        documents.push(document(
            Subject::SuspendedBasal,
            suspension.number,
            from,
            end,
            0,
        ));
    }
    for report in &reports {
        let next = next_report(report.at).unwrap_or(report.at + Duration::minutes(5));
        let stopped = unreported.iter().map(|suspension| suspension.from);
        let stopped = stopped
            .filter(|from| report.at < *from && *from < next)
            .min();
        let end = if report.suspended {
            next
        } else {
            stopped.unwrap_or(next).min(report.at + AT_MOST)
        };
        documents.push(document(
            Subject::Basal,
            report.number,
            report.at,
            end,
            report.rate,
        ));
    }
    documents
}

/// A site that an earlier version filled until three hours before the end.
fn site_of_before(history: &History, version: Version) -> Arrangement {
    let mut site = arrange(history.clone(), "BASAL");
    site.nightscout = Nightscout::version(version);
    let url = site.nightscout.url();
    site.set("NS_URL", &url);
    for document in written_before(history, history.plan.end - Duration::hours(3)) {
        site.nightscout.insert_treatment(document);
    }
    site
}

#[test]
fn what_earlier_versions_wrote_becomes_exact_without_a_double() {
    for (seed, version, features) in [
        (311, Version::V15_0_7, Features::USUAL),
        (312, Version::V14_2_6, Features::USUAL),
        (
            313,
            Version::V15_0_7,
            Features::USUAL.without(Feature::RateChanges),
        ),
        (
            314,
            Version::V15_0_7,
            Features::USUAL.with(Feature::QuietSuspensions),
        ),
        (
            315,
            Version::V15_0_6,
            Features::USUAL.without(Feature::ControlIq),
        ),
    ] {
        let plan = Plan::days(seed, 5).with_features(features);
        let history = History::generate(&plan);
        let truth = &history.truth;
        assert!(!truth.suspensions.is_empty(), "seed {seed}");
        let site = site_of_before(&history, version);
        let before = site.nightscout.treatments();
        let first = filed(&before[0]);
        let now = afterwards(&history);
        site.good_pass(now, &[]);
        assert_basal(
            truth,
            &site.nightscout.treatments(),
            now - Duration::hours(24),
            plan.end,
        );
        // What lies before the window is as good as it was, or better: the page shows a rate wherever it showed one.
        let (was, is) = (
            crate::simulator::nightscout::BasalCurve::of(&before),
            site.nightscout.basal_curve(),
        );
        let mut at = first;
        while at < now - Duration::hours(24) {
            let (was, is, really) = (was.rate_at(at), is.rate_at(at), truth.rate_at(at));
            assert!(
                is == was || is == really,
                "seed {seed}, {at}: {was:?}, now {is:?}, really {really:?}"
            );
            at += Duration::seconds(1);
        }
        let writes = site.nightscout.writes();
        site.good_pass(now, &[]);
        assert_eq!(
            site.nightscout.writes(),
            writes,
            "seed {seed}: nothing to do"
        );
        site.good_pass(now, &["--days", "6"]);
        let documents = site.nightscout.treatments();
        assert_basal(truth, &documents, plan.start, plan.end);
        let mut identifiers: Vec<&str> = documents
            .iter()
            .map(|document| text(document, "identifier"))
            .collect();
        identifiers.sort_unstable();
        identifiers.dedup();
        assert_eq!(identifiers.len(), documents.len(), "each once");
        assert_eq!(site.nightscout.deletions(), 0);
    }
}
