//! How a bolus was calculated, as Nightscout's bolus wizard has it.

use serde_json::{Map, Value};

use crate::nightscout::status::GlucoseUnits;
use crate::pump::quantity::{MgDl, MilliUnits, decimal};

/// How the pump's calculator came to a bolus, in the terms of Nightscout's own bolus wizard
/// (cgm-remote-monitor 15.0.7, `lib/client/boluscalc.js`).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Calculation {
    /// The glucose aimed at.
    pub(crate) target: Option<MgDl>,
    /// How far one unit lowers glucose.
    pub(crate) sensitivity: Option<MgDl>,
    /// Carbs for one unit, in g.
    pub(crate) carb_ratio: Option<f64>,
    /// Insulin on board.
    pub(crate) iob: Option<MilliUnits>,
    /// The glucose reckoned with.
    pub(crate) glucose: Option<MgDl>,
    /// The carbs reckoned with, in g.
    pub(crate) carbs: Option<f64>,
    /// For the carbs.
    pub(crate) food: Option<MilliUnits>,
    /// For the glucose.
    pub(crate) correction: Option<MilliUnits>,
    /// Asked for in all.
    pub(crate) total: Option<MilliUnits>,
    /// What the user added to the proposal, or took off it.
    pub(crate) other: Option<MilliUnits>,
}

impl Calculation {
    /// Whether anything was calculated: insulin on board and a total are there without that, too.
    pub(crate) fn is_of_use(&self) -> bool {
        let shares = [self.food, self.correction, self.other];
        self.target.is_some()
            || self.sensitivity.is_some()
            || self.carb_ratio.is_some()
            || self.glucose.is_some()
            || self.carbs.is_some()
            || shares
                .iter()
                .flatten()
                .any(|share| *share != MilliUnits::ZERO)
    }

    /// The wizard's object; what is 0 or not known is left out.
    pub(super) fn to_json(&self, units: GlucoseUnits) -> Map<String, Value> {
        let glucose = |glucose: Option<MgDl>| glucose.map(|glucose| units.shown(glucose));
        let insulin = |amount: Option<MilliUnits>| amount.map(MilliUnits::units);
        let fields = [
            ("targetBGLow", glucose(self.target)),
            ("targetBGHigh", glucose(self.target)),
            (
                "isf",
                self.sensitivity.map(|isf| units.of(f64::from(isf.0))),
            ),
            ("ic", self.carb_ratio),
            ("iob", insulin(self.iob)),
            ("bg", glucose(self.glucose)),
            ("carbs", self.carbs),
            ("insulincarbs", insulin(self.food)),
            ("insulinbg", insulin(self.correction)),
            ("othercorrection", insulin(self.other)),
            ("insulin", insulin(self.total)),
        ];
        let known = fields.into_iter().filter_map(|(name, value)| {
            let value = value.filter(|value| *value != 0.0)?;
            Some((name.to_owned(), decimal(value)))
        });
        known.collect()
    }
}
