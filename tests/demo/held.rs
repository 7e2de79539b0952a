//! The day as Nightscout holds it: its treatments, read by Nightscout's own rules.

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use crate::simulator::nightscout::Nightscout;

/// What Nightscout holds, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Held {
    pub basals: Vec<Basal>,
    pub boluses: Vec<Bolus>,
    /// Documents that are neither.
    pub others: Vec<String>,
}

/// A temp basal.
#[derive(Clone, Debug)]
pub struct Basal {
    pub at: DateTime<Utc>,
    pub end: DateTime<Utc>,
    /// mU/h.
    pub rate: i64,
}

/// A bolus of any kind.
#[derive(Clone, Debug)]
pub struct Bolus {
    pub at: DateTime<Utc>,
    pub kind: String,
    /// Given at once, mU.
    pub now: i64,
    /// Given over time, mU.
    pub later: i64,
    /// How long that takes, minutes.
    pub minutes: f64,
    /// Grams.
    pub carbs: i64,
    pub automatic: bool,
    pub notes: String,
}

impl Held {
    /// What a site holds.
    pub fn by(site: &Nightscout) -> Held {
        let mut held = Held::default();
        for document in site.treatments() {
            let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
            let number = |name: &str| document[name].as_f64().unwrap_or_default();
            let at = instant(&document["created_at"]);
            let kind = text("eventType");
            let duration = number("duration");
            match kind.as_str() {
                "Temp Basal" => held.basals.push(Basal {
                    at,
                    end: at + Duration::seconds((duration * 60.0).round() as i64),
                    rate: thousandths(number("absolute")),
                }),
                "Meal Bolus" | "Correction Bolus" | "Combo Bolus" => held.boluses.push(Bolus {
                    at,
                    now: thousandths(number("insulin")),
                    later: thousandths(number("relative") * duration / 60.0),
                    minutes: duration,
                    carbs: number("carbs").round() as i64,
                    automatic: document["automatic"].as_bool().unwrap_or_default(),
                    notes: text("notes"),
                    kind,
                }),
                _ => held.others.push(format!("{kind} at {at}")),
            }
        }
        held
    }

    /// The rate at an instant, mU/h. The later of two temp basals cuts the earlier.
    pub fn rate_at(&self, at: DateTime<Utc>) -> Option<i64> {
        let begun = self.basals.partition_point(|basal| basal.at <= at);
        let newest = self.basals[..begun].last()?;
        (at < newest.end).then_some(newest.rate)
    }
}

impl Bolus {
    /// All of it, mU.
    pub fn total(&self) -> i64 {
        self.now + self.later
    }
}

fn instant(created_at: &Value) -> DateTime<Utc> {
    let text = created_at.as_str().unwrap_or_default();
    DateTime::parse_from_rfc3339(text)
        .unwrap_or_else(|_| panic!("Nightscout stores {created_at} as an instant"))
        .to_utc()
}

fn thousandths(units: f64) -> i64 {
    (units * 1000.0).round() as i64
}
