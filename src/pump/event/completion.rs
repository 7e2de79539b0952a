//! How a delivery or a fill ended: part of several kinds of event.

use super::fields::coded;

coded! {
    /// How a delivery or a fill ended (`completionStatus`).
    pub(crate) enum Completion {
        /// The user stopped it.
        UserAborted = 0,
        /// An alarm stopped it.
        Alarm = 1,
        /// The pump failed.
        Malfunction = 2,
        /// It was completed.
        Completed = 3,
        /// It was rejected.
        Rejected = 5,
        /// The low-glucose suspend stopped it.
        LowGlucoseSuspend = 6,
    }
}
