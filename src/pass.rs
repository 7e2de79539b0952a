//! One pass: log in, fetch, translate, reconcile, upload, report. The only place that knows both services.

mod pumps;
mod upload;

use std::collections::VecDeque;
use std::thread;

use chrono::{DateTime, Duration, NaiveDate, Utc};

use crate::config::{Config, Span};
use crate::failure::{ExitStatus, Failure};
use crate::http::Patience;
use crate::nightscout::document::{ENTERED_BY, Existing, Treatment};
use crate::nightscout::{Site, SiteStatus};
use crate::pump::clock::{Evidence, PumpClock, offset_name};
use crate::pump::decode::Decoded;
use crate::pump::quantity::PumpTime;
use crate::reconcile::reconcile;
use crate::report::{Report, span_in_words};
use crate::tandem::{self, Pump, Session};
use crate::translate::{self, History, Wishes};
use crate::window::{self, Page, Window};

/// A document may lie this far from where it belongs, and still be found: the pump's clock was judged otherwise when it
/// was written, or tconnectsync wrote it with another zone.
const ASTRAY: Duration = Duration::hours(25);

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

/// What is known of the site before the pump's events are.
struct SiteSide {
    status: SiteStatus,
    window: Window,
    /// The treatments around the window's first page.
    existing: Vec<Existing>,
}

impl Pass<'_> {
    fn perform(&self, report: &mut Report) -> Result<(), Failure> {
        let proxy = self.config.proxy.as_ref();
        let site = Site::new(&self.config.nightscout, proxy, self.patience.clone())?;
        let client = tandem::client(&self.config.tandem, proxy, self.patience.clone())?;
        let (site_side, tandem_side) = thread::scope(|scope| {
            let site_side = scope.spawn(|| self.look_at_site(&site));
            let tandem_side = self.log_in(client);
            (site_side.join(), tandem_side)
        });
        let site_side = site_side.unwrap_or_else(|_| Err(thread_died()));
        let (mut session, account) = match tandem_side {
            Ok(side) => side,
            Err(failure) => {
                // Both services failing is two things to mend.
                if let Err(other) = &site_side {
                    report.warn(other.to_string());
                }
                return Err(failure);
            }
        };
        let SiteSide {
            status,
            window,
            existing,
        } = site_side?;
        report.window = Some(window);
        if account.malformed > 0 {
            report.warn(format!(
                "{} of the account's pumps could not be read",
                account.malformed
            ));
        }
        let pumps = pumps::choose(
            &account,
            self.config.tandem.pump_serial.as_ref(),
            window,
            self.config.zone,
            report,
        )?;
        report.pumps = pumps.iter().map(|pump| pump.serial.to_string()).collect();

        let mut work = Work::new(self.config, window, existing);
        while let Some(page) = work.pages.pop_front() {
            let Fetched {
                wanted,
                doubtful_from,
            } = self.fetch(&mut session, &pumps, &page, report)?;
            if work.widen(self.config, doubtful_from) {
                continue;
            }
            let existing = match work.prefetched.take() {
                Some(existing) => existing,
                None => self.existing(&site, page.window)?,
            };
            let plan = reconcile(wanted, &existing, self.config.zone).within(window);
            upload::Upload {
                site: &site,
                status: &status,
                config: self.config,
                now: self.now,
            }
            .perform(plan, report)?;
        }
        Ok(())
    }

    /// Logs in to Tandem Source and asks for the account's pumps.
    fn log_in(&self, client: crate::http::Client) -> Result<(Session, tandem::Pumper), Failure> {
        let mut session = Session::log_in(client, &self.config.tandem)?;
        let account = session.pumper()?;
        Ok((session, account))
    }

    /// What can be learned from Nightscout without the pump's events; meanwhile the login at Tandem goes on.
    fn look_at_site(&self, site: &Site) -> Result<SiteSide, Failure> {
        let status = site.status()?;
        let (days, limit) = match self.config.span {
            Span::Recent { days } => (days, self.config.max_catch_up_days),
            Span::Dates { first, last } => {
                let window = window::of_dates(self.config.zone, first, last);
                let page = window::pages(self.config.zone, window)
                    .first()
                    .map_or(window, |page| page.window);
                let existing = self.existing(site, page)?;
                return Ok(SiteSide {
                    status,
                    window,
                    existing,
                });
            }
        };
        let usual = window::recent(self.now, days, None, limit).window;
        let existing = self.existing(site, usual)?;
        let newest = existing
            .iter()
            .filter(|document| document.ours)
            .filter_map(|document| document.at)
            .max();
        let newest = match newest {
            Some(newest) => Some(newest),
            None => site.newest_treatment(ENTERED_BY)?,
        };
        let recent = window::recent(self.now, days, newest, limit);
        if let Some(missing_since) = recent.cut_off {
            log::warn!("{}", self.catch_up_is_cut_off(missing_since, recent.window));
        }
        let pages = window::pages(self.config.zone, recent.window);
        let first = pages.first().map_or(recent.window, |page| page.window);
        let existing = if recent.window == usual {
            existing
        } else {
            self.existing(site, first)?
        };
        Ok(SiteSide {
            status,
            window: recent.window,
            existing,
        })
    }

    fn catch_up_is_cut_off(&self, missing_since: DateTime<Utc>, window: Window) -> String {
        let date = |at| window::local_date(self.config.zone, at);
        format!(
            "the newest document is from {}, further back than a run catches up; to fill the gap, run once with \
             --start-date {} --end-date {}",
            date(missing_since),
            date(missing_since),
            date(window.start),
        )
    }

    /// The treatments that may be those of a span.
    fn existing(&self, site: &Site, span: Window) -> Result<Vec<Existing>, Failure> {
        let until = Some(span.end + ASTRAY).filter(|until| *until < self.now);
        let documents = site.treatments(span.start - ASTRAY, until)?;
        Ok(documents.into_iter().map(Existing::from_document).collect())
    }

    /// What the pumps' events of a page ask for.
    fn fetch(
        &self,
        session: &mut Session,
        pumps: &[&Pump],
        page: &Page,
        report: &mut Report,
    ) -> Result<Fetched, Failure> {
        let wishes = Wishes {
            features: &self.config.features,
            ignore_zero_unit_basal: self.config.ignore_zero_unit_basal,
        };
        let whole = page.whole(self.config.zone);
        let mut fetched = Fetched::default();
        for pump in pumps {
            let mut decoded = fetch_days(session, pump, page.first_day, page.last_day)?;
            let clock = self.judge_clock(pump, &decoded, page, report);
            if let Some((first, last)) = clock.lost_days(page.window.start, page.window.end) {
                decoded.add(fetch_days(session, pump, first, last)?);
            }
            let doubtful_from = clock.doubtful_from(page.window.start);
            fetched.doubtful_from = [fetched.doubtful_from, doubtful_from]
                .into_iter()
                .flatten()
                .min();
            report.skipped.merge(decoded.skipped);
            let events = clock.date(decoded.events);
            let history = History {
                serial: &pump.serial,
                events: &events,
            };
            report.newest_event = report.newest_event.max(history.newest());
            let treatments = translate::treatments(&history, &wishes).into_iter();
            fetched
                .wanted
                .extend(treatments.filter(|treatment| whole.contains(treatment.at)));
        }
        fetched.wanted.sort_by_key(|treatment| treatment.at);
        Ok(fetched)
    }

    /// Judges a pump's clock, and warns where it fits nothing.
    fn judge_clock(
        &self,
        pump: &Pump,
        decoded: &Decoded,
        page: &Page,
        report: &mut Report,
    ) -> PumpClock {
        let fetched = decoded.events.last().map(|event| event.pump_time);
        let evidence = Evidence {
            newest: newest_reading(pump, fetched, page),
            last_upload: pump.last_upload,
            now: self.now,
        };
        let clock = PumpClock::judge(self.config.zone, &decoded.clock_changes, &evidence);
        log::debug!(
            "pump {}: clock judged as {:?}",
            pump.serial,
            clock.verdict()
        );
        if let Some(offset) = clock.verdict().misfit {
            report.warn(format!(
                "pump {}: its newest event would lie after its upload, so the pump's clock and TIMEZONE_NAME ({}) do not \
                 fit each other; {} would fit. Set TIMEZONE_NAME to the zone of the pump's clock, or correct the pump's \
                 clock",
                pump.serial,
                self.config.zone.name(),
                offset_name(offset),
            ));
        }
        clock
    }
}

