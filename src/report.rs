//! What a run did: the summary line, and the same as JSON.

pub mod day;
mod doubles;
pub mod picture;
mod summary;
mod table;
mod uploads;
mod words;

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Result;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use crate::config::{Feature, Verbosity};
use crate::failure::{self, ExitStatus, Failure};
use crate::logging::{is_invisible, visible_json};
use crate::progress;
use crate::pump::decode::Skipped;
use crate::window::Window;

pub use uploads::Tally;
pub use words::grouped;

pub(crate) use doubles::{Doubles, WHERE_IT_RUNS};
pub(crate) use uploads::Uploads;
pub(crate) use words::{capitalised, counted, local_minute, some_of, span_in_words, units};

/// The phone uploads about once an hour. When the newest event is older than this, something keeps it from doing so.
pub(crate) const SUSPICIOUS_AGE: Duration = Duration::hours(3);

/// What to do about a pump that is not heard of.
pub(crate) const CHECK_THE_PHONE: &str =
    "Check that the phone with Tandem's app is on, online, and connected to the pump";

/// What a run did, as far as it got.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// When the run began.
    pub(crate) now: DateTime<Utc>,
    /// The owner's zone, in which times are shown.
    pub(crate) zone: Tz,
    /// Whether nothing was written in truth.
    pub(crate) pretend: bool,
    /// Whether the run got through to its end.
    pub(crate) complete: bool,
    /// The pumps copied, each as the last digits of its serial number.
    pub pumps: Vec<String>,
    /// The span in which documents are created; further back they are at most corrected.
    pub window: Option<Window>,
    /// What became of the documents.
    pub uploads: Uploads,
    /// What was left out of Tandem's answers.
    pub skipped: Skipped,
    /// How many documents wait until it is known at which offset a pump's clock runs.
    pub(crate) clock_unknown: usize,
    /// Whether another uploader's glucose told a pump's clock.
    pub(crate) clock_witnessed: bool,
    /// Whether the site could not be read at all.
    pub(crate) site_unread: bool,
    /// Whether another time zone would fit a pump's clock better.
    pub(crate) zone_doubted: bool,
    /// How many rates of a pump were left out because a newer one delivered by then.
    pub rates_left_out: usize,
    /// The newest event of any pump copied.
    pub newest_event: Option<DateTime<Utc>>,
    /// What the reader should know besides.
    pub warnings: Vec<String>,
    /// Features for which the pumps sent nothing.
    pub without_data: Vec<Feature>,
    /// What stands on the site twice because another uploader wrote it too.
    pub doubles: Doubles,
    /// How many documents were removed that two runs at the same moment had left beside their twins.
    pub twins_removed: usize,
}

impl Report {
    /// The report of a run that has done nothing yet.
    pub(crate) fn new(now: DateTime<Utc>, zone: Tz, pretend: bool) -> Self {
        Report {
            now,
            zone,
            pretend,
            ..Report::default()
        }
    }

