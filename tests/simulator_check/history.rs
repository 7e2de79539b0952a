//! Generated histories: the same from the same plan, and true to their truth.

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use crate::simulator::history::{ClockStory, Features, History, Plan};
use crate::simulator::truth::{BasalSegment, ShutDown, Truth};

/// The offset of every event, found by going back through the records of the clock's movements.
fn offsets_by_records(history: &History) -> Vec<i64> {
    let moved = |event: &Value| {
        let number = |key: &str| event["eventProperties"][key].as_i64();
        let time = number("timeAfter")
            .zip(number("timePrior"))
            .map(|(after, prior)| (after - prior) / 1000);
        let date = number("dateAfter")
            .zip(number("datePrior"))
            .map(|(after, prior)| (after - prior) * 86_400);
        (
            event["sequenceNumber"].as_u64().expect("a number"),
            time.or(date).expect("a movement"),
        )
    };
    let logs = history.pump_logs_json();
    let records: Vec<(u64, i64)> = logs["clockChanges"]
        .as_array()
        .expect("records")
        .iter()
        .map(moved)
        .collect();
    let newest = history.events.last().expect("events");
    let later = |number: u64| {
        records
            .iter()
            .filter(|(record, _)| *record > number)
            .map(|(_, shift)| shift)
            .sum::<i64>()
    };
    history
        .events
        .iter()
        .map(|event| newest.wall - newest.at - later(event.number))
        .collect()
}

#[test]
fn a_history_is_a_function_of_its_plan_and_its_truth_adds_up() {
    for seed in 0..8 {
        let plan = Plan {
            features: Features::ALL,
            ..Plan::days(seed, 3)
        };
        let history = History::generate(&plan);
        assert_eq!(
            history.pump_logs_json(),
            History::generate(&plan).pump_logs_json()
        );
        assert!(
            history
                .events
                .windows(2)
                .all(|pair| pair[0].number < pair[1].number && pair[0].at <= pair[1].at)
        );
        for bolus in &history.truth.boluses {
            let Some(completed) = bolus.completed.and_then(|number| history.event(number)) else {
                continue;
            };
            let delivered = completed.properties_json()["insulinDelivered"]
                .as_f64()
                .expect("a number");
            assert_eq!((delivered * 1000.0).round() as i64, bolus.delivered_now);
            assert_eq!(completed.at, bolus.at.timestamp());
        }
        let rates: i64 = history
            .truth
            .basal
            .iter()
            .filter_map(|s| Some((s.to? - s.from).num_seconds() * s.rate))
            .sum();
        let last = history.truth.basal.last().expect("a segment").from;
        assert_eq!(
            history.truth.basal_milliunit_seconds(plan.start, last),
            rates
        );
    }
}

#[test]
fn the_clock_of_every_story_agrees_with_its_records() {
    let at = |text: &str| text.parse().expect("an instant");
    let plan = Plan::days(3, 10).between(at("2026-10-28T04:00:00Z"), at("2026-11-07T05:00:00Z"));
    let stories = [
        ClockStory::NeverChanged,
        ClockStory::ByHand(vec![9 * 3600]),
        ClockStory::Travel(vec![
            (at("2026-10-30T18:00:00Z"), -6 * 3600),
            (at("2026-11-04T01:00:00Z"), 6 * 3600),
        ]),
        ClockStory::DateChange(at("2026-11-01T12:00:00Z")),
        ClockStory::ResetTo2008 {
            at: at("2026-11-01T12:00:00Z"),
            set_at: at("2026-11-01T13:10:00Z"),
            recorded: true,
        },
    ];
    for story in stories {
        let history = History::generate(&plan.clone().with_clock(story.clone()));
        let told: Vec<i64> = history
            .events
            .iter()
            .map(|event| event.wall - event.at)
            .collect();
        // The records themselves are stamped half-way where time and date change together.
        let plain = history
            .events
            .iter()
            .map(|event| !matches!(event.code, 13 | 14))
            .collect::<Vec<_>>();
        let found = offsets_by_records(&history);
        let same = told
            .iter()
            .zip(&found)
            .zip(plain)
            .all(|((told, found), plain)| told == found || !plain);
        assert!(same, "{story:?}");
    }
    let followed = History::generate(&plan.clone().with_clock(ClockStory::FollowsZone));
    assert!(followed.clock_changes(None).next().is_none());
    let first_and_last = [&followed.events[0], followed.events.last().expect("events")];
    assert_eq!(
        first_and_last.map(|event| event.wall - event.at),
        [-4 * 3600, -5 * 3600]
    );
    let drifting = ClockStory::Drift(vec![(at("2026-11-05T12:00:00Z"), 40)]);
    let drifted = History::generate(&plan.with_clock(drifting));
    assert!(
        drifted
            .events
            .iter()
            .all(|event| (-40..=0).contains(&(event.wall - event.at + 4 * 3600)))
    );
}

