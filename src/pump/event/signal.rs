//! Codes 4, 5, 6, 26, 28, 171, 369 and 460: alarms, malfunctions and alerts.

use super::fields::Fields;

/// A signal by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// `alertId`, `alarmId`, `malfId` or `dalertId`.
    pub id: i64,
}

pub(super) fn read(f: &mut Fields, name: &str) -> Option<Signal> {
    f.not_used(&["faultLocatorData", "param1", "param2", "sensorType"]);
    Some(Signal {
        id: f.integer(name)?,
    })
}