    /// Logs a warning and keeps it for the JSON summary; the same one only once.
    pub(crate) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            log::warn!("{warning}");
            self.warnings.push(warning);
        }
    }

    /// Keeps a warning that needs a person, and logs it, also in a quiet run, where it is due.
    pub(crate) fn remind(&mut self, warning: String, due: bool) {
        if due {
            log::warn!(target: crate::logging::REMINDER, "{warning}");
        }
        self.warnings.push(warning);
    }

    /// The age of the newest event of any pump copied.
    pub(crate) fn age(&self) -> Option<Duration> {
        self.newest_event.map(|newest| self.now - newest)
    }

    /// What is to be said of a pump that has not been heard of for longer than this; `None` where it has.
    pub(crate) fn silence(&self, limit: Duration) -> Option<String> {
        match self.age() {
            Some(age) if age <= limit => None,
            Some(age) => {
                let age = span_in_words(age);
                Some(format!("the pump's newest event is {age} old"))
            }
            None => Some("the pump has no events in this time".to_owned()),
        }
    }

    /// Whether the run was about the time up to now, and not about days gone by.
    pub(crate) fn reaches_up_to_now(&self) -> bool {
        self.window.is_some_and(|window| window.end >= self.now)
    }

    /// Says how the run ended: a failure to the log, the summary (for a run that only pretends, after its documents) to
    /// standard output.
    ///
    /// # Errors
    /// When standard output takes no more: a full disk. A reader that closed its end is none, the run is over all the same.
    pub fn print(
        &self,
        failure: Option<&anyhow::Error>,
        tells_failure: bool,
        json: bool,
        verbosity: Verbosity,
    ) -> Result<()> {
        if let Some(failure) = failure.filter(|_| tells_failure) {
            log::error!("{}", failure::message(failure));
        }
        let mut text = String::new();
        if json {
            text += &self.uploads.documents_as_lines();
            let _ = writeln!(text, "{}", visible_json(&self.to_json(failure).to_string()));
        } else if verbosity > Verbosity::Quiet {
            if self.pretend {
                text += &self.pretence(verbosity);
            }
            let _ = writeln!(text, "{}", self.summary());
        }
        output(&text)
    }

    /// What a run that only pretends shows above its summary: the documents, where more is to be said, and the table.
    pub fn pretence(&self, verbosity: Verbosity) -> String {
        let mut text = String::new();
        if verbosity > Verbosity::Normal {
            text += &self.uploads.documents_as_lines();
        }
        for line in table::lines(&self.uploads) {
            let _ = writeln!(text, "{line}");
        }
        text
    }

    /// The summary as one JSON object.
    pub fn to_json(&self, failure: Option<&anyhow::Error>) -> Value {
        let status = failure.map_or(ExitStatus::Done, failure::status);
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let documents: Map<String, Value> = self
            .uploads
            .tallies
            .iter()
            .map(|(kind, tally)| {
                let counts = json!({
                    "created": tally.created,
                    "updated": tally.updated,
                    "already_there": tally.already,
                    "held_back": tally.held_back,
                    "refused": tally.refused,
                });
                ((*kind).to_owned(), counts)
            })
            .collect();
        json!({
            "exit_status": status.code(),
            "failure": failure.map(failure::message),
            "pretend": self.pretend,
            "pumps": self.pumps,
            "window": self.window.map(|window| json!({
                "start": time(window.start),
                "end": time(window.end),
            })),
            "documents": documents,
            "refusals": self.uploads.refusals,
            "newest_event": self.newest_event.map(time),
            "newest_event_age_minutes": self.age().map(|age| age.num_minutes()),
            "left_out": {
                "unknown_events": self.skipped.unknown_events.kinds()
                    .map(|(code, count)| (code.to_string(), json!(count)))
                    .collect::<Map<String, Value>>(),
                "unreadable_events": self.skipped.unreadable(),
                "unknown_values": self.skipped.unknown_values.kinds()
                    .map(|(value, count)| (value_name(value), json!(count)))
                    .collect::<Map<String, Value>>(),
                "unknown_fields": self.skipped.unknown_fields.iter()
                    .map(field_name)
                    .collect::<Vec<String>>(),
            },
            "doubles": self.doubles.to_json(),
            "twins_removed": self.twins_removed,
            "without_data": self.without_data.iter().map(|feature| feature.name()).collect::<Vec<_>>(),
            "warnings": self.warnings,
        })
    }
}

/// Writes to standard output.
///
/// # Errors
/// With 75 when it takes no more.
pub(crate) fn output(text: &str) -> Result<()> {
    // Colours begin with an escape.
    let text = text.replace(|c| !matches!(c, '\n' | '\u{1b}') && is_invisible(c), " ");
    // Takes colours away from what is no terminal.
    let mut out = anstream::stdout();
    let written = progress::above(|| out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(output_failure("The output", &error).into())
        }
        _ => Ok(()),
    }
}

/// What a run says is lost: what it did is done.
pub(crate) fn output_failure(what: &str, error: &std::io::Error) -> Failure {
    Failure::new(
        ExitStatus::TryLater,
        format!("{what} could not be written ({error})"),
        "Look at where it goes: the disk may be full, or this user may not write there",
    )
}

/// A value that no table has, as code, property and value.
fn value_name((code, property, value): &(i64, &'static str, i64)) -> String {
    format!("{code}.{property}={value}")
}

/// A property that no schema has, as code and name.
fn field_name((code, name): &(i64, String)) -> String {
    format!("{code}.{name}")
}
