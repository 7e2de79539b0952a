//! The account's pumps.

use anyhow::{Result, bail};
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::SERVICE;
use super::tokens::is_path_segment;
use crate::config::PumpSerial;
use crate::foreign::{text, wall_clock};
use crate::http::{JsonText, not_json};

/// The largest account that is read, in bytes: each pump brings its settings of some ten kilobytes.
pub(super) const LARGEST_ACCOUNT: u64 = 1024 * 1024;

/// The largest pump that is read, in bytes.
const LARGEST_PUMP: usize = 128 * 1024;

/// How much of the pumps' settings is kept in all, in bytes of their text: those of the first two dozen pumps.
const MOST_SETTINGS: usize = 256 * 1024;

/// The most pumps that are read: nobody has more.
const MOST_PUMPS: usize = 100;

/// The account: every pump that was ever on it, in the service's order. Names and birth dates are not read.
#[derive(Debug)]
pub struct Pumper {
    /// The pumps that could be read.
    pub pumps: Vec<Pump>,
    /// Which call listed them.
    pub source: AccountSource,
    /// How many could not.
    pub malformed: usize,
}

/// A pump of the account.
#[derive(Debug)]
pub struct Pump {
    /// What names the pump in requests for its logs.
    pub(crate) assignment_id: String,
    /// The serial number on the pump.
    pub serial: PumpSerial,
    /// The model's name, `Tandem Mobi™ System`; empty when the service does not say.
    pub(crate) model: String,
    /// The version of its software; empty when the service does not say.
    pub(crate) software: String,
    /// The name of its algorithm, `Control-IQ`.
    pub(crate) algorithm: Option<String>,
    /// The times of the oldest and the newest event on record, on the pump's wall clock.
    pub(crate) available: (Option<NaiveDateTime>, Option<NaiveDateTime>),
    /// The time of the newest event, on the pump's wall clock. `None` for a pump that never uploaded. Nonsense in the far
    /// future has been seen.
    pub newest_event: Option<NaiveDateTime>,
    /// When it last uploaded, by the server's clock.
    pub last_upload: Option<DateTime<Utc>>,
    /// The pump's settings as sent, `settings.details` holding the profiles; `None` for a pump that never uploaded.
    pub settings: Option<Value>,
    /// The same pump as it was registered before: its logs may hold the same events, and others. That an account lists one pump
    /// twice is unverified.
    pub(crate) earlier: Vec<Pump>,
}

/// The calls that list an account's pumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountSource {
    /// `api/reports/bff/pumper`, a wearer's.
    Pumper,
    /// `api/pumpers/pumpers`, which works for guardians (reported by one live client; that its devices are written as pumps are
    /// is unverified).
    Guardian,
}

impl AccountSource {
    /// The call's path.
    pub const fn path(self) -> &'static str {
        match self {
            AccountSource::Pumper => "api/reports/bff/pumper",
            AccountSource::Guardian => "api/pumpers/pumpers",
        }
    }

    /// What failures call the call.
    pub(super) const fn call(self) -> &'static str {
        match self {
            AccountSource::Pumper => "pumper",
            AccountSource::Guardian => "guardian's account",
        }
    }
}

/// The account as sent. The rest of it is personal and not parsed.
#[derive(Deserialize)]
struct WirePumper<'a> {
    #[serde(borrow)]
    pumps: Option<Vec<&'a RawValue>>,
    /// The same for a guardian.
    #[serde(borrow)]
    devices: Option<Vec<&'a RawValue>>,
}

impl Pumper {
    /// What to say of pumps that could not be read.
    pub(crate) fn remark_on_malformed(&self) -> Option<String> {
        let malformed = self.malformed;
        (malformed > 0).then(|| format!("{malformed} of the account's pumps could not be read"))
    }

    pub(super) fn read(json: JsonText<'_>, source: AccountSource) -> Result<Pumper> {
        let text = json.read(LARGEST_ACCOUNT, |json, _| {
            Box::<RawValue>::deserialize(json)
        })?;
        let wire: WirePumper = serde_json::from_str(text.get())
            .map_err(|error| not_json(&SERVICE, source.call(), false, &error))?;
        let list = match source {
            AccountSource::Pumper => wire.pumps,
            AccountSource::Guardian => wire.devices.or(wire.pumps),
        };
        let Some(wire) = list else {
            bail!(SERVICE.not_understood(source.call(), "answered without a list of pumps"));
        };
        let mut settings_left = MOST_SETTINGS;
        let mut pumps = Vec::new();
        for raw in wire.iter().take(MOST_PUMPS) {
            // Parsed into values, a text can take a hundred times its size in memory.
            let size = raw.get().len();
            let pump = Some(raw).filter(|_| size <= LARGEST_PUMP);
            let Some(mut pump) = pump.and_then(|raw| Pump::read(raw)) else {
                continue;
            };
            match settings_left.checked_sub(size) {
                Some(left) => settings_left = left,
                None => pump.settings = None,
            }
            pumps.push(pump);
        }
        Ok(Pumper {
            malformed: wire.len() - pumps.len(),
            source,
            pumps: each_once(pumps),
        })
    }
}

