//! Reads from Nightscout: first during the login to Tandem, then page by page.

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::ages::MissingAges;
use super::background::at_once;
use super::{Pass, ages, on_site};
use crate::config::{Feature, Span};
use crate::nightscout::document::{ENTERED_BY, Existing};
use crate::nightscout::entry::ExistingEntry;
use crate::nightscout::{Collection, Document, ObjectId, Site, SiteStatus};
use crate::pump::clock::{self, Sighting};
use crate::pump::dating;
use crate::reconcile::twins::{self, Identified};
use crate::window::{self, ASTRAY, Window};

/// What is known of the site before the pump's events are.
pub(super) struct SiteSide {
    pub(crate) status: SiteStatus,
    pub(crate) events: EventsSide,
    /// The time of the newest device status from here.
    pub(crate) newest_status: Option<DateTime<Utc>>,
    /// The profile document that the site goes by.
    pub(crate) profile: Option<Document>,
    /// The younger twins among device statuses and profiles.
    pub(crate) twins: Twins,
}

/// Duplicates: the younger of two documents with the same identity.
pub(super) type Twins = Vec<(Collection, ObjectId)>;

/// The documents of a collection without the younger twins, which are added to those.
fn without_twins<T>(
    collection: Collection,
    documents: Vec<(Option<Identified>, T)>,
    twins: &mut Twins,
) -> Vec<T> {
    let (documents, younger) = twins::part(collection, documents);
    twins.extend(younger.into_iter().map(|id| (collection, id)));
    documents
}

/// What is known of the site's treatments and entries.
pub(super) struct EventsSide {
    pub(crate) window: Window,
    /// The time up to which everything was uploaded, as far as that is known.
    pub(crate) newest: Option<DateTime<Utc>>,
    /// Whether it holds nothing of the pumps yet.
    pub(crate) first_run: bool,
    /// What is there around the window's first page.
    pub(crate) existing: ThereAlready,
    /// The ages that it cannot show and that this run is to fill.
    pub(crate) missing_ages: MissingAges,
    /// What is to be said of a window cut short.
    pub(crate) warning: Option<String>,
}

/// The documents that may be those of a span; none of a kind that no feature fills.
#[derive(Default)]
pub(super) struct ThereAlready {
    pub(crate) treatments: Vec<Existing>,
    pub(crate) entries: Vec<ExistingEntry>,
    /// Glucose that other uploaders brought, where it was read.
    pub(crate) sightings: Option<Vec<Sighting>>,
    /// The younger twins among them, which are not in the lists above.
    pub(crate) twins: Twins,
    /// Whether what ages begin with may be all that is there: an interrupted first run dated it by a guess.
    pub(crate) ages_are_guesses: bool,
}

impl ThereAlready {
    /// The oldest document from here, but for those that a first run looked further back for.
    pub(super) fn oldest(&self) -> Option<DateTime<Utc>> {
        let treatments = self
            .treatments
            .iter()
            .filter(|document| document.ours && !ages::begins_an_age(&document.event_type));
        let entries = self.entries.iter().filter(|entry| entry.ours);
        let treatments = treatments.filter_map(|document| document.at);
        treatments.chain(entries.map(|entry| entry.at)).min()
    }
}

