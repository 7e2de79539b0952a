//! The collections beside treatments. What is there stays as it is, the profile document aside; and nothing waits: only
//! treatments snooze alarms.

use anyhow::Result;

use super::SiteWriter;
use crate::nightscout::{Collection, Document, Refused};
use crate::pump::settings::PumpProfiles;
use crate::reconcile::entries::EntryPlan;
use crate::reconcile::profile::{self, Change};
use crate::report::Uploads;
use crate::translate::device_status::DeviceState;
use crate::translate::profile::store;

const READING: &str = "Glucose Reading";
const STATUS: &str = "Device Status";
const PROFILE: &str = "Profile";

impl SiteWriter<'_> {
    /// Writes the readings that are missing.
    pub(in crate::pass) fn entries(&self, plan: EntryPlan, uploads: &mut Uploads) -> Result<()> {
        if plan.already > 0 {
            uploads.tally(READING).already += plan.already;
        }
        let zone = self.config.zone;
        let documents = plan.create.iter().map(|entry| entry.to_json(zone));
        self.add(Collection::Entries, READING, documents.collect(), uploads)
    }

    /// Writes the newest state, if Nightscout does not have one as new. The collection takes whatever it is sent as another
    /// document.
    pub(in crate::pass) fn device_status(
        &self,
        state: Option<DeviceState>,
        uploads: &mut Uploads,
    ) -> Result<()> {
        let Some(state) = state.filter(|state| !state.is_bare()) else {
            return Ok(());
        };
        if self.newest_status.is_some_and(|newest| newest >= state.at) {
            uploads.tally(STATUS).already += 1;
            return Ok(());
        }
        let document = state.to_json(self.config.zone);
        self.add(Collection::DeviceStatus, STATUS, vec![document], uploads)
    }

    /// Writes the pump's profiles, if the site's document says something else.
    pub(in crate::pass) fn profiles(
        &self,
        profiles: Option<&PumpProfiles>,
        uploads: &mut Uploads,
    ) -> Result<()> {
        let upload = &self.config.profile;
        let wanted = profiles
            .and_then(|profiles| store(profiles, self.status.units, self.config.zone, upload));
        let Some(wanted) = wanted else {
            return Ok(());
        };
        match profile::change(&wanted, self.profile, upload.mode, self.now) {
            None => uploads.tally(PROFILE).already += 1,
            Some(Change::Add(document)) => {
                self.add(Collection::Profile, PROFILE, vec![document], uploads)?;
            }
            Some(Change::Replace(document)) => {
                if self.config.pretend {
                    uploads.documents.push(document);
                } else {
                    let written = self.site.update_by_id(Collection::Profile, &document)?;
                    if let [Refused { reason, .. }] = written.refused.as_slice() {
                        uploads.tally(PROFILE).refused += 1;
                        uploads.refuse(PROFILE.to_owned(), reason);
                        return Ok(());
                    }
                }
                uploads.tally(PROFILE).updated += 1;
            }
        }
        Ok(())
    }

    fn add(
        &self,
        collection: Collection,
        kind: &'static str,
        documents: Vec<Document>,
        uploads: &mut Uploads,
    ) -> Result<()> {
        if documents.is_empty() {
            return Ok(());
        }
        let tally = uploads.tally(kind);
        if self.config.pretend {
            tally.created += documents.len();
            uploads.documents.extend(documents);
            return Ok(());
        }
        let (written, ended) = self.site.write(collection, &documents);
        tally.created += written.accepted;
        tally.refused += written.refused.len();
        for Refused { index, reason } in &written.refused {
            let time = documents.get(*index).and_then(|document| {
                let times = ["dateString", "created_at"].into_iter();
                times.filter_map(|name| document.get(name)?.as_str()).next()
            });
            uploads.refuse(format!("{kind} of {}", time.unwrap_or("now")), reason);
        }
        ended
    }
}
