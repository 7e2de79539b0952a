//! tconnectsync and this program on one site: what stands there twice, how it is noticed, and how it is mended.

mod change_over;
mod mended;
mod same_second;
mod side_by_side;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use tconnectsync_heroku::doubles::{self, Outcome};
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};

use crate::arrangement::Arrangement;
use crate::pass::{filed, minutes, number, text};
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};
use crate::simulator::tandem::Tandem;
use crate::simulator::tconnectsync::Tconnectsync;
use crate::simulator::truth::Truth;

/// One pump that both copy to one site.
pub struct Both {
    pub history: Arc<History>,
    pub ours: Arrangement,
    pub theirs: Tconnectsync,
}

impl Both {
    pub fn of(plan: &Plan, version: Version) -> Self {
        let history = Arc::new(History::generate(plan));
        let tandem = Tandem::with_history(Arc::clone(&history));
        let mut ours = Arrangement::joining(tandem, Nightscout::version(version));
        ours.set("TCONNECTSYNC_HEROKU_FEATURES", "BASAL,BOLUS,PUMP_EVENTS");
        let theirs = Tconnectsync::new(Arc::clone(&history), &ours.nightscout, plan.zone);
        Both {
            history,
            ours,
            theirs,
        }
    }

    pub fn start(&self) -> DateTime<Utc> {
        self.history.plan.start
    }

    pub fn end(&self) -> DateTime<Utc> {
        self.history.plan.end
    }

    /// A run of ours; the phone uploaded up to then.
    #[track_caller]
    pub fn run_ours(
        &self,
        now: DateTime<Utc>,
        uploaded: DateTime<Utc>,
    ) -> tconnectsync_heroku::pass::Outcome {
        self.ours.tandem.set_uploaded_until(uploaded);
        self.ours.good_pass(now, &[])
    }

    /// A run of tconnectsync's; the phone uploaded up to then.
    pub fn run_theirs(&self, now: DateTime<Utc>, uploaded: DateTime<Utc>) {
        self.ours.nightscout.set_now(now);
        self.theirs.run(now, uploaded);
    }

    /// A look at the doubles of the last days; with a directory they are removed.
    #[track_caller]
    pub fn remove_doubles(&self, now: DateTime<Utc>, save_in: Option<&Path>) -> Outcome {
        self.ours.nightscout.set_now(now);
        let limits = RunLimits::without_pauses(Deadline::NONE, Stop::new());
        let config = self.ours.config(now, &["--remove-doubles", "--days", "4"]);
        let saving = save_in.map(|directory| doubles::Saving {
            directory,
            disk_is_lost: false,
        });
        let outcome = doubles::remove(&config, now, &limits, saving);
        assert_eq!(outcome.status(), ExitStatus::Done, "{:?}", outcome.failure);
        outcome
    }

    pub fn treatments(&self) -> Vec<Value> {
        self.ours.nightscout.treatments()
    }
}

/// What the documents tell of each bolus, by the number of the event that it is filed under: mU and g.
pub fn boluses(treatments: &[Value]) -> BTreeMap<String, (f64, f64)> {
    let mut boluses: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for document in treatments {
        if !text(document, "eventType").ends_with("Bolus") {
            continue;
        }
        let events = text(document, "pump_event_id");
        let main = events.split(',').next().unwrap_or_default().to_owned();
        let later = number(document, "relative") * number(document, "duration") / 60.0;
        let (insulin, carbs) = boluses.entry(main).or_default();
        *insulin += 1000.0 * (number(document, "insulin") + later);
        *carbs += number(document, "carbs");
    }
    boluses
}

/// The insulin and carbs of every bolus are what the pump gave: to 0.005 U, to which tconnectsync rounds.
#[track_caller]
pub fn assert_boluses_are_true(truth: &Truth, treatments: &[Value], what: &str) {
    let found = boluses(treatments);
    let mut expected = BTreeMap::new();
    for bolus in &truth.boluses {
        let later = bolus.extended.as_ref();
        let main = bolus.completed.or(later.map(|later| later.started));
        let given = match later {
            Some(later) if later.to.is_none() => bolus.delivered_now + later.requested,
            _ => bolus.delivered(),
        };
        if given > 0 || bolus.carbs > 0 {
            expected.insert(
                main.unwrap_or_default().to_string(),
                (given as f64, bolus.carbs as f64),
            );
        }
    }
    let names =
        |boluses: &BTreeMap<String, (f64, f64)>| boluses.keys().cloned().collect::<Vec<_>>();
    // A bolus of nothing is a document of tconnectsync's too.
    let told: BTreeMap<_, _> = found
        .iter()
        .filter(|(_, told)| told.0 > 0.0 || told.1 > 0.0)
        .map(|(main, told)| (main.clone(), *told))
        .collect();
    assert_eq!(names(&told), names(&expected), "{what}");
    for (main, (insulin, carbs)) in &expected {
        let (told_insulin, told_carbs) = told[main];
        let of_bolus = || {
            let documents = treatments.iter();
            documents
                .filter(|document| {
                    text(document, "pump_event_id")
                        .split(',')
                        .any(|number| number == main)
                })
                .collect::<Vec<_>>()
        };
        assert!(
            (told_insulin - insulin).abs() <= 5.001,
            "{what}: {told_insulin} of {insulin} mU: {:#?}",
            of_bolus()
        );
        assert_eq!(told_carbs, *carbs, "{what}: {:#?}", of_bolus());
    }
}

/// Basal insulin as Nightscout reckons it between two instants, in mU: each rate until it ends or the next begins.
pub fn basal_insulin(treatments: &[Value], from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    let is_rate = |document: &&Value| text(document, "eventType") == "Temp Basal";
    let mut rates: Vec<(DateTime<Utc>, Duration, f64)> = treatments
        .iter()
        .filter(is_rate)
        .map(|document| {
            let length = minutes(number(document, "duration"));
            (
                filed(document),
                length,
                1000.0 * number(document, "absolute"),
            )
        })
        .collect();
    rates.sort_by_key(|rate| rate.0);
    // Of two in the same millisecond Nightscout takes the first.
    rates.dedup_by_key(|rate| rate.0);
    let ends = rates.iter().skip(1).map(|rate| rate.0).chain([to]);
    let insulin = rates.iter().zip(ends).map(|((at, length, rate), next)| {
        let inside = (*at + *length).min(next).min(to) - (*at).max(from);
        rate * inside.num_milliseconds().max(0) as f64 / 3_600_000.0
    });
    insulin.sum()
}

/// The basal insulin of a span is what the pump gave, but for what tconnectsync rounds.
#[track_caller]
pub fn assert_basal_is_true(
    truth: &Truth,
    treatments: &[Value],
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    what: &str,
) {
    let told = basal_insulin(treatments, from, to);
    let given = truth.basal_milliunit_seconds(from, to) as f64 / 3600.0;
    assert!(
        (told - given).abs() <= 0.005 * given,
        "{what}: {told} of {given} mU"
    );
}
