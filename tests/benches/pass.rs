//! What a pass costs, and its parts: `cargo bench`.
//!
//! The figures of `docs/performance.md` come from here and from whole processes against `demo --serve`.

#![allow(
    clippy::expect_used,
    clippy::too_many_lines,
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "the tests' own code, of which not all is measured"
)]

#[path = "../arrangement.rs"]
mod arrangement;
#[path = "../simulator/mod.rs"]
mod simulator;

use std::time::Duration;

use arrangement::Arrangement;
use chrono::Utc;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use simulator::history::{History as Generated, Plan};
use tconnectsync_heroku::config::{Feature, FeatureSet, PumpSerial};
use tconnectsync_heroku::nightscout::GlucoseUnits;
use tconnectsync_heroku::nightscout::document::{Conventions, Existing, Treatment};
use tconnectsync_heroku::pump::clock::{DatedEvent, Evidence, PumpClock};
use tconnectsync_heroku::pump::decode::Decoded;
use tconnectsync_heroku::reconcile::reconcile;
use tconnectsync_heroku::tandem::PumpLogs;
use tconnectsync_heroku::translate::{self, History, TranslateOptions};

const ZONE: chrono_tz::Tz = chrono_tz::America::New_York;

const CONVENTIONS: Conventions = Conventions {
    zone: ZONE,
    units: GlucoseUnits::MgDl,
};

fn main() {
    divan::main();
}

/// The logs of so many days, as Tandem Source sends them.
fn logs(days: i64) -> Vec<u8> {
    let history = Generated::generate(&Plan::days(1, days));
    serde_json::to_vec(&history.pump_logs_json()).expect("JSON")
}

fn dated(json: &[u8]) -> Vec<DatedEvent> {
    let decoded = Decoded::from_logs(PumpLogs::from_json(json)).expect("good logs");
    let evidence = Evidence {
        newest: decoded.events.last().map(|event| event.pump_time),
        last_upload: None,
        upload_is_certain: true,
        now: Utc::now(),
    };
    PumpClock::judge(ZONE, &decoded.clock_changes, &evidence).date(decoded.events)
}

fn treatments(events: &[DatedEvent]) -> Vec<Treatment> {
    let serial = PumpSerial::new("90001234").expect("digits");
    let features: FeatureSet = Feature::ALL.into_iter().collect();
    let history = History {
        serial: &serial,
        events,
    };
    let options = TranslateOptions {
        features: &features,
        ignore_zero_unit_basal: false,
        written_until: Utc::now(),
    };
    translate::treatments(&history, &options)
}

#[divan::bench(args = [1, 28])]
fn decode(bencher: Bencher<'_, '_>, days: i64) {
    let json = logs(days);
    let size = BytesCount::new(json.len());
    bencher
        .counter(size)
        .bench_local(|| Decoded::from_logs(PumpLogs::from_json(&json)));
}

#[divan::bench(args = [1, 28])]
fn translate_all(bencher: Bencher<'_, '_>, days: i64) {
    let events = dated(&logs(days));
    let count = ItemsCount::new(events.len());
    bencher.counter(count).bench_local(|| treatments(&events));
}

#[divan::bench]
fn reconcile_30_days(bencher: Bencher<'_, '_>) {
    let wanted = treatments(&dated(&logs(30)));
    let stored = wanted
        .iter()
        .map(|treatment| Existing::from_document(treatment.to_json(CONVENTIONS)));
    let existing: Vec<Existing> = stored.collect();
    bencher
        .counter(ItemsCount::new(wanted.len()))
        .with_inputs(|| wanted.clone())
        .bench_local_values(|wanted| reconcile(wanted, &existing, CONVENTIONS));
}

/// A pass of one day with every feature into an empty site, each request taking so many milliseconds.
#[divan::bench(args = [0, 40], sample_count = 10)]
fn whole_pass(bencher: Bencher<'_, '_>, latency: u64) {
    let history = Generated::generate(&Plan::days(1, 1));
    let now = history.plan.end + chrono::Duration::minutes(15);
    let features = Feature::ALL.map(Feature::name).join(",");
    bencher
        .with_inputs(|| {
            let mut arrangement = Arrangement::of(history.clone());
            arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", &features);
            arrangement
                .tandem
                .set_latency(Duration::from_millis(latency));
            arrangement
                .nightscout
                .set_latency(Duration::from_millis(latency));
            arrangement
        })
        .bench_local_refs(|arrangement| arrangement.good_pass(now, &[]));
}
