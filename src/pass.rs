//! One pass: log in, fetch, translate, reconcile, upload, report. The only place that knows both services.

mod pump_side;
pub(crate) mod pumps;
mod site_side;
mod upload;

use std::collections::VecDeque;
use std::thread;

use chrono::{DateTime, Duration, Utc};

use crate::config::{Config, Feature, FeatureSet, Span};
use crate::failure::{ExitStatus, Failure};
use crate::http::{Client, Patience};
use crate::nightscout::{Collection, Site};
use crate::pump::settings::PumpProfiles;
use crate::reconcile::{entries, reconcile};
use crate::report::{Progress, Report, span_in_words};
use crate::state::RunLock;
use crate::tandem::{self, Memory, Pump, Session};
use crate::translate;
use crate::window::{self, Page, Window};
use site_side::{SiteSide, ThereAlready};
use upload::Upload;

/// What a pass came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was done, also when it was not all.
    pub report: Report,
    /// Why it was not all, or what else the exit status has to say.
    pub failure: Option<Failure>,
}

impl Outcome {
    /// The status that the process ends with.
    pub fn status(&self) -> ExitStatus {
        self.failure
            .as_ref()
            .map_or(ExitStatus::Done, |failure| failure.status)
    }
}

/// Performs one pass at the instant `now`.
pub fn run(config: &Config, now: DateTime<Utc>, patience: &Patience) -> Outcome {
    let mut report = Report::new(now, config.zone, config.pretend);
    let failure = Pass {
        config,
        now,
        patience,
    }
    .perform(&mut report)
    .err();
    report.complete = failure.is_none();
    let failure = failure
        .or_else(|| refusal(&report))
        .or_else(|| staleness(config, &report));
    Outcome { report, failure }
}

struct Pass<'a> {
    config: &'a Config,
    now: DateTime<Utc>,
    patience: &'a Patience,
}

impl Pass<'_> {
    fn perform(&self, report: &mut Report) -> Result<(), Failure> {
        let _lock = self.lock()?;
        let proxy = self.config.proxy.as_ref();
        let site = Site::new(&self.config.nightscout, proxy, self.patience.clone())?;
        let client = tandem::client(&self.config.tandem, proxy, self.patience.clone())?;
        let (site_side, (session, account)) = self.meet_both(&site, client, report)?;
        report.window = Some(site_side.window);
        if account.malformed > 0 {
            report.warn(format!(
                "{} of the account's pumps could not be read",
                account.malformed
            ));
        }
        let serial = self.config.tandem.pump_serial.as_ref();
        let zone = self.config.zone;
        let pumps = pumps::choose(&account, serial, site_side.window, zone, report)?;
        report.pumps = pumps.iter().map(|pump| pump.serial.to_string()).collect();
        let profiles =
            pumps::profiles(&account, serial).filter(|_| self.fills(Collection::Profile));
        self.copy(&site, site_side, session, &pumps, profiles.as_ref(), report)
    }

    /// Asks Nightscout for what it has while the login at Tandem goes on.
    fn meet_both(
        &self,
        site: &Site,
        client: Client,
        report: &mut Report,
    ) -> Result<(SiteSide, (Session, tandem::Pumper)), Failure> {
        let (site_side, tandem_side) = thread::scope(|scope| {
            let site_side = scope.spawn(|| self.look_at_site(site));
            let tandem_side = self.log_in(client);
            (site_side.join(), tandem_side)
        });
        let site_side = site_side.unwrap_or_else(|_| Err(thread_died()));
        if let (Err(_), Err(other)) = (&tandem_side, &site_side)
            && other.status != ExitStatus::TryLater
        {
            // Both services failing is two things to mend; the end of the run's time or of the run itself is one.
            report.warn(other.to_string());
        }
        let tandem_side = tandem_side?;
        let site_side = site_side?;
        if let Some(warning) = &site_side.warning {
            report.warn(warning.clone());
        }
        Ok((site_side, tandem_side))
    }

    /// Brings everything that is wanted of the pumps to the site, page by page, and their newest state at the end.
    fn copy(
        &self,
        site: &Site,
        site_side: SiteSide,
        mut session: Session,
        pumps: &[&Pump],
        profiles: Option<&PumpProfiles>,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let window = site_side.window;
        let upload = Upload {
            site,
            status: &site_side.status,
            config: self.config,
            now: self.now,
        };
        let mut work = Work::new(self.config, window, site_side.existing);
        let mut progress = Progress::new(self.config.verbosity);
        let mut state = None;
        let mut readings = 0;
        while let Some(page) = work.pages.pop_front() {
            let mut wanted = self.wanted(&mut session, pumps, &page, report)?;
            if work.widen(self.config, wanted.doubtful_from) {
                continue;
            }
            let existing = match work.prefetched.take() {
                Some(existing) => existing,
                None => self.existing(site, page.window)?,
            };
            state = pump_side::later(state, wanted.state);
            wanted.entries.retain(|entry| window.contains(entry.at));
            readings += wanted.entries.len();
            // The newest treatment has to prove that the readings up to it are there.
            let missing = entries::missing(wanted.entries, &existing.entries);
            upload.entries(missing, report)?;
            let plan = reconcile(wanted.treatments, &existing.treatments, self.config.zone);
            upload.treatments(plan.within(window), report)?;
            progress.page_done(page.last_day_inside(self.config.zone), work.pages.len());
        }
        // Of a run about days gone by, the newest state is no news.
        let news = state.as_ref().filter(|state| window.contains(state.at));
        upload.device_status(news, site_side.newest_status, report)?;
        upload.profiles(profiles, site_side.profile.as_ref(), report)?;
        report.without_data = without_data(&self.config.features, |feature| match feature {
            Feature::Cgm => readings > 0,
            Feature::Profiles => profiles.is_some(),
            feature => state.as_ref().is_some_and(|state| state.serves(feature)),
        });
        Ok(())
    }

    /// Keeps other runs on this machine away, unless this one writes nothing.
    fn lock(&self) -> Result<Option<RunLock>, Failure> {
        if self.config.pretend {
            return Ok(None);
        }
        RunLock::take(self.config).map(Some)
    }

    /// Logs in to Tandem Source and asks for the account's pumps.
    fn log_in(&self, client: Client) -> Result<(Session, tandem::Pumper), Failure> {
        let memory = Memory::new(self.config, self.now);
        let mut session = Session::open(client, &self.config.tandem, memory)?;
        let account = session.pumper()?;
        Ok((session, account))
    }
}

