//! Codes 4, 5, 6, 26, 28, 171, 369 and 460: alarms, malfunctions and alerts.

use super::fields::{Fields, Missing};

/// A signal by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// `alertId`, `alarmId`, `malfId` or `dalertId`.
    pub id: i64,
}

pub(super) fn read(f: &mut Fields<'_>, name: &'static str) -> Result<Signal, Missing> {
    f.not_used(&["faultLocatorData", "param1", "param2", "sensorType"]);
    let id = f.integer(name);
    Ok(Signal {
        id: f.required(name, id)?,
    })
}
