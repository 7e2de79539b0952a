//! The configuration: what is set, from where, and what is odd about it. Never a value.

use log::Level;

use super::{Findings, Mark, Step};
use crate::config::{FeatureSet, Reading, where_to_mend};
use crate::failure::ExitStatus;

const ABOUT: &str = "Configuration";

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
        findings.info(ABOUT, "no variable is set");
    }
    for (place, names) in places {
        findings.good(ABOUT, format!("from {place}: {}", names.join(", ")));
    }
    let default = if reading.features == FeatureSet::default() {
        " (the default)"
    } else {
        ""
    };
    findings.good(ABOUT, format!("to copy: {}{default}", reading.features));
    for remark in &reading.remarks {
        if remark.level == Level::Warn {
            findings.warning(ABOUT, remark.text.clone());
        } else {
            findings.info(ABOUT, remark.text.clone());
        }
    }
    for problem in &reading.problems {
        findings.add(Step {
            about: ABOUT,
            mark: Mark::Bad,
            text: problem.to_string(),
            status: ExitStatus::Configuration,
            data: None,
        });
    }
    // What to write is said with each problem, and where to write it once for all.
    if let Some(place) = where_to_mend(&reading.problems) {
        findings.info(ABOUT, place);
    }
}
