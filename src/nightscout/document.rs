//! What this program writes into Nightscout, and who each document is.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use uuid::{Uuid, uuid};

use super::status::GlucoseUnits;
use crate::config::PumpSerial;
use crate::pump::event::EventId;
use crate::pump::quantity::{MgDl, MilliUnits, MilliUnitsPerHour, decimal, whole_or_decimal};

/// What tconnectsync writes too, so that a site which changes over keeps one history.
pub const ENTERED_BY: &str = "Pump (tconnectsync)";

/// The namespace of this program's identifiers. It must never change: documents are found again by it.
const NAMESPACE: Uuid = uuid!("6f3c1c8e-2f0b-4a57-9d0e-6a5f4f4c7c11");

/// Nightscout's `eventType` of the treatments written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum EventType {
    /// A basal rate for a while.
    TempBasal,
    /// A bolus with carbs.
    MealBolus,
    /// A bolus without.
    CorrectionBolus,
    /// A bolus of which a part is given over time.
    ComboBolus,
    /// A new infusion site: resets the cannula's age.
    SiteChange,
    /// A new cartridge: resets the insulin's age.
    InsulinChange,
    /// Anything worth knowing.
    Note,
    /// Delivery stopped.
    BasalSuspension,
    /// Delivery started again.
    BasalResume,
    /// The pump alarmed, or failed.
    Alarm,
    /// A stretch of exercise.
    Exercise,
    /// A stretch of sleep.
    Sleep,
    /// A sensor session began: resets the sensor's age.
    SensorStart,
    /// A sensor session ended.
    SensorStop,
    /// The pump alerted because of a glucose or its sensor.
    CgmAlert,
    /// A blood glucose.
    BgCheck,
    /// The pump alerted.
    PumpAlert,
    /// Another profile was activated.
    ProfileSwitch,
}

impl EventType {
    /// Nightscout's name, compared there to the letter.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            EventType::TempBasal => "Temp Basal",
            EventType::MealBolus => "Meal Bolus",
            EventType::CorrectionBolus => "Correction Bolus",
            EventType::ComboBolus => "Combo Bolus",
            EventType::SiteChange => "Site Change",
            EventType::InsulinChange => "Insulin Change",
            EventType::Note => "Note",
            EventType::BasalSuspension => "Basal Suspension",
            EventType::BasalResume => "Basal Resume",
            EventType::Alarm => "Alarm",
            EventType::Exercise => "Exercise",
            EventType::Sleep => "Sleep",
            EventType::SensorStart => "Sensor Start",
            EventType::SensorStop => "Sensor Stop",
            EventType::CgmAlert => "CGM Alert",
            EventType::BgCheck => "BG Check",
            EventType::PumpAlert => "Pump Alert",
            EventType::ProfileSwitch => "Profile Switch",
        }
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What a treatment says about one main event of the pump. Part of the identifier, so a name stays what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The rate that a basal delivery reported, or that a rate change or a resumption began.
    Basal,
    /// The rest without delivery that a suspension, a shut-down or the alarm of an empty battery began.
    SuspendedBasal,
    /// A bolus, whatever its event type.
    Bolus,
    /// A filled cartridge, cannula or tubing.
    Fill,
    /// That delivery stopped.
    Suspension,
    /// That delivery started again.
    Resumption,
    /// An alarm or a malfunction.
    Alarm,
    /// The stretch of sleep or exercise that began.
    Mode,
    /// That a sensor session began or ended.
    SensorSession,
    /// A CGM alert.
    CgmAlert,
    /// A blood glucose typed in.
    BgCheck,
    /// A glucose reading.
    Reading,
    /// An alert of the pump.
    PumpAlert,
    /// That a profile was activated.
    ProfileSwitch,
}

impl Subject {
    const fn name(self) -> &'static str {
        match self {
            Subject::Basal => "basal",
            Subject::SuspendedBasal => "suspended-basal",
            Subject::Bolus => "bolus",
            Subject::Fill => "fill",
            Subject::Suspension => "suspension",
            Subject::Resumption => "resumption",
            Subject::Alarm => "alarm",
            Subject::Mode => "mode",
            Subject::SensorSession => "sensor-session",
            Subject::CgmAlert => "cgm-alert",
            Subject::BgCheck => "bg-check",
            Subject::Reading => "reading",
            Subject::PumpAlert => "pump-alert",
            Subject::ProfileSwitch => "profile-switch",
        }
    }
}

