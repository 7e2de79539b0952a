//! `DEVICE_STATUS` and `IOB`: the newest state of the pump, as far as it reports one.
//!
//! Pumps differ in what they report and when: the reservoir at suspensions and fills, some also in between; the battery once a
//! day, some more often; insulin on board around boluses. Each value keeps the time of its report and is left out when it is
//! too old to be shown beside the others. The reservoir is estimated from its last report (`device_status::reservoir`).

mod on_board;
mod reservoir;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::config::{Feature, FeatureSet};
use crate::nightscout::document::{ENTERED_BY, device_status_name, identifier_of, local_time};
use crate::pump::clock::DatedEvent;
use crate::pump::event::{Detail, RateSource};
use crate::pump::quantity::MilliUnits;

use super::History;
use on_board::OnBoard;
use reservoir::Reservoir;

/// Some pumps report their battery only at midnight.
const BATTERY_HOLDS: Duration = Duration::hours(25);

/// How old insulin on board may be at the document's time. Nightscout shows it for half an hour after that.
const IOB_HOLDS: Duration = Duration::minutes(15);

/// A value and when the pump reported it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reported<T> {
    value: T,
    at: DateTime<Utc>,
}

/// Charge in percent and, from some pumps, voltage in mV.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Battery {
    percent: i64,
    millivolts: Option<i64>,
}

/// The newest state of a pump.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceState {
    /// The time of the newest event: the document's time.
    pub(crate) at: DateTime<Utc>,
    /// The same in every run. Nightscout stores every device status it is sent, so two runs at the same moment leave two, and
    /// only this shows that they are the same.
    identifier: Uuid,
    reservoir: Option<Reservoir>,
    iob: Option<Reported<MilliUnits>>,
    condition: Condition,
    /// The features for which the pump reported anything, even if too long ago.
    served: Vec<Feature>,
}

/// What the events say about the battery and the delivery.
#[derive(Clone, Debug, Default, PartialEq)]
struct Condition {
    battery: Option<Reported<Battery>>,
    suspended: Option<Reported<bool>>,
    /// Since when it is suspended, if the history reaches back that far.
    suspended_since: Option<DateTime<Utc>>,
}

/// The newest state in a history, as far as the features ask for it; `None` if there is nothing of that.
pub fn newest(history: &History<'_>, features: &FeatureSet) -> Option<DeviceState> {
    let status = features.contains(Feature::DeviceStatus);
    let mut on_board = OnBoard::default();
    let mut condition = Condition::default();
    for event in history.events {
        if status {
            condition.take(event);
        }
        if features.contains(Feature::Iob) {
            on_board.take(event);
        }
    }
    let at = match status {
        true => history.newest()?,
        // Nightscout takes the document's time for the age of the insulin on board.
        false => on_board.newest()?.at,
    };
    let serves_status = condition.battery.is_some() || status && reservoir::is_reported(history);
    let served = [
        serves_status.then_some(Feature::DeviceStatus),
        on_board.newest().map(|_| Feature::Iob),
    ];
    let served: Vec<Feature> = served.into_iter().flatten().collect();
    if served.is_empty() && condition.suspended.is_none() {
        return None;
    }
    let name = device_status_name(history.serial, at, &features.to_string());
    condition.battery = (condition.battery).filter(|battery| at - battery.at <= BATTERY_HOLDS);
    let reservoir = status.then(|| reservoir::left(history, features));
    Some(DeviceState {
        at,
        identifier: identifier_of(&name),
        reservoir: reservoir.flatten(),
        iob: on_board.value().filter(|iob| at - iob.at <= IOB_HOLDS),
        condition,
        served,
    })
}

impl Condition {
    fn take(&mut self, event: &DatedEvent) {
        let at = event.at;
        if let Detail::StatusSnapshot(status) | Detail::DailyBasal(status) = &event.event.detail
            && let Some(percent) = status.battery_percent
        {
            let value = Battery {
                percent,
                millivolts: status.battery_millivolts,
            };
            self.battery = Some(Reported { value, at });
        }
        let suspended = match &event.event.detail {
            Detail::PumpingSuspended(_) => Some(true),
            Detail::PumpingResumed(_) => Some(false),
            Detail::BasalDelivery(delivery) => {
                let source = delivery.source;
                source.map(|source| source == RateSource::Suspended)
            }
            _ => None,
        };
        if let Some(value) = suspended {
            let was = self.suspended.map(|suspended| suspended.value);
            let begins = was == Some(false)
                || was.is_none() && matches!(event.event.detail, Detail::PumpingSuspended(_));
            self.suspended_since = match value {
                true if begins => Some(at),
                true => self.suspended_since,
                false => None,
            };
            self.suspended = Some(Reported { value, at });
        }
    }
}

