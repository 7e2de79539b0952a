//! Two runs at the same moment, without a disk to keep them apart.

use std::sync::Barrier;

use tconnectsync_heroku::failure::ExitStatus;

use super::{Story, pass_within};
use crate::arrangement::without_ids;
use crate::simulator::nightscout::Version;

#[test]
fn two_runs_at_the_same_moment_leave_what_one_leaves() {
    for version in [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7] {
        let story = Story::of(version);
        for _ in 0..5 {
            let arrangement = story.begin();
            let together = Barrier::new(2);
            let run = || {
                together.wait();
                pass_within(&arrangement, story.now, None).0
            };
            let outcomes = std::thread::scope(|scope| {
                [scope.spawn(run), scope.spawn(run)].map(|run| run.join().expect("a run"))
            });
            for outcome in outcomes {
                assert_eq!(outcome.status(), ExitStatus::Done, "{:?}", outcome.failure);
            }
            let after = without_ids(arrangement.nightscout.treatments());
            assert_eq!(after, story.after, "{version:?}");
            story.heals(&arrangement, "two at once");
        }
    }
}
