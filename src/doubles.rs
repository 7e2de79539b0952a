//! `--remove-doubles` and `--restore`: clean up a site on which tconnectsync wrote deliveries that this program wrote too.
//!
//! Without `--yes` it only shows what would be removed, with the totals before and after. With `--yes` it first saves these
//! documents to a file that `--restore` puts back, then removes them one by one by their `_id`.
//! [`crate::reconcile::doubles`] decides which documents these are.

mod pump_times;
mod restore;
mod saved;
mod table;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::config::{Collection, Config, Span};
use crate::failure::{self, ExitStatus, Failure};
use crate::http::RunLimits;
use crate::logging::visible_json;
use crate::nightscout::document::Existing;
use crate::nightscout::{ObjectId, Removed, Site};
use crate::pump::quantity::rounded;
use crate::reconcile::doubles::{self, Fate};
use crate::report::{WHERE_IT_RUNS, counted, local_minute, output};
use crate::state::RunLock;
use crate::window::{self, ASTRAY, Window};
use pump_times::PumpTimes;

pub use crate::reconcile::doubles::{Double, Totals};
pub use restore::{Restored, restore};

/// tconnectsync runs at least once an hour. If it wrote within this time, it may still be running.
const STILL_AT_WORK: Duration = Duration::hours(3);

/// The result of a search for duplicates, as far as it got.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The time span that was searched.
    pub(crate) window: Window,
    /// What was found, oldest first.
    pub found: Vec<Double>,
    /// The boluses of the span as they were found.
    pub before: Totals,
    /// The same without the documents that are removed.
    pub after: Totals,
    /// How many documents were removed.
    pub removed: usize,
    /// The file in which they were saved first.
    pub file: Option<PathBuf>,
    /// What the owner should know.
    pub warnings: Vec<String>,
    /// Why it was not completed.
    pub failure: Option<anyhow::Error>,
}

impl Outcome {
    /// The documents to remove.
    pub fn going(&self) -> impl Iterator<Item = &Double> {
        self.found.iter().filter(|found| found.goes())
    }

    /// The status that the process ends with.
    pub fn status(&self) -> ExitStatus {
        self.failure
            .as_ref()
            .map_or(ExitStatus::Done, failure::status)
    }

    /// All of it as one object.
    pub(crate) fn to_json(&self) -> Value {
        let time = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339());
        let totals = |totals: Totals| {
            json!({
                "insulin_units": rounded(totals.insulin, 3),
                "carbs_grams": rounded(totals.carbs, 3),
            })
        };
        let found = self.found.iter().map(|found| {
            json!({
                "_id": found.id.as_str(),
                "eventType": found.document.event_type,
                "at": time(found.document.at),
                "told_by": found.other_type,
                "told_at": time(found.other_at),
                "goes": found.goes(),
            })
        });
        json!({
            "exit_status": self.status().code(),
            "failure": self.failure.as_ref().map(failure::message),
            "doubles": found.collect::<Vec<Value>>(),
            "before": totals(self.before),
            "after": totals(self.after),
            "removed": self.removed,
            "file": self.file.as_ref().map(|file| file.display().to_string()),
            "warnings": self.warnings,
        })
    }
}

/// How documents are kept before they are removed.
#[derive(Clone, Copy, Debug)]
pub struct Saving<'a> {
    /// The directory for their file.
    pub directory: &'a Path,
    /// Whether the disk is lost afterwards, as on a dyno: they are printed too.
    pub disk_is_lost: bool,
}

/// Searches for duplicates. If they can be saved, removes them.
pub fn remove(
    config: &Config,
    now: DateTime<Utc>,
    limits: &RunLimits,
    saving: Option<Saving<'_>>,
) -> Outcome {
    let mut outcome = Outcome {
        window: window_of(config, now),
        ..Outcome::default()
    };
    outcome.failure = look_and_remove(config, now, limits, saving, &mut outcome).err();
    outcome
}

fn look_and_remove(
    config: &Config,
    now: DateTime<Utc>,
    limits: &RunLimits,
    saving: Option<Saving<'_>>,
    outcome: &mut Outcome,
) -> Result<()> {
    // A run at the same time could write documents that this one has not read.
    let _lock = saving.map(|_| RunLock::take(config)).transpose()?;
    let site = Site::new(&config.nightscout, config.proxy.as_ref(), limits.clone())?;
    // The first call shows whether the secret is valid: each rejection makes Nightscout delay later calls.
    site.status()?;
    let mut pump_times = PumpTimes::new(config, now, limits);
    let mut last_written = None;
    for page in window::pages(config.zone, outcome.window) {
        let span = page.window;
        let lean = |document| Some(Existing::lean(document));
        let existing = site.treatments(span.start - ASTRAY, Some(span.end + ASTRAY), lean)?;
        last_written = last_written.max(written_by_tconnectsync(&existing));
        let mut found = doubles::find(&existing, |_| None);
        if found.iter().any(|double| double.fate == Fate::Undecided) {
            let times = pump_times.of(&page, &mut outcome.warnings);
            found = doubles::find(&existing, |number| times.instant(number));
        }
        let inside = |document: &Existing| document.at.is_some_and(|at| span.contains(at));
        found.retain(|double| inside(&double.document));
        let going = found.iter().filter(|double| double.goes());
        let gone: HashSet<&str> = going
            .filter_map(|double| double.document.id.as_deref())
            .collect();
        let inside = || existing.iter().filter(|document| inside(document));
        outcome.before.count(inside());
        outcome.after.count(inside().filter(|document| {
            let id = document.id.as_deref();
            id.is_none_or(|id| !gone.contains(id))
        }));
        outcome.found.extend(found);
    }
    if let Some(warning) = still_at_work(last_written, now, config) {
        outcome.warnings.push(warning);
    }
    match saving {
        Some(saving) if outcome.going().next().is_some() => {
            save(saving, now, config.json, outcome)?;
            remove_saved(&site, outcome)
        }
        _ => Ok(()),
    }
}

