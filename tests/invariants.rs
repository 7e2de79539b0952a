//! The invariants of a pass, each held for made-up pumps with any zone, clock and habits, through the real pass.
//!
//! A failing case names its seed. PROPTEST_CASES sets how many are tried.

mod amounts;
mod runs;

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use proptest::test_runner::{Config as ProptestConfig, RngSeed};
use serde_json::Value;

use crate::arrangement::{Arrangement, without_ids};
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};
use crate::simulator::rng::Rng;
use crate::simulator::tandem::Tandem;

/// So many cases, unless PROPTEST_CASES says otherwise; a failing case is told, not kept in a file.
pub fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    // The same cases every time, so that a change is what makes a test fail; other ones where more are asked for.
    let rng_seed = match asked {
        Some(_) => RngSeed::Random,
        None => RngSeed::Fixed(20_261_123),
    };
    ProptestConfig {
        cases: asked.and_then(|cases| cases.parse().ok()).unwrap_or(usual),
        rng_seed,
        failure_persistence: None,
        // A seed that is smaller is not simpler.
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    }
}

/// A pump of which only the seed decides everything, and where to copy it.
struct Case {
    history: Arc<History>,
    version: Version,
    now: DateTime<Utc>,
}

impl Case {
    fn of(seed: u64, days: i64) -> Self {
        let history = History::generate(&Plan::any(seed, days));
        let mut rng = Rng::new(seed, 70);
        Case {
            now: history.plan.end + Duration::minutes(rng.between(11, 90)),
            history: Arc::new(history),
            version: rng.pick(&[Version::V14_2_6, Version::V15_0_6, Version::V15_0_7]),
        }
    }

    /// The pump, and an empty site.
    fn begin(&self) -> Arrangement {
        let tandem = Tandem::with_history(Arc::clone(&self.history));
        tandem.set_uploaded_until(self.history.plan.end);
        Arrangement::joining(tandem, Nightscout::version(self.version))
    }

    /// What one whole run leaves.
    fn whole(&self, arguments: &[&str]) -> Vec<Value> {
        let arrangement = self.begin();
        arrangement.good_pass(self.now, arguments);
        held(&arrangement)
    }
}

/// What a site holds, but for what the site itself adds.
fn held(arrangement: &Arrangement) -> Vec<Value> {
    without_ids(arrangement.nightscout.treatments())
}
