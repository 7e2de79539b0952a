//! Codes 212, 404 (started), 213, 394, 406, 477 (joined) and 214, 405, 447, 486 (stopped): a sensor's session.

use chrono::Duration;

use super::fields::{Fields, Missing};

/// The family of sensor that an event speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sensor {
    /// Dexcom G6.
    G6,
    /// Dexcom G7.
    G7,
    /// FreeStyle Libre 2.
    Libre2,
    /// FreeStyle Libre 3.
    Libre3,
}

/// What the pump says of a session when it starts, joins or stops one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensorSession {
    /// The sensor.
    pub(crate) sensor: Sensor,
    /// How long the session has run; `None` where the pump does not know or say.
    pub(crate) age: Option<Duration>,
    /// How long the sensor lasts, in days. A G7's join does not say.
    pub(crate) days: Option<i64>,
}

/// No sensor lasts longer. What is beyond is no age of a session, but a property with another meaning.
const LONGEST_DAYS: i64 = 31;

/// What the pump writes for a time that it does not know.
const NOT_KNOWN: i64 = 0xFFFF_FFFF;

/// Reads how long the session has run, from what the sensor's events have of it, all in seconds:
///
/// - a G7's join its age (captured: 248, 3,042 and 51,767);
/// - a G6's events and a G7's stop the start and the present by the transmitter's clock, which runs from its own start (a
///   captured stop: 72 and 905,595, ten and a half days after the join of the same session);
/// - a Libre's the start and the pump's joining. From when these count is unverified: their difference is all that is used.
pub(super) fn read(f: &mut Fields<'_>, sensor: Sensor) -> Result<SensorSession, Missing> {
    // A G7's signature is the transmitter's time at which the session started: a minute or two.
    f.not_used(&[
        "sensorType",
        "sessionJoinReason",
        "sessionSignature",
        "sessionStartTimeStamp",
        "sessionStopCode",
        "sessionStopReason",
        "sessionStopTime",
        "stopSessionCode",
    ]);
    let start = seconds(f, "sessionStartTime");
    let ages = [
        seconds(f, "cgmTimestamp"),
        since(start, seconds(f, "currentTransmitterTime")),
        since(start, seconds(f, "sessionJoinTime")),
    ];
    let age = ages.into_iter().flatten().next().map(Duration::seconds);
    Ok(SensorSession {
        sensor,
        age: age.filter(|age| *age <= Duration::days(LONGEST_DAYS)),
        days: f
            .integer("sessionDuration")
            .filter(|days| (1..=LONGEST_DAYS).contains(days)),
    })
}

fn since(start: Option<i64>, now: Option<i64>) -> Option<i64> {
    let (start, now) = start.zip(now)?;
    Some(now - start).filter(|age| *age >= 0)
}

fn seconds(f: &mut Fields<'_>, name: &str) -> Option<i64> {
    f.integer(name)
        .filter(|seconds| (0..NOT_KNOWN).contains(seconds))
}
