//! Codes 212, 404 (started), 213, 394, 406, 477 (joined) and 214, 405, 447, 486 (stopped): a sensor's session.

use chrono::Duration;

use super::fields::{Fields, Missing};

/// The family of sensor that an event speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sensor {
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
    pub sensor: Sensor,
    /// How long the session has run; `None` where the pump does not know or say.
    pub age: Option<Duration>,
    /// How long the sensor lasts, in days. A G7's join does not say.
    pub days: Option<i64>,
}

/// No sensor lasts longer. What is beyond is no age of a session, but a property with another meaning.
const LONGEST_DAYS: i64 = 31;

/// What the pump writes for a time that it does not know.
const NOT_KNOWN: i64 = 0xFFFF_FFFF;

/// A Dexcom session as its transmitter counts: both times are seconds since the transmitter was started (a G7's stop in a
/// capture: 905,595 and 72, ten and a half days after the join of the same session).
pub(super) fn by_transmitter(f: &mut Fields<'_>, sensor: Sensor) -> Result<SensorSession, Missing> {
    f.not_used(&[
        "sessionStopTime",
        "sessionJoinReason",
        "sessionStopReason",
        "stopSessionCode",
    ]);
    let (start, now) = (
        seconds(f, "sessionStartTime"),
        seconds(f, "currentTransmitterTime"),
    );
    Ok(session(f, sensor, start.zip(now)))
}

/// A G7's join: `cgmTimestamp` is the age of the session in seconds (captured: 248, 3,042 and 51,767).
pub(super) fn by_age(f: &mut Fields<'_>, sensor: Sensor) -> Result<SensorSession, Missing> {
    // The signature is the transmitter's time at which the session started: a minute or two.
    f.not_used(&["sessionSignature"]);
    let age = seconds(f, "cgmTimestamp").map(|age| (0, age));
    Ok(session(f, sensor, age))
}

/// A Libre's session: when it started and when the pump joined it, both in seconds. From when these count is unverified,
/// so that only their difference is used.
pub(super) fn by_join(f: &mut Fields<'_>, sensor: Sensor) -> Result<SensorSession, Missing> {
    f.not_used(&["sessionStopTime", "sessionJoinReason", "sessionStopReason"]);
    let (start, joined) = (
        seconds(f, "sessionStartTime"),
        seconds(f, "sessionJoinTime"),
    );
    Ok(session(f, sensor, start.zip(joined)))
}

fn session(f: &mut Fields<'_>, sensor: Sensor, span: Option<(i64, i64)>) -> SensorSession {
    let age = span.map(|(start, now)| {
        Duration::seconds(now.saturating_sub(start).clamp(-1, i64::from(u32::MAX)))
    });
    SensorSession {
        sensor,
        age: age.filter(|age| (Duration::zero()..=Duration::days(LONGEST_DAYS)).contains(age)),
        days: f
            .integer("sessionDuration")
            .filter(|days| (1..=LONGEST_DAYS).contains(days)),
    }
}

fn seconds(f: &mut Fields<'_>, name: &str) -> Option<i64> {
    f.integer(name)
        .filter(|seconds| (0..NOT_KNOWN).contains(seconds))
}
