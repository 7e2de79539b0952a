//! One pass: log in, fetch, translate, reconcile, upload, report. The only place that knows both services.

mod ages;
mod background;
pub(crate) mod dated;
mod far_off;
mod heal;
mod machine_clock;
mod on_site;
mod other_uploader;
mod pump_side;
pub(crate) mod pumps;
mod reminders;
mod site_side;
mod steps;
mod two_pumps;
mod upload;
mod work;
mod zone_doubt;

use std::thread;

use anyhow::Result;
use chrono::{DateTime, Duration, Utc};

use crate::config::{Config, Feature, FeatureSet};
use crate::failure::{self, ExitStatus, Failure};
use crate::http::{Client, RunLimits};
use crate::nightscout::{Collection, Site};
use crate::progress::Pages;
use crate::pump::decode::Decoded;
use crate::pump::settings::PumpProfiles;
use crate::reconcile::entries::{self, EntryPlan};
use crate::reconcile::{Plan, reconcile};
use crate::report::{CHECK_THE_PHONE, Report, counted};
use crate::state::RunLock;
use crate::tandem::{self, Memory, Session};
use crate::translate::device_status::DeviceState;
use crate::window::{self, Page};
use background::{BackgroundUploads, at_once, both};
use on_site::OnSite;
use pump_side::PumpSide;
use reminders::Topic;
use site_side::{SiteSide, ThereAlready};
use upload::SiteWriter;
use work::Work;

/// What a pass came to.
#[derive(Debug)]
pub struct Outcome {
    /// What was done, even if the run failed.
    pub report: Report,
    /// Why the run failed, if it did.
    pub failure: Option<anyhow::Error>,
    /// Whether that is only the age of the pump's data.
    pub stale: bool,
}

impl Outcome {
    /// The status that the process ends with.
    pub fn status(&self) -> ExitStatus {
        self.failure
            .as_ref()
            .map_or(ExitStatus::Done, failure::status)
    }

    /// The failure as its reader sees it.
    pub fn message(&self) -> Option<String> {
        self.failure.as_ref().map(failure::message)
    }
}

/// Performs one pass at the instant `now`.
pub fn run(config: &Config, now: DateTime<Utc>, limits: &RunLimits) -> Outcome {
    let mut report = Report::new(now, config.zone, config.pretend);
    let done = Pass::new(config, now, limits).perform(&mut report);
    let failure = done
        .err()
        .or_else(|| report.uploads.not_allowed.take().map(Into::into));
    report.complete = failure.is_none();
    let failure = failure.or_else(|| refusal(&report).map(Into::into));
    let stale = match failure {
        Some(_) => None,
        None => staleness(config, &report),
    };
    Outcome {
        report,
        stale: stale.is_some(),
        failure: failure.or(stale.map(Into::into)),
    }
}

struct Pass<'a> {
    config: &'a Config,
    /// By this machine's clock.
    now: DateTime<Utc>,
    /// What the pump did by itself after this instant waits.
    written_until: DateTime<Utc>,
    limits: &'a RunLimits,
}

impl<'a> Pass<'a> {
    fn new(config: &'a Config, now: DateTime<Utc>, limits: &'a RunLimits) -> Pass<'a> {
        Pass {
            config,
            now,
            written_until: upload::written_until(now),
            limits,
        }
    }
}

