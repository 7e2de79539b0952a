//! `DEVICE_STATUS` and `IOB`: the newest state of the pump, as far as it reports one.
//!
//! Pumps differ in what they report, and when: the reservoir at suspensions and fills, some also in between; the battery
//! once a day, some more often; insulin on board around boluses. Each value keeps the time at which it was reported, and is
//! left out when it has become too old to stand beside the others. What is left in the reservoir is reckoned from the last
//! report (`device_status::reservoir`).

mod on_board;
mod reservoir;

use chrono::{DateTime, Duration, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::config::{Feature, FeatureSet};
use crate::nightscout::document::{ENTERED_BY, identifier_of, local_time};
use crate::pump::clock::DatedEvent;
use crate::pump::event::{Detail, RateSource};
use crate::pump::quantity::MilliUnits;

use super::History;
use on_board::OnBoard;
use reservoir::Reservoir;

/// Some pumps report their battery at midnight only.
const BATTERY_HOLDS: Duration = Duration::hours(25);

/// Nightscout shows an insulin on board for half an hour after the document's time; this comes on top.
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
    /// When the pump was last heard of: the document's time.
    pub(crate) at: DateTime<Utc>,
    /// Which document it is, in whichever run: Nightscout adds whatever it is sent, so that two runs at the same moment leave
    /// two, and only this tells that they are one.
    identifier: Uuid,
    reservoir: Option<Reservoir>,
    battery: Option<Reported<Battery>>,
    iob: Option<Reported<MilliUnits>>,
    suspended: Option<Reported<bool>>,
    /// Where it is suspended: since when, unless that lies before the history.
    suspended_since: Option<DateTime<Utc>>,
    /// The features that the pump reported something for, though it may have been too long ago.
    served: Vec<Feature>,
}

/// The newest state that a history tells, of what the features ask for; `None` where it tells nothing of it.
pub fn newest(history: &History<'_>, features: &FeatureSet) -> Option<DeviceState> {
    let mut state = DeviceState {
        at: history.newest()?,
        identifier: Uuid::nil(),
        reservoir: None,
        battery: None,
        iob: None,
        suspended: None,
        suspended_since: None,
        served: Vec::new(),
    };
    let status = features.contains(Feature::DeviceStatus);
    let mut on_board = OnBoard::default();
    for event in history.events {
        if status {
            state.take_status(event);
        }
        if features.contains(Feature::Iob) {
            on_board.take(event);
        }
    }
    if status {
        state.reservoir = reservoir::left(history, features);
    } else {
        // Nightscout judges the age of an insulin on board by the document's time.
        state.at = on_board.newest()?.at;
    }
    state.iob = on_board.value();
    if state.battery.is_some() || status && reservoir::is_reported(history) {
        state.served.push(Feature::DeviceStatus);
    }
    if on_board.newest().is_some() {
        state.served.push(Feature::Iob);
    }
    let serial = history.serial.expose();
    let at = state.at.timestamp_millis();
    state.identifier = identifier_of(&format!("{serial}/{at}/device-status/{features}"));
    let empty = state.served.is_empty() && state.suspended.is_none();
    forget(&mut state.battery, state.at, BATTERY_HOLDS);
    forget(&mut state.iob, state.at, IOB_HOLDS);
    (!empty).then_some(state)
}

/// Drops what was reported too long before a time.
fn forget<T>(value: &mut Option<Reported<T>>, now: DateTime<Utc>, holds: Duration) {
    if value.as_ref().is_some_and(|value| now - value.at > holds) {
        *value = None;
    }
}

impl DeviceState {
    /// Whether the pump reports anything of what a feature is about: a reservoir or a battery, an insulin on board.
    pub(crate) fn serves(&self, feature: Feature) -> bool {
        self.served.contains(&feature)
    }

    /// Whether nothing is left to say but that the pump was heard of.
    pub(crate) fn is_bare(&self) -> bool {
        self.reservoir.is_none()
            && self.battery.is_none()
            && self.iob.is_none()
            && self.suspended.is_none()
    }

