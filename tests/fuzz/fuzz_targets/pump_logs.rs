//! Any bytes in place of a pump's logs: `cargo +nightly fuzz run --fuzz-dir tests/fuzz pump_logs`.
#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;

#[path = "../../pipeline.rs"]
mod pipeline;

fuzz_target!(|json: &[u8]| {
    let now = DateTime::from_timestamp(1_779_000_000, 0).unwrap_or_default();
    for zone in [chrono_tz::America::New_York, chrono_tz::Australia::Lord_Howe] {
        pipeline::documents(json, zone, now);
    }
});
