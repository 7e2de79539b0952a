//! Carrying out a plan: updates first, then new documents, oldest first, up to the first failure.

mod entries_status_profile;

use std::collections::HashSet;

use anyhow::{Result, bail, ensure};
use chrono::{DateTime, Duration, Utc};

use crate::config::Config;
use crate::failure::{ExitStatus, Failure};
use crate::nightscout::document::{Cause, Conventions, Treatment};
use crate::nightscout::{
    BATCH, Collection, Document, Refused, Site, SiteStatus, SiteVersion, Written,
};
use crate::reconcile::{Plan, Update};
use crate::report::Uploads;

/// Nightscout takes a treatment younger than this for a person treating a low, and snoozes urgent alarms.
const SNOOZES_ALARMS: Duration = Duration::minutes(10);

/// What the pump did by itself after this instant waits.
pub(super) fn written_until(now: DateTime<Utc>) -> DateTime<Utc> {
    now - SNOOZES_ALARMS
}

/// Writes to one site.
pub(super) struct SiteWriter<'a> {
    pub(crate) site: &'a Site,
    pub(crate) status: &'a SiteStatus,
    /// The time of its newest device status from here.
    pub(crate) newest_status: Option<DateTime<Utc>>,
    /// The profile document that it goes by.
    pub(crate) profile: Option<&'a Document>,
    pub(crate) config: &'a Config,
    pub(crate) now: DateTime<Utc>,
    /// What the pump did by itself after this instant waits.
    pub(crate) written_until: DateTime<Utc>,
}

impl SiteWriter<'_> {
    /// How the site wants its documents.
    pub(super) fn conventions(&self) -> Conventions {
        Conventions {
            zone: self.config.zone,
            units: self.status.units,
        }
    }

    /// Writes the treatments that a plan asks for and counts what became of them.
    pub(super) fn treatments(&self, plan: Plan, uploads: &mut Uploads) -> Result<()> {
        for treatment in &plan.already {
            uploads.tally(treatment.event_type.name()).already += 1;
        }
        let create = plan.create.iter().map(|treatment| Write {
            treatment,
            update: None,
        });
        let update = plan.update.iter().map(|update| Write {
            treatment: &update.treatment,
            update: Some(update),
        });
        // Updates first: one may free the millisecond in which a new document of the same type belongs.
        let (held_back, writes): (Vec<Write<'_>>, Vec<Write<'_>>) = update
            .chain(create)
            .partition(|write| self.would_snooze_alarms(write.treatment));
        for write in &held_back {
            uploads.tally(write.treatment.event_type.name()).held_back += 1;
        }
        if self.config.pretend {
            for write in &writes {
                *write.count(uploads) += 1;
                uploads.documents.push(write.document(self.conventions()));
            }
            return Ok(());
        }
        if !writes.is_empty() && !self.status.careportal_enabled {
            bail!(SiteStatus::treatments_are_off());
        }
        let by_id = |write: &Write<'_>| {
            self.status.version < SiteVersion::UPSERTS_BY_IDENTIFIER && write.id().is_some()
        };
        let (one_by_one, mut in_arrays): (Vec<Write<'_>>, Vec<Write<'_>>) =
            writes.into_iter().partition(by_id);
        let left = self.replace(&one_by_one, uploads)?;
        // An older site would overwrite a document that was not updated with a new one of the same type and time.
        let taken: HashSet<(&str, DateTime<Utc>)> =
            left.iter().filter_map(Write::stands_at).collect();
        in_arrays.retain(|write| !taken.contains(&write.belongs_at()));
        // Batch by batch, because JSON documents take several times the memory.
        for batch in in_arrays.chunks(BATCH) {
            let documents = batch.iter().map(|write| write.document(self.conventions()));
            let documents: Vec<Document> = documents.collect();
            let (written, ended) = self.site.write(Collection::Treatments, &documents);
            self.note(&written, batch, uploads);
            ended?;
        }
        Ok(())
    }

    /// Replaces documents one by one. Returns those left unchanged because the secret may not update treatments: this fails the
    /// run at its end, after new documents are uploaded.
    fn replace<'w, 'p>(
        &self,
        writes: &'w [Write<'p>],
        uploads: &mut Uploads,
    ) -> Result<&'w [Write<'p>]> {
        for (index, write) in writes.iter().enumerate() {
            if uploads.not_allowed.is_some() {
                return Ok(&writes[index..]);
            }
            let mut document = write.document(self.conventions());
            document.insert("_id".to_owned(), write.id().into());
            match self.site.update_by_id(Collection::Treatments, &document) {
                Ok(written) => self.note(&written, std::slice::from_ref(write), uploads),
                Err(error) => {
                    uploads.not_allowed = Some(may_not_update(error)?);
                    return Ok(&writes[index..]);
                }
            }
        }
        Ok(&[])
    }

    /// What the pump did by itself is held back. What a person did goes up at once, and so do announcements, which snooze nothing.
    fn would_snooze_alarms(&self, treatment: &Treatment) -> bool {
        treatment.cause == Cause::Pump
            && !treatment.content.is_announcement
            && treatment.at > self.written_until
    }

    /// Counts what the site took, and keeps its reasons for what it did not.
    fn note(&self, written: &Written, writes: &[Write<'_>], uploads: &mut Uploads) {
        for write in writes.iter().take(written.settled()) {
            *write.count(uploads) += 1;
        }
        for Refused { index, reason } in &written.refused {
            let Some(write) = writes.get(*index) else {
                continue;
            };
            *write.count(uploads) -= 1;
            let treatment = write.treatment;
            let kind = treatment.event_type.name();
            uploads.tally(kind).refused += 1;
            let local = treatment
                .at
                .with_timezone(&self.config.zone)
                .format("%Y-%m-%d %H:%M:%S");
            uploads.refuse(format!("{kind} of {local}"), reason);
        }
    }
}

/// The failure of a run whose secret may not update treatments; any other error stays one.
fn may_not_update(error: anyhow::Error) -> Result<Failure> {
    let failure: Failure = error.downcast()?;
    ensure!(failure.status == ExitStatus::CredentialsRejected, failure);
    Ok(Failure {
        what: "Nightscout: this NS_SECRET may add treatments, but not update them, so that what has changed stays as it was".to_owned(),
        ..failure
    })
}

/// A treatment to write.
#[derive(Clone, Copy)]
struct Write<'p> {
    treatment: &'p Treatment,
    /// What it changes, where it is not new.
    update: Option<&'p Update>,
}

impl<'p> Write<'p> {
    /// The `_id` of the document to replace.
    fn id(&self) -> Option<&'p str> {
        self.update?.id.as_deref()
    }

    /// The event type and the instant that it will be filed under.
    fn belongs_at(&self) -> (&'p str, DateTime<Utc>) {
        (self.treatment.event_type.name(), self.treatment.at)
    }

    /// The event type and the instant that the document to replace is filed under.
    fn stands_at(&self) -> Option<(&'p str, DateTime<Utc>)> {
        let update = self.update?;
        Some((update.stands_as.as_str(), update.stands_at?))
    }

    fn document(&self, conventions: Conventions) -> Document {
        match self.update {
            None => self.treatment.to_json(conventions),
            Some(update) => update.document.clone(),
        }
    }

    /// Where it counts once it is written.
    fn count<'u>(&self, uploads: &'u mut Uploads) -> &'u mut usize {
        let tally = uploads.tally(self.treatment.event_type.name());
        match self.update {
            None => &mut tally.created,
            Some(_) => &mut tally.updated,
        }
    }
}
