//! What Nightscout's page makes of temp basals, as measured on 15.0.7 and read in `ddata.js` and `profilefunctions.js`.

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

/// The basal curve that the page draws, and that its BASAL pill reads at the current moment.
#[derive(Clone, Debug, Default)]
pub struct BasalCurve {
    /// Temp basals, oldest first, each cut where the next one begins.
    temps: Vec<Temp>,
}

#[derive(Clone, Debug)]
struct Temp {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// mU/h; none for an end mark.
    rate: Option<i64>,
}

impl BasalCurve {
    /// The curve of these treatments.
    pub fn of(treatments: &[Value]) -> Self {
        let mut temps: Vec<Temp> = treatments.iter().filter_map(Temp::of).collect();
        temps.sort_by_key(|temp| temp.from);
        // Of two in one millisecond only the first counts.
        temps.dedup_by_key(|temp| temp.from);
        for index in 1..temps.len() {
            let next = temps[index].from;
            let temp = &mut temps[index - 1];
            temp.to = temp.to.min(next);
        }
        BasalCurve { temps }
    }

    /// The rate of the temp basal in force, mU/h; none where the page shows the profile's.
    pub fn rate_at(&self, at: DateTime<Utc>) -> Option<i64> {
        let begun = self.temps.partition_point(|temp| temp.from <= at);
        let newest = self.temps[..begun].last()?;
        newest.rate.filter(|_| at <= newest.to)
    }
}

impl Temp {
    fn of(document: &Value) -> Option<Temp> {
        if !document["eventType"].as_str()?.contains("Temp Basal") {
            return None;
        }
        let from = DateTime::parse_from_rfc3339(document["created_at"].as_str()?).ok()?;
        let from = from.to_utc();
        let minutes = document["duration"].as_f64().unwrap_or_default();
        let rate = document["absolute"].as_f64()?;
        Some(Temp {
            from,
            to: from + Duration::milliseconds((minutes * 60_000.0).round() as i64),
            // Without a duration it marks the end of the one before.
            rate: (minutes > 0.0).then_some((rate * 1000.0).round() as i64),
        })
    }
}
