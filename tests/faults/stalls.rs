//! Services that do not answer: a run ends at its deadline.

use std::time::{Duration, Instant};

use tconnectsync_heroku::failure::ExitStatus;

use super::{NEW, Side, pass_within};
use crate::simulator::fault::{Fault, Kind};

#[test]
fn a_run_ends_at_its_deadline_whichever_request_is_not_answered() {
    let story = &*NEW;
    let limit = Duration::from_millis(300);
    for side in [Side::Tandem, Side::Site] {
        for number in 1..=side.requests(story).len() {
            for kind in [Kind::Stall, Kind::StallBody] {
                let what = format!("{kind:?} at {side:?} {number}");
                let arrangement = story.begin();
                side.inject(&arrangement, Fault::from(number, kind));
                let (outcome, took) = pass_within(&arrangement, story.now, Some(limit));
                assert_eq!(outcome.status(), ExitStatus::TryLater, "{what}");
                assert!(took < Duration::from_secs(2), "{what}: {took:?}");
                story.heals(&arrangement, &what);
            }
        }
    }
}

#[test]
fn the_program_ends_at_its_deadline_with_75() {
    for side in [Side::Tandem, Side::Site] {
        let mut arrangement = NEW.begin();
        side.inject(&arrangement, Fault::always(Kind::Stall));
        arrangement.set("TCONNECTSYNC_HEROKU_DEADLINE_SECS", "1");
        let began = Instant::now();
        let said = arrangement.program(&[]);
        let took = began.elapsed();
        assert_eq!(said.status, Some(75), "{said:#?}");
        assert!(took < Duration::from_secs(2), "{side:?}: {took:?}");
        assert!(said.log.contains("time is used up"), "{said:#?}");
        assert_eq!(said.out, "Nothing uploaded.\n");
    }
}
