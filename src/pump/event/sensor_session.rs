//! Codes 212, 404 (started), 213, 394, 406, 477 (joined) and 214, 405, 447, 486 (stopped): a sensor's session.

use chrono::Duration;

use super::fields::Fields;
use crate::named::named;

named! {
    /// A sensor family, by what documents call it: a part of identifiers, which must never change.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub(crate) enum Sensor {
        /// Dexcom G6.
        G6 = "Dexcom G6",
        /// Dexcom G7.
        G7 = "Dexcom G7",
        /// FreeStyle Libre 2.
        Libre2 = "FreeStyle Libre 2",
        /// FreeStyle Libre 3.
        Libre3 = "FreeStyle Libre 3",
    }
}

/// What the pump says about a session when it starts, joins or stops one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensorSession {
    /// The sensor.
    pub(crate) sensor: Sensor,
    /// How long the session has run; `None` if the pump does not know or say.
    pub(crate) age: Option<Duration>,
    /// How long the sensor lasts, in days. A G7's join does not say.
    pub(crate) days: Option<i64>,
}

/// No sensor lasts longer. A larger number is not the age of a session.
const LONGEST_DAYS: i64 = 31;

/// The largest time that the pump can write. The next number means "unknown".
const LAST_SECOND: i64 = 0xFFFF_FFFE;

/// Reads how long the session has run. The events of each sensor give that differently, always in seconds:
///
/// - the join of a G7 gives its age (captured: 248, 3,042 and 51,767);
/// - a G6's events and a G7's stop give start and present on the transmitter's clock, which runs from its own start (a captured
///   stop: 72 and 905,595, ten and a half days after the join of the same session);
/// - a Libre's give the start and the pump's join. Their epoch is unverified, so only the difference is used.
pub(super) fn read(f: &mut Fields, sensor: Sensor) -> Option<SensorSession> {
    // A G7's signature is the start of the session on the transmitter's clock: a minute or two.
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
    let mut seconds = |name| f.within(name, 0..=LAST_SECOND);
    let start = seconds("sessionStartTime");
    let ages = [
        seconds("cgmTimestamp"),
        since(start, seconds("currentTransmitterTime")),
        since(start, seconds("sessionJoinTime")),
    ];
    let age = ages.into_iter().flatten().next().map(Duration::seconds);
    Some(SensorSession {
        sensor,
        age: age.filter(|age| *age <= Duration::days(LONGEST_DAYS)),
        days: f.within("sessionDuration", 1..=LONGEST_DAYS),
    })
}

fn since(start: Option<i64>, now: Option<i64>) -> Option<i64> {
    let (start, now) = start.zip(now)?;
    Some(now - start).filter(|age| *age >= 0)
}
