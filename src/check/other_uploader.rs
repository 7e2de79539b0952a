//! Another uploader on the same site: what is there twice because of it, and what it copied that no chosen feature does.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use super::{Findings, Mark, Part, Step};
use crate::config::{Collection, Feature, Reading};
use crate::nightscout::Site;
use crate::nightscout::document::{ENTERED_BY, Existing};
use crate::reconcile::doubles;
use crate::report::Doubles;

const PART: Part = Part::Uploads;

/// How far back to look: a change of programs is noticed within days, and infusion sites are changed about every three.
const LOOKS_BACK: Duration = Duration::days(7);

pub(super) fn check(
    reading: &Reading,
    now: DateTime<Utc>,
    site: &Site,
    findings: &mut Findings<'_>,
) {
    if reading.features.fill(Collection::Treatments) {
        let documents = site.treatments(now - LOOKS_BACK, None, |document| {
            Some(Existing::lean(document))
        });
        let Some(existing) = findings.sound(PART, documents) else {
            return;
        };
        let mut found = Doubles::default();
        for double in doubles::find(&existing, |_| None) {
            found.add(&double);
        }
        if let Some(warning) = found.warning(reading.zone.unwrap_or(Tz::UTC)) {
            findings.warning(PART, warning);
        }
        let site_change = |document: &Existing| {
            let theirs = document.ours && document.identifier.is_none();
            theirs && document.event_type == "Site Change"
        };
        if !reading.features.contains(Feature::PumpEvents) && existing.iter().any(site_change) {
            findings.add(not_copied(Feature::PumpEvents, "site changes"));
        }
    }
    // If the secret may not read profiles, that is fine: no chosen feature needs it.
    if !reading.features.contains(Feature::Profiles)
        && site.may_read(Collection::Profile).is_ok_and(|may| may)
        && let Ok(profiles) = site.newest_profiles()
        && let Some(profile) = profiles.first()
    {
        let text = |name: &str| profile.get(name).and_then(Value::as_str);
        if text("enteredBy") == Some(ENTERED_BY) && text("identifier").is_none() {
            findings.add(not_copied(Feature::Profiles, "profiles"));
        }
    }
}

fn not_copied(feature: Feature, what: &str) -> Step {
    let text = format!(
        "tconnectsync copied {what} to this site, and {feature} is not among the features here"
    );
    let cure = "tconnectsync's default is BASAL,BOLUS,PUMP_EVENTS,PROFILES: to keep all of it, set TCONNECTSYNC_HEROKU_FEATURES to \
                that";
    Step::new(PART, Mark::Warning, text).cure(cure)
}