/// The pumps in the same order, each serial number once.
fn each_once(pumps: Vec<Pump>) -> Vec<Pump> {
    let mut once: Vec<Pump> = Vec::new();
    for mut pump in pumps {
        let Some(same) = once.iter_mut().find(|same| same.serial == pump.serial) else {
            once.push(pump);
            continue;
        };
        if pump.age() > same.age() {
            std::mem::swap(same, &mut pump);
            same.earlier.append(&mut pump.earlier);
        }
        same.available.0 = same.available.0.min(pump.available.0);
        same.last_upload = same.last_upload.max(pump.last_upload);
        same.settings = same.settings.take().or(pump.settings.take());
        same.earlier.push(pump);
    }
    once
}

impl Pump {
    /// `None` if it is not a pump, or has no id to request its logs by.
    fn read(raw: &RawValue) -> Option<Pump> {
        let mut wire: Map<String, Value> = serde_json::from_str(raw.get()).ok()?;
        let settings = wire.remove("settings").filter(Value::is_object);
        let said = |name: &str| text(wire.get(name)?);
        let time = |value: &Value| wall_clock(value.as_str()?);
        let range = |end: &str| time(wire.get("availableDataRange")?.get(end)?);
        Some(Pump {
            assignment_id: said("assignmentId").filter(|id| is_path_segment(id))?,
            serial: PumpSerial::new(said("serialNumber")?.trim())?,
            model: said("modelName").unwrap_or_default(),
            software: said("softwareVersion").unwrap_or_default(),
            algorithm: said("algorithm"),
            available: (range("start"), range("end")),
            newest_event: wire.get("maxDateOfEvents").and_then(time),
            last_upload: wire.get("lastUploadDate").and_then(instant),
            settings,
            earlier: Vec::new(),
        })
    }

    /// What tells a pump in use from one that is not, the greater being the newer: events first, since a phone may go on
    /// uploading of a pump that has none any more, as a capture shows. Where the account does not tell of them, the upload does.
    pub(crate) fn age(&self) -> (Option<NaiveDateTime>, Option<DateTime<Utc>>) {
        let uploaded = self.last_upload.map(|upload| upload.naive_utc());
        (self.plausible_newest().or(uploaded), self.last_upload)
    }

    /// Whether it ever uploaded anything.
    pub(crate) fn has_uploaded(&self) -> bool {
        self.newest_event.is_some() || self.last_upload.is_some()
    }

    /// The time of the pump's newest event on its clock, or `None` where the account does not say or says a time that lies
    /// after the last upload, as has been seen.
    pub(crate) fn plausible_newest(&self) -> Option<NaiveDateTime> {
        let limit = self
            .last_upload
            .map(|upload| upload.naive_utc() + Duration::days(1));
        let mut recorded = [self.newest_event, self.available.1].into_iter().flatten();
        recorded.find(|recorded| limit.is_none_or(|limit| *recorded <= limit))
    }
}

/// A server time: UTC, whether it says so or not.
fn instant(value: &Value) -> Option<DateTime<Utc>> {
    let text = value.as_str()?;
    let offset = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    offset.ok().or_else(|| Some(wall_clock(text)?.and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pump(json: &str) -> Option<Pump> {
        Pump::read(&RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn a_pump_that_never_uploaded_is_a_pump() {
        let pump = pump(
            r#"{"assignmentId":"f-1","serialNumber":514387,"algorithm":null,"availableDataRange":{"start":null,"end":null},
                "lastUploadDate":null,"maxDateOfEvents":null,"modelName":"X2","settings":null}"#,
        )
        .unwrap();
        assert_eq!(pump.serial.expose(), "514387");
        assert_eq!(pump.model, "X2");
        assert_eq!((pump.newest_event, pump.last_upload), (None, None));
        assert!(pump.settings.is_none() && pump.algorithm.is_none());
    }

    #[test]
    fn times_are_read_and_nonsense_is_left_out() {
        let pump = pump(
            r#"{"assignmentId":"f-1","serialNumber":"1111111","maxDateOfEvents":"2026-05-18T10:19:55",
                "lastUploadDate":"2026-05-18T14:20:12Z","availableDataRange":{"start":"long ago","end":"2026-05-18T10:19:55.5"}}"#,
        )
        .unwrap();
        let newest = "2026-05-18T10:19:55".parse().unwrap();
        assert_eq!(pump.newest_event, Some(newest));
        assert_eq!(pump.available, (None, Some(newest)));
        assert_eq!(pump.last_upload, "2026-05-18T14:20:12Z".parse().ok());
        assert!(!format!("{pump:?}").contains("1111111"));
    }

    #[test]
    fn what_cannot_be_asked_for_is_no_pump() {
        for json in [
            "null",
            "[]",
            "{}",
            r#"{"assignmentId":"f-1"}"#,
            r#"{"assignmentId":"f-1","serialNumber":"abc"}"#,
            r#"{"assignmentId":"../f","serialNumber":"1"}"#,
            r#"{"assignmentId":null,"serialNumber":"1"}"#,
        ] {
            assert!(pump(json).is_none(), "{json}");
        }
    }
}