fn window_of(config: &Config, now: DateTime<Utc>) -> Window {
    match config.span {
        Span::Recent { days } => window::recent(now, days, None, days).window,
        Span::Dates { first, last } => window::of_dates(config.zone, first, last),
    }
}

/// When tconnectsync last wrote one of these documents.
fn written_by_tconnectsync(existing: &[Existing]) -> Option<DateTime<Utc>> {
    let theirs = existing.iter().filter(|document| {
        document.ours && document.identifier.is_none() && !document.events.is_empty()
    });
    let written = |document: &Existing| ObjectId::parse(document.id.as_deref()?)?.written_at();
    theirs.filter_map(written).max()
}

fn still_at_work(
    last_written: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    config: &Config,
) -> Option<String> {
    let last = last_written.filter(|last| (now - *last) < STILL_AT_WORK)?;
    Some(format!(
        "tconnectsync, the old app, wrote to the site at {}: stop it before you remove anything ({WHERE_IT_RUNS}), or it writes \
         the same again",
        local_minute(last, config.zone)
    ))
}

/// Saves the documents that go. With `json` they are printed without a word before them.
fn save(saving: Saving<'_>, now: DateTime<Utc>, json: bool, outcome: &mut Outcome) -> Result<()> {
    let documents = outcome.going().map(|found| &found.document.document);
    let lines = saved::as_lines(documents);
    outcome.file = Some(saved::save(saving.directory, now, &lines)?);
    if !saving.disk_is_lost {
        return Ok(());
    }
    let words = match json {
        true => "",
        false => {
            "The file is gone when this console closes. To be able to put them back, copy these lines into a file of your own:\n"
        }
    };
    // What cannot be printed is not removed.
    output(&(words.to_owned() + &visible_json(&lines)))
}

fn remove_saved(site: &Site, outcome: &mut Outcome) -> Result<()> {
    let going: Vec<ObjectId> = outcome.going().map(|found| found.id.clone()).collect();
    for id in going {
        match site.remove(Collection::Treatments, &id)? {
            Removed::Yes => outcome.removed += 1,
            Removed::NotAllowed => return Err(not_allowed().into()),
        }
    }
    Ok(())
}

fn not_allowed() -> Failure {
    Failure::new(
        ExitStatus::CredentialsRejected,
        "Nightscout: treatments may not be removed with this NS_SECRET",
        "On the site's Admin Tools page give the token's role api:treatments:delete, or set NS_SECRET to the site's API_SECRET",
    )
}

/// The whole of `--remove-doubles`, with its output. If the disk is lost afterwards, as on a dyno, the documents are printed
/// before they are removed.
pub fn perform_removal(
    config: &Config,
    now: DateTime<Utc>,
    limits: &RunLimits,
    yes: bool,
    disk_is_lost: bool,
) -> ExitStatus {
    let saving = Saving {
        directory: Path::new("."),
        disk_is_lost,
    };
    let outcome = remove(config, now, limits, yes.then_some(saving));
    if let Some(error) = &outcome.failure {
        log::error!("{}", failure::message(error));
    }
    if config.json {
        say(&outcome.to_json().to_string());
    } else {
        for line in table::lines(&outcome, config, yes) {
            say(&line);
        }
    }
    outcome.status()
}

/// The whole of `--restore`, with its output.
pub fn perform_restoration(config: &Config, limits: &RunLimits, file: &Path) -> ExitStatus {
    let restored = restore(config, limits, file);
    let error = restored.failure.as_ref();
    let status = error.map_or(ExitStatus::Done, failure::status);
    let message = error.map(failure::message);
    if let Some(message) = &message {
        log::error!("{message}");
    }
    let documents = restored.documents;
    if config.json {
        let restored = json!({
            "exit_status": status.code(),
            "failure": message,
            "restored": documents,
        });
        say(&restored.to_string());
    } else {
        say(&format!(
            "Put back {}.",
            counted(documents, "document", "documents")
        ));
    }
    status
}

/// Prints one line. A closed standard output is no error: the work is done.
fn say(line: &str) {
    // Event types and ids come from the site.
    let line = visible_json(line);
    let _ = output(&format!("{line}\n"));
}
