//! `--remove-doubles` and `--restore`: mends a site on which tconnectsync wrote deliveries that this program wrote too.
//!
//! What would be removed is shown first, with the totals before and after; only `--yes` removes it, one document after the
//! other by its `_id`, after all of them were saved to a file that `--restore` puts back. [`crate::reconcile::doubles`] says
//! which documents these are.

mod pump_times;
mod restore;
mod saved;
mod table;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::config::{Collection, Config, Span};
use crate::failure::{self, ExitStatus, Failure};
use crate::http::RunLimits;
use crate::logging::visible_json;
use crate::nightscout::document::Existing;
use crate::nightscout::{Document, ObjectId, Removed, Site};
use crate::reconcile::doubles::{self, Fate};
use crate::report::{counted, rounded};
use crate::state::RunLock;
use crate::window::{self, ASTRAY, Window};
use pump_times::PumpTimes;

pub use restore::{Restored, restore};

/// tconnectsync runs at least once an hour: what it wrote less long ago it may go on writing.
const STILL_AT_WORK: Duration = Duration::hours(3);

/// A document that tells again what another one tells.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its `_id`.
    pub(crate) id: ObjectId,
    /// The whole document.
    pub(crate) document: Document,
    /// Its event type.
    pub(crate) event_type: String,
    /// When it is filed.
    pub(crate) at: Option<DateTime<Utc>>,
    /// Whether it is of a bolus.
    pub(crate) bolus: bool,
    /// The event type of the document that tells the same.
    pub(crate) other_type: String,
    /// When that one is filed.
    pub(crate) other_at: Option<DateTime<Utc>>,
    /// Whether that one is this program's.
    pub(crate) other_is_ours: bool,
    /// What is to become of it.
    pub(crate) fate: Fate,
}

/// Insulin (U) and carbs (g) of boluses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// U.
    pub insulin: f64,
    /// g.
    pub carbs: f64,
}

/// What a look for doubles came to, as far as it got.
#[derive(Debug)]
pub struct Outcome {
    /// The span that was looked at.
    pub(crate) window: Window,
    /// What was found, oldest first.
    pub found: Vec<Found>,
    /// The boluses of the span as they were found.
    pub before: Totals,
    /// The same without what goes.
    pub after: Totals,
    /// How many documents were removed.
    pub removed: usize,
    /// Where they were saved before.
    pub file: Option<PathBuf>,
    /// What the owner should know.
    pub warnings: Vec<String>,
    /// Why not all of it was done.
    pub failure: Option<anyhow::Error>,
}