#[test]
fn every_number_in_the_truth_leads_to_its_event() {
    for seed in 0..6 {
        let plan = Plan {
            features: Features::ALL,
            ..Plan::any(seed, 4)
        };
        let history = History::generate(&plan);
        let truth = &history.truth;
        let mut told = Vec::new();
        told.extend(truth.reports.iter().map(|item| (item.number, 279, item.at)));
        let woken = |item: &ShutDown| Some((item.resumed?, 12, item.to));
        told.extend(truth.shut_downs.iter().filter_map(woken));
        for bolus in &truth.boluses {
            told.extend(
                bolus
                    .requests
                    .iter()
                    .flat_map(|numbers| numbers.iter().zip([64, 65, 66]))
                    .map(|(number, code)| (*number, code, bolus.requested_at)),
            );
            told.extend(bolus.completed.map(|number| (number, 20, bolus.at)));
            told.extend(
                bolus
                    .extended
                    .iter()
                    .map(|later| (later.started, 59, later.from)),
            );
            told.extend(
                bolus
                    .extended
                    .iter()
                    .filter_map(|later| Some((later.completed?, 21, later.to?))),
            );
        }
        for item in &truth.suspensions {
            told.push((item.number, 11, item.from));
            told.extend(
                item.resumed
                    .zip(item.to)
                    .map(|(number, to)| (number, 12, to)),
            );
        }
        for item in &truth.modes {
            told.push((item.number, 229, item.from));
            told.extend(
                item.stopped
                    .zip(item.to)
                    .map(|(number, to)| (number, 229, to)),
            );
        }
        told.extend(
            truth
                .notices
                .iter()
                .map(|item| (item.number, item.code, item.at)),
        );
        told.extend(
            truth
                .sessions
                .iter()
                .map(|item| (item.number, item.code, item.at)),
        );
        told.extend(
            truth
                .readings
                .iter()
                .map(|item| (item.number, item.code, item.recorded_at)),
        );
        told.extend(
            truth
                .bg_checks
                .iter()
                .map(|item| (item.number, 16, item.at)),
        );
        told.extend(
            truth
                .statuses
                .iter()
                .map(|item| (item.number, item.code, item.at)),
        );
        for (number, code, at) in &told {
            let event = history.event(*number).expect("an event of that number");
            assert_eq!(
                (event.code, event.at),
                (*code, at.timestamp()),
                "seed {seed}, number {number}"
            );
        }
        // And no event of these kinds is missing from the truth.
        for code in [279, 64, 59, 11, 12, 229, 16, 5, 4, 6] {
            let events = history
                .events
                .iter()
                .filter(|event| event.code == code)
                .count();
            let known = told.iter().filter(|(_, its, _)| *its == code).count();
            assert_eq!(events, known, "seed {seed}, code {code}");
        }
    }
}

#[test]
fn what_cannot_happen_at_once_does_not() {
    for seed in 0..40 {
        let history = History::generate(&Plan::any(seed, 3));
        let truth = &history.truth;
        assert!(truth.basal.windows(2).all(|pair| {
            let [one, other] = [&pair[0], &pair[1]];
            one.from < other.from && one.to.is_some_and(|to| one.from < to && to <= other.from)
        }));
        assert!(
            truth
                .boluses
                .windows(2)
                .all(|pair| pair[0].at < pair[1].requested_at),
            "seed {seed}"
        );
        for suspension in &truth.suspensions {
            let (from, to) = (suspension.from, suspension.to.expect("a resume"));
            assert_rests(truth, from, to);
            assert!(
                truth
                    .boluses
                    .iter()
                    .all(|bolus| bolus.at < from || bolus.requested_at > to),
                "seed {seed}"
            );
        }
        for off in &truth.shut_downs {
            assert_rests(truth, off.from, off.to);
        }
        let off = truth.shut_downs.iter();
        let off = off.map(|off| off.from.timestamp() + 1..off.to.timestamp());
        let gaps = truth.gaps.iter();
        let gaps = gaps.map(|(from, to)| from.timestamp()..to.timestamp());
        for silent in off.chain(gaps) {
            assert!(
                history
                    .events
                    .iter()
                    .all(|event| !silent.contains(&event.at) || matches!(event.code, 13 | 14))
            );
        }
    }
}

/// The pump delivers nothing from the first second on, right up to the last, and its reports say so.
#[track_caller]
fn assert_rests(truth: &Truth, from: DateTime<Utc>, to: DateTime<Utc>) {
    let resting = truth.basal.iter().find(|segment| segment.from == from);
    let resting = resting.unwrap_or_else(|| {
        let near = |segment: &&BasalSegment| (segment.from - from).abs() < Duration::hours(2);
        let near: Vec<_> = truth.basal.iter().filter(near).collect();
        panic!("nothing begins at {from}: {near:#?}")
    });
    assert_eq!((resting.rate, resting.to), (0, Some(to)));
    let mut reports = truth.reports.iter();
    assert!(reports.all(
        |report| report.suspended == (from <= report.at && report.at < to)
            || !(from..to).contains(&report.at)
    ));
}
