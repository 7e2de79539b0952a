//! tconnectsync beside this program: what it looks for on the site before it writes, and the documents that it writes.
//!
//! By its release of March 2026 (`tconnectsync/sync/tandemsource/process*.py`, `parser/nightscout.py`, `nightscout.py`): of
//! each kind of document it asks for the newest one under its own name and event type between the first and the last of the
//! events that it fetched, and writes whatever is newer, one document a request. It knows no other sign of what is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::history::{Event, History};
use super::nightscout::Nightscout;

const ENTERED_BY: &str = "Pump (tconnectsync)";
const NOT_ENDED: &str = "Not Ended";

/// The names that it has for the options of a bolus.
const OPTIONS: [&str; 8] = [
    "Standard Bolus",
    "Extended Bolus",
    "Quick Bolus",
    "Automatic Bolus",
    "BLE Standard Bolus",
    "BLE Extended Bolus",
    "Eating Soon Automatic Bolus",
    "Late Bolus",
];

/// tconnectsync with its default features, but for profiles.
pub struct Tconnectsync {
    history: Arc<History>,
    site: String,
    client: reqwest::blocking::Client,
    /// Its `TIMEZONE_NAME`.
    zone: Tz,
}

/// An event and the time that it takes it to have happened.
struct Dated<'a> {
    event: &'a Event,
    at: DateTime<Tz>,
    properties: Value,
}

impl Dated<'_> {
    fn int(&self, name: &str) -> i64 {
        self.properties[name].as_i64().unwrap_or_default()
    }

    fn number(&self) -> String {
        self.event.number.to_string()
    }
}

