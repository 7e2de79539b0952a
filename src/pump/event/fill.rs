//! Codes 33, 61 and 63: the cartridge, the cannula or the tubing was filled.

use super::completion::Completion;
use super::fields::event;
use crate::pump::quantity::MilliUnits;

event! {
    /// Code 33.
    pub struct CartridgeFilled, cartridge(f), not used: [] {
        /// What was filled in.
        pub(crate) volume: Option<MilliUnits> = {
            let volumes = ["insulinVolume", "v2Volume"].map(|name| f.units(name));
            volumes.into_iter().flatten().find(|volume| *volume > MilliUnits::ZERO)
        },
    }
}

event! {
    /// Codes 61 and 63.
    pub struct Filled, cannula_or_tubing(f), not used: ["infusionSetType", "position"] {
        /// How much was primed; `None` where the pump did not record it (-1).
        pub(crate) prime: Option<MilliUnits> = f.units("primeSize"),
        /// How it ended.
        pub(crate) completion: Option<Completion> = f.one_of("completionStatus"),
    }
}
