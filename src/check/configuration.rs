//! The configuration: what is set, where, and what is odd about it. Never shows a value.

use log::Level;

use super::{Findings, Mark, Part, Step};
use crate::config::{FeatureSet, Reading, where_to_mend};

const PART: Part = Part::Settings;

pub(super) fn check(reading: &Reading, findings: &mut Findings<'_>) {
    let mut places: Vec<(String, Vec<&str>)> = Vec::new();
    for found in &reading.set_variables {
        let place = found.place.to_string();
        match places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, names)) => names.push(&found.name),
            None => places.push((place, vec![&found.name])),
        }
    }
    if places.is_empty() {
        findings.info(
            PART,
            format!("no variable is set; looked in {}", reading.looked),
        );
    }
    for (place, names) in places {
        let text = format!("from {place}: {}", names.join(", "));
        findings.add(Step::new(PART, Mark::Good, text).detail());
    }
    let default = if reading.features == FeatureSet::default() {
        " (the default)"
    } else {
        ""
    };
    findings.good(PART, format!("to copy: {}{default}", reading.features));
    for remark in &reading.remarks {
        if remark.level == Level::Warn {
            findings.warning(PART, remark.text.clone());
        } else {
            findings.info(PART, remark.text.clone());
        }
    }
    for problem in &reading.problems {
        findings.add(Step {
            status: problem.status,
            ..Step::new(PART, Mark::Bad, problem.to_string())
        });
    }
    // Each problem says what to write. Where to write it is said once.
    if let Some(place) = where_to_mend(&reading.problems) {
        findings.info(PART, place);
    }
}
