//! What this program writes into Nightscout.

mod calculation;
mod existing;
mod identity;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::status::GlucoseUnits;
use crate::named::named;
use crate::pump::quantity::{MgDl, MilliUnits, MilliUnitsPerHour, decimal, whole_or_decimal};

pub(crate) use calculation::Calculation;
pub use existing::Existing;
pub(crate) use existing::event_numbers;
pub use identity::Identity;
pub(crate) use identity::{
    Occasion, SAME_SESSION_WITHIN, device_status_name, identifier, identifier_of, names_by_time,
};

/// The same name as tconnectsync's, so that a site keeps one history when its owner switches.
pub const ENTERED_BY: &str = "Pump (tconnectsync)";

named! {
    /// Nightscout's `eventType` of the treatments written here.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub(crate) enum EventType {
        /// A basal rate for a while.
        TempBasal = "Temp Basal",
        /// A bolus with carbs.
        MealBolus = "Meal Bolus",
        /// A bolus without.
        CorrectionBolus = "Correction Bolus",
        /// A bolus of which a part is given over time.
        ComboBolus = "Combo Bolus",
        /// A new infusion site: resets the cannula's age.
        SiteChange = "Site Change",
        /// A new cartridge: resets the insulin's age.
        InsulinChange = "Insulin Change",
        /// Anything worth knowing.
        Note = "Note",
        /// Delivery stopped.
        BasalSuspension = "Basal Suspension",
        /// Delivery started again.
        BasalResume = "Basal Resume",
        /// The pump alarmed, or failed.
        Alarm = "Alarm",
        /// A stretch of exercise.
        Exercise = "Exercise",
        /// A stretch of sleep.
        Sleep = "Sleep",
        /// A sensor session began: resets the sensor's age.
        SensorStart = "Sensor Start",
        /// A sensor session ended.
        SensorStop = "Sensor Stop",
        /// The pump alerted because of a glucose or its sensor.
        CgmAlert = "CGM Alert",
        /// A blood glucose.
        BgCheck = "BG Check",
        /// The pump alerted.
        PumpAlert = "Pump Alert",
        /// Another profile was activated.
        ProfileSwitch = "Profile Switch",
    }
}

named! {
    /// What a treatment says about one main event of the pump. Part of the identifier, so a name stays what it is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Subject {
        /// The rate that a basal delivery reported, or that a rate change or a resumption began.
        Basal = "basal",
        /// The rest without delivery that a suspension, a shut-down or the alarm of an empty battery began.
        SuspendedBasal = "suspended-basal",
        /// A bolus, whatever its event type.
        Bolus = "bolus",
        /// A filled cartridge, cannula or tubing.
        Fill = "fill",
        /// That delivery stopped.
        Suspension = "suspension",
        /// That delivery started again.
        Resumption = "resumption",
        /// An alarm or a malfunction.
        Alarm = "alarm",
        /// The stretch of sleep or exercise that began.
        Mode = "mode",
        /// That a sensor session began or ended.
        SensorSession = "sensor-session",
        /// A CGM alert.
        CgmAlert = "cgm-alert",
        /// A blood glucose typed in.
        BgCheck = "bg-check",
        /// A glucose reading.
        Reading = "reading",
        /// An alert of the pump.
        PumpAlert = "pump-alert",
        /// That a profile was activated.
        ProfileSwitch = "profile-switch",
    }
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
#[serde(rename_all = "camelCase")]
pub(crate) struct Content {
    /// Insulin given at once, in U.
    pub(crate) insulin: Option<MilliUnits>,
    /// Carbohydrates, in g.
    #[serde(serialize_with = "number")]
    pub(crate) carbs: Option<f64>,
    /// Basal rate in U/h, the field that Nightscout computes with.
    pub(crate) absolute: Option<MilliUnitsPerHour>,
    /// Basal rate in U/h, the field that other tools show.
    pub(crate) rate: Option<MilliUnitsPerHour>,
    /// How long it lasts, in minutes.
    #[serde(serialize_with = "number")]
    pub(crate) duration: Option<f64>,
    /// Whether nothing tells yet how long it lasts in all: the duration is how long it has lasted when last heard of.
    #[serde(skip)]
    pub open_ended: bool,
    /// Insulin of a combo bolus in all, in U.
    #[serde(rename = "enteredinsulin")]
    pub(crate) entered_insulin: Option<MilliUnits>,
    /// Share of a combo bolus given at once, in percent.
    pub(crate) split_now: Option<i64>,
    /// Share of a combo bolus given over time, in percent.
    pub(crate) split_ext: Option<i64>,
    /// Rate of a combo bolus's part given over time, in U/h.
    #[serde(serialize_with = "number")]
    pub(crate) relative: Option<f64>,
    /// Glucose; in the document, `glucose` and its `units`, those of the site.
    #[serde(skip)]
    pub(crate) glucose: Option<MgDl>,
    /// How it was measured: `Finger` or `Sensor`.
    pub(crate) glucose_type: Option<&'static str>,
    /// Whether the pump decided on it by itself.
    pub(crate) automatic: bool,
    /// Whether it is one of Nightscout's announcements: it is shown and pushed to everybody, and snoozes no alarm.
    pub(crate) is_announcement: bool,
    /// The name of the profile that was activated.
    pub(crate) profile: Option<String>,
    /// How a bolus was calculated; in the document, `boluscalc`.
    #[serde(skip)]
    pub(crate) calculation: Option<Calculation>,
    /// Why, in words.
    pub(crate) reason: Option<String>,
    /// More, in words. No `<`: Nightscout's HTML filter cuts texts there.
    pub(crate) notes: Option<String>,
}

fn number<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => whole_or_decimal(*value, serializer),
        None => serializer.serialize_none(),
    }
}

/// Every field that this program writes into a treatment. What else a document has belongs to somebody else.
pub(crate) static FIELDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let of_every_treatment = [
        "eventType",
        "created_at",
        "enteredBy",
        "pump_event_id",
        "identifier",
    ];
    // Nightscout makes the offset out of the time.
    let made_of_others = ["glucose", "units", "boluscalc", "utcOffset"];
    let names = of_every_treatment.into_iter().chain(made_of_others);
    let content = serde_json::to_value(Content::default());
    let content = content
        .ok()
        .and_then(|content| content.as_object().cloned());
    let of_content = content.into_iter().flatten().map(|(name, _)| name);
    names.map(str::to_owned).chain(of_content).collect()
});

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
            let says = |value: &Value| !matches!(value, Value::Null | Value::Bool(false));
            document.extend(content.into_iter().filter(|(_, value)| says(value)));
        }
        document
    }
}

/// An instant as Nightscout takes it: ISO 8601 with milliseconds and the zone's offset.
pub(crate) fn local_time(at: DateTime<Utc>, zone: Tz) -> String {
    zone.from_utc_datetime(&at.naive_utc())
        .to_rfc3339_opts(SecondsFormat::Millis, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PumpSerial;
    use crate::pump::event::EventId;

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
            open_ended: true,
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
        let ours = FIELDS.iter().filter(|field| *field != "utcOffset");
        assert_eq!(written, ours.cloned().collect());
    }
}
