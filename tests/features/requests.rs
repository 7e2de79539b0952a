//! Which requests a run makes, and that none waits for another that it does not need.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::pass;

use super::{EVERYTHING, afterwards, arrange};
use crate::arrangement::Arrangement;
use crate::pass::text;
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};
use crate::simulator::request::Request;

const DEVICE_STATUS: &str = "/api/v1/devicestatus";
const PROFILE: &str = "/api/v1/profile";

/// A day with everything, and a while after it.
fn a_day(seed: u64) -> (History, DateTime<Utc>) {
    let history = History::generate(&Plan::day(seed));
    let now = afterwards(&history);
    (history, now)
}

/// How often the site was asked for what since it was last looked.
fn asked(site: &Nightscout) -> BTreeMap<String, usize> {
    let mut asked = BTreeMap::new();
    for request in site.requests() {
        let what = request.path.trim_start_matches("/api/v1/");
        let what = format!("{} {}", request.method, what.trim_end_matches(".json"));
        *asked.entry(what).or_default() += 1;
    }
    site.clear_requests();
    asked
}

fn counted<const N: usize>(counts: [(&str, usize); N]) -> BTreeMap<String, usize> {
    counts
        .map(|(what, count)| (what.to_owned(), count))
        .into_iter()
        .collect()
}

#[test]
fn a_run_makes_the_requests_that_it_needs_and_no_other() {
    let (history, now) = a_day(51);
    let end = history.plan.end;
    let arrangement = arrange(history, EVERYTHING);
    let (tandem, site) = (&arrangement.tandem, &arrangement.nightscout);
    let earlier = end - chrono::Duration::hours(3);
    tandem.set_uploaded_until(earlier);

    // Of an empty site it also has to know that it is empty, and what its ages begin with.
    arrangement.good_pass(earlier + (now - end), &[]);
    let chain: Vec<String> = tandem
        .requests()
        .iter()
        .map(|request| {
            request
                .path
                .split('/')
                .take(5)
                .collect::<Vec<_>>()
                .join("/")
        })
        .collect();
    let needed = [
        "/",
        "/accounts/api/login",
        "/accounts/api/connect/authorize",
        // The first one answers with a redirect to the second.
        "/accounts/api/connect/authorize",
        "/accounts/api/connect/token",
        "/api/reports/bff/pumper",
        "/api/reports/bff/pump-logs",
        "/api/reports/bff/pump-logs",
    ];
    assert_eq!(chain, needed);
    let first = counted([
        ("GET status", 1),
        ("GET treatments", 3),
        ("GET entries", 2),
        ("GET devicestatus", 1),
        ("GET profile", 1),
        ("POST entries", 1),
        ("POST treatments", 1),
        ("POST devicestatus", 1),
        ("POST profile", 1),
    ]);
    assert_eq!(asked(site), first);

    // One rate has to change and the next ones follow, in one request.
    let mut rates = site.treatments();
    rates.retain(|document| text(document, "eventType") == "Temp Basal");
    let newest = rates.last_mut().expect("a rate");
    newest["duration"] = 2.into();
    arrangement.edit_treatment(newest);
    site.clear_requests();
    tandem.set_uploaded_until(end);
    let second = arrangement.good_pass(now, &[]);
    assert!(second.report.uploads.total(|tally| tally.updated) > 0);
    assert!(second.report.uploads.total(|tally| tally.created) > 0);
    let next = counted([
        ("GET status", 1),
        ("GET treatments", 1),
        ("GET entries", 1),
        ("GET devicestatus", 1),
        ("GET profile", 1),
        ("POST entries", 1),
        ("POST treatments", 1),
        ("POST devicestatus", 1),
    ]);
    assert_eq!(asked(site), next);

    arrangement.good_pass(now, &[]);
    let nothing_new = counted([
        ("GET status", 1),
        ("GET treatments", 1),
        ("GET entries", 1),
        ("GET devicestatus", 1),
        ("GET profile", 1),
    ]);
    assert_eq!(asked(site), nothing_new);
}

#[test]
fn an_upload_that_hangs_keeps_no_other_one_waiting() {
    let (history, now) = a_day(52);
    let whole = arrange(history.clone(), EVERYTHING);
    whole.good_pass(now, &[]);
    let mut expected = held(&whole);
    (expected[2], expected[3]) = (0, 0);
    let arrangement = arrange(history, EVERYTHING);
    let site = &arrangement.nightscout;
    site.set_now(now);
    for path in [DEVICE_STATUS, PROFILE] {
        site.inject(Fault::on("POST", path, Times::Always, Kind::Stall));
    }
    let deadline = Deadline::after(Duration::from_secs(5));
    let limits = RunLimits::without_pauses(deadline, Stop::new());
    let outcome = pass::run(&arrangement.config(now, &[]), now, &limits);
    assert_eq!(outcome.status(), ExitStatus::TryLater);
    assert_eq!(held(&arrangement), expected);
}

/// What the site holds, by collection.
fn held(arrangement: &Arrangement) -> [usize; 4] {
    let site = &arrangement.nightscout;
    [
        site.treatments(),
        site.entries(),
        site.devicestatuses(),
        site.profiles(),
    ]
    .map(|documents| documents.len())
}

