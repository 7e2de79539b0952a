//! `--check-login`: looks at everything that a run needs, step by step, and writes nothing.
//!
//! A step that fails says what to do, and the check goes on with whatever can still be tried: Nightscout after a failed
//! login at Tandem, both with a configuration that has problems elsewhere. The exit status is that of the gravest failure.
//!
//! The output is meant to be pasted into a public issue: no value of a variable, no serial number but its last digits, no
//! name, no host.

mod clock;
mod configuration;
mod events;
mod nightscout;
mod other_uploader;
mod tandem;
mod uploads;

use std::cell::Cell;

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::config::cli::VERSION;
use crate::config::{Cli, Reading, Sources, Verbosity};
use crate::failure::{self, ExitStatus};
use crate::http::{Deadline, RunLimits, Stop};
use crate::logging::visible_json;
use crate::report::output;

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Good,
    /// Works, but should be looked at.
    Warning,
    /// Has to be mended.
    Bad,
    /// Not looked at, or nothing but worth knowing.
    Info,
}

impl Mark {
    /// Two ASCII characters that stand out in any log.
    pub const fn sign(self) -> &'static str {
        match self {
            Mark::Good => "ok",
            Mark::Warning => "??",
            Mark::Bad => "!!",
            Mark::Info => "--",
        }
    }
}

/// One line of the check.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it is about, in a word or two.
    pub(crate) about: &'static str,
    /// How it came out.
    pub(crate) mark: Mark,
    /// What was found; with [`Mark::Bad`] also what to do.
    pub(crate) text: String,
    /// The exit status that it alone would end with.
    pub(crate) status: ExitStatus,
    /// The same in numbers, where there are any.
    pub(crate) data: Option<Value>,
}

impl Step {
    /// The line.
    pub fn line(&self) -> String {
        // What services say may hold line breaks.
        let text = self.text.replace(['\r', '\n'], " ");
        format!("{}  {}: {text}", self.mark.sign(), self.about)
    }

    fn to_json(&self) -> Value {
        let mut step = json!({
            "about": self.about,
            "mark": self.mark.sign(),
            "text": self.text,
            "exit_status": self.status.code(),
        });
        if let Some(data) = &self.data {
            step["data"] = data.clone();
        }
        step
    }
}

/// What has been found so far; each step is told as soon as it is done, since a sleeping site takes its time.
pub struct Findings<'a> {
    steps: Vec<Step>,
    tell: &'a mut dyn FnMut(&Step),
}

impl<'a> Findings<'a> {
    fn new(tell: &'a mut dyn FnMut(&Step)) -> Self {
        Findings {
            steps: Vec::new(),
            tell,
        }
    }

    fn add(&mut self, step: Step) {
        (self.tell)(&step);
        self.steps.push(step);
    }

    fn note(&mut self, mark: Mark, about: &'static str, text: impl Into<String>) {
        self.add(Step {
            about,
            mark,
            text: text.into(),
            status: ExitStatus::Done,
            data: None,
        });
    }

    fn good(&mut self, about: &'static str, text: impl Into<String>) {
        self.note(Mark::Good, about, text);
    }

    fn warning(&mut self, about: &'static str, text: impl Into<String>) {
        self.note(Mark::Warning, about, text);
    }

    fn info(&mut self, about: &'static str, text: impl Into<String>) {
        self.note(Mark::Info, about, text);
    }

    fn bad(&mut self, about: &'static str, error: impl Into<anyhow::Error>) {
        let error = error.into();
        let text = without_titles(&failure::message(&error));
        // Failures begin with the service, as the line does.
        let text = text
            .strip_prefix(about)
            .and_then(|text| text.strip_prefix(": "))
            .unwrap_or(&text);
        self.add(Step {
            about,
            mark: Mark::Bad,
            text: text.trim_end_matches('.').to_owned(),
            status: failure::status(&error),
            data: None,
        });
    }

    /// Tells an error; gives what did not fail.
    fn sound<T>(&mut self, about: &'static str, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.bad(about, error)).ok()
    }