/// How far the start of a sensor's session may differ between what two events tell of it. The clocks of pump and sensor
/// drift apart (in a capture by two and a half minutes in ten days), and the pump's is corrected; no two sessions of
/// one wearer start within so short a time but where a sensor failed at once.
pub(crate) const SAME_SESSION_WITHIN: Duration = Duration::minutes(30);

/// Which run writes a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// The one whose window holds the document's time.
    #[default]
    InTime,
    /// One whose window holds any of these instants: then the pump told of what had begun before.
    WhenTold(Vec<DateTime<Utc>>),
    /// None. It only corrects a document that is there.
    OnlyCorrects,
}

/// Which document of which pump it is, for good: the same events lead to the same identity in every run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Nightscout's `identifier`, by which newer versions upsert.
    pub identifier: Uuid,
    /// The pump's events that the document tells of, the main one first.
    pub(crate) events: Vec<EventId>,
    /// Which run writes it.
    pub(crate) occasion: Occasion,
    /// Identifiers that an earlier run may have given the document, when it knew fewer of the events.
    pub(crate) earlier: Vec<Uuid>,
}

impl Identity {
    /// The identity of what is said about the first of these events of a pump.
    pub fn new(serial: &PumpSerial, subject: Subject, main: EventId, others: &[EventId]) -> Self {
        let mut events = vec![main];
        events.extend(others);
        Identity {
            identifier: identifier(serial, subject, main),
            events,
            occasion: Occasion::InTime,
            earlier: Vec::new(),
        }
    }

    /// The identity of the start of a sensor's session, whichever event tells of it: `main` is the first that did, `told` is
    /// when any did. Seen from other events the start may be minutes off, so that reconciling also looks around it.
    pub(crate) fn of_session(
        serial: &PumpSerial,
        sensor: &str,
        (start, main): (DateTime<Utc>, EventId),
        told: Vec<DateTime<Utc>>,
    ) -> Self {
        let slot = start
            .timestamp()
            .div_euclid(SAME_SESSION_WITHIN.num_seconds());
        let name = format!("{}/{sensor}/{slot}/session-start", serial.expose());
        Identity {
            identifier: Uuid::new_v5(&NAMESPACE, name.as_bytes()),
            events: vec![main],
            occasion: Occasion::WhenTold(told),
            earlier: Vec::new(),
        }
    }

    /// The same of a document that is corrected where it is there, and not written where it is not.
    pub(crate) fn into_correction(mut self) -> Self {
        self.occasion = Occasion::OnlyCorrects;
        self
    }

    /// Takes on the identifier of a document that is to be changed.
    pub(crate) fn keep(&mut self, existing: &Existing) {
        let identifier = existing.identifier.as_deref();
        if let Some(identifier) = identifier.and_then(|text| Uuid::try_parse(text).ok()) {
            self.identifier = identifier;
        }
    }

    /// The same of a thing of which any of these events may have been the main one, as long as the others had not come.
    pub(crate) fn or_by(
        mut self,
        serial: &PumpSerial,
        subject: Subject,
        mains: &[EventId],
    ) -> Self {
        let others = mains.iter().map(|main| identifier(serial, subject, *main));
        self.earlier = others.filter(|other| *other != self.identifier).collect();
        self
    }

    /// tconnectsync's `pump_event_id`: the sequence numbers, joined by commas.
    pub(crate) fn pump_event_id(&self) -> String {
        let numbers: Vec<String> = self.events.iter().map(|id| id.number.to_string()).collect();
        numbers.join(",")
    }
}

/// The identifier of what is said about an event of a pump.
fn identifier(serial: &PumpSerial, subject: Subject, main: EventId) -> Uuid {
    let name = format!(
        "{}/{}/{}/{}",
        serial.expose(),
        main.group,
        main.number,
        subject.name()
    );
    identifier_of(&name)
}

