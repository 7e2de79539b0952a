//! The ages that Nightscout shows: of the infusion site, of the insulin and of the sensor. It counts from the newest document of
//! each kind, so that a site that has none shows no age until the next change. A first run therefore looks further back for the
//! newest of each kind that the site lacks.

use anyhow::Result;
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::Pass;
use super::on_site::OnSite;
use super::pump_side::PumpSide;
use super::upload::SiteWriter;
use crate::config::Feature;
use crate::nightscout::Site;
use crate::nightscout::document::{EventType, Existing, Treatment};
use crate::reconcile::reconcile;
use crate::report::Report;
use crate::window::{self, Window};

/// How far back the newest of each kind is looked for. A site lasts days, a sensor ten to fifteen.
const LOOKED_FOR: Duration = Duration::days(14);

/// How far back Nightscout looks for the document that an age begins with (its `dataloader.js`).
const COUNTED_FROM: Duration = Duration::days(62);

/// What each age begins with, and the event types that reset it in Nightscout.
const AGES: [(EventType, &[&str]); 3] = [
    (EventType::SiteChange, &["Site Change"]),
    (EventType::InsulinChange, &["Insulin Change"]),
    (EventType::SensorStart, &["Sensor Start", "Sensor Change"]),
];

/// The ages that a first run is to fill.
#[derive(Default)]
pub(super) struct MissingAges {
    /// What they begin with.
    kinds: Vec<EventType>,
    /// What an interrupted first run left of them.
    ours: Vec<Existing>,
}

/// The most documents that a look for ages leaves on a site.
pub(super) const MOST: usize = AGES.len();

impl Pass<'_> {
    /// The ages that a site without a document of ours cannot show, and that a run of this window would not fill. What an
    /// interrupted first run left is dated anew.
    pub(super) fn missing_ages(&self, site: &Site, window: Window) -> Result<MissingAges> {
        let reaches_far = window.start <= self.now - LOOKED_FOR;
        if reaches_far || !self.config.features.contains(Feature::PumpEvents) {
            return Ok(MissingAges::default());
        }
        let (ours, theirs): (Vec<Existing>, Vec<Existing>) =
            (self.ages_there(site)?.into_iter()).partition(|document| document.ours);
        let is_there = |types: &[&str]| {
            let mut theirs = theirs.iter();
            theirs.any(|document| types.contains(&document.event_type.as_str()))
        };
        let missing = AGES.iter().filter(|(_, types)| !is_there(types));
        Ok(MissingAges {
            kinds: missing.map(|(event_type, _)| *event_type).collect(),
            ours,
        })
    }

    /// What begins an age on the site, whoever wrote it.
    fn ages_there(&self, site: &Site) -> Result<Vec<Existing>> {
        let types: Vec<&str> = AGES.iter().flat_map(|(_, types)| *types).copied().collect();
        site.treatments_of(&types, self.now - COUNTED_FROM)
    }

    /// Writes the newest document that each of these ages begins with, where it lies before a window, by the clocks as they
    /// were judged for that window. Gives what the site holds then: the window's own events may tell of the same sensor's
    /// session.
    pub(super) fn copy_ages(
        &self,
        ages: &MissingAges,
        (window, on_site): (Window, &OnSite<'_>),
        pump_side: &mut PumpSide<'_>,
        upload: &SiteWriter<'_>,
        report: &mut Report,
    ) -> Result<Vec<Existing>> {
        let page = window::page_before(self.config.zone, window, self.now - LOOKED_FOR);
        let Some(page) = page.filter(|_| !ages.kinds.is_empty()) else {
            return Ok(Vec::new());
        };
        let inside = pump_side
            .before_the_window(&page, on_site, report)?
            .into_iter();
        let inside = inside.filter(|treatment| treatment.is_due(|at| page.window.contains(at)));
        let newest = newest_of_each(&ages.kinds, inside.collect());
        let plan = reconcile(newest, &ages.ours, upload.conventions());
        let sent = plan.identifiers();
        let would_be = plan
            .create
            .iter()
            .map(|treatment| Existing::from_document(treatment.to_json(upload.conventions())));
        let would_be: Vec<Existing> = would_be.collect();
        upload.treatments(plan, &mut report.uploads)?;
        if self.config.pretend || sent.is_empty() {
            return Ok(would_be);
        }
        // The site may have refused some, and only it knows the `_id` by which older versions change one.
        let mut there = self.ages_there(upload.site)?;
        there.retain(|document| {
            let identifier = document.identifier.as_deref();
            let identifier = identifier.and_then(|text| Uuid::parse_str(text).ok());
            identifier.is_some_and(|identifier| sent.contains(&identifier))
        });
        Ok(there)
    }
}

/// The newest of each kind among treatments.
fn newest_of_each(kinds: &[EventType], treatments: Vec<Treatment>) -> Vec<Treatment> {
    let mut newest: Vec<Treatment> = Vec::new();
    for treatment in treatments {
        if !kinds.contains(&treatment.event_type) {
            continue;
        }
        match newest
            .iter_mut()
            .find(|other| other.event_type == treatment.event_type)
        {
            Some(other) if other.at < treatment.at => *other = treatment,
            Some(_) => {}
            None => newest.push(treatment),
        }
    }
    newest.sort_by_key(|treatment| treatment.at);
    newest
}

/// Whether a document may be all that an interrupted first run left: it begins an age, and lies before the usual window.
pub(super) fn may_be_of_a_first_run(document: &Existing, usual_start: DateTime<Utc>) -> bool {
    begins_an_age(&document.event_type) && document.at.is_some_and(|at| at < usual_start)
}

/// Whether documents, the newest of an uploader, are no more than an interrupted first run leaves.
pub(super) fn are_of_a_first_run(newest: &[Existing]) -> bool {
    let mut types = newest.iter().map(|document| document.event_type.as_str());
    newest.len() <= MOST && types.all(begins_an_age)
}

/// Whether a document of this type may lie before all others from here, since a first run looked for it.
pub(super) fn begins_an_age(event_type: &str) -> bool {
    AGES.iter().any(|(_, types)| types.contains(&event_type))
}