impl Pass<'_> {
    fn perform(&self, report: &mut Report) -> Result<()> {
        let _lock = self.lock()?;
        let proxy = self.config.proxy.as_ref();
        let site = Site::new(&self.config.nightscout, proxy, self.limits.clone())?;
        let client = tandem::client(&self.config.tandem, proxy, self.limits.clone())?;
        log::info!("signing in to Tandem Source, and asking Nightscout what it has");
        // Nightscout is read during the login to Tandem.
        let (tandem_side, site_side) = at_once(|| self.log_in(client), || self.look_at_site(&site));
        report.site_unread = site_side.is_err();
        let ((session, account), site_side) = both(tandem_side, site_side, report)?;
        if let Some(warning) = &site_side.events.warning {
            report.warn(warning.clone());
        }
        report.window = Some(site_side.events.window);
        if let Some(remark) = account.remark_on_malformed() {
            report.warn(remark);
        }
        let serial = self.config.tandem.pump_serial.as_ref();
        let zone = self.config.zone;
        let pumps = pumps::choose(&account, serial, site_side.events.window, zone, report)?;
        self.tell_plan(&pumps, site_side.events.window);
        report.pumps = pumps.iter().map(|pump| pump.serial.to_string()).collect();
        let profiles =
            pumps::profiles(&account, serial).filter(|_| self.fills(Collection::Profile));
        let pass = self.by_the_clock_of(&site_side.status);
        self.warn_of_clocks(&site_side.status, report);
        let mut pump_side = PumpSide::new(&pass, session, pumps);
        pump_side.first_run = site_side.events.first_run;
        pass.copy(&site, site_side, pump_side, profiles.as_ref(), report)
    }

    /// Copies the pumps' data to the site: their events page by page, their profiles at the same time, and with the last page
    /// their newest state.
    fn copy(
        &self,
        site: &Site,
        site_side: SiteSide,
        pump_side: PumpSide<'_>,
        profiles: Option<&PumpProfiles>,
        report: &mut Report,
    ) -> Result<()> {
        self.heal(site, &site_side.twins, report)?;
        let upload = SiteWriter {
            site,
            status: &site_side.status,
            newest_status: site_side.newest_status,
            profile: site_side.profile.as_ref(),
            config: self.config,
            now: self.now,
            written_until: self.written_until,
        };
        let events = site_side.events;
        let mut work = Work::new(self.config, events.window, events.existing);
        work.look_back = window::look_back(self.config.zone, self.now, events.newest)
            .filter(|due| work.may_widen && due.start < work.window.start);
        work.missing_ages = events.missing_ages;
        let seen = thread::scope(|scope| {
            let mut background = BackgroundUploads::new(scope);
            let pages =
                self.copy_pages(work, pump_side, profiles, &upload, &mut background, report);
            background.end(pages, report)
        })?;
        self.warn_of_doubles(report);
        if !report.zone_doubted {
            self.forget(Topic::Zone);
        }
        if self.config.stale_after.is_none() {
            self.warn_of_silence(report);
        }
        report.without_data = without_data(&self.config.features, |feature| match feature {
            Feature::Cgm => seen.readings,
            Feature::Profiles => profiles.is_some(),
            feature => (seen.state.as_ref()).is_some_and(|state| state.serves(feature)),
        });
        Ok(())
    }

    /// Copies the pumps' readings and treatments to the site, page by page, oldest first, beside them the profiles, and the
    /// newest state with the last page.
    fn copy_pages<'scope, 'env>(
        &self,
        mut work: Work,
        mut pump_side: PumpSide<'_>,
        profiles: Option<&'env PumpProfiles>,
        upload: &'env SiteWriter<'env>,
        background: &mut BackgroundUploads<'scope, 'env>,
        report: &mut Report,
    ) -> Result<Seen> {
        let mut progress = Pages::new(self.config.verbosity);
        let mut seen = Seen::default();
        // The profiles name the zone. A first run has the clock judged before it writes any.
        let mut profiles = profiles;
        if !pump_side.first_run {
            background.begin_profiles(upload, profiles.take());
        }
        while let Some(page) = work.pages.pop_front() {
            let (from, to) = (page.first_day, page.last_day);
            log::info!("asking for the pump's events from {from} to {to}");
            let Some(mut due) = self.compare(&page, &mut work, &mut pump_side, upload, report)?
            else {
                report.clock_unknown = 0;
                continue;
            };
            background.begin_profiles(upload, profiles.take());
            seen.state = pump_side::later(seen.state, due.state);
            if work.pages.is_empty() {
                // A backfill's state is old: it is not uploaded.
                let state = seen.state.clone();
                let news = state.filter(|state| work.writes.contains(state.at));
                background.begin(|uploads| upload.device_status(news, uploads));
            }
            self.heal(upload.site, &due.existing.twins, report)?;
            self.note_doubles(&due.existing.treatments, report);
            seen.readings |= !due.entries.create.is_empty() || due.entries.already > 0;
            // Pages overlap by the days around them.
            let readings = due.entries.create.iter();
            let mut of_this_page = due.plan.identifiers();
            of_this_page.extend(readings.map(|entry| entry.identity.identifier));
            due.plan.leave_out(&work.of_the_page_before);
            work.of_the_page_before = of_this_page;
            steps::tell_writes(&due.plan, &due.entries);
            // Readings go first: the newest treatment must prove that the readings up to it are uploaded.
            upload.entries(due.entries, &mut report.uploads)?;
            self.limits.check()?;
            upload.treatments(due.plan, &mut report.uploads)?;
            progress.page_done(page.last_day_inside(self.config.zone), work.pages.len());
        }
        Ok(seen)
    }

    /// What the pumps wrote in a page's days, and what the site holds of them. `None` where the run begins again with other pages.
    fn fetch(
        &self,
        page: &Page,
        work: &mut Work,
        pump_side: &mut PumpSide<'_>,
        site: &Site,
        report: &mut Report,
    ) -> Result<Option<(Vec<Decoded>, ThereAlready)>> {
        let known = work.prefetched.take();
        let existing = || known.map_or_else(|| self.existing(site, page.window), Ok);
        let (events, existing) = at_once(|| pump_side.events(page), existing);
        match both(events, existing, report) {
            Err(error) if work.gives_up_the_look_back() => {
                // A site that cannot answer for a week may answer for the usual days.
                report.warn(format!(
                    "what arrived late in the last week was not looked for: {}",
                    failure::message(&error)
                ));
                report.window = Some(work.writes);
                pump_side.begin_again();
                Ok(None)
            }
            fetched => fetched.map(Some),
        }
    }

    /// Compares what a page's events ask for with what the site holds. `None` where the run begins again with other pages.
    fn compare(
        &self,
        page: &Page,
        work: &mut Work,
        pump_side: &mut PumpSide<'_>,
        upload: &SiteWriter<'_>,
        report: &mut Report,
    ) -> Result<Option<Due>> {
        let fetched = self.fetch(page, work, pump_side, upload.site, report)?;
        let Some((events, mut existing)) = fetched else {
            return Ok(None);
        };
        let of_this_run = &work.of_the_page_before;
        let on_site = OnSite::new(upload.site, &existing, of_this_run, self.config.zone);
        let mut wanted = pump_side.wanted(page, events, &on_site, report)?;
        if work.widen(wanted.doubtful_from) {
            pump_side.begin_again();
            return Ok(None);
        }
        let ages = std::mem::take(&mut work.missing_ages);
        let ages = self.copy_ages(&ages, (work.window, &on_site), pump_side, upload, report)?;
        existing.treatments.extend(ages);
        wanted
            .entries
            .retain(|entry| work.writes.contains(entry.at));
        let mut missing = entries::missing(wanted.entries, &existing.entries);
        let known = (existing.treatments.as_slice(), page.window);
        let far_off = self.far_off(upload.site, &wanted.treatments, known)?;
        existing.treatments.extend(far_off);
        let there = &existing.treatments;
        let plan = reconcile(wanted.treatments, there, upload.conventions());
        let mut plan = plan.within(work.writes);
        let news = (plan.create.iter().map(|treatment| treatment.at))
            .chain(missing.create.iter().map(|entry| entry.at));
        if work.looks_back(news, self.written_until) {
            report.window = Some(work.writes);
            return Ok(None);
        }
        if let Some(begun) = work.has_looked_back().then(|| existing.oldest()).flatten() {
            // Before the first document from here, others may have brought what the pump did.
            plan.create.retain(|treatment| treatment.at >= begun);
            missing.create.retain(|entry| entry.at >= begun);
        }
        Ok(Some(Due {
            existing,
            entries: missing,
            plan,
            state: wanted.state,
        }))
    }

    /// Keeps other runs on this machine away, unless this one writes nothing.
    fn lock(&self) -> Result<Option<RunLock>> {
        if self.config.pretend {
            return Ok(None);
        }
        RunLock::take(self.config).map(Some)
    }

    /// Logs in to Tandem Source and asks for the account's pumps.
    fn log_in(&self, client: Client) -> Result<(Session, tandem::Pumper)> {
        let memory = Memory::new(self.config, self.now);
        let mut session = Session::open(client, &self.config.tandem, memory)?;
        let account = session.pumper()?;
        Ok((session, account))
    }
}

