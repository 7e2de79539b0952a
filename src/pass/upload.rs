//! Carrying out a plan: what has to change first, then what is missing, oldest first, up to the first failure.

mod others;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value};

use crate::config::Config;
use crate::failure::{ExitStatus, Failure};
use crate::nightscout::document::{Cause, Treatment};
use crate::nightscout::{Collection, Refused, Site, SiteStatus, SiteVersion};
use crate::reconcile::{Plan, Update};
use crate::report::Report;

/// Nightscout takes a treatment younger than this for a person treating a low, and snoozes urgent alarms.
const SNOOZES_ALARMS: Duration = Duration::minutes(10);

/// How many documents are written before the next are.
const BATCH: usize = 500;

/// Writes to one site.
pub(super) struct Upload<'a> {
    pub site: &'a Site,
    pub status: &'a SiteStatus,
    pub config: &'a Config,
    pub now: DateTime<Utc>,
}

impl Upload<'_> {
    /// Writes the treatments that a plan asks for and counts what became of them.
    pub(super) fn treatments(&self, plan: Plan, report: &mut Report) -> Result<(), Failure> {
        for treatment in &plan.already {
            report.tally(treatment.event_type.name()).already += 1;
        }
        let (held_back, create): (Vec<Treatment>, Vec<Treatment>) = plan
            .create
            .into_iter()
            .partition(|treatment| self.would_snooze_alarms(treatment));
        for treatment in &held_back {
            report.tally(treatment.event_type.name()).held_back += 1;
        }
        if self.config.pretend {
            for update in plan.update {
                report.tally(update.treatment.event_type.name()).updated += 1;
                report.documents.push(update.document);
            }
            for treatment in create {
                report.tally(treatment.event_type.name()).created += 1;
                report.documents.push(treatment.to_json(self.config.zone));
            }
            return Ok(());
        }
        let nothing_to_write = plan.update.is_empty() && create.is_empty();
        if !nothing_to_write && !self.status.careportal_enabled {
            return Err(treatments_are_off());
        }
        // An update may free the very millisecond that a new document of the same type belongs in.
        self.update(plan.update, report)?;
        self.create(&create, report)
    }

    /// What the pump did by itself waits; what a person did goes up at once.
    fn would_snooze_alarms(&self, treatment: &Treatment) -> bool {
        treatment.cause == Cause::Pump && treatment.at > self.now - SNOOZES_ALARMS
    }

    fn create(&self, treatments: &[Treatment], report: &mut Report) -> Result<(), Failure> {
        for batch in treatments.chunks(BATCH) {
            let documents: Vec<_> = batch
                .iter()
                .map(|treatment| treatment.to_json(self.config.zone))
                .collect();
            let written = self.site.create(Collection::Treatments, &documents)?;
            for treatment in batch {
                report.tally(treatment.event_type.name()).created += 1;
            }
            self.note_refused(&written.refused, batch.iter(), report, |tally| {
                &mut tally.created
            });
        }
        Ok(())
    }

    fn update(&self, updates: Vec<Update>, report: &mut Report) -> Result<(), Failure> {
        let in_arrays = self.status.version >= SiteVersion::UPSERTS_BY_IDENTIFIER;
        let batch_size = if in_arrays { BATCH } else { 1 };
        for batch in updates.chunks(batch_size) {
            let written = match batch {
                [
                    Update {
                        id: Some(id),
                        document,
                        ..
                    },
                ] if !in_arrays => {
                    let document = with_id(document.clone(), id);
                    self.site.update_by_id(Collection::Treatments, &document)?
                }
                batch => {
                    let documents: Vec<_> =
                        batch.iter().map(|update| update.document.clone()).collect();
                    self.site.update_treatments_by_identifier(&documents)?
                }
            };
            for update in batch {
                report.tally(update.treatment.event_type.name()).updated += 1;
            }
            let treatments = batch.iter().map(|update| &update.treatment);
            self.note_refused(&written.refused, treatments, report, |tally| {
                &mut tally.updated
            });
        }
        Ok(())
    }

    /// Takes refused documents off the count that they were put on, and keeps the site's reasons.
    fn note_refused<'t>(
        &self,
        refused: &[Refused],
        treatments: impl Iterator<Item = &'t Treatment> + Clone,
        report: &mut Report,
        count: impl Fn(&mut crate::report::Tally) -> &mut usize,
    ) {
        for Refused { index, reason } in refused {
            let Some(treatment) = treatments.clone().nth(*index) else {
                continue;
            };
            let tally = report.tally(treatment.event_type.name());
            *count(tally) -= 1;
            tally.refused += 1;
            let local = treatment
                .at
                .with_timezone(&self.config.zone)
                .format("%Y-%m-%d %H:%M:%S");
            report.refuse(
                format!("{} of {local}", treatment.event_type.name()),
                reason,
            );
        }
    }
}

fn with_id(mut document: Map<String, Value>, id: &str) -> Map<String, Value> {
    document.insert("_id".to_owned(), id.into());
    document
}

fn treatments_are_off() -> Failure {
    Failure::new(
        ExitStatus::Configuration,
        "Nightscout: the site does not take treatments, because careportal is in its DISABLE variable",
        "Remove careportal from DISABLE in the site's settings",
    )
}