impl DeviceState {
    /// Whether the pump reports anything for a feature: reservoir or battery, or insulin on board.
    pub(crate) fn serves(&self, feature: Feature) -> bool {
        self.served.contains(&feature)
    }

    /// Whether it holds nothing but its time.
    pub(crate) fn is_bare(&self) -> bool {
        self.reservoir.is_none()
            && self.condition.battery.is_none()
            && self.iob.is_none()
            && self.condition.suspended.is_none()
    }

    /// The document to send, its times written in the owner's zone.
    pub fn to_json(&self, zone: Tz) -> Map<String, Value> {
        let time = |at: DateTime<Utc>| local_time(at, zone);
        let iob = self.iob.map(|iob| iob_json(iob.value, &time(iob.at)));
        let status = self.condition.suspended.map(|suspended| {
            let name = match suspended.value {
                true => "suspended",
                false => "normal",
            };
            json!({"status": name, "suspended": suspended.value, "timestamp": time(suspended.at)})
        });
        let pump = known([
            ("clock", Some(time(self.at).into())),
            ("reservoir", self.reservoir.map(|level| json!(level.left))),
            // Nightscout shows this instead of the number, but uses the number for its warnings.
            (
                "reservoir_display_override",
                self.reservoir
                    .and_then(|level| level.estimate())
                    .map(Value::String),
            ),
            (
                "battery",
                self.condition
                    .battery
                    .map(|battery| battery.value.to_json()),
            ),
            ("iob", iob),
            ("status", status),
            ("extended", self.extended(zone)),
        ]);
        known([
            ("device", Some(ENTERED_BY.into())),
            ("created_at", Some(time(self.at).into())),
            ("identifier", Some(self.identifier.to_string().into())),
            ("pump", Some(pump.into())),
        ])
    }

    /// When each value was reported. Nightscout shows this list in the tooltip of its pump pill.
    fn extended(&self, zone: Tz) -> Option<Value> {
        let reservoir = self.reservoir.map(|level| level.reported.at);
        let estimated = self.reservoir.is_some_and(|level| !level.is_as_reported());
        let ages = [
            ("Reservoir as of", reservoir.filter(|_| !estimated)),
            ("Reservoir estimated from", reservoir.filter(|_| estimated)),
            (
                "Battery as of",
                self.condition.battery.map(|battery| battery.at),
            ),
            ("IOB as of", self.iob.map(|iob| iob.at)),
            ("Suspended since", self.condition.suspended_since),
        ];
        let minute = |at: DateTime<Utc>| {
            let local = at.with_timezone(&zone);
            local.format("%Y-%m-%d %H:%M").to_string().into()
        };
        let ages = known(ages.map(|(label, at)| (label, at.map(minute))));
        (!ages.is_empty()).then(|| ages.into())
    }
}

/// A JSON object with the fields that have a value.
fn known<const N: usize>(fields: [(&str, Option<Value>); N]) -> Map<String, Value> {
    let fields = fields.into_iter();
    let known = fields.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    known.collect()
}

impl Battery {
    /// Nightscout treats 0 percent as no value and falls back to the voltage, which it judges as that of an AA cell: a lithium
    /// cell would always look full. So the voltage is sent only with a percentage above 0.
    fn to_json(self) -> Value {
        let voltage = self.millivolts.filter(|_| self.percent > 0);
        let voltage = voltage.map(|millivolts| json!(millivolts as f64 / 1000.0));
        known([("percent", Some(self.percent.into())), ("voltage", voltage)]).into()
    }
}

/// Nightscout treats an `iob` of 0 as no value and then reads `bolusiob`, where it accepts 0.
fn iob_json(iob: MilliUnits, timestamp: &str) -> Value {
    if iob == MilliUnits::ZERO {
        json!({"iob": iob, "bolusiob": iob, "timestamp": timestamp})
    } else {
        json!({"iob": iob, "timestamp": timestamp})
    }
}
