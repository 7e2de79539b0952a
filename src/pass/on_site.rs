//! What the site tells of a pump's clock: the instants that our own documents give to its events, and glucose that other
//! uploaders brought.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use anyhow::Result;
use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::ages;
use super::site_side::ThereAlready;
use crate::failure::{self, ExitStatus};
use crate::nightscout::Site;
use crate::nightscout::document::Existing;
use crate::nightscout::entry::ExistingEntry;
use crate::pump::clock::{Remembered, Sighting};
use crate::pump::event::EventId;
use crate::reconcile::is_rest;
use crate::translate::{self, History, TranslateOptions, cgm};

/// The site, and what it holds around a page.
pub(super) struct OnSite<'a> {
    site: &'a Site,
    /// When our documents say that something happened.
    instants: HashMap<&'a str, DateTime<Utc>>,
    /// Glucose that other uploaders brought, once it was read.
    sightings: OnceLock<Vec<Sighting>>,
}

impl<'a> OnSite<'a> {
    /// What this run wrote with the page before, or an interrupted first one by a guess, is no memory of the clock. What was
    /// written while `TIMEZONE_NAME` was another zone remembers the wrong one.
    pub(super) fn new(
        site: &'a Site,
        existing: &'a ThereAlready,
        of_this_run: &HashSet<Uuid>,
        zone: Tz,
    ) -> Self {
        let of_this_zone = |at: DateTime<Utc>, sent: Option<i64>| {
            let offset = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
            let minutes = i64::from(offset.local_minus_utc() / 60);
            sent.is_none_or(|sent| sent == minutes)
        };
        // The rest of a delivery that tconnectsync wrote lies where its document ends.
        let is_guess = |document: &Existing| {
            existing.ages_are_guesses && ages::begins_an_age(&document.event_type)
        };
        let treatments = existing
            .treatments
            .iter()
            .filter(|document| document.ours && !is_rest(document) && !is_guess(document));
        let treatments = treatments.filter_map(|document| {
            let at = document
                .at
                .filter(|at| of_this_zone(*at, document.offset_sent()))?;
            Some((document.identifier.as_deref()?, at))
        });
        let entries = existing
            .entries
            .iter()
            .filter(|entry| entry.ours && of_this_zone(entry.at, entry.utc_offset));
        let entries = entries.filter_map(|entry| Some((entry.identifier.as_deref()?, entry.at)));
        let is_older = |(identifier, _): &(&str, DateTime<Utc>)| {
            Uuid::parse_str(identifier).is_ok_and(|identifier| !of_this_run.contains(&identifier))
        };
        OnSite {
            site,
            instants: treatments.chain(entries).filter(is_older).collect(),
            sightings: existing
                .sightings
                .clone()
                .map_or_else(OnceLock::new, OnceLock::from),
        }
    }

    /// The instants that our documents give to events of a pump.
    pub(super) fn remembered(
        &self,
        history: &History<'_>,
        options: &TranslateOptions<'_>,
    ) -> Vec<Remembered> {
        if self.instants.is_empty() {
            return Vec::new();
        }
        let treatments = translate::treatments(history, options);
        let treatments = treatments
            .iter()
            .map(|treatment| (&treatment.identity, treatment.at, false));
        let entries = cgm::entries(history);
        let entries = entries
            .iter()
            .map(|entry| (&entry.identity, entry.at, true));
        let told = treatments
            .chain(entries)
            .filter_map(|(identity, guessed, is_entry)| {
                let at = self.told(&identity.identifier)?;
                let index = find(history, identity.events[0])?;
                let dated = &history.events[index];
                Some(Remembered {
                    id: dated.event.id,
                    reading: dated.event.pump_time.reading(),
                    at: dated.at + (at - guessed),
                    is_entry,
                })
            });
        told.collect()
    }

    fn told(&self, identifier: &Uuid) -> Option<DateTime<Utc>> {
        let mut text = Uuid::encode_buffer();
        let text = identifier.hyphenated().encode_lower(&mut text);
        self.instants.get(&*text).copied()
    }

    /// Glucose that other uploaders brought between two instants.
    pub(super) fn sightings(&self, span: (DateTime<Utc>, DateTime<Utc>)) -> Result<Vec<Sighting>> {
        if let Some(known) = self.sightings.get() {
            return Ok(known.clone());
        }
        let sightings = sightings(self.site, span)?;
        Ok(self.sightings.get_or_init(|| sightings).clone())
    }
}

/// Asks a site for the glucose that other uploaders brought between two instants: none from one that does not let it be
/// read, since a run does without.
pub(super) fn sightings(
    site: &Site,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Sighting>> {
    let sightings = site.entries(from, Some(until), |entry| {
        ExistingEntry::from_document(&entry)?.sighting()
    });
    match sightings {
        Err(error) if failure::status(&error) == ExitStatus::CredentialsRejected => {
            log::debug!("entries may not be read, so that they cannot tell of the pump's clock");
            Ok(Vec::new())
        }
        sightings => sightings,
    }
}

fn find(history: &History<'_>, id: EventId) -> Option<usize> {
    let found = history
        .events
        .binary_search_by_key(&id, |dated| dated.event.id);
    found.ok()
}
