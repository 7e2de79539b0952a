//! The insulin in the documents is what the pump reported.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;
use serde_json::Value;

use super::{Case, cases, held};
use crate::simulator::history::ClockStory;
use crate::simulator::truth::Truth;

/// A rate that is not reported again for this long is not known any more.
const AT_MOST: Duration = Duration::minutes(30);

fn number(document: &Value, field: &str) -> f64 {
    document[field].as_f64().unwrap_or_default()
}

fn of_type<'a>(documents: &'a [Value], ending: &'a str) -> impl Iterator<Item = &'a Value> {
    documents.iter().filter(move |document| {
        let event_type = document["eventType"].as_str().unwrap_or_default();
        event_type.ends_with(ending)
    })
}

/// What the pump reported to have delivered, or to be about to, mU.
fn bolus_milliunits(truth: &Truth) -> i64 {
    let of_each = truth.boluses.iter().map(|bolus| {
        let later = bolus.extended.as_ref().map_or(0, |later| match later.to {
            Some(_) => later.delivered,
            None => later.requested,
        });
        bolus.delivered_now + later
    });
    of_each.sum()
}

/// Rate times time of all that the pump delivered until then, mU/h times seconds; and of what it was last known to deliver
/// where nothing is known, but not longer than that is taken to last.
fn basal_milliunit_seconds(truth: &Truth, until: DateTime<Utc>) -> i64 {
    let known = truth.basal_milliunit_seconds(truth.basal[0].from, until);
    let taken = truth.gaps.iter().map(|(from, _)| {
        let before = truth.basal.iter().find(|segment| segment.to == Some(*from));
        let reported = truth.reports.partition_point(|report| report.at < *from);
        let (Some(before), Some(reported)) = (before, truth.reports[..reported].last()) else {
            return 0;
        };
        let next = truth.basal.iter().find(|segment| segment.from > *from);
        let next = next.map_or(until, |next| next.from.min(until));
        let end = next.min(reported.at.max(before.from) + AT_MOST);
        before.rate * (end - *from).num_seconds().max(0)
    });
    known + taken.sum::<i64>()
}

/// Whether every rate is filed under the instant at which the pump began it, as far as a drifting clock can tell.
fn is_placed_right(truth: &Truth, basal: &[&Value]) -> bool {
    let filed: HashMap<&str, &str> = basal
        .iter()
        .filter_map(|document| {
            let number = document["pump_event_id"].as_str()?;
            Some((number, document["created_at"].as_str()?))
        })
        .collect();
    truth.reports.iter().all(|report| {
        let found = filed.get(report.number.to_string().as_str());
        let at = found.and_then(|text| text.parse::<DateTime<Utc>>().ok());
        at.is_none_or(|at| (at - report.at).abs() <= Duration::minutes(5))
    })
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn the_insulin_in_the_documents_is_what_the_pump_reported(seed in any::<u64>()) {
        let case = Case::of(seed, 2);
        let truth = &case.history.truth;
        let arrangement = case.begin();
        let outcome = arrangement.good_pass(case.now, &["--days", "4"]);
        // The newest events of a clock that its owner set wrong lie in the future, which the run warns of.
        prop_assume!(outcome.report.warnings.is_empty());
        let documents = held(&arrangement);
        let boluses: i64 = of_type(&documents, "Bolus")
            .map(|bolus| {
                // The rate has few decimals, for the eye; each amount is exact all the same.
                let later = number(bolus, "relative") * number(bolus, "duration") / 60.0;
                ((number(bolus, "insulin") + later) * 1000.0).round() as i64
            })
            .sum();
        prop_assert_eq!(boluses, bolus_milliunits(truth));

        let basal: Vec<&Value> = of_type(&documents, "Temp Basal").collect();
        // The newest rate has no end yet.
        let (newest, others) = basal.split_last().expect("some basal");
        let main_event = newest["pump_event_id"].as_str().and_then(|number| number.parse().ok());
        let until = main_event.and_then(|number| case.history.instant_of(number));
        let reported = basal_milliunit_seconds(truth, until.expect("an event"));
        let given: f64 = others
            .iter()
            .map(|document| {
                let seconds = (number(document, "duration") * 60.0).round();
                number(document, "absolute") * seconds
            })
            .sum();
        let given = (given * 1000.0).round() as i64;
        let drifts = matches!(case.history.plan.clock, ClockStory::Drift(_));
        let tolerance = if !is_placed_right(truth, &basal) {
            // Nobody can tell that this clock is not the zone's. Rates in an hour that the zone skips then overlap.
            reported / 100
        } else if drifts {
            // What runs fast or slow is set right by some seconds, which some rates then have more or less.
            reported / 200
        } else {
            0
        };
        prop_assert!((given - reported).abs() <= tolerance, "{given} of {reported}");
    }
}