    fn take_status(&mut self, event: &DatedEvent) {
        let at = event.at;
        let battery = match &event.event.detail {
            Detail::StatusSnapshot(status) => status.battery_percent.map(|percent| (percent, None)),
            Detail::DailyBasal(daily) => daily
                .battery_percent
                .map(|percent| (percent, daily.battery_millivolts)),
            _ => None,
        };
        let suspended = match &event.event.detail {
            Detail::PumpingSuspended(_) => Some(true),
            Detail::PumpingResumed(_) => Some(false),
            Detail::BasalDelivery(delivery) => delivery
                .source
                .map(|source| source == RateSource::Suspended),
            _ => None,
        };
        self.battery = battery
            .map(|(percent, millivolts)| Reported {
                value: Battery {
                    percent,
                    millivolts,
                },
                at,
            })
            .or(self.battery);
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

    /// The document to send, its times written in the owner's zone. `extended` is a list that Nightscout shows in the
    /// tooltip of its pump pill as it is.
    pub fn to_json(&self, zone: Tz) -> Map<String, Value> {
        let time = |at: DateTime<Utc>| local_time(at, zone);
        let mut pump = Map::new();
        let mut ages = Map::new();
        let minute = |at: DateTime<Utc>| {
            let local = zone.from_utc_datetime(&at.naive_utc());
            local.format("%Y-%m-%d %H:%M").to_string()
        };
        let mut age = |label: &str, at: DateTime<Utc>| {
            ages.insert(label.to_owned(), minute(at).into());
        };
        pump.insert("clock".to_owned(), time(self.at).into());
        if let Some(reservoir) = &self.reservoir {
            pump.insert("reservoir".to_owned(), json!(reservoir.left));
            if let Some(estimate) = reservoir.estimate() {
                // Nightscout shows this in place of the number, which it judges by.
                pump.insert("reservoir_display_override".to_owned(), estimate.into());
                age("Reservoir estimated from", reservoir.reported.at);
            } else {
                age("Reservoir as of", reservoir.reported.at);
            }
        }
        if let Some(battery) = &self.battery {
            pump.insert("battery".to_owned(), battery.value.to_json());
            age("Battery as of", battery.at);
        }
        if let Some(iob) = &self.iob {
            pump.insert("iob".to_owned(), iob_json(iob.value, &time(iob.at)));
            age("IOB as of", iob.at);
        }
        if let Some(suspended) = &self.suspended {
            let name = if suspended.value {
                "suspended"
            } else {
                "normal"
            };
            let status = json!({"status": name, "suspended": suspended.value, "timestamp": time(suspended.at)});
            pump.insert("status".to_owned(), status);
        }
        if let Some(since) = self.suspended_since {
            age("Suspended since", since);
        }
        if !ages.is_empty() {
            pump.insert("extended".to_owned(), ages.into());
        }
        let mut document = Map::new();
        document.insert("device".to_owned(), ENTERED_BY.into());
        document.insert("created_at".to_owned(), time(self.at).into());
        document.insert("identifier".to_owned(), self.identifier.to_string().into());
        document.insert("pump".to_owned(), pump.into());
        document
    }
}

impl Battery {
    /// Nightscout takes a percentage of 0 for none and falls back to the voltage, which it judges as that of an AA cell: a
    /// lithium cell would always look full. So the voltage only goes along with a percentage that counts.
    fn to_json(self) -> Value {
        match self.millivolts.filter(|_| self.percent > 0) {
            Some(millivolts) => {
                json!({"percent": self.percent, "voltage": millivolts as f64 / 1000.0})
            }
            None => json!({"percent": self.percent}),
        }
    }
}

/// Nightscout takes an `iob` of 0 for none and looks at `bolusiob`, where it believes a 0.
fn iob_json(iob: MilliUnits, timestamp: &str) -> Value {
    if iob == MilliUnits::ZERO {
        json!({"iob": iob, "bolusiob": iob, "timestamp": timestamp})
    } else {
        json!({"iob": iob, "timestamp": timestamp})
    }
}