impl Outcome {
    /// The documents that go.
    pub fn going(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|found| found.fate == Fate::Goes)
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
                "insulin_units": rounded(totals.insulin, 1000.0),
                "carbs_grams": rounded(totals.carbs, 1000.0),
            })
        };
        let found = self.found.iter().map(|found| {
            json!({
                "_id": found.id.as_str(),
                "eventType": found.event_type,
                "at": time(found.at),
                "told_by": found.other_type,
                "told_at": time(found.other_at),
                "goes": found.fate == Fate::Goes,
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

/// Looks for doubles, and with a directory to save them in removes those that go.
pub fn remove(
    config: &Config,
    now: DateTime<Utc>,
    limits: &RunLimits,
    save_in: Option<&Path>,
) -> Outcome {
    let mut outcome = Outcome {
        window: window_of(config, now),
        found: Vec::new(),
        before: Totals::default(),
        after: Totals::default(),
        removed: 0,
        file: None,
        warnings: Vec::new(),
        failure: None,
    };
    outcome.failure = look_and_remove(config, now, limits, save_in, &mut outcome).err();
    outcome
}

fn look_and_remove(
    config: &Config,
    now: DateTime<Utc>,
    limits: &RunLimits,
    save_in: Option<&Path>,
    outcome: &mut Outcome,
) -> Result<()> {
    // A run at the same time would write what this one has not seen.
    let _lock = save_in.map(|_| RunLock::take(config)).transpose()?;
    let site = Site::new(&config.nightscout, config.proxy.as_ref(), limits.clone())?;
    // One call alone shows whether the secret is any good: each rejected one makes later calls wait.
    site.status()?;
    let mut pump_times = PumpTimes::new(config, now, limits);
    let mut last_written = None;
    for page in window::pages(config.zone, outcome.window) {
        let span = page.window;
        let lean = |document| Some(Existing::lean(document));
        let existing = site.treatments(span.start - ASTRAY, Some(span.end + ASTRAY), lean)?;
        last_written = last_written.max(written_by_tconnectsync(&existing));
        let needs_pump = doubles::needs_the_pump(&doubles::find(&existing, |_| None));
        let times = match needs_pump {
            true => pump_times.of(&page, &mut outcome.warnings),
            false => pump_times::Times::default(),
        };
        let inside = |at: Option<DateTime<Utc>>| at.is_some_and(|at| span.contains(at));
        let found: Vec<Found> = doubles::find(&existing, |number| times.instant(number))
            .iter()
            .filter(|double| inside(double.document.at))
            .map(owned)
            .collect();
        outcome.found.extend(found);
        let gone: BTreeSet<ObjectId> = outcome.going().map(|found| found.id.clone()).collect();
        let existing: Vec<Existing> = existing
            .into_iter()
            .filter(|document| inside(document.at))
            .collect();
        outcome
            .before
            .add(doubles::totals(&existing, &BTreeSet::new()));
        outcome.after.add(doubles::totals(&existing, &gone));
    }
    if let Some(warning) = still_at_work(last_written, now, config) {
        outcome.warnings.push(warning);
    }
    match save_in {
        Some(directory) if outcome.going().next().is_some() => {
            save_and_remove(&site, directory, now, outcome)
        }
        _ => Ok(()),
    }
}

impl Totals {
    fn add(&mut self, (insulin, carbs): (f64, f64)) {
        self.insulin += insulin;
        self.carbs += carbs;
    }
}

fn window_of(config: &Config, now: DateTime<Utc>) -> Window {
    match config.span {
        Span::Recent { days } => window::recent(now, days, None, days).window,
        Span::Dates { first, last } => window::of_dates(config.zone, first, last),
    }
}

fn owned(double: &doubles::Double<'_>) -> Found {
    Found {
        id: double.id.clone(),
        document: double.document.document.clone(),
        event_type: double.document.event_type.clone(),
        at: double.document.at,
        bolus: double.is_bolus(),
        other_type: double.other.event_type.clone(),
        other_at: double.other.at,
        other_is_ours: double.other_is_ours,
        fate: double.fate,
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
    let local = last.with_timezone(&config.zone);
    Some(format!(
        "tconnectsync, the old app, wrote to the site at {}: stop it before you remove anything (on Heroku delete its app, and \
         whatever calls its /run address; elsewhere its cron line, service or container), or it writes the same again",
        local.format("%Y-%m-%d %H:%M %Z")
    ))
}

/// Saves the documents that go, and only then removes them.
fn save_and_remove(
    site: &Site,
    directory: &Path,
    now: DateTime<Utc>,
    outcome: &mut Outcome,
) -> Result<()> {
    let going: Vec<Found> = outcome.going().cloned().collect();
    let documents = going.iter().map(|found| &found.document);
    outcome.file = Some(saved::save(directory, now, documents)?);
    for found in going {
        match site.remove(Collection::Treatments, &found.id)? {
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

/// The whole of `--remove-doubles`, output included. A machine whose disk is gone afterwards, as a dyno's is, is shown the
/// saved documents too.
pub fn perform_removal(
    config: &Config,
    now: DateTime<Utc>,
    limits: &RunLimits,
    yes: bool,
    disk_is_lost: bool,
) -> ExitStatus {
    let outcome = remove(config, now, limits, yes.then_some(Path::new(".")));
    if let Some(error) = &outcome.failure {
        log::error!("{}", failure::message(error));
    }
    if config.json {
        say(&outcome.to_json().to_string());
    } else {
        for line in table::lines(&outcome, config, yes) {
            say(&line);
        }
        if disk_is_lost && outcome.file.is_some() {
            say(
                "The file is gone when this console closes. To be able to put them back, copy these lines into a file of your own:",
            );
            say(table::saved_lines(&outcome).trim_end());
        }
    }
    outcome.status()
}

/// The whole of `--restore`, output included.
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

/// One line on standard output. Whoever reads may have closed its end; what is done is done all the same.
fn say(line: &str) {
    // Event types and ids are a site's words.
    let line = visible_json(line);
    let _ = writeln!(std::io::stdout(), "{line}");
}
