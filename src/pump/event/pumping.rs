//! Codes 11 and 12: delivery stopped, and started again.

use super::fields::{coded, event};
use crate::pump::quantity::MilliUnits;

coded! {
    /// Why delivery stopped (`suspendReason`).
    pub enum SuspendReason {
        /// The user stopped it.
        User = 0,
        /// An alarm.
        Alarm = 1,
        /// The pump failed.
        Malfunction = 2,
        /// The low-glucose suspend.
        LowGlucoseSuspend = 6,
    }
}

event! {
    /// Code 11.
    pub struct PumpingSuspended, suspended(f), not used: ["preSuspendState", "rpaTimeout"] {
        /// What is left in the cartridge.
        pub reservoir: Option<MilliUnits> = f.units("insulinAmount"),
        /// Why.
        pub(crate) reason: Option<SuspendReason> = f.one_of("suspendReason"),
    }
}

event! {
    /// Code 12.
    pub struct PumpingResumed, resumed(f), not used: ["preResumeState"] {
        /// What is left in the cartridge.
        pub reservoir: Option<MilliUnits> = f.units("insulinAmount"),
    }
}