/// The pages still to do.
struct Work {
    pages: VecDeque<Page>,
    window: Window,
    /// What the site holds around the first page, as long as that is not another one.
    prefetched: Option<ThereAlready>,
    may_widen: bool,
}

impl Work {
    fn new(config: &Config, window: Window, existing: ThereAlready) -> Work {
        Work {
            pages: window::pages(config.zone, window).into(),
            window,
            prefetched: Some(existing),
            may_widen: matches!(config.span, Span::Recent { .. }),
        }
    }

    /// Begins again further back, once, where documents there may have been written at a wrong time.
    fn widen(&mut self, config: &Config, doubtful_from: Option<DateTime<Utc>>) -> bool {
        let further_back = |from: &DateTime<Utc>| self.may_widen && *from < self.window.start;
        let Some(start) = doubtful_from.filter(further_back) else {
            return false;
        };
        self.may_widen = false;
        self.window.start = start;
        self.pages = window::pages(config.zone, self.window).into();
        self.prefetched = None;
        true
    }
}

/// The features that a pump in use always has something for, and that there was nothing for. A day on which nothing of
/// the other kinds happened is an ordinary day.
fn without_data(features: &FeatureSet, has_data: impl Fn(Feature) -> bool) -> Vec<Feature> {
    let expected = features
        .iter()
        .filter(|feature| translate::collection(*feature) != Collection::Treatments);
    expected.filter(|feature| !has_data(*feature)).collect()
}

/// Refused documents fail a run that otherwise went well.
fn refusal(report: &Report) -> Option<Failure> {
    let first = report.refusals.first()?;
    Some(Failure::new(
        ExitStatus::Refused,
        format!(
            "Nightscout refused {} documents; the first: {first}",
            report.refusals.len()
        ),
        "The rest is uploaded. Please report this with the version of the site",
    ))
}

/// Stale data fails a run that otherwise went well, where the owner wants that.
fn staleness(config: &Config, report: &Report) -> Option<Failure> {
    let limit = Duration::from_std(config.stale_after?).ok()?;
    let what = match report.age() {
        Some(age) if age <= limit => return None,
        Some(age) => format!("the pump's newest event is {} old", span_in_words(age)),
        None => "the pump has no events in this time".to_owned(),
    };
    Some(Failure::new(
        ExitStatus::TryLater,
        what,
        "Check that the phone with Tandem's app is on, online, and connected to the pump",
    ))
}

fn thread_died() -> Failure {
    Failure::new(
        ExitStatus::Bug,
        "the thread that reads from Nightscout died",
        "Please report this with the lines above",
    )
}