/// The identifier of what has this name, for good.
pub(crate) fn identifier_of(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// Who caused what a treatment tells of.
///
/// Nightscout takes any treatment younger than ten minutes for a person treating a low, and snoozes urgent alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A person did it.
    Person,
    /// The pump did it by itself.
    Pump,
}

/// A treatment as it should stand in Nightscout.
#[derive(Clone, Debug, PartialEq)]
pub struct Treatment {
    /// Which document it is.
    pub(crate) identity: Identity,
    /// Its event type.
    pub(crate) event_type: EventType,
    /// The instant that it is filed under.
    pub(crate) at: DateTime<Utc>,
    /// Who caused it.
    pub(crate) cause: Cause,
    /// What it says.
    pub(crate) content: Content,
    /// What earlier versions wrote beside it about an event that only repeats it, from that event to its end. Where the site
    /// has that document it stays, and this one ends where that one begins.
    pub(crate) restated: Option<Box<Treatment>>,
}

/// What a treatment says, in Nightscout's names; what is `None` or false is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Content {
    /// Insulin given at once, in U.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) insulin: Option<MilliUnits>,
    /// Carbohydrates, in g.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub(crate) carbs: Option<f64>,
    /// Basal rate in U/h, the field that Nightscout computes with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) absolute: Option<MilliUnitsPerHour>,
    /// Basal rate in U/h, the field that other tools show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rate: Option<MilliUnitsPerHour>,
    /// How long it lasts, in minutes.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub(crate) duration: Option<f64>,
    /// Insulin of a combo bolus in all, in U.
    #[serde(rename = "enteredinsulin", skip_serializing_if = "Option::is_none")]
    pub(crate) entered_insulin: Option<MilliUnits>,
    /// Share of a combo bolus given at once, in percent.
    #[serde(rename = "splitNow", skip_serializing_if = "Option::is_none")]
    pub(crate) split_now: Option<i64>,
    /// Share of a combo bolus given over time, in percent.
    #[serde(rename = "splitExt", skip_serializing_if = "Option::is_none")]
    pub(crate) split_ext: Option<i64>,
    /// Rate of a combo bolus's part given over time, in U/h.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub(crate) relative: Option<f64>,
    /// Glucose; in the document, `glucose` and its `units`, those of the site.
    #[serde(skip)]
    pub(crate) glucose: Option<MgDl>,
    /// How it was measured: `Finger` or `Sensor`.
    #[serde(rename = "glucoseType", skip_serializing_if = "Option::is_none")]
    pub(crate) glucose_type: Option<&'static str>,
    /// Whether the pump decided on it by itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) automatic: bool,
    /// Whether it is one of Nightscout's announcements: it is shown and pushed to everybody, and snoozes no alarm.
    #[serde(rename = "isAnnouncement", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_announcement: bool,
    /// The name of the profile that was activated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    /// How a bolus was calculated; in the document, `boluscalc`.
    #[serde(skip)]
    pub(crate) calculation: Option<Calculation>,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// More, in words. No `<`: Nightscout's HTML filter cuts texts there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notes: Option<String>,
}

fn number<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => whole_or_decimal(*value, serializer),
        None => serializer.serialize_none(),
    }
}

/// Every field that this program writes into a treatment. What else a document has belongs to somebody else.
pub(crate) const FIELDS: [&str; 24] = [
    "eventType",
    "created_at",
    "enteredBy",
    "pump_event_id",
    "identifier",
    "insulin",
    "carbs",
    "absolute",
    "rate",
    "duration",
    "enteredinsulin",
    "splitNow",
    "splitExt",
    "relative",
    "glucose",
    "glucoseType",
    "units",
    "automatic",
    "isAnnouncement",
    "profile",
    "boluscalc",
    "reason",
    "notes",
    "utcOffset",
];

/// How a site wants its documents.
#[derive(Clone, Copy, Debug)]
pub struct Conventions {
    /// The owner's zone, in which times are written.
    pub zone: Tz,
    /// The units that the site shows glucose in. Its tooltips show what a treatment holds as it is.
    pub units: GlucoseUnits,
}

impl Treatment {
    /// Whether a run about some span of time writes it.
    pub(crate) fn is_due(&self, span: impl Fn(DateTime<Utc>) -> bool) -> bool {
        match &self.identity.occasion {
            Occasion::InTime | Occasion::OnlyCorrects => span(self.at),
            Occasion::WhenTold(told) => told.iter().any(|at| span(*at)),
        }
    }

