//! A pump that was replaced: at any moment one of the two delivers.

use chrono::{DateTime, Duration, Utc};

use tconnectsync_heroku::report::Report;

use crate::arrangement::Arrangement;
use crate::simulator::history::{ClockStory, Feature, Features, History, Plan, Step};
use crate::simulator::nightscout::{Nightscout, Version};
use crate::simulator::tandem::Tandem;

const SECOND_ASSIGNMENT: &str = "6a1d5a1f-3b1c-4c68-8e64-1e7d1b2cf002";

fn basal_only(plan: Plan) -> Plan {
    plan.with_features(Features::only(&[Feature::Basal]))
}

/// Each temp basal: who wrote it, when, and how long it lasts.
fn rates(arrangement: &Arrangement, second: &History) -> Vec<(bool, DateTime<Utc>, Duration)> {
    let documents = arrangement.nightscout.treatments();
    let rates = documents
        .iter()
        .filter(|document| document["eventType"] == "Temp Basal");
    rates
        .map(|document| {
            let at = document["created_at"].as_str().expect("a time");
            let at = DateTime::parse_from_rfc3339(at)
                .expect("well formed")
                .to_utc();
            let number = document["pump_event_id"]
                .as_str()
                .expect("ours")
                .parse()
                .expect("a number");
            let minutes = document["duration"].as_f64().expect("a duration");
            (
                second.event(number).is_some(),
                at,
                Duration::seconds((minutes * 60.0).round() as i64),
            )
        })
        .collect()
}

#[test]
fn an_old_pump_that_goes_on_in_a_drawer_adds_no_insulin() {
    let first = History::generate(&basal_only(Plan::days(61, 3)));
    let replaced = first.plan.start + Duration::hours(30);
    let plan = basal_only(Plan::days(62, 1))
        .between(replaced, first.plan.end)
        .of_another_pump();
    let second = History::generate(&plan);
    let begins = second
        .truth
        .basal
        .iter()
        .find(|rate| rate.rate > 0)
        .expect("a rate")
        .from;
    let tandem = Tandem::with_history(first.clone());
    tandem.add_history(second.clone());
    let arrangement = Arrangement::joining(tandem, Nightscout::start());
    let mut now = first.plan.start + Duration::hours(22);
    let mut left_out = 0;
    while now < first.plan.end + Duration::hours(5) {
        arrangement
            .tandem
            .set_uploaded_until(now.min(first.plan.end));
        let outcome = arrangement.good_pass(now + Duration::seconds(40), &[]);
        left_out += outcome.report.rates_left_out;
        assert_eq!(
            outcome
                .report
                .summary()
                .contains("rates of the older pump left out"),
            outcome.report.rates_left_out > 0
        );
        now += Duration::hours(4);
    }
    assert!(
        left_out > 0,
        "the old pump has been in its drawer for a day and a half"
    );
    let rates = rates(&arrangement, &second);
    assert!(rates.iter().any(|(of_second, ..)| *of_second));
    for (of_second, at, lasts) in &rates {
        let end = *at + *lasts;
        assert!(
            *of_second || end <= begins + Duration::milliseconds(5),
            "the old pump's rate of {at} lasts until {end}, and the new one delivers since {begins}"
        );
    }
    let covered = rates
        .iter()
        .filter(|(of_second, ..)| !of_second)
        .map(|(_, at, lasts)| *at + *lasts);
    let until = covered.max().expect("the old pump's rates");
    assert!(
        (begins - until).abs() <= Duration::seconds(1),
        "{until} is not {begins}"
    );
}