impl Tconnectsync {
    /// It copies this pump to this site, and takes the pump's clock to be in this zone.
    pub fn new(history: Arc<History>, site: &Nightscout, zone: Tz) -> Self {
        // A second installation is refused, which is fine: the first one stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Tconnectsync {
            history,
            site: site.url(),
            client: reqwest::blocking::Client::new(),
            zone,
        }
    }

    /// One pass: yesterday's and today's events, as far as they were uploaded.
    pub fn run(&self, now: DateTime<Utc>, uploaded_until: DateTime<Utc>) {
        let day = |at: DateTime<Utc>| at.with_timezone(&self.zone).date_naive();
        let midnight = |date: chrono::NaiveDate| date.and_time(chrono::NaiveTime::MIN).and_utc();
        let from = midnight(day(now - Duration::days(1))).timestamp();
        let to = midnight(day(now) + Duration::days(1)).timestamp();
        let events = self.history.select(from, to, Some(uploaded_until));
        // What cannot be read is none of its business here.
        let events = events.filter(|event| event.odd.is_empty());
        let mut events: Vec<Dated> = events.filter_map(|event| self.dated(event)).collect();
        events.sort_by_key(|event| event.at);
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return;
        };
        let span = (first.at, last.at.min(now.with_timezone(&self.zone)));
        self.basal(&events, span);
        self.signals(&events, span, 11, "Basal Suspension");
        self.signals(&events, span, 12, "Basal Resume");
        self.boluses(&events, span);
        self.fills(&events, span);
        self.modes(&events, span);
    }

    fn dated<'a>(&self, event: &'a Event) -> Option<Dated<'a>> {
        let reading = DateTime::from_timestamp(event.wall, 0)?.naive_utc();
        Some(Dated {
            event,
            at: self.zone.from_local_datetime(&reading).earliest()?,
            properties: event.properties_json(),
        })
    }

    fn basal(&self, events: &[Dated], span: (DateTime<Tz>, DateTime<Tz>)) {
        let rates = self.news(events, span, &[279], "Temp Basal");
        for (index, rate) in rates.iter().enumerate() {
            let end = rates.get(index + 1).map_or(span.1, |next| next.at);
            let minutes = (end - rate.at).num_seconds() as f64 / 60.0;
            let value = hundredths(rate.int("commandedRate") as f64 / 1000.0);
            self.post(&json!({
                "eventType": "Temp Basal",
                "reason": "Algorithm",
                "duration": (minutes != 0.0).then_some(minutes),
                "absolute": value,
                "rate": value,
                "created_at": time(rate.at),
                "carbs": null,
                "insulin": null,
                "enteredBy": ENTERED_BY,
                "pump_event_id": rate.number(),
            }));
        }
    }

    fn boluses(&self, events: &[Dated], span: (DateTime<Tz>, DateTime<Tz>)) {
        let mut requests: BTreeMap<i64, BTreeMap<u32, &Dated>> = BTreeMap::new();
        for event in events {
            if matches!(event.event.code, 64..=66) {
                let of_bolus = requests.entry(event.int("bolusId")).or_default();
                of_bolus.insert(event.event.code, event);
            }
        }
        for completed in self.news(events, span, &[20], "Combo Bolus") {
            let none = BTreeMap::new();
            let request = requests.get(&completed.int("bolusId")).unwrap_or(&none);
            let (first, second) = (request.get(&64), request.get(&65));
            let option = second.and_then(|second| OPTIONS.get(second.int("options") as usize));
            let mut notes = option.copied().unwrap_or_default().to_owned();
            if second.is_some_and(|second| second.int("userOverride") == 1) {
                notes += " (Override)";
            }
            if second.is_some_and(|second| second.int("declinedCorrection") == 1) {
                notes += " (Declined Correction)";
            }
            let parts = std::iter::once(completed).chain(request.values().copied());
            let numbers: Vec<String> = parts.map(Dated::number).collect();
            let delivered = completed.properties["insulinDelivered"].as_f64();
            let mut document = json!({
                "eventType": "Combo Bolus",
                "created_at": time(completed.at),
                "carbs": first.map_or(0, |first| first.int("carbAmount")),
                "insulin": hundredths(delivered.unwrap_or_default()),
                "notes": notes,
                "enteredBy": ENTERED_BY,
                "pump_event_id": numbers.join(","),
            });
            if let Some(bg) = first.map(|first| first.int("bg")).filter(|bg| *bg > 0) {
                document["glucose"] = bg.to_string().into();
            }
            self.post(&document);
        }
    }

    fn fills(&self, events: &[Dated], span: (DateTime<Tz>, DateTime<Tz>)) {
        let fills = self.news(events, span, &[33, 61, 63], "Site Change");
        for (code, what) in [
            (33, "Cartridge Filled"),
            (61, "Cannula Filled"),
            (63, "Tubing Filled"),
        ] {
            for fill in fills.iter().filter(|fill| fill.event.code == code) {
                self.post(&said(fill, "Site Change", what));
            }
        }
    }

    fn signals(&self, events: &[Dated], span: (DateTime<Tz>, DateTime<Tz>), code: u32, kind: &str) {
        for signal in self.news(events, span, &[code], kind) {
            self.post(&said(signal, kind, "User aborted"));
        }
    }

    /// Sleep and exercise. What had not ended when it was written is deleted and written anew once it has, as long as it is
    /// the newest of its kind.
    fn modes(&self, events: &[Dated], span: (DateTime<Tz>, DateTime<Tz>)) {
        let kinds = [("Sleep", 1, 2), ("Exercise", 3, 4)];
        let newest = kinds.map(|(kind, ..)| self.newest(kind, span));
        let last = newest.iter().flatten().filter_map(at).max();
        let changes = events.iter().filter(|event| {
            event.event.code == 229 && last.is_none_or(|last| event.at.to_utc() > last)
        });
        let changes: Vec<&Dated> = changes.collect();
        for ((kind, start, stop), newest) in kinds.into_iter().zip(&newest) {
            let mut begun: Option<&Dated> = None;
            for change in &changes {
                let action = change.int("requestedAction");
                if action == start {
                    begun = Some(*change);
                } else if action == stop {
                    match (begun.take(), newest) {
                        (Some(begun), _) => self.post(&mode(kind, begun, Some(change), span.1)),
                        (None, Some(newest)) if not_ended(newest) => self.end(kind, newest, change),
                        _ => {}
                    }
                }
            }
            if let Some(begun) = begun {
                self.post(&mode(kind, begun, None, span.1));
            }
        }
    }

    fn end(&self, kind: &str, begun: &Value, stop: &Dated) {
        let id = begun["_id"].as_str().unwrap_or_default();
        let answer = self
            .client
            .delete(format!("{}/api/v1/treatments/{id}", self.site))
            .header("api-secret", secret())
            .send();
        assert!(answer.expect("the site answers").status().is_success());
        let from = at(begun).expect("a stored time");
        let minutes = (stop.at.to_utc() - from).num_seconds() as f64 / 60.0;
        let reason = begun["reason"].as_str().unwrap_or_default();
        let events = begun["pump_event_id"].as_str().unwrap_or_default();
        let reason = reason.replace(&format!(" - {NOT_ENDED}"), "");
        self.post(&json!({
            "eventType": kind,
            "reason": reason,
            "notes": reason,
            "duration": minutes,
            "created_at": begun["created_at"],
            "enteredBy": ENTERED_BY,
            "pump_event_id": format!("{events},{}", stop.number()),
        }));
    }

    /// The events of these codes that are newer than the newest document of this type under its name.
    fn news<'e, 'd>(
        &self,
        events: &'e [Dated<'d>],
        span: (DateTime<Tz>, DateTime<Tz>),
        codes: &[u32],
        kind: &str,
    ) -> Vec<&'e Dated<'d>> {
        let last = self.newest(kind, span).as_ref().and_then(at);
        let news = events.iter().filter(|event| {
            codes.contains(&event.event.code) && last.is_none_or(|last| event.at.to_utc() > last)
        });
        news.collect()
    }

    fn newest(&self, kind: &str, (from, to): (DateTime<Tz>, DateTime<Tz>)) -> Option<Value> {
        let bound = |at: DateTime<Tz>| at.to_rfc3339_opts(SecondsFormat::Secs, false);
        let (from, to) = (bound(from), bound(to));
        let query = [
            ("count", "1"),
            ("find[enteredBy]", ENTERED_BY),
            ("find[eventType]", kind),
            ("find[created_at][$gte]", &from),
            ("find[created_at][$lte]", &to),
        ];
        let answer = self
            .client
            .get(format!("{}/api/v1/treatments", self.site))
            .query(&query)
            .header("api-secret", secret())
            .send();
        let found: Value = answer.expect("the site answers").json().expect("JSON");
        found.get(0).cloned()
    }

    fn post(&self, document: &Value) {
        let answer = self
            .client
            .post(format!("{}/api/v1/treatments", self.site))
            .header("api-secret", secret())
            .json(document)
            .send()
            .expect("the site answers");
        assert!(answer.status().is_success(), "{answer:?}");
    }
}

