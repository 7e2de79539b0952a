//! Codes 212, 404 (started), 213, 394, 406, 477 (joined) and 214, 405, 447, 486 (stopped): a sensor's session.

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

pub(super) fn read(f: &mut Fields<'_>, sensor: Sensor) -> Result<Sensor, Missing> {
    f.not_used(&[
        "currentTransmitterTime",
        "sessionStartTime",
        "sessionStopTime",
        "sessionJoinTime",
        "sessionDuration",
        "sessionStartTimeStamp",
        "sessionStopCode",
        "sessionStopReason",
        "sensorType",
    ]);
    Ok(sensor)
}