/// What a page has for the site.
struct Due {
    /// What the site holds of the page's time.
    existing: ThereAlready,
    entries: EntryPlan,
    plan: Plan,
    state: Option<DeviceState>,
}

/// What the pages held beside treatments.
#[derive(Default)]
struct Seen {
    /// Whether there was any CGM reading.
    readings: bool,
    /// The newest state of any pump.
    state: Option<DeviceState>,
}

/// The features for which a pump in use always has data, but had none. The other features may have none on an ordinary day.
fn without_data(features: &FeatureSet, has_data: impl Fn(Feature) -> bool) -> Vec<Feature> {
    let expected = features
        .iter()
        .filter(|feature| feature.main_collection() != Collection::Treatments);
    expected.filter(|feature| !has_data(*feature)).collect()
}

/// Refused documents fail a run that otherwise went well.
fn refusal(report: &Report) -> Option<Failure> {
    let first = report.uploads.refusals.first()?;
    Some(Failure::new(
        ExitStatus::Refused,
        format!(
            "Nightscout refused {}; the first: {first}",
            counted(report.uploads.refusals.len(), "document", "documents")
        ),
        "The rest is uploaded. Please report this with the version of the site",
    ))
}

/// Stale data fails a complete run if the owner asked for that. A backfill is always old and does not count.
fn staleness(config: &Config, report: &Report) -> Option<Failure> {
    let limit = Duration::from_std(config.stale_after?).ok()?;
    if !report.reaches_up_to_now() {
        return None;
    }
    let what = report.silence(limit)?;
    Some(Failure::new(ExitStatus::TryLater, what, CHECK_THE_PHONE))
}
