//! Codes 33, 61 and 63: the cartridge, the cannula or the tubing was filled.

use super::completion::Completion;
use super::fields::Fields;
use crate::pump::quantity::MilliUnits;

/// Code 33.
#[derive(Clone, Debug, PartialEq)]
pub struct CartridgeFilled {
    /// What was filled in.
    pub(crate) volume: Option<MilliUnits>,
}

pub(super) fn cartridge(f: &mut Fields) -> Option<CartridgeFilled> {
    let volumes = ["insulinVolume", "v2Volume"].map(|name| f.units(name));
    let mut recorded = volumes.into_iter().flatten();
    Some(CartridgeFilled {
        volume: recorded.find(|volume| *volume > MilliUnits::ZERO),
    })
}

/// Codes 61 and 63.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    /// How much was primed; `None` where the pump did not record it (-1).
    pub(crate) prime: Option<MilliUnits>,
    /// How it ended.
    pub(crate) completion: Option<Completion>,
}

pub(super) fn cannula_or_tubing(f: &mut Fields) -> Option<Filled> {
    f.not_used(&["infusionSetType", "position"]);
    Some(Filled {
        prime: f.units("primeSize"),
        completion: f.one_of("completionStatus"),
    })
}