    /// The steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The status of the gravest failure.
    pub fn status(&self) -> ExitStatus {
        self.steps.iter().fold(ExitStatus::Done, |gravest, step| {
            gravest.graver(step.status)
        })
    }

    /// The line below the steps.
    pub fn summary(&self) -> String {
        let count = |mark| self.steps.iter().filter(|step| step.mark == mark).count();
        let look = match count(Mark::Warning) {
            0 => String::new(),
            1 => "; one thing to look at (??)".to_owned(),
            several => format!("; {several} things to look at (??)"),
        };
        let status = self.status();
        match count(Mark::Bad) {
            0 => format!("Nothing stands in the way of a run{look}."),
            bad => {
                let things = if bad == 1 { "thing" } else { "things" };
                format!(
                    "{bad} {things} to mend (!!){look}. Exit status {}: {}.",
                    status.code(),
                    status.meaning()
                )
            }
        }
    }

    /// The whole check as one object.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "version": VERSION,
            "exit_status": self.status().code(),
            "summary": self.summary(),
            "steps": self.steps.iter().map(Step::to_json).collect::<Vec<Value>>(),
        })
    }
}

/// Titles of web pages that say what is wrong, and nothing about whose page it is.
const TELLING_TITLES: [&str; 6] = [
    "Boot error",
    "Cannot GET",
    "Cannot POST",
    "request is blocked",
    "Bad Gateway",
    "Service Unavailable",
];

/// A failure without the titles of web pages, but for the telling ones: people call their sites after themselves.
fn without_titles(text: &str) -> String {
    const BEGIN: &str = ", a web page (\"";
    const END: &str = "\")";
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let Some((title, after)) = after.split_once(END) else {
            break;
        };
        kept.push_str(before);
        kept.push_str(", a web page");
        if let Some(telling) = TELLING_TITLES
            .iter()
            .find(|telling| title.contains(*telling))
        {
            kept.push_str(&format!(" (\"{telling}\")"));
        }
        rest = after;
    }
    kept + rest
}

/// Goes through all steps, telling each.
pub fn run<'a>(
    reading: &Reading,
    now: DateTime<Utc>,
    limits: &RunLimits,
    tell: &'a mut dyn FnMut(&Step),
) -> Findings<'a> {
    let mut findings = Findings::new(tell);
    findings.good("Version", format!("tconnectsync-heroku {VERSION}"));
    configuration::check(reading, &mut findings);
    let newest_event = tandem::check(reading, now, limits, &mut findings);
    let site = nightscout::check(reading, now, limits, &mut findings);
    if let Some(site) = site {
        uploads::check(reading, now, &site, newest_event, &mut findings);
        other_uploader::check(reading, now, &site, &mut findings);
    }
    findings
}

/// The whole of a run with `--check-login`, output included.
pub fn perform(arguments: &Cli, sources: &Sources, now: DateTime<Utc>) -> ExitStatus {
    let reading = Reading::new(arguments, sources, now);
    let deadline = reading.deadline.map_or(Deadline::NONE, Deadline::after);
    let limits = RunLimits::new(deadline, Stop::new());
    let quiet = arguments.verbosity() == Verbosity::Quiet;
    let lines = !arguments.json;
    let lost = Cell::new(None);
    let say = |line: &str| {
        // The check goes on all the same: its exit status is still of use.
        if let Err(error) = output(&format!("{line}\n")) {
            lost.set(Some(error));
        }
    };
    let mut tell = |step: &Step| {
        if lines && (!quiet || step.mark == Mark::Bad) {
            say(&step.line());
        }
    };
    let findings = run(&reading, now, &limits, &mut tell);
    if arguments.json {
        say(&visible_json(&findings.to_json().to_string()));
    } else if !quiet {
        say(&format!("\n{}", findings.summary()));
    }
    match lost.take() {
        None => findings.status(),
        Some(error) => {
            log::error!("{}", failure::message(&error));
            findings.status().graver(failure::status(&error))
        }
    }
}