fn said(event: &Dated, kind: &str, reason: &str) -> Value {
    json!({
        "eventType": kind,
        "reason": reason,
        "notes": reason,
        "created_at": time(event.at),
        "enteredBy": ENTERED_BY,
        "pump_event_id": event.number(),
    })
}

fn mode(kind: &str, begun: &Dated, stopped: Option<&Dated>, newest: DateTime<Tz>) -> Value {
    let end = stopped.map_or(newest, |stopped| stopped.at);
    let (reason, events) = match stopped {
        Some(stopped) => (
            kind.to_owned(),
            format!("{},{}", begun.number(), stopped.number()),
        ),
        None => (format!("{kind} - {NOT_ENDED}"), begun.number()),
    };
    json!({
        "duration": (end - begun.at).num_seconds() as f64 / 60.0,
        "eventType": kind,
        "reason": reason,
        "notes": reason,
        "created_at": time(begun.at),
        "enteredBy": ENTERED_BY,
        "pump_event_id": events,
    })
}

fn not_ended(document: &Value) -> bool {
    let reason = document["reason"].as_str();
    reason.is_some_and(|reason| reason.contains(NOT_ENDED))
}

/// A stored document's time.
fn at(document: &Value) -> Option<DateTime<Utc>> {
    let text = document["created_at"].as_str()?;
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

/// A time as arrow writes it: with a blank.
fn time(at: DateTime<Tz>) -> String {
    at.format("%Y-%m-%d %H:%M:%S%:z").to_string()
}

/// Rounded as it rounds insulin.
fn hundredths(units: f64) -> f64 {
    format!("{units:.2}").parse().expect("a number")
}

fn secret() -> String {
    use sha1::Digest;
    let digest = sha1::Sha1::digest(Nightscout::API_SECRET.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
