//! The calculation of the pump's bolus calculator, as far as the request contains it.

use crate::nightscout::document::Calculation;
use crate::pump::quantity::MilliUnits;

use super::delivery::Delivery;

/// The calculation behind a bolus; `None` if the bolus was requested in units, without the calculator.
pub(super) fn calculation(delivery: &Delivery<'_>) -> Option<Calculation> {
    let mut calculation = Calculation::default();
    if let Some((_, request)) = delivery.requested_1 {
        calculation.carb_ratio = request.carb_ratio;
        calculation.iob = request.iob.and_then(MilliUnits::from_units);
        calculation.glucose = request.bg;
        calculation.carbs = request.carbs;
    }
    if let Some((_, request)) = delivery.requested_3 {
        calculation.food = request.food;
        calculation.correction = request.correction;
        calculation.total = request.total;
    }
    if let Some((_, request)) = delivery.requested_2 {
        calculation.target = request.target;
        calculation.sensitivity = request.sensitivity;
        // The user's change to the proposal. A declined correction is in neither.
        let proposed = [calculation.food, calculation.correction]
            .into_iter()
            .flatten();
        let proposed: MilliUnits = proposed.sum();
        let total = calculation.total.filter(|_| request.user_override);
        calculation.other = total.map(|total| total - proposed);
    }
    calculation.is_of_use().then_some(calculation)
}
