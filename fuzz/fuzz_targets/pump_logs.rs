//! Any bytes in place of a pump's logs: `cargo +nightly fuzz run pump_logs` in the repository's root.
#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/pipeline.rs"]
mod pipeline;

fuzz_target!(|json: &[u8]| {
    let now = DateTime::from_timestamp(1_779_000_000, 0).unwrap_or_default();
    for zone in [chrono_tz::America::New_York, chrono_tz::Australia::Lord_Howe] {
        pipeline::documents(json, zone, now);
    }
});
