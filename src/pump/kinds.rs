//! The table of event codes: which function reads each, and which of its properties are known but not used.

use super::event::{Detail, Sensor};
use super::fields::{Fields, Missing};
use super::readers::*;

/// How one kind of event is read.
pub(super) struct Kind {
    /// Tandem's `eventCode`.
    pub code: i64,
    /// Reads the event's properties.
    pub read: fn(&mut Fields<'_>) -> Result<Detail, Missing>,
    /// Properties seen in real answers that nothing here needs.
    pub unused: &'static [&'static str],
}

/// Codes that Tandem's web page asks for too and that say nothing a Nightscout site shows.
const NOT_USED: [i64; 21] = [
    53, 57, 60, 69, 99, 140, 172, 191, 203, 307, 370, 371, 461, 558, 559, 562, 563, 564, 565, 566,
    // Not of the web page's list, but in every answer: the log's own bookkeeping.
    0,
];

/// How an event of this code is read, or why it is not.
pub(super) enum Lookup {
    Read(&'static Kind),
    NotUsed,
    Unknown,
}

/// Finds a code in the table.
pub(super) fn look_up(code: i64) -> Lookup {
    match KINDS.binary_search_by_key(&code, |kind| kind.code) {
        Ok(index) => Lookup::Read(&KINDS[index]),
        Err(_) if NOT_USED.contains(&code) => Lookup::NotUsed,
        Err(_) => Lookup::Unknown,
    }
}

const fn kind(
    code: i64,
    read: fn(&mut Fields<'_>) -> Result<Detail, Missing>,
    unused: &'static [&'static str],
) -> Kind {
    Kind { code, read, unused }
}

const SIGNAL: &[&str] = &["faultLocatorData", "param1", "param2", "sensorType"];
const CGM: &[&str] = &[
    "algorithmState",
    "egvInfoBitmask",
    "interval",
    "transmitterTimeStamp",
];
const SESSION: &[&str] = &[
    "currentTransmitterTime",
    "sessionStartTime",
    "sessionStopTime",
    "sessionJoinTime",
    "sessionDuration",
    "sessionStartTimeStamp",
    "sessionStopCode",
    "sessionStopReason",
    "sensorType",
];
const BATTERY: &[&str] = &[
    "abc",
    "batteryLipoMilliVolts",
    "finalEventForDay",
    "ibc",
    "insulin",
    "iob",
    "usbPower",
];

/// Sorted by code.
static KINDS: &[Kind] = &[
    kind(3, basal_rate_change, &["idp", "insulinDeliveryProfile"]),
    kind(
        4,
        |f| Ok(Detail::AlertActivated(signal(f, "alertId")?)),
        SIGNAL,
    ),
    kind(
        5,
        |f| Ok(Detail::AlarmActivated(signal(f, "alarmId")?)),
        SIGNAL,
    ),
    kind(6, |f| Ok(Detail::Malfunction(signal(f, "malfId")?)), SIGNAL),
    kind(9, status_snapshot, BATTERY),
    kind(11, pumping_suspended, &["preSuspendState"]),
    kind(12, pumping_resumed, &["preResumeState"]),
    kind(13, time_changed, &["rawRtc"]),
    kind(14, date_changed, &["rawRtc"]),
    kind(
        16,
        bg_entered,
        &["isf", "targetBg", "selectedIob", "bgSourceType"],
    ),
    kind(
        20,
        |f| Ok(Detail::BolusCompleted(bolus_completed(f)?)),
        &["selectedIob"],
    ),
    kind(
        21,
        |f| Ok(Detail::ExtendedBolusCompleted(bolus_completed(f)?)),
        &["selectedIob"],
    ),
    kind(
        26,
        |f| Ok(Detail::AlertCleared(signal(f, "alertId")?)),
        SIGNAL,
    ),
    kind(
        28,
        |f| Ok(Detail::AlarmCleared(signal(f, "alarmId")?)),
        SIGNAL,
    ),
    kind(33, cartridge_filled, &[]),
    kind(34, status_snapshot, BATTERY),
    kind(35, status_snapshot, BATTERY),
    kind(
        55,
        |f| Ok(Detail::BolusActivated(bolus_activated(f, "bolusSize")?)),
        &["selectedIob"],
    ),
    kind(
        59,
        |f| {
            Ok(Detail::ExtendedBolusActivated(bolus_activated(
                f,
                "bolexSize",
            )?))
        },
        &["selectedIob"],
    ),
    kind(
        61,
        |f| Ok(Detail::CannulaFilled(filled(f))),
        &["infusionSetType"],
    ),
    kind(63, |f| Ok(Detail::TubingFilled(filled(f))), &["position"]),
    kind(
        64,
        bolus_requested_1,
        &["correctionBolusIncluded", "carbRatio"],
    ),
    kind(65, bolus_requested_2, &["isf", "targetBg", "selectedIob"]),
    kind(66, bolus_requested_3, &[]),
    kind(81, daily_basal, BATTERY),
    kind(90, |f| Ok(Detail::NewDay(daily_rate(f))), &["features"]),
    kind(
        171,
        |f| Ok(Detail::CgmAlert(signal(f, "dalertId")?)),
        SIGNAL,
    ),
    kind(212, |_| Ok(Detail::SensorStarted(Sensor::G6)), SESSION),
    kind(213, |_| Ok(Detail::SensorJoined(Sensor::G6)), SESSION),
    kind(214, |_| Ok(Detail::SensorStopped(Sensor::G6)), SESSION),
    kind(
        229,
        user_mode_change,
        &[
            "activeSleepSchedule",
            "exerciseChoice",
            "eatingSoonStoppedByTimer",
        ],
    ),
    kind(
        230,
        control_mode_change,
        &[
            "previousPcm",
            "pumpSuspended",
            "calculationAvailable",
            "cgmAvailable",
            "closedLoopPreferred",
            "sufficientClosedLoopParams",
        ],
    ),
    kind(256, |f| cgm_reading(f, Sensor::G6), CGM),
    kind(279, basal_delivery, &[]),
    kind(280, bolus_delivery, &["remoteId", "correction"]),
    kind(
        313,
        |f| Ok(Detail::DailyStatus(daily_rate(f))),
        &["sensorType", "userMode", "pumpControlState"],
    ),
    kind(
        369,
        |f| Ok(Detail::CgmAlert(signal(f, "dalertId")?)),
        SIGNAL,
    ),
    kind(372, |f| cgm_reading(f, Sensor::Libre2), CGM),
    kind(394, |_| Ok(Detail::SensorJoined(Sensor::G7)), SESSION),
    kind(399, |f| cgm_reading(f, Sensor::G7), CGM),
    kind(404, |_| Ok(Detail::SensorStarted(Sensor::Libre2)), SESSION),
    kind(405, |_| Ok(Detail::SensorStopped(Sensor::Libre2)), SESSION),
    kind(406, |_| Ok(Detail::SensorJoined(Sensor::Libre2)), SESSION),
    kind(447, |_| Ok(Detail::SensorStopped(Sensor::G7)), SESSION),
    kind(
        460,
        |f| Ok(Detail::CgmAlert(signal(f, "dalertId")?)),
        SIGNAL,
    ),
    kind(477, |_| Ok(Detail::SensorJoined(Sensor::Libre3)), SESSION),
    kind(480, |f| cgm_reading(f, Sensor::Libre3), CGM),
    kind(486, |_| Ok(Detail::SensorStopped(Sensor::Libre3)), SESSION),
];
