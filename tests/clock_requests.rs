//! What the judgement of a pump's clock asks the services for: nothing in an ordinary run, and in doubt beside what else a run
//! asks for.

use std::time::Duration as Time;

use chrono::{DateTime, Duration, Utc};
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::pass;

use crate::arrangement::Arrangement;
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{ClockStory, Feature, Features, History, Plan, Step};
use crate::simulator::request::Request;

const PUMP_LOGS: &str = "/api/reports/bff/pump-logs/";

/// Two days in New York with a sensor, and this clock.
fn history(clock: ClockStory) -> History {
    let features = Features::only(&[Feature::Basal, Feature::Meals, Feature::Cgm]);
    let plan = Plan::days(92, 2).with_clock(clock);
    History::generate(&plan.with_features(features))
}

fn asked_for_entries(arrangement: &Arrangement) -> usize {
    let requests = arrangement.nightscout.requests();
    let entries = |request: &&Request| request.path.contains("entries");
    requests.iter().filter(entries).count()
}

/// A run that waits for two seconds at most for a service that hangs.
fn run_out_of_time(arrangement: &Arrangement, now: DateTime<Utc>) {
    arrangement.nightscout.set_now(now);
    let deadline = Deadline::after(Time::from_secs(2));
    let limits = RunLimits::without_pauses(deadline, Stop::new());
    let outcome = pass::run(&arrangement.config(now, &[]), now, &limits);
    assert_eq!(outcome.status(), ExitStatus::TryLater);
}

#[test]
fn an_ordinary_run_makes_as_few_requests_as_it_did_before_there_were_witnesses() {
    let history = history(ClockStory::FollowsZone);
    let arrangement = Arrangement::of(history.clone());
    // At six in the morning the day's look back has been done.
    let mut now = history.plan.start + Duration::hours(30);
    for _ in 0..3 {
        arrangement.tandem.clear_requests();
        arrangement.nightscout.clear_requests();
        arrangement.tandem.set_uploaded_until(now);
        arrangement.good_pass(now + Duration::minutes(12), &[]);
        now += Duration::hours(1);
    }
    // Measured on the version before: seven for the login, the pumps and their logs; the status, and treatments there and back.
    assert_eq!(arrangement.tandem.requests().len(), 7);
    let site: Vec<String> = (arrangement.nightscout.requests().iter())
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    let needed = ["GET status", "GET treatments", "POST treatments"].map(|request| {
        let (method, name) = request.split_once(' ').expect("two words");
        format!("{method} /api/v1/{name}.json")
    });
    assert_eq!(site, needed);
}

#[test]
fn an_empty_site_is_asked_for_a_witness_during_the_login() {
    let history = history(ClockStory::FollowsZone);
    let arrangement = Arrangement::of(history.clone());
    let login = "/accounts/api/login";
    arrangement
        .tandem
        .inject(Fault::on("POST", login, Times::Always, Kind::Stall));
    run_out_of_time(&arrangement, history.plan.end + Duration::minutes(12));
    assert_eq!(asked_for_entries(&arrangement), 1);
}

#[test]
fn a_site_is_asked_for_a_witness_of_a_change_of_the_zone_during_the_login() {
    let change: DateTime<Utc> = "2026-11-01T06:00:00Z".parse().expect("an instant");
    let plan = Plan::days(93, 1)
        .between(change - Duration::hours(20), change + Duration::hours(40))
        .with_features(Features::only(&[
            Feature::Basal,
            Feature::Meals,
            Feature::Cgm,
        ]));
    let arrangement = Arrangement::of(History::generate(&plan));
    let run = |hours: i64| {
        let now = change + Duration::hours(hours);
        arrangement.tandem.set_uploaded_until(now);
        arrangement.good_pass(now + Duration::minutes(2), &[]);
        let asked = asked_for_entries(&arrangement);
        arrangement.nightscout.clear_requests();
        asked
    };
    // At nine hours the week is looked through as well.
    assert_eq!([-6, -2, 1, 9, 17, 25].map(run), [1, 0, 1, 2, 1, 0]);
    let login = "/accounts/api/login";
    arrangement
        .tandem
        .inject(Fault::on("POST", login, Times::Always, Kind::Stall));
    run_out_of_time(&arrangement, change + Duration::hours(23));
    assert_eq!(asked_for_entries(&arrangement), 1);
}

#[test]
fn a_witness_of_a_lost_clock_is_asked_for_beside_the_days_that_the_clock_showed() {
    let start = history(ClockStory::FollowsZone).plan.start;
    let (lost, set) = (start + Duration::hours(30), start + Duration::hours(31));
    let fall = Step::to_2008(lost.timestamp(), -4 * 3600);
    let step = |at, shift, recorded| Step {
        at,
        shift,
        recorded,
    };
    let steps = vec![step(lost, fall, false), step(set, -fall, true)];
    let arrangement = Arrangement::of(history(ClockStory::Steps(steps)));
    let before = lost - Duration::hours(2);
    arrangement.tandem.set_uploaded_until(before);
    arrangement.good_pass(before + Duration::minutes(2), &[]);
    arrangement.nightscout.clear_requests();
    // The logs of 2008 do not come.
    let hangs = Fault::on("GET", PUMP_LOGS, Times::Nth(2), Kind::Stall);
    arrangement.tandem.inject(hangs);
    let now = set + Duration::hours(2);
    arrangement.tandem.set_uploaded_until(now);
    run_out_of_time(&arrangement, now + Duration::minutes(2));
    assert_eq!(asked_for_entries(&arrangement), 1);
}

#[test]
fn a_token_that_may_not_read_entries_only_lacks_a_witness() {
    let history = history(ClockStory::FollowsZone);
    let mut arrangement = Arrangement::of(history.clone());
    arrangement
        .nightscout
        .configure(|settings| settings.readable = false);
    let rights = ["api:status:read", "api:treatments:*"];
    let token = arrangement.nightscout.add_token("pump", &rights);
    arrangement.set("NS_SECRET", &token);
    arrangement.good_pass(history.plan.end + Duration::minutes(12), &[]);
    assert_eq!(asked_for_entries(&arrangement), 1);
    assert!(!arrangement.nightscout.treatments().is_empty());
}
