//! Codes 4, 5, 6, 26, 28, 171, 369 and 460: alarms, malfunctions and alerts.

use super::fields::event;

event! {
    /// A signal by its number.
    #[derive(Copy, Eq)]
    pub struct Signal, read(f, id_name: &str), not used: ["faultLocatorData", "param1", "param2", "sensorType"] {
        /// `alertId`, `alarmId`, `malfId` or `dalertId`.
        pub id: i64 = f.integer(id_name)?,
    }
}
