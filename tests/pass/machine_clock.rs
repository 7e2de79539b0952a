//! A clock of this machine that is wrong.

use chrono::{DateTime, Duration, Utc};
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::pass::{self, Outcome};

use super::{filed, text};
use crate::arrangement::Arrangement;
use crate::simulator::history::{Feature, Features, History, Plan};

/// A pump that has just uploaded its basal rates.
fn basal() -> (Arrangement, DateTime<Utc>) {
    let plan = Plan::day(33).with_features(Features::only(&[Feature::Basal]));
    let arrangement = Arrangement::of(History::generate(&plan));
    (arrangement, plan.end + Duration::minutes(1))
}

/// A pass at an instant by the site's clock, on a machine whose clock is ahead by this.
fn pass_ahead(arrangement: &Arrangement, now: DateTime<Utc>, ahead: Duration) -> Outcome {
    arrangement.nightscout.set_now(now);
    let limits = RunLimits::without_pauses(Deadline::NONE, Stop::new());
    let machines = now + ahead;
    pass::run(&arrangement.config(machines, &[]), machines, &limits)
}

#[test]
fn a_fast_clock_lets_nothing_up_that_snoozes_alarms() {
    let (arrangement, now) = basal();
    let outcome = pass_ahead(&arrangement, now, Duration::minutes(20));
    assert_eq!(outcome.status(), ExitStatus::Done, "{:?}", outcome.failure);
    let treatments = arrangement.nightscout.treatments();
    assert!(treatments.len() > 200, "{}", treatments.len());
    for document in &treatments {
        let old = filed(document) <= now - Duration::minutes(10);
        assert!(old, "{document}");
        assert_eq!(text(document, "eventType"), "Temp Basal");
    }
    let told =
        "this machine's clock and Nightscout's differ by 20 minutes. Correct the one that is wrong";
    assert_eq!(outcome.report.warnings, [told]);
    // Once it is right, the rest follows, and nothing is said any more.
    let later = now + Duration::minutes(10);
    let outcome = pass_ahead(&arrangement, later, Duration::zero());
    assert_eq!(outcome.report.warnings, [""; 0]);
    assert!(arrangement.nightscout.treatments().len() > treatments.len());
}

#[test]
fn a_site_whose_clock_stands_still_is_not_waited_for() {
    let (arrangement, now) = basal();
    let outcome = pass_ahead(&arrangement, now, Duration::days(30));
    assert_eq!(outcome.status(), ExitStatus::Done, "{:?}", outcome.failure);
}

#[test]
fn a_slow_clock_is_not_taken_for_a_wrong_zone() {
    for hours in [1, 2, 5] {
        let (arrangement, now) = basal();
        let outcome = pass_ahead(&arrangement, now, Duration::hours(-hours));
        let said = format!("{:?} {:?}", outcome.message(), outcome.report.warnings);
        assert!(!said.contains("Set TIMEZONE_NAME"), "{said}");
        assert!(
            said.contains("this machine's clock and Nightscout's differ by"),
            "{said}"
        );
    }
}
