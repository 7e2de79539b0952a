//! Every feature, through a whole pass.

mod ages;
mod alerts;
mod basal;
mod by_hand;
mod calculations;
mod device_status;
mod extended_boluses;
mod fortnight;
mod long_stretches;
mod piecemeal;
mod profile_switches;
mod profiles;
mod readings;
mod requests;
mod sensor_sessions;
mod table;

use std::fmt::Write as _;

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use crate::arrangement::Arrangement;
use crate::pass::{filed, text};
use crate::simulator::history::{History, Plan};

/// All there are.
pub const EVERYTHING: &str = "BASAL,BOLUS,PUMP_EVENTS,PUMP_EVENTS_BASAL_SUSPENSION,PUMP_ALERTS,CGM,CGM_ALERTS,BOLUS_BG,\
                              DEVICE_STATUS,IOB,PROFILES";

/// A pump with this history, an empty site, and these features.
pub fn arrange(history: History, features: &str) -> Arrangement {
    let mut arrangement = Arrangement::of(history);
    arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", features);
    arrangement
}

/// One day whose events are written by hand, and these features.
pub fn by_hand(events: &[Value], features: &str) -> Arrangement {
    let arrangement = arrange(History::generate(&Plan::day(1)), features);
    arrangement
        .tandem
        .serve_pump_logs(serde_json::json!({"events": events, "clockChanges": []}));
    arrangement
}

/// The noon after the day written by hand, in New York.
pub fn noon_after() -> DateTime<Utc> {
    "2026-05-15T16:00:00Z".parse().expect("an instant")
}

/// Treatments in a line each: local time, type, length, glucose, and what they say.
pub fn in_lines(treatments: &[Value]) -> String {
    let mut lines = String::new();
    for document in treatments {
        let at = filed(document).with_timezone(&chrono_tz::America::New_York);
        let _ = write!(
            lines,
            "{} {}",
            at.format("%d %H:%M:%S%.f"),
            text(document, "eventType")
        );
        for field in ["duration", "absolute", "insulin", "glucose"] {
            if let Some(value) = document[field].as_f64() {
                let _ = write!(lines, ", {field} {value:.3}");
            }
        }
        for field in ["reason", "notes"] {
            if let Some(said) = document[field].as_str() {
                let _ = write!(lines, ", {field} {said:?}");
            }
        }
        lines.push('\n');
    }
    lines
}

/// The instant of an entry.
pub fn taken(entry: &Value) -> DateTime<Utc> {
    let milliseconds = entry["date"].as_i64().expect("a number of milliseconds");
    DateTime::from_timestamp_millis(milliseconds).expect("an instant")
}

/// When a run after the end of a history has nothing to hold back.
pub fn afterwards(history: &History) -> DateTime<Utc> {
    history.plan.end + Duration::minutes(12)
}
