//! The events in a pump's history: one file for each kind, with its type and its reader, and one table of all kinds,
//! `event::kinds`. A new kind is a new file and a new row.
//!
//! Codes, properties and units are those that Tandem Source's own web page reads, as observed in 2026. A field is an `Option`
//! if the pump may leave it out or its value may be unknown to this version.

mod basal_delivery;
mod basal_rate_change;
mod bg_entry;
mod bolus_activated;
mod bolus_completed;
mod bolus_delivery;
mod bolus_request;
mod cgm_reading;
mod clock_change;
mod completion;
mod fields;
mod fill;
mod kinds;
mod new_day;
mod only_time;
mod profile_change;
mod pumping;
mod sensor_session;
mod signal;
mod status_snapshot;
mod user_mode;

pub use basal_delivery::*;
pub use basal_rate_change::*;
pub use bg_entry::*;
pub use bolus_activated::*;
pub use bolus_completed::*;
pub use bolus_delivery::*;
pub use bolus_request::*;
pub use cgm_reading::*;
pub use clock_change::*;
pub(crate) use completion::*;
pub use fill::*;
pub use kinds::{Detail, codes_read};
pub use new_day::*;
pub use only_time::*;
pub use profile_change::*;
pub use pumping::*;
pub use sensor_session::*;
pub use signal::*;
pub use status_snapshot::*;
pub use user_mode::*;

pub(super) use fields::{Asked, Fields};
pub(super) use kinds::{is_not_used, reader_of};

use super::quantity::PumpTime;

/// Identifies an event of one pump permanently.
///
/// Ordered by group, then by number. Within a group the number rises with real time, even when the pump's clock is set back. A
/// pump that starts counting again uses the next group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// Tandem's `sequenceGroup`.
    pub group: i64,
    /// Tandem's `sequenceNumber`.
    pub number: i64,
}

/// One entry of the pump's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its identity.
    pub id: EventId,
    /// What the pump's clock showed when it was written.
    pub pump_time: PumpTime,
    /// What happened.
    pub detail: Detail,
}

/// A set of bits, on the wire a list of the bits that are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bits(pub u64);

impl Bits {
    /// Whether bit `index` (0 to 63) is set.
    pub(crate) fn has(self, index: u32) -> bool {
        self.0.checked_shr(index).is_some_and(|bits| bits & 1 == 1)
    }
}
