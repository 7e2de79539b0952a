//! What a run did: the summary line, and the same as JSON.

pub mod day;
mod doubles;
pub mod picture;
mod progress;
mod table;
mod uploads;

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Result;
use chrono::{DateTime, Duration, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use crate::config::{Feature, Verbosity};
use crate::failure::{self, ExitStatus, Failure};
use crate::logging::{is_invisible, visible_json};
use crate::pump::decode::Skipped;
use crate::window::Window;

pub use uploads::Tally;

pub(crate) use doubles::Doubles;
pub(crate) use progress::Progress;
pub(crate) use uploads::Uploads;

/// The phone uploads about once an hour. When the newest event is older than this, something keeps it from doing so.
pub(crate) const SUSPICIOUS_AGE: Duration = Duration::hours(3);

/// What to do about a pump that is not heard of.
pub(crate) const CHECK_THE_PHONE: &str =
    "Check that the phone with Tandem's app is on, online, and connected to the pump";

/// What a run did, as far as it got.
#[derive(Clone, Debug)]
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
            complete: false,
            pumps: Vec::new(),
            window: None,
            uploads: Uploads::default(),
            skipped: Skipped::default(),
            clock_unknown: 0,
            clock_witnessed: false,
            rates_left_out: 0,
            newest_event: None,
            warnings: Vec::new(),
            without_data: Vec::new(),
            doubles: Doubles::default(),
            twins_removed: 0,
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
        json: bool,
        verbosity: Verbosity,
    ) -> Result<()> {
        if let Some(failure) = failure {
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

    /// The one line that a run ends with.
    pub fn summary(&self) -> String {
        let (upload, update) = if self.pretend {
            ("Would upload", "would update")
        } else {
            ("Uploaded", "updated")
        };
        let mut parts = Vec::new();
        let created = self.kinds(|tally| tally.created);
        let updated = self.kinds(|tally| tally.updated);
        match (created.is_empty(), updated.is_empty()) {
            (true, true) if self.complete => parts.push("Nothing new".to_owned()),
            (true, true) => parts.push("Nothing uploaded".to_owned()),
            (false, true) => parts.push(format!("{upload} {created}")),
            (true, false) => parts.push(capitalised(&format!("{update} {updated}"))),
            (false, false) => parts.push(format!("{upload} {created}; {update} {updated}")),
        }
        let mut count = |number: usize, what: &str| {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        };
        count(self.uploads.total(|tally| tally.already), "already there");
        count(
            self.uploads.total(|tally| tally.held_back),
            "held back until 10 minutes old",
        );
        count(
            self.rates_left_out,
            "rates of the older pump left out, since the newer one delivers",
        );
        count(
            self.clock_unknown,
            "held back until the pump's clock is known",
        );
        count(
            self.uploads.total(|tally| tally.refused),
            "refused by Nightscout",
        );
        count(
            self.twins_removed,
            match self.pretend {
                true => "that two runs wrote twice to be removed",
                false => "that two runs wrote twice removed",
            },
        );
        let mut line = format!("{}.", parts.join("; "));
        // Writing to a String cannot fail. A run that was cut short may not have seen any event that there is.
        if self.complete || self.newest_event.is_some() {
            let _ = write!(line, " {}.", self.newest_event_in_words());
        }
        if self.clock_witnessed {
            line += " The pump's clock is known from another uploader's glucose.";
        }
        if !self.without_data.is_empty() {
            let features = self.without_data.iter().map(|feature| match feature {
                // Whether it is suspended may be known all the same.
                Feature::DeviceStatus => "DEVICE_STATUS (reservoir, battery)",
                feature => feature.name(),
            });
            let features: Vec<&str> = features.collect();
            let _ = write!(line, " Nothing from the pump for {}.", features.join(", "));
        }
        let left_out = left_out(&self.skipped);
        if !left_out.is_empty() {
            let _ = write!(
                line,
                " Left out: {}. This version does not know them: please report this line at {}/issues",
                left_out.join(", "),
                env!("CARGO_PKG_REPOSITORY"),
            );
        }
        line
    }

    fn kinds(&self, of: impl Fn(&Tally) -> usize) -> String {
        let counted = self
            .uploads
            .tallies
            .iter()
            .map(|(kind, tally)| (kind, of(tally)));
        let named = counted.filter(|(_, count)| *count > 0);
        let texts: Vec<String> = named
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        texts.join(", ")
    }

    fn newest_event_in_words(&self) -> String {
        let (Some(newest), Some(age)) = (self.newest_event, self.age()) else {
            return format!("The pump has no events in this time{}", self.hint(true));
        };
        let local = self.zone.from_utc_datetime(&newest.naive_utc());
        let time = local.format("%Y-%m-%d %H:%M %Z");
        if age < Duration::zero() {
            format!(
                "Newest pump event: {time}, {} ahead of now",
                span_in_words(-age)
            )
        } else {
            let hint = self.hint(age > SUSPICIOUS_AGE);
            format!(
                "Newest pump event: {time}, {} ago{hint}",
                span_in_words(age)
            )
        }
    }

    /// Where a run that reaches up to now finds nothing new, the phone is what to look at.
    fn hint(&self, silent: bool) -> &'static str {
        if silent && self.reaches_up_to_now() {
            " (is the phone with Tandem's app on, online, and connected to the pump?)"
        } else {
            ""
        }
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
    let mut out = std::io::stdout();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(
            ExitStatus::TryLater,
            format!("The output could not be written ({})", error.kind()),
            "Look at where standard output goes: the disk may be full",
        )
        .into()),
        _ => Ok(()),
    }
}

