//! Codes 33, 61 and 63: the cartridge, the cannula or the tubing was filled.

use super::completion::{self, Completion};
use super::fields::{Fields, Missing};
use crate::pump::quantity::MilliUnits;

/// Code 33.
#[derive(Clone, Debug, PartialEq)]
pub struct CartridgeFilled {
    /// What was filled in.
    pub(crate) volume: Option<MilliUnits>,
}

pub(super) fn cartridge(f: &mut Fields<'_>) -> Result<CartridgeFilled, Missing> {
    let new = f
        .units("insulinVolume")
        .filter(|volume| volume.milliunits() > 0);
    let old = f.units("v2Volume").filter(|volume| volume.milliunits() > 0);
    Ok(CartridgeFilled {
        volume: new.or(old),
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

pub(super) fn cannula_or_tubing(f: &mut Fields<'_>) -> Result<Filled, Missing> {
    f.not_used(&["infusionSetType", "position"]);
    Ok(Filled {
        prime: f.units("primeSize"),
        completion: completion::read(f),
    })
}
