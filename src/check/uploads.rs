//! The newest document of each feature, and how far behind the pump it is: the state of synchronization.

use anyhow::Result;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use super::{Findings, Mark, Part, Step};
use crate::config::{Feature, FeatureSet, Reading};
use crate::nightscout::document::ENTERED_BY;
use crate::nightscout::{Collection, Document, Site, parse_created_at};
use crate::report::{local_minute, span_in_words};

const PART: Part = Part::Uploads;

/// Basal rates come every few minutes, and runs about every quarter of an hour. If they lag by more than this, runs are missing.
const KEEPS_UP: Duration = Duration::hours(2);

const START_MORE_OFTEN: &str = "Check that the scheduler starts a run about every ten minutes, and in its log how the latest runs ended";

/// The collections that the features need, each once.
pub(super) fn collections(features: &FeatureSet) -> Vec<Collection> {
    let mut collections = Vec::new();
    for collection in features.iter().flat_map(Feature::fills) {
        if !collections.contains(collection) {
            collections.push(*collection);
        }
    }
    collections
}

pub(super) fn check(
    reading: &Reading,
    now: DateTime<Utc>,
    site: &Site,
    newest_event: Option<DateTime<Utc>>,
    findings: &mut Findings<'_>,
) {
    log::info!("looking for the newest documents");
    let zone = reading.zone.unwrap_or(Tz::UTC);
    for feature in reading.features.iter() {
        let newest = newest(site, feature);
        let Some(newest) = findings.sound(PART, newest) else {
            continue;
        };
        let Some(newest) = newest else {
            findings.info(PART, format!("{feature}: nothing yet"));
            continue;
        };
        let mut text = format!("{feature}: up to {}", local_minute(newest, zone));
        let behind = newest_event.map(|event| event - newest);
        match behind.filter(|behind| *behind > Duration::zero()) {
            Some(behind) => text += &format!(", {} behind the pump", span_in_words(behind)),
            None => {
                let age = span_in_words((now - newest).max(Duration::zero()));
                text += &format!(", {age} ago");
            }
        }
        // Of the others nothing need happen for days.
        let late = feature == Feature::Basal && behind.is_some_and(|behind| behind > KEEPS_UP);
        findings.add(match late {
            true => Step::new(PART, Mark::Warning, text).cure(START_MORE_OFTEN),
            false => Step::new(PART, Mark::Good, text),
        });
    }
}

fn newest(site: &Site, feature: Feature) -> Result<Option<DateTime<Utc>>> {
    let time = |documents: Vec<Document>, field: &str| {
        documents
            .first()
            .and_then(|document| parse_created_at(document.get(field)?.as_str()?))
    };
    match feature.main_collection() {
        Collection::Treatments => site.newest_treatment_of(ENTERED_BY, feature.event_types()),
        Collection::Entries => site.newest_entry(ENTERED_BY),
        Collection::DeviceStatus => {
            Ok(time(site.newest_device_statuses(ENTERED_BY)?, "created_at"))
        }
        Collection::Profile => Ok(time(site.newest_profiles()?, "startDate")),
    }
}
