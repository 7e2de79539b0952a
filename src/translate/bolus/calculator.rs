//! What the pump's bolus calculator used, as far as the request says so.

use crate::nightscout::document::Calculation;
use crate::pump::quantity::MilliUnits;

use super::delivery::Delivery;

/// The calculation behind a bolus; `None` of one that was asked for in units, without the calculator.
pub(super) fn calculation(delivery: &Delivery<'_>) -> Option<Calculation> {
    let first = delivery.requested_1.map(|(_, request)| request);
    let second = delivery.requested_2.map(|(_, request)| request);
    let third = delivery.requested_3.map(|(_, request)| request);
    let food = third.and_then(|request| request.food);
    let correction = third.and_then(|request| request.correction);
    let total = third.and_then(|request| request.total);
    let overridden = second.is_some_and(|request| request.user_override);
    let proposed = food.unwrap_or_default() + correction.unwrap_or_default();
    let calculation = Calculation {
        target: second.and_then(|request| request.target),
        sensitivity: second.and_then(|request| request.sensitivity),
        carb_ratio: first.and_then(|request| request.carb_ratio),
        iob: first
            .and_then(|request| request.iob)
            .and_then(MilliUnits::from_units),
        glucose: first.and_then(|request| request.bg),
        carbs: first.and_then(|request| request.carbs),
        food,
        correction,
        total,
        // What the user made of the proposal. A declined correction is no part of either.
        other: total.filter(|_| overridden).map(|total| total - proposed),
    };
    calculation.is_of_use().then_some(calculation)
}
