//! `--report FILE`: the last day and how the latest run ended, as one web page; on GitHub Actions the same as the job's summary.
//!
//! The page is one file without scripts and without anything from elsewhere. It is replaced as a whole after each run, also
//! after one that failed, so that whoever looks at it sees when the latest run ended and how.

mod chart;
mod file;
mod html;
mod job_summary;

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::config::{Config, PageFiles, Reading};
use crate::failure::{ExitStatus, Failure};
use crate::http::{Deadline, RunLimits};
use crate::nightscout::{GlucoseUnits, Site};
use crate::pass::Outcome;
use crate::report::day::Day;
use crate::report::{Report, output_failure};
use crate::{failure, show};

/// How long reading the day may take: the run itself is over by then.
const LIMIT: Duration = Duration::from_secs(20);

/// Hours shown.
const SHOWN: u16 = 24;

/// What the page tells.
#[derive(Clone, Debug)]
pub struct Told {
    /// When the run began.
    pub now: DateTime<Utc>,
    /// The zone that times are shown in.
    pub zone: Tz,
    /// How the run ended.
    pub status: ExitStatus,
    /// The summary line, where the run got as far as that.
    pub summary: Option<String>,
    /// Why it failed.
    pub failure: Option<String>,
    /// What the reader should know besides.
    pub warnings: Vec<String>,
    /// What the site holds, and the units in which it shows glucose; `None` where it could not be read.
    pub day: Option<(Day, GlucoseUnits)>,
}

impl Told {
    /// A run that ended before there was anything to report.
    pub fn failed(now: DateTime<Utc>, reading: &Reading, status: ExitStatus, why: String) -> Told {
        Told {
            now,
            zone: reading.zone.unwrap_or(Tz::UTC),
            status,
            summary: None,
            failure: Some(why),
            warnings: Vec::new(),
            day: None,
        }
    }

    /// A run and what the site holds after it, for which the site is asked within these limits; not without. A site that does
    /// not answer leaves the picture out. One that did not answer the run is not asked: it delays each call after a rejected one.
    pub fn of_run(config: &Config, outcome: &Outcome, limits: Option<&RunLimits>) -> Told {
        let report = &outcome.report;
        let limits = limits.filter(|_| !report.site_unread);
        Told {
            now: report.now,
            zone: config.zone,
            status: outcome.status(),
            summary: Some(report.summary()),
            failure: outcome.message(),
            warnings: report.warnings.clone(),
            day: limits.and_then(|limits| day(config, report, limits)),
        }
    }
}

fn day(config: &Config, report: &Report, limits: &RunLimits) -> Option<(Day, GlucoseUnits)> {
    let left = limits.deadline().remaining().unwrap_or(LIMIT);
    let limits = RunLimits::new(Deadline::after(LIMIT.min(left)), limits.stop().clone());
    let site = Site::new(&config.nightscout, config.proxy.as_ref(), limits);
    let day = site.and_then(|site| show::look(&site, SHOWN, report.now, &[]));
    day.inspect_err(|error| log::debug!("no picture: {}", failure::message(error)))
        .ok()
}

/// Writes the page and the job's summary, where they are wanted.
///
/// # Errors
/// With 75 where one of them cannot be written. Nothing else fails with it: the run is over.
pub fn write(files: &PageFiles, told: &Told) -> Result<(), Failure> {
    if let Some(path) = &files.html {
        let page = html::page(told);
        file::replace(path, page.as_bytes()).map_err(|error| not_written(path, &error))?;
    }
    if let Some(path) = &files.job_summary {
        let text = job_summary::text(told, is_private(files));
        file::append(path, text.as_bytes()).map_err(|error| not_written(path, &error))?;
    }
    Ok(())
}

/// Whether GitHub says that the job's repository is private: whoever may see the repository may see the summary.
fn is_private(files: &PageFiles) -> bool {
    let event = files.job_event.as_deref().map(std::fs::read);
    let event = event.and_then(Result::ok).unwrap_or_default();
    let event: serde_json::Value = serde_json::from_slice(&event).unwrap_or_default();
    let repository = &event["repository"];
    match repository.get("visibility") {
        // An internal one is `private` too, and all of the enterprise see it.
        Some(visibility) => visibility == "private",
        None => repository["private"] == true,
    }
}

fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    let path = crate::config::shown_path(path);
    output_failure(&format!("The report {path}"), error)
}
