//! Faults at every request of a pass: the run ends as it should, and the next one makes good whatever happened.

mod ended;
mod every_request;
mod stalls;
mod two_at_once;

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::pass::{self, Outcome};

use crate::arrangement::{Arrangement, without_ids};
use crate::simulator::fault::Fault;
use crate::simulator::history::{Feature, Features, History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};
use crate::simulator::request::Request;
use crate::simulator::tandem::Tandem;

/// A few hours with basal rates and boluses.
fn plan() -> Plan {
    let features = Features::only(&[Feature::Basal, Feature::ControlIq, Feature::Meals]);
    let day = Plan::day(8).with_features(features);
    let start = day.start + chrono::Duration::hours(11);
    let end = start + chrono::Duration::hours(3);
    day.between(start, end)
}

/// What every test here begins with: a site that holds the first part of a pump's history, so that a pass has something to
/// change there and something to add.
struct Story {
    history: Arc<History>,
    now: DateTime<Utc>,
    version: Version,
    /// What the site holds at first.
    before: Vec<Value>,
    /// What it holds after an undisturbed pass, without the site's own ids.
    after: Vec<Value>,
    /// The requests of an undisturbed pass.
    tandem_requests: Vec<Request>,
    site_requests: Vec<Request>,
}

static OLD: LazyLock<Story> = LazyLock::new(|| Story::of(Version::V15_0_6));
static NEW: LazyLock<Story> = LazyLock::new(|| Story::of(Version::V15_0_7));

impl Story {
    fn of(version: Version) -> Self {
        let history = History::generate(&plan());
        let half = history.plan.start + chrono::Duration::minutes(93);
        let now = history.plan.end + chrono::Duration::minutes(20);
        let arrangement = Arrangement::with(history.clone(), Nightscout::version(version));
        arrangement.tandem.set_uploaded_until(half);
        arrangement.good_pass(half + chrono::Duration::minutes(11), &[]);
        let mut before = arrangement.nightscout.treatments();
        // As if the newest rate had been shorter when it was written.
        let newest = before.last_mut().expect("some documents");
        newest["duration"] = 2.into();
        arrangement.edit_treatment(newest);
        arrangement.tandem.set_uploaded_until(history.plan.end);
        arrangement.tandem.clear_requests();
        arrangement.nightscout.clear_requests();
        let outcome = arrangement.good_pass(now, &[]);
        assert_eq!(outcome.report.uploads.total(|tally| tally.updated), 1);
        assert!(outcome.report.uploads.total(|tally| tally.created) > 10);
        Story {
            history: Arc::new(history),
            now,
            version,
            before,
            after: without_ids(arrangement.nightscout.treatments()),
            tandem_requests: arrangement.tandem.requests(),
            site_requests: arrangement.nightscout.requests(),
        }
    }

    /// The story from its beginning.
    fn begin(&self) -> Arrangement {
        let nightscout = Nightscout::version(self.version);
        for document in &self.before {
            nightscout.insert_treatment(document.clone());
        }
        nightscout.set_now(self.now);
        let tandem = Tandem::with_history(Arc::clone(&self.history));
        let mut arrangement = Arrangement::joining(tandem, nightscout);
        // A site that says it is empty is begun anew.
        arrangement.set("TCONNECTSYNC_HEROKU_TRUST_TIMEZONE", "true");
        arrangement
    }

    /// The next run, undisturbed, leaves what there should be.
    #[track_caller]
    fn heals(&self, arrangement: &Arrangement, what: &str) {
        arrangement.tandem.heal();
        arrangement.nightscout.heal();
        arrangement.good_pass(self.now, &[]);
        let after = without_ids(arrangement.nightscout.treatments());
        assert!(after == self.after, "{what}: {after:#?}");
        assert_eq!(arrangement.nightscout.deletions(), 0);
    }
}

/// Which of the two services fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Tandem,
    Site,
}

impl Side {
    fn inject(self, arrangement: &Arrangement, fault: Fault) {
        match self {
            Side::Tandem => arrangement.tandem.inject(fault),
            Side::Site => arrangement.nightscout.inject(fault),
        }
    }

    fn requests(self, story: &Story) -> &[Request] {
        match self {
            Side::Tandem => &story.tandem_requests,
            Side::Site => &story.site_requests,
        }
    }
}

/// One pass within this time; also how long it took.
fn pass_within(
    arrangement: &Arrangement,
    now: DateTime<Utc>,
    limit: Option<Duration>,
) -> (Outcome, Duration) {
    let config = arrangement.config(now, &[]);
    let began = Instant::now();
    let deadline = limit.map_or(Deadline::NONE, Deadline::after);
    let limits = RunLimits::without_pauses(deadline, Stop::new());
    let outcome = pass::run(&config, now, &limits);
    (outcome, began.elapsed())
}
