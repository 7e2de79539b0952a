//! One pass from the login to the summary, through both simulators.

pub mod by_hand;
mod endings;
mod failures;
mod first_zone;
mod machine_clock;
mod sites;
pub mod whole_day;

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

/// The text of a field.
pub fn text<'a>(document: &'a Value, field: &str) -> &'a str {
    document[field].as_str().unwrap_or_default()
}

/// The number of a field; 0 where it is missing.
pub fn number(document: &Value, field: &str) -> f64 {
    document[field].as_f64().unwrap_or_default()
}

/// When a treatment is filed.
pub fn filed(document: &Value) -> DateTime<Utc> {
    let created_at = text(document, "created_at");
    let at = DateTime::parse_from_rfc3339(created_at).expect("a stored time is well formed");
    at.to_utc()
}

/// U (or U/h) as mU (or mU/h), which has to be a whole number.
#[track_caller]
pub fn milli(units: f64) -> i64 {
    let milli = units * 1000.0;
    assert!(
        (milli - milli.round()).abs() < 1e-6,
        "{units} has more than three decimals"
    );
    milli.round() as i64
}

/// Minutes as a length of time, to the second: three decimals tell it.
pub fn minutes(minutes: f64) -> Duration {
    Duration::seconds((minutes * 60.0).round() as i64)
}