impl Pass<'_> {
    /// What Nightscout can be asked before the pump's events are known.
    pub(super) fn look_at_site(&self, site: &Site) -> Result<SiteSide> {
        // A single call first, to find out whether the secret is accepted: each rejected call delays later ones.
        let status = site.status()?;
        let (events_side, others) = at_once(
            || self.window_and_first_page(site),
            || self.newest_status_and_profile(site),
        );
        let events = events_side?;
        let (newest_status, profile, twins) = others?;
        Ok(SiteSide {
            status,
            events,
            newest_status,
            profile,
            twins,
        })
    }

    /// The window of the run, and what is there in its first page.
    fn window_and_first_page(&self, site: &Site) -> Result<EventsSide> {
        match self.config.span {
            Span::Recent { days } => self.recent(site, days),
            Span::Dates { first, last } => {
                let window = window::of_dates(self.config.zone, first, last);
                let existing = self.existing(site, self.first_page(window))?;
                let newest = self.newest_uploaded(site, Some(&existing), window.start)?;
                Ok(EventsSide {
                    window,
                    newest: None,
                    first_run: self.is_first_run(newest),
                    existing,
                    missing_ages: MissingAges::default(),
                    warning: None,
                })
            }
        }
    }

    /// The time of the newest device status from here, the profile document that counts, and the twins of both.
    fn newest_status_and_profile(
        &self,
        site: &Site,
    ) -> Result<(Option<DateTime<Utc>>, Option<Document>, Twins)> {
        let mut twins = Twins::new();
        let mut newest = |collection, documents: Vec<Document>| {
            let identified = documents
                .into_iter()
                .map(|document| (twins::identified(collection, &document), document));
            let documents = without_twins(collection, identified.collect(), &mut twins);
            documents.into_iter().next()
        };
        let mut status = None;
        if self.fills(Collection::DeviceStatus) {
            let statuses = site.newest_device_statuses(ENTERED_BY)?;
            let newest = newest(Collection::DeviceStatus, statuses);
            status = newest.and_then(|newest| Collection::DeviceStatus.instant(&newest));
        }
        let mut profile = None;
        if self.fills(Collection::Profile) {
            profile = newest(Collection::Profile, site.newest_profiles()?);
        }
        Ok((status, profile, twins))
    }

    /// The window of an ordinary run, and what is there in its first page.
    fn recent(&self, site: &Site, days: u16) -> Result<EventsSide> {
        let limit = self.config.max_catch_up_days;
        let usual = window::recent(self.now, days, None, limit).window;
        // What is there of more than a page is not asked for just to know the newest.
        let one_page = Some(usual).filter(|usual| self.first_page(*usual) == *usual);
        let existing = one_page.map(|page| self.existing(site, page)).transpose()?;
        let newest = self.newest_uploaded(site, existing.as_ref(), usual.start)?;
        let missing_ages = match newest {
            Some(_) => MissingAges::default(),
            None => self.missing_ages(site, usual)?,
        };
        let recent = window::recent(self.now, days, newest, limit);
        let warning = recent
            .cut_off
            .map(|missing_since| self.catch_up_is_cut_off(missing_since, recent.window));
        let mut existing = match existing {
            Some(existing) if recent.window == usual => existing,
            _ => self.existing(site, self.first_page(recent.window))?,
        };
        existing.ages_are_guesses = newest.is_none();
        // Nothing written yet tells of the pump's clock: it will be in doubt. Where no history is copied, nothing will ever tell
        // of it, and each run would ask.
        let first_run = self.is_first_run(newest);
        if first_run && existing.sightings.is_none() {
            let page = self.first_page(recent.window);
            existing.sightings = Some(on_site::sightings(site, self.told_by_sightings(page))?);
        }
        Ok(EventsSide {
            window: recent.window,
            newest,
            first_run,
            existing,
            missing_ages,
            warning,
        })
    }

    /// The window of an ordinary run, and what the site holds around its first page.
    pub(super) fn recent_and_there_already(
        &self,
        site: &Site,
        days: u16,
    ) -> Result<(Window, ThereAlready)> {
        let events_side = self.recent(site, days)?;
        Ok((events_side.window, events_side.existing))
    }

    /// Whether a run at this moment would be the first.
    pub(super) fn would_be_a_first_run(&self, site: &Site) -> Result<bool> {
        Ok(self.window_and_first_page(site)?.first_run)
    }

    /// Whether the site holds nothing of the pumps yet. Only their history tells: without a feature that copies it, no run is
    /// the first.
    fn is_first_run(&self, newest: Option<DateTime<Utc>>) -> bool {
        (self.copies_treatments() || self.fills(Collection::Entries)) && newest.is_none()
    }

    /// Whether treatments tell up to when everything was uploaded. Profiles are switched so seldom that the newest switch
    /// tells of nothing else.
    fn copies_treatments(&self) -> bool {
        let mut features = self.config.features.iter();
        features.any(|feature| feature.main_collection() == Collection::Treatments)
    }

    /// The time up to which everything was uploaded. The newest treatment from here tells it for the readings too, since
    /// these go first; they tell it themselves where no treatments are wanted, or none has been written yet. They are not
    /// asked otherwise: a sensor that is no longer worn, or another uploader that has every reading already, would make
    /// each run look back as far as it can.
    fn newest_uploaded(
        &self,
        site: &Site,
        existing: Option<&ThereAlready>,
        usual_start: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>> {
        if self.copies_treatments() {
            let treatments = existing.iter().flat_map(|existing| &existing.treatments);
            // What an interrupted first run left tells nothing of the days since then.
            let treatments =
                treatments.filter(|document| !ages::may_be_of_a_first_run(document, usual_start));
            let newest = match self.newest_of_the_pump(treatments) {
                Some(newest) => Some(newest),
                None => self.newest_before(site)?,
            };
            if newest.is_some() {
                return Ok(newest);
            }
        }
        if !self.fills(Collection::Entries) {
            return Ok(None);
        }
        let entries = existing.iter().flat_map(|existing| &existing.entries);
        let ours = entries.filter(|entry| entry.ours && entry.at <= self.latest());
        match ours.map(|entry| entry.at).max() {
            Some(newest) => Ok(Some(newest)),
            None => {
                let newest = site.newest_entry(ENTERED_BY)?;
                Ok(newest.filter(|newest| *newest <= self.latest()))
            }
        }
    }

    /// The newest of the documents that tell of an event of the pump. One that names this program as its author may be a
    /// person's, and one in the future proves nothing.
    fn newest_of_the_pump<'d>(
        &self,
        documents: impl Iterator<Item = &'d Existing>,
    ) -> Option<DateTime<Utc>> {
        let ours = documents.filter(|document| document.ours && !document.events.is_empty());
        let instants = ours.filter_map(|document| document.at);
        instants.filter(|at| *at <= self.latest()).max()
    }

    /// What is later is in the future, whatever clock is a little ahead.
    fn latest(&self) -> DateTime<Utc> {
        self.now + window::CLOCKS_DIFFER_BY
    }

    /// When the newest treatment from here happened, where it lies before all that was read; none where all there is may be of
    /// an interrupted first run.
    fn newest_before(&self, site: &Site) -> Result<Option<DateTime<Utc>>> {
        let newest = site.newest_treatment(ENTERED_BY, self.latest())?;
        if newest.is_none() || !self.config.features.contains(Feature::PumpEvents) {
            return Ok(newest);
        }
        let few = site.newest_treatments(ENTERED_BY, ages::MOST + 1)?;
        Ok(newest.filter(|_| !ages::are_of_a_first_run(&few)))
    }

    fn catch_up_is_cut_off(&self, missing_since: DateTime<Utc>, window: Window) -> String {
        let date = |at| window::local_date(self.config.zone, at);
        let (from, until) = (date(missing_since), date(window.start));
        format!(
            "the newest document is from {from}, further back than a run catches up; to fill the gap, run once with \
             --start-date {from} --end-date {until}"
        )
    }

    fn first_page(&self, window: Window) -> Window {
        let pages = window::pages(self.config.zone, window);
        pages.first().map_or(window, |page| page.window)
    }

    /// The documents that may be those of a span.
    pub(super) fn existing(&self, site: &Site, span: Window) -> Result<ThereAlready> {
        let from = span.start - ASTRAY;
        let until = Some(span.end + ASTRAY).filter(|until| *until < self.now);
        let treatments = match self.fills(Collection::Treatments) {
            true => site.treatments(from, until, |document| {
                let known = twins::identified(Collection::Treatments, &document);
                Some((known, Existing::lean(document)))
            })?,
            false => Vec::new(),
        };
        let entries = match self.fills(Collection::Entries) {
            true => site.entries(from, until, |entry| {
                let known = twins::identified(Collection::Entries, &entry);
                Some((known, ExistingEntry::from_document(&entry)?))
            })?,
            false => Vec::new(),
        };
        let mut twins = Twins::new();
        let treatments = without_twins(Collection::Treatments, treatments, &mut twins);
        let entries = without_twins(Collection::Entries, entries, &mut twins);
        let sightings = if self.fills(Collection::Entries) {
            Some(entries.iter().filter_map(ExistingEntry::sighting).collect())
        } else if span.end >= self.now
            && clock::zone_changes(self.config.zone, span.start, self.now)
        {
            // The clock may have followed the zone or not: it will be in doubt.
            Some(on_site::sightings(site, self.told_by_sightings(span))?)
        } else {
            None
        };
        Ok(ThereAlready {
            twins,
            treatments,
            entries,
            sightings,
            ages_are_guesses: false,
        })
    }

    /// The instants of which another uploader's glucose tells something that a page needs.
    fn told_by_sightings(&self, page: Window) -> (DateTime<Utc>, DateTime<Utc>) {
        dating::told_by_sightings(page.start, page.end.min(self.now))
    }

    pub(super) fn fills(&self, target: Collection) -> bool {
        self.config.features.fill(target)
    }
}