/// Its clock shows a time three hours ahead of the zone's: no event is later than its upload, so that the zone is wrong.
#[test]
fn a_new_pump_that_was_set_up_abroad_is_right_from_the_first_run_on() {
    let first = History::generate(&basal_only(Plan::day(63)));
    let replaced = first.plan.start + Duration::hours(12);
    let abroad = Step {
        at: replaced - Duration::hours(1),
        shift: 3 * 3600,
        recorded: false,
    };
    let plan = basal_only(Plan::day(64))
        .between(replaced, first.plan.end)
        .with_clock(ClockStory::Steps(vec![abroad]))
        .of_another_pump();
    let second = History::generate(&plan);
    let tandem = Tandem::with_history(first.clone());
    tandem.add_history(second.clone());
    let mut arrangement = Arrangement::joining(tandem, Nightscout::start());
    arrangement.tandem.set_uploaded_until(replaced);
    arrangement.good_pass(replaced + Duration::minutes(2), &[]);
    let uploaded = replaced + Duration::hours(2);
    arrangement.tandem.set_uploaded_until(uploaded);
    let now = uploaded + Duration::minutes(2);

    // Who insists on the zone gets what that makes of it.
    arrangement.set("TCONNECTSYNC_HEROKU_TRUST_TIMEZONE", "true");
    let insisting = arrangement.good_pass(now, &["--pretend"]);
    arrangement.set("TCONNECTSYNC_HEROKU_TRUST_TIMEZONE", "false");
    let report = arrangement.good_pass(now, &[]).report;
    let warned =
        |report: &Report, words: &str| report.warnings.iter().any(|line| line.contains(words));
    assert!(
        warned(&report, "Until then its times go by UTC-01:00"),
        "{:#?}",
        report.warnings
    );
    assert!(
        !warned(&insisting.report, "Until then"),
        "{:#?}",
        insisting.report.warnings
    );
    assert!(
        warned(&insisting.report, "UTC-01:00 would fit"),
        "{:#?}",
        insisting.report.warnings
    );
    // Once it is remembered, it is like a journey that began before these days.
    let again = arrangement
        .good_pass(now + Duration::minutes(20), &[])
        .report;
    assert_eq!(again.warnings, Vec::<String>::new());
    assert!(again.uploads.total(|tally| tally.updated) < 3);
    let rates = rates(&arrangement, &second);
    let of_second: Vec<_> = rates.iter().filter(|(of_second, ..)| *of_second).collect();
    assert!(of_second.len() > 20, "{}", of_second.len());
    let reports = &second.truth.reports;
    for (_, at, _) in &of_second {
        assert!(
            reports
                .iter()
                .any(|report| (report.at - *at).abs() <= Duration::seconds(1)),
            "{at}"
        );
    }
    let begins = of_second.iter().map(|(_, at, _)| *at).min().expect("rates");
    for (_, at, lasts) in rates.iter().filter(|(of_second, ..)| !of_second) {
        assert!(
            *at + *lasts <= begins + Duration::seconds(1),
            "{at} lasts into the newer one's time"
        );
    }
}

#[test]
fn a_new_pump_that_was_set_up_days_ago_takes_nothing_from_the_old_one_before_it_is_worn() {
    let first = History::generate(&basal_only(Plan::days(67, 3)));
    let worn = first.plan.start + Duration::hours(58);
    let plan = basal_only(Plan::days(68, 1))
        .between(worn, first.plan.end)
        .of_another_pump();
    let second = History::generate(&plan);
    let tandem = Tandem::with_history(first.clone());
    tandem.add_history(second.clone());
    // Its record begins when it was first switched on.
    let switched_on = (first.plan.start - Duration::days(5)).naive_utc();
    let end = first.plan.end.naive_utc();
    let stamp = |time: chrono::NaiveDateTime| time.format("%Y-%m-%dT%H:%M:%S").to_string();
    tandem.change_pumps(|pumps| {
        pumps[1].replace = serde_json::json!({
            "availableDataRange": {"start": stamp(switched_on), "end": stamp(end)}
        });
    });
    let arrangement = Arrangement::joining(tandem, Nightscout::start());
    arrangement.good_pass(first.plan.end + Duration::hours(1), &["--days", "2"]);
    let of_the_old_one = rates(&arrangement, &second)
        .into_iter()
        .filter(|(is_second, at, _)| !is_second && *at < worn);
    let known: Duration = of_the_old_one.map(|(_, _, lasts)| lasts).sum();
    assert!(known > Duration::hours(30), "{known}");
}