/// What was left out of Tandem's answers, in words; each part names what its reader would report.
fn left_out(skipped: &Skipped) -> Vec<String> {
    let mut parts = Vec::new();
    let mut count = |number: usize, more: bool, [one, many]: [&str; 2], which: Vec<String>| {
        if number == 0 {
            return;
        }
        let noun = if number == 1 { one } else { many };
        let more = if more { "more than " } else { "" };
        let which = match which.is_empty() {
            true => String::new(),
            false => format!(" ({})", some_of(&which)),
        };
        parts.push(format!("{more}{number} {noun}{which}"));
    };
    let Skipped {
        unknown_events: events,
        malformed,
        unknown_values: values,
        unknown_fields: fields,
        ..
    } = skipped;
    count(
        events.total(),
        events.is_cut_off(),
        ["unknown event", "unknown events"],
        events
            .kinds()
            .map(|(code, _)| format!("code {code}"))
            .collect(),
    );
    count(
        skipped.unreadable(),
        malformed.is_cut_off(),
        ["unreadable event", "unreadable events"],
        malformed
            .kinds()
            .map(|(code, _)| format!("code {code}"))
            .collect(),
    );
    count(
        values.total(),
        values.is_cut_off(),
        ["unknown value", "unknown values"],
        values.kinds().map(|(value, _)| value_name(value)).collect(),
    );
    count(
        fields.total(),
        fields.is_cut_off(),
        ["unknown field", "unknown fields"],
        fields.iter().map(field_name).collect(),
    );
    parts
}

/// A value that no table has, as code, property and value.
fn value_name((code, property, value): &(i64, &'static str, i64)) -> String {
    format!("{code}.{property}={value}")
}

/// A property that no schema has, as code and name.
fn field_name((code, name): &(i64, String)) -> String {
    format!("{code}.{name}")
}

/// The first few of a list, in words.
pub(crate) fn some_of(names: &[String]) -> String {
    const FEW: usize = 5;
    let more = names.len().saturating_sub(FEW);
    let shown = names[..names.len().min(FEW)].join(", ");
    match more {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A number with its noun: `1 bolus`, `2 boluses`.
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{number} {noun}")
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// A length of time as people say it: `7 minutes`, `3 h 20 min`, `5 days`.
pub(crate) fn span_in_words(span: Duration) -> String {
    let minutes = span.num_minutes();
    match minutes {
        1 => "1 minute".to_owned(),
        ..60 => format!("{minutes} minutes"),
        60..2880 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} days", minutes / 1440),
    }
}