#[test]
fn a_collection_that_fails_fails_the_run_and_keeps_no_other_back() {
    for version in [Version::V14_2_6, Version::V15_0_7] {
        let (history, now) = a_day(53);
        let whole = arrange(history.clone(), EVERYTHING);
        whole.good_pass(now, &[]);
        let whole = held(&whole);
        for (place, path) in [(2, DEVICE_STATUS), (3, PROFILE)] {
            for (kind, status) in [
                (Kind::status(503), ExitStatus::Unavailable),
                (Kind::status(401), ExitStatus::CredentialsRejected),
                (Kind::status(400), ExitStatus::Refused),
            ] {
                let site = Nightscout::version(version);
                site.inject(Fault::on("POST", path, Times::Always, kind));
                let mut arrangement = Arrangement::with(history.clone(), site);
                arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", EVERYTHING);
                let outcome = arrangement.pass(now, &[]);
                assert_eq!(outcome.status(), status, "{path}: {:?}", outcome.failure);
                let mut expected = whole;
                expected[place] = 0;
                assert_eq!(held(&arrangement), expected, "{path}");
                let written: usize = expected.iter().sum();
                let counted = outcome.report.uploads.total(|tally| tally.created);
                assert_eq!(counted, written, "{path}");
                arrangement.nightscout.heal();
                arrangement.good_pass(now, &[]);
                assert_eq!(held(&arrangement), whole, "{path}");
            }
        }
    }
}

#[test]
fn of_failures_at_once_the_gravest_ends_the_run_and_all_are_told() {
    let (history, now) = a_day(54);
    let arrangement = arrange(history, EVERYTHING);
    let site = &arrangement.nightscout;
    let always = |path, status| Fault::on("POST", path, Times::Always, Kind::status(status));
    site.inject(always(PROFILE, 401));
    site.inject(always(DEVICE_STATUS, 404));
    site.inject(always("/api/v1/entries", 503));
    let outcome = arrangement.pass(now, &[]);
    assert_eq!(outcome.status(), ExitStatus::CredentialsRejected);
    let message = outcome.message();
    let mut told = outcome.report.warnings;
    told.extend(message);
    for call in ["write profile", "write devicestatus", "write entries"] {
        let what = format!("Nightscout: {call} ");
        let tellings = told.iter().filter(|told| told.starts_with(&what));
        assert_eq!(tellings.count(), 1, "{call} in {told:?}");
    }
}

/// The span between the two bounds of a query, in days; none for the newest document alone.
fn days_asked_for(request: &Request, from: &str, until: &str, now: DateTime<Utc>) -> Option<i64> {
    // The newest document alone, or the newest few.
    if matches!(request.query_value("count").as_deref(), Some("1" | "4")) {
        return None;
    }
    let instant = |name| {
        let value = request.query_value(name)?;
        match value.parse() {
            Ok(milliseconds) => DateTime::from_timestamp_millis(milliseconds),
            Err(_) => Some(value.parse().expect("an instant")),
        }
    };
    let until = instant(until).unwrap_or(now);
    Some((until - instant(from).expect("a lower bound")).num_days())
}

#[test]
fn however_far_back_a_run_reaches_it_asks_for_a_page_at_a_time() {
    let history = History::generate(&Plan::days(55, 2));
    let now = afterwards(&history);
    for arguments in [
        ["--days", "60"].as_slice(),
        &["--start-date", "2026-03-20", "--end-date", "2026-05-15"],
    ] {
        let arrangement = arrange(history.clone(), EVERYTHING);
        let site = &arrangement.nightscout;
        for _ in 0..2 {
            arrangement.good_pass(now, arguments);
        }
        let mut spans = Vec::new();
        for request in site.requests() {
            let (from, until) = match request.path.as_str() {
                "/api/v1/treatments.json" => ("find[created_at][$gte]", "find[created_at][$lte]"),
                "/api/v1/entries.json" => ("find[date][$gte]", "find[date][$lte]"),
                _ => continue,
            };
            if request.method == "GET" {
                spans.extend(days_asked_for(&request, from, until, now));
            }
        }
        assert!(spans.len() > 8, "{spans:?}");
        assert!(spans.iter().all(|days| *days <= 17), "{spans:?}");
    }
}

#[test]
fn a_run_that_ends_within_an_array_counts_what_was_written() {
    let (history, now) = a_day(56);
    let arrangement = arrange(history, EVERYTHING);
    let site = &arrangement.nightscout;
    for path in ["/api/v1/entries", "/api/v1/treatments"] {
        site.heal();
        let fault = |times, kind| Fault::on("POST", path, times, kind);
        site.inject(fault(Times::Nth(1), Kind::status(413)));
        site.inject(fault(Times::From(3), Kind::Drop));
        let before: usize = held(&arrangement).iter().sum();
        let outcome = arrangement.pass(now, &[]);
        assert_eq!(outcome.status(), ExitStatus::Unavailable);
        let written = held(&arrangement).iter().sum::<usize>() - before;
        assert!(written > 50, "{path}: {written}");
        let counted = outcome.report.uploads.total(|tally| tally.created);
        assert_eq!(counted, written, "{path}");
    }
}