    /// The document to send.
    pub fn to_json(&self, conventions: Conventions) -> Map<String, Value> {
        let Conventions { zone, units } = conventions;
        let mut document = Map::new();
        let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
        put("eventType", self.event_type.name().into());
        put("created_at", local_time(self.at, zone).into());
        put("enteredBy", ENTERED_BY.into());
        put("pump_event_id", self.identity.pump_event_id().into());
        put("identifier", self.identity.identifier.to_string().into());
        if let Some(glucose) = self.content.glucose {
            put("glucose", decimal(units.shown(glucose)));
            put("units", units.name().into());
        }
        if let Some(calculation) = &self.content.calculation {
            put("boluscalc", calculation.to_json(units).into());
        }
        if let Ok(Value::Object(content)) = serde_json::to_value(&self.content) {
            document.extend(content);
        }
        document
    }
}

/// An instant as Nightscout takes it: ISO 8601 with milliseconds and the zone's offset.
pub(crate) fn local_time(at: DateTime<Utc>, zone: Tz) -> String {
    zone.from_utc_datetime(&at.naive_utc())
        .to_rfc3339_opts(SecondsFormat::Millis, false)
}

/// How the pump's calculator came to a bolus, in the terms of Nightscout's own bolus wizard
/// (cgm-remote-monitor 15.0.7, `lib/client/boluscalc.js`).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Calculation {
    /// The glucose aimed at.
    pub(crate) target: Option<MgDl>,
    /// How far one unit lowers glucose.
    pub(crate) sensitivity: Option<MgDl>,
    /// Carbs for one unit, in g.
    pub(crate) carb_ratio: Option<f64>,
    /// Insulin on board.
    pub(crate) iob: Option<MilliUnits>,
    /// The glucose reckoned with.
    pub(crate) glucose: Option<MgDl>,
    /// The carbs reckoned with, in g.
    pub(crate) carbs: Option<f64>,
    /// For the carbs.
    pub(crate) food: Option<MilliUnits>,
    /// For the glucose.
    pub(crate) correction: Option<MilliUnits>,
    /// Asked for in all.
    pub(crate) total: Option<MilliUnits>,
    /// What the user added to the proposal, or took off it.
    pub(crate) other: Option<MilliUnits>,
}

impl Calculation {
    /// Whether anything was calculated: insulin on board and a total are there without that, too.
    pub(crate) fn is_of_use(&self) -> bool {
        let shares = [self.food, self.correction, self.other];
        self.target.is_some()
            || self.sensitivity.is_some()
            || self.carb_ratio.is_some()
            || self.glucose.is_some()
            || self.carbs.is_some()
            || shares
                .iter()
                .flatten()
                .any(|share| *share != MilliUnits::ZERO)
    }

    /// The wizard's object; what is 0 or not known is left out.
    fn to_json(&self, units: GlucoseUnits) -> Map<String, Value> {
        let glucose = |glucose: Option<MgDl>| glucose.map(|glucose| units.shown(glucose));
        let insulin = |amount: Option<MilliUnits>| amount.map(MilliUnits::units);
        let fields = [
            ("targetBGLow", glucose(self.target)),
            ("targetBGHigh", glucose(self.target)),
            (
                "isf",
                self.sensitivity.map(|isf| units.of(f64::from(isf.0))),
            ),
            ("ic", self.carb_ratio),
            ("iob", insulin(self.iob)),
            ("bg", glucose(self.glucose)),
            ("carbs", self.carbs),
            ("insulincarbs", insulin(self.food)),
            ("insulinbg", insulin(self.correction)),
            ("othercorrection", insulin(self.other)),
            ("insulin", insulin(self.total)),
        ];
        let known = fields.into_iter().filter_map(|(name, value)| {
            let value = value.filter(|value| *value != 0.0)?;
            Some((name.to_owned(), decimal(value)))
        });
        known.collect()
    }
}