/// The pages still to do.
struct Work {
    pages: VecDeque<Page>,
    window: Window,
    /// What the site holds around the first page, as long as that is not another one.
    prefetched: Option<Vec<Existing>>,
    may_widen: bool,
}

impl Work {
    fn new(config: &Config, window: Window, existing: Vec<Existing>) -> Work {
        Work {
            pages: window::pages(config.zone, window).into(),
            window,
            prefetched: Some(existing),
            may_widen: matches!(config.span, Span::Recent { .. }),
        }
    }

    /// Begins again further back, once, where documents there may have been written at a wrong time.
    fn widen(&mut self, config: &Config, doubtful_from: Option<DateTime<Utc>>) -> bool {
        let Some(start) = doubtful_from.filter(|from| self.may_widen && *from < self.window.start)
        else {
            return false;
        };
        self.may_widen = false;
        self.window.start = start;
        self.pages = window::pages(config.zone, self.window).into();
        self.prefetched = None;
        true
    }
}

/// What the pumps' events of a page came to.
#[derive(Default)]
struct Fetched {
    /// The documents that should be there, by time.
    wanted: Vec<Treatment>,
    /// From when on earlier runs may have judged a pump's clock otherwise.
    doubtful_from: Option<DateTime<Utc>>,
}

fn fetch_days(
    session: &mut Session,
    pump: &Pump,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Decoded, Failure> {
    let logs = session.pump_logs(pump, first, last)?;
    Decoded::from_logs([&logs])
}

/// What the pump's clock showed at the newest event known: of those fetched where they reach up to now, else what the
/// account says, as long as that is no nonsense.
fn newest_reading(pump: &Pump, fetched: Option<PumpTime>, page: &Page) -> Option<PumpTime> {
    let recorded = pump.newest_event.filter(|recorded| {
        let limit = pump
            .last_upload
            .map(|upload| upload.naive_utc() + Duration::days(1));
        limit.is_none_or(|limit| *recorded <= limit) && recorded.date() > page.last_day
    });
    recorded.map(PumpTime::new).or(fetched)
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
