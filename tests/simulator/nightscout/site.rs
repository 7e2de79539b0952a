//! A Nightscout site: its settings, its data, and what it counts.

use std::time::Duration;

use chrono::Utc;
use chrono_tz::Tz;
use serde_json::Value;

use super::auth::Guard;
use super::dates::ServerTime;
use super::query::order_of_number;
use super::store::{Collection, Rules};
use super::values::Doc;

/// The versions whose behaviour is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 14.2.6.
    V14_2_6,
    /// 15.0.6: as 14.2.6 where it matters here.
    V15_0_6,
    /// 15.0.7: upserts by `identifier`, merges entries, writes arrays in one go.
    V15_0_7,
}

impl Version {
    /// As `status.json` says it.
    pub fn text(self) -> &'static str {
        match self {
            Self::V14_2_6 => "14.2.6",
            Self::V15_0_6 => "15.0.6",
            Self::V15_0_7 => "15.0.7",
        }
    }

    /// Whether a treatment's `identifier` is a key, and whether arrays go to the database in one go.
    pub(super) fn is_modern(self) -> bool {
        self >= Self::V15_0_7
    }
}

/// How a site is set up; change it with [`super::Nightscout::configure`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which Nightscout.
    pub version: Version,
    /// The version to report instead, for services that imitate Nightscout.
    pub version_text: Option<String>,
    /// Whether the display units are mmol/L.
    pub mmol: bool,
    /// Whether visitors without a secret may read.
    pub readable: bool,
    /// Whether the careportal plugin is enabled; without it treatments cannot be written.
    pub careportal: bool,
    /// `DE_NORMALIZE_DATES`.
    pub de_normalize_dates: bool,
    /// The server's own zone, which matters for dates that it cannot read.
    pub zone: Tz,
    /// The largest request body, bytes; absent, 50 MB (1 MB for devicestatus and profile).
    pub body_limit: Option<usize>,
    /// A path before everything, such as `/ns`.
    pub base_path: String,
    /// What every failed attempt costs all later requests. The real server's 5 s would make tests slow.
    pub auth_fail_delay: Duration,
    /// What the server takes for now, milliseconds; the real time, without one.
    pub now: Option<i64>,
    /// Whether plain http is sent to https, as a site without `INSECURE_USE_HTTP` does.
    pub https_only: bool,
    /// Whether the site failed to start: bad settings.
    pub boot_error: bool,
    /// Whether the database is gone. (The real server takes 30 s to notice.)
    pub database_gone: bool,
    /// The other plugins in `settings.enable`.
    pub plugins: Vec<String>,
    /// `BASAL_RENDER`; many sites do not set it.
    pub basal_render: Option<&'static str>,
    /// Whether POSTs to one collection meet two by two: each has looked for what to replace before the other has written
    /// anything. No collection has a unique index but on `_id`, in no version, so that both insert.
    pub races: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: Version::V15_0_7,
            version_text: None,
            mmol: false,
            readable: true,
            careportal: true,
            de_normalize_dates: false,
            zone: chrono_tz::America::New_York,
            body_limit: None,
            base_path: String::new(),
            auth_fail_delay: Duration::ZERO,
            now: None,
            https_only: false,
            boot_error: false,
            database_gone: false,
            plugins: ["basal", "bolus", "iob", "cob", "cage", "sage", "iage"]
                .map(str::to_owned)
                .to_vec(),
            basal_render: Some("default"),
            races: false,
        }
    }
}

/// What a test refuses, and the status that such a request gets.
pub(super) struct Refusal {
    pub status: u16,
    pub predicate: Box<dyn Fn(&Value) -> bool + Send>,
}

pub(super) struct Site {
    pub settings: Settings,
    pub guard: Guard,
    pub treatments: Collection,
    pub entries: Collection,
    pub devicestatus: Collection,
    pub profiles: Collection,
    pub refusals: Vec<Refusal>,
    /// Documents written by POST and PUT.
    pub writes: usize,
    /// Documents removed.
    pub deletions: usize,
    /// Replacements that an open web page does not notice.
    pub unseen_changes: usize,
    pub crashed: bool,
}

impl Site {
    pub fn new(api_secret: &str) -> Self {
        Self {
            settings: Settings::default(),
            guard: Guard::new(api_secret),
            treatments: Collection::new(Rules {
                key: treatment_key,
                order: |doc| text(doc, "created_at"),
            }),
            entries: Collection::new(Rules {
                key: entry_key,
                order: |doc| doc.get("date").map(order_of_number).unwrap_or_default(),
            }),
            devicestatus: Collection::new(Rules {
                key: |_| None,
                order: |doc| text(doc, "created_at"),
            }),
            profiles: Collection::new(Rules {
                key: |_| None,
                order: |doc| text(doc, "startDate"),
            }),
            refusals: Vec::new(),
            writes: 0,
            deletions: 0,
            unseen_changes: 0,
            crashed: false,
        }
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.settings
            .now
            .unwrap_or_else(|| Utc::now().timestamp_millis())
    }

    pub fn server_time(&self) -> ServerTime {
        ServerTime {
            now: self.now(),
            zone: self.settings.zone,
        }
    }

    /// Tells the collections the time, which is the beginning of each `_id`.
    pub fn tick(&mut self) {
        let second = u32::try_from(self.now() / 1000).unwrap_or_default();
        let collections = [
            &mut self.treatments,
            &mut self.entries,
            &mut self.devicestatus,
            &mut self.profiles,
        ];
        for collection in collections {
            collection.second = second;
        }
    }

    /// A collection by the name in its path.
    pub fn collection(&mut self, name: &str) -> Option<&mut Collection> {
        match name {
            "treatments" => Some(&mut self.treatments),
            "entries" => Some(&mut self.entries),
            "devicestatus" => Some(&mut self.devicestatus),
            "profile" => Some(&mut self.profiles),
            _ => None,
        }
    }

    /// The status with which a document is refused.
    pub fn refused(&self, doc: &Doc) -> Option<u16> {
        if doc.keys().any(|key| key.starts_with('$')) {
            return Some(500);
        }
        if self.refusals.is_empty() {
            return None;
        }
        let value = Value::Object(doc.clone());
        self.refusals
            .iter()
            .find(|refusal| (refusal.predicate)(&value))
            .map(|refusal| refusal.status)
    }
}

fn text(doc: &Doc, field: &str) -> String {
    doc.get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn treatment_key(doc: &Doc) -> Option<String> {
    let event_type = doc
        .get("eventType")
        .map(Value::to_string)
        .unwrap_or_default();
    Some(format!("{}|{event_type}", text(doc, "created_at")))
}

fn entry_key(doc: &Doc) -> Option<String> {
    doc.get("type")
        .map(|kind| format!("{}|{kind}", doc.get("sysTime").unwrap_or(&Value::Null)))
}