#[test]
fn a_pump_that_was_given_back_for_days_takes_its_turns_and_no_more() {
    let first = History::generate(&basal_only(Plan::days(69, 3)));
    let start = first.plan.start;
    let plan = basal_only(Plan::days(70, 1))
        .between(start + Duration::hours(10), first.plan.end)
        .of_another_pump();
    let mut second = History::generate(&plan);
    // It is worn for four hours, and again for the last twelve.
    let back = (start + Duration::hours(14), start + Duration::hours(60));
    for event in &mut second.events {
        if back.0.timestamp() <= event.at && event.at < back.1.timestamp() {
            event.code = 65_000;
        }
    }
    let tandem = Tandem::with_history(first.clone());
    tandem.add_history(second.clone());
    let arrangement = Arrangement::joining(tandem, Nightscout::start());
    arrangement.good_pass(first.plan.end + Duration::hours(1), &["--days", "4"]);
    let rates = rates(&arrangement, &second);
    let of_the_first = rates.iter().filter(|(of_second, ..)| !of_second);
    let (mut before, mut between) = (Duration::zero(), Duration::zero());
    for (_, at, lasts) in of_the_first {
        if *at < start + Duration::hours(11) {
            before += *lasts;
        } else {
            assert!(
                back.0 - Duration::minutes(10) < *at && *at < back.1 + Duration::minutes(10),
                "{at}"
            );
            between += *lasts;
        }
    }
    assert!(before > Duration::hours(9), "{before}");
    assert!(between > Duration::hours(45), "{between}");
}

#[test]
fn a_pump_that_reports_only_changes_of_its_rate_keeps_its_turn_between_them() {
    let first = History::generate(&basal_only(Plan::days(69, 3)));
    let start = first.plan.start;
    let worn = start + Duration::hours(10);
    let plan = Plan::days(70, 1)
        .between(worn, first.plan.end)
        .with_features(Features::only(&[Feature::Basal, Feature::ChangesOnly]))
        .of_another_pump();
    let mut second = History::generate(&plan);
    // It tells of a rate at the beginning, and of the next one more than a day later.
    let changes = |second: &History| -> Vec<i64> {
        let changes = second.events.iter().filter(|event| event.code == 3);
        changes.map(|event| event.at).collect()
    };
    let first_change = changes(&second)[0];
    let next_change = first_change + 30 * 3600;
    for event in &mut second.events {
        let is_between = first_change < event.at && event.at < next_change;
        if event.code == 3 && is_between {
            event.code = 65_000;
        }
    }
    assert!(changes(&second).len() > 1);
    let tandem = Tandem::with_history(first.clone());
    tandem.add_history(second.clone());
    let mut arrangement = Arrangement::joining(tandem, Nightscout::start());
    // Its newest event is hours older than its upload.
    arrangement.set("TCONNECTSYNC_HEROKU_TRUST_TIMEZONE", "true");
    arrangement.good_pass(first.plan.end + Duration::hours(1), &["--days", "4"]);
    for (of_second, at, lasts) in rates(&arrangement, &second) {
        let until = at + lasts;
        assert!(
            of_second || until.timestamp() <= first_change + 1,
            "the old pump's rate of {at} lasts until {until}"
        );
    }
}

#[test]
fn a_pump_that_is_registered_twice_is_copied_once() {
    for version in [Version::V14_2_6, Version::V15_0_7] {
        let plan = basal_only(Plan::days(81, 2));
        let first = History::generate(&plan);
        // The pump's memory is uploaded again under the new registration.
        let mut again = plan.clone();
        again.assignment = SECOND_ASSIGNMENT.to_owned();
        let again = History::generate(&again);
        let arrangement = Arrangement::with(first.clone(), Nightscout::version(version));
        arrangement.tandem.add_history(again);
        arrangement.good_pass(plan.end + Duration::minutes(11), &[]);
        let events = |documents: Vec<serde_json::Value>| -> Vec<String> {
            let events = documents.iter().map(|one| one["pump_event_id"].to_string());
            let mut events: Vec<String> = events.collect();
            events.sort_unstable();
            events
        };
        let written = events(arrangement.nightscout.treatments());
        let mut once = written.clone();
        once.dedup();
        assert_eq!(written, once);
        assert!(written.len() > 200, "{}", written.len());
        arrangement.writes_nothing_more(plan.end + Duration::minutes(21), &[]);
    }
}
