//! However often a run is started, ended, split or disturbed: the documents are those of one whole run.

use chrono::{DateTime, Days, Duration, NaiveDate, SecondsFormat, Utc};
use proptest::prelude::*;
use serde_json::json;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::pass;

use super::{Case, cases, held};
use crate::arrangement::Arrangement;
use crate::simulator::fault::{Fault, Kind};
use crate::simulator::rng::Rng;

const ARGUMENTS: [&str; 2] = ["--days", "4"];

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn a_second_run_writes_nothing(seed in any::<u64>()) {
        let case = Case::of(seed, 2);
        let arrangement = case.begin();
        arrangement.good_pass(case.now, &ARGUMENTS);
        let writes = arrangement.nightscout.writes();
        prop_assert!(writes > 0);
        arrangement.good_pass(case.now, &ARGUMENTS);
        prop_assert_eq!(arrangement.nightscout.writes(), writes);
        prop_assert_eq!(arrangement.nightscout.deletions(), 0);
    }

    #[test]
    fn a_run_killed_anywhere_and_run_again_is_one_whole_run(seed in any::<u64>()) {
        let case = Case::of(seed, 2);
        let whole = case.whole(&ARGUMENTS);
        let arrangement = case.begin();
        let mut rng = Rng::new(seed, 71);
        // Whatever the killed run sent last may have been handled or not.
        let kinds = [Kind::Drop, Kind::DropAfterHandling];
        let last = kinds[rng.between(0, 1) as usize].clone();
        let number = rng.between(1, 4) as usize;
        arrangement.nightscout.inject(Fault::at(number, last));
        arrangement.nightscout.inject(Fault::from(number + 1, Kind::Drop));
        arrangement.pass(case.now, &ARGUMENTS);
        arrangement.nightscout.heal();
        arrangement.good_pass(case.now, &ARGUMENTS);
        prop_assert_eq!(held(&arrangement), whole);
    }

    #[test]
    fn runs_with_random_faults_end_in_the_documents_of_one_whole_run(seed in any::<u64>()) {
        let case = Case::of(seed, 2);
        let whole = case.whole(&ARGUMENTS);
        let arrangement = case.begin();
        let mut rng = Rng::new(seed, 72);
        for _ in 0..3 {
            for _ in 0..rng.between(1, 4) {
                let fault = Fault::at(rng.between(1, 12) as usize, any_fault(&mut rng));
                if rng.chance(60) {
                    arrangement.nightscout.inject(fault);
                } else {
                    arrangement.tandem.inject(fault);
                }
            }
            // Earlier than it should be, with less of the history uploaded.
            let now = case.now - Duration::hours(rng.between(0, 30));
            let uploaded = now - Duration::minutes(rng.between(0, 90));
            arrangement.tandem.set_uploaded_until(uploaded.min(case.history.plan.end));
            arrangement.pass(now, &ARGUMENTS);
            arrangement.tandem.heal();
            arrangement.nightscout.heal();
            arrangement.tandem.clear_requests();
            arrangement.nightscout.clear_requests();
        }
        arrangement.tandem.set_uploaded_until(case.history.plan.end);
        arrangement.good_pass(case.now, &ARGUMENTS);
        prop_assert_eq!(held(&arrangement), whole);
    }

    #[test]
    fn a_span_in_any_parts_is_the_span_at_once(seed in any::<u64>()) {
        let case = Case::of(seed, 4);
        let zone = case.history.plan.zone;
        let date = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
        let (first, last) = (date(case.history.plan.start), date(case.history.plan.end));
        let whole = case.whole(&dates(first, last).each_ref().map(String::as_str));
        let arrangement = case.begin();
        let mut rng = Rng::new(seed, 73);
        let mut parts = Vec::new();
        let mut from = first;
        while from <= last {
            let to = (from + Days::new(rng.between(0, 3) as u64)).min(last);
            parts.push(dates(from, to));
            from = to + Days::new(1);
        }
        // The newest first, or one of them again, is as good.
        let again = rng.pick(&[0, parts.len() - 1]);
        parts.push(parts[again].clone());
        if rng.chance(50) {
            parts.reverse();
        }
        for part in &parts {
            arrangement.good_pass(case.now, &part.each_ref().map(String::as_str));
        }
        prop_assert_eq!(held(&arrangement), whole);
    }

    #[test]
    fn the_order_and_the_repetition_of_events_do_not_matter(seed in any::<u64>()) {
        let case = Case::of(seed, 2);
        let straight = case.begin();
        straight.tandem.configure(|behaviour| behaviour.shuffled = false);
        straight.good_pass(case.now, &ARGUMENTS);
        let disordered = case.begin();
        disordered.tandem.configure(|behaviour| behaviour.duplicated = 40);
        disordered.good_pass(case.now, &ARGUMENTS);
        prop_assert_eq!(held(&disordered), held(&straight));
    }

    #[test]
    fn documents_of_other_tools_stay_as_they_are(seed in any::<u64>()) {
        let case = Case::of(seed, 2);
        let ours = case.whole(&ARGUMENTS);
        let arrangement = case.begin();
        let mut rng = Rng::new(seed, 74);
        for document in &ours {
            if !rng.chance(20) {
                continue;
            }
            let author = rng.pick(&["a parent", "xDrip+", "openaps://phone", "Pump"]);
            arrangement.nightscout.insert_treatment(json!({
                "eventType": document["eventType"],
                "created_at": document["created_at"],
                "enteredBy": author,
                "insulin": rng.between(0, 9),
                "pump_event_id": document["pump_event_id"],
            }));
        }
        let at = case.history.plan.start.to_rfc3339_opts(SecondsFormat::Millis, true);
        arrangement.nightscout.insert_treatment(json!({"created_at": at, "notes": null}));
        let theirs = arrangement.nightscout.treatments();
        for _ in 0..2 {
            arrangement.good_pass(case.now, &ARGUMENTS);
            let all = arrangement.nightscout.treatments();
            prop_assert_eq!(all.len(), theirs.len() + ours.len());
            prop_assert!(theirs.iter().all(|document| all.contains(document)));
        }
    }

    #[test]
    fn two_runs_at_the_same_moment_are_one(seed in any::<u64>()) {
        let case = Case::of(seed, 1);
        let whole = case.whole(&ARGUMENTS);
        let arrangement = case.begin();
        arrangement.nightscout.set_now(case.now);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| run(&arrangement, &case));
            }
        });
        prop_assert_eq!(held(&arrangement), whole);
    }
}

fn run(arrangement: &Arrangement, case: &Case) {
    let config = arrangement.config(case.now, &ARGUMENTS);
    let limits = RunLimits::without_pauses(Deadline::NONE, Stop::new());
    let outcome = pass::run(&config, case.now, &limits);
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
}

/// The arguments for these days.
fn dates(first: NaiveDate, last: NaiveDate) -> [String; 4] {
    let (first, last) = (first.to_string(), last.to_string());
    ["--start-date", &first, "--end-date", &last].map(str::to_owned)
}

fn any_fault(rng: &mut Rng) -> Kind {
    let kinds = [
        Kind::status(400),
        Kind::status(401),
        Kind::status(404),
        Kind::status(413),
        Kind::status(429),
        Kind::status(500),
        Kind::status(503),
        Kind::status(504),
        Kind::Drop,
        Kind::DropAfterHandling,
        Kind::AfterHandling(Box::new(Kind::status(504))),
        Kind::Truncate,
        Kind::TruncateChunked,
        Kind::Html200,
        Kind::Empty200,
        Kind::Json(json!(null)),
        Kind::Json(json!([])),
        Kind::Json(json!({})),
    ];
    kinds[rng.between(0, kinds.len() as i64 - 1) as usize].clone()
}