/// A treatment that Nightscout has.
#[derive(Clone, Debug)]
pub struct Existing {
    /// Nightscout's `_id`.
    pub(crate) id: Option<String>,
    /// The program's identifier, if it has one.
    pub(crate) identifier: Option<String>,
    /// Whether this program or tconnectsync wrote it.
    pub(crate) ours: bool,
    /// The pump's sequence numbers in `pump_event_id`.
    pub(crate) events: BTreeSet<i64>,
    /// Its event type.
    pub(crate) event_type: String,
    /// The instant that it is filed under; `None` where Nightscout's text cannot be read.
    pub(crate) at: Option<DateTime<Utc>>,
    /// The document as read.
    pub(crate) document: Map<String, Value>,
}

impl Existing {
    /// [`Existing::from_document`] without the document itself where that is another tool's: it is never written, and a site
    /// may hold far more of those than of ours.
    pub(crate) fn lean(document: Map<String, Value>) -> Self {
        let mut existing = Existing::from_document(document);
        if !existing.ours && existing.identifier.is_none() {
            existing.document = Map::new();
        }
        existing
    }

    /// The offset from UTC, in minutes, that the document's time was sent with: that of `TIMEZONE_NAME` when it was written.
    /// Nightscout keeps it as `utcOffset`, or some sites in the time itself.
    pub(crate) fn offset_sent(&self) -> Option<i64> {
        let kept = self.document.get("utcOffset").and_then(Value::as_i64);
        kept.or_else(|| {
            let text = self.document.get("created_at")?.as_str()?;
            let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
            let seconds = time.offset().local_minus_utc();
            (!text.ends_with('Z')).then(|| i64::from(seconds / 60))
        })
    }

    /// Reads what a document is. `created_at` comes in UTC or, from some sites, with an offset.
    pub fn from_document(document: Map<String, Value>) -> Self {
        let text = |name: &str| {
            document
                .get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let numbers = text("pump_event_id").unwrap_or_default();
        Existing {
            id: text("_id"),
            identifier: text("identifier").filter(|identifier| !identifier.is_empty()),
            ours: text("enteredBy").as_deref() == Some(ENTERED_BY),
            events: numbers
                .split(',')
                .filter_map(|number| number.trim().parse().ok())
                .collect(),
            event_type: text("eventType").unwrap_or_default(),
            at: text("created_at")
                .as_deref()
                .and_then(super::parse_created_at),
            document,
        }
    }

    /// The number of the event that the document is about: the first in `pump_event_id`.
    pub(crate) fn main_event(&self) -> Option<i64> {
        let numbers = self.document.get("pump_event_id")?.as_str()?;
        numbers.split(',').next()?.trim().parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field, so that a new one does not compile until it is thought of here.
    fn full() -> Content {
        let units = MilliUnits::new(1);
        let rate = MilliUnitsPerHour::new(1);
        Content {
            insulin: Some(units),
            carbs: Some(1.0),
            absolute: Some(rate),
            rate: Some(rate),
            duration: Some(1.0),
            entered_insulin: Some(units),
            split_now: Some(1),
            split_ext: Some(1),
            relative: Some(1.0),
            glucose: Some(MgDl(100)),
            glucose_type: Some("Finger"),
            automatic: true,
            is_announcement: true,
            profile: Some("Everyday".to_owned()),
            calculation: Some(Calculation {
                carbs: Some(1.0),
                ..Calculation::default()
            }),
            reason: Some("why".to_owned()),
            notes: Some("what".to_owned()),
        }
    }

    #[test]
    fn every_field_that_is_written_is_one_of_ours() {
        let id = EventId {
            number: 1,
            group: 0,
        };
        let serial = PumpSerial::new("90001234").expect("a serial number");
        let treatment = Treatment {
            identity: Identity::new(&serial, Subject::Bolus, id, &[]),
            event_type: EventType::MealBolus,
            at: DateTime::UNIX_EPOCH,
            cause: Cause::Person,
            content: full(),
            restated: None,
        };
        let conventions = Conventions {
            zone: Tz::UTC,
            units: GlucoseUnits::MgDl,
        };
        let written: BTreeSet<String> = treatment
            .to_json(conventions)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        // Nightscout makes the offset out of the time.
        let ours = FIELDS.into_iter().filter(|field| *field != "utcOffset");
        assert_eq!(written, ours.map(str::to_owned).collect());
    }
}
