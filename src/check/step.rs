//! A step of the check, and what was found in all of them.

use std::fmt;

use anyhow::Result;
use chrono::NaiveDateTime;
use serde_json::{Value, json};

use crate::config::cli::VERSION;
use crate::failure::{self, ExitStatus};
use crate::named::named;
use crate::nightscout::Site;
use crate::report::counted;

named! {
    /// The parts of the check, by the word or two that their lines begin with.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Part {
        /// Variables and options.
        Settings = "Settings",
        /// The site, and what the secret may do there.
        Nightscout = "Nightscout",
        /// The login, and the account.
        Tandem = "Tandem Source",
        /// The pumps, and what they wrote.
        Pump = "Pump",
        /// The pumps' clocks.
        Clock = "Clock",
        /// What was copied so far.
        Uploads = "Uploads",
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Good,
    /// Works, but should be looked at.
    Warning,
    /// Has to be fixed.
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

/// One finding of the check.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The part that it belongs to.
    pub(crate) part: Part,
    /// How it came out.
    pub(crate) mark: Mark,
    /// What was found, without a full stop at the end.
    pub(crate) text: String,
    /// What to do about it, without a full stop at the end.
    pub(crate) cure: Option<String>,
    /// Whether it is shown only where more is asked for (`-v`).
    pub(crate) is_detail: bool,
    /// The exit status that it alone would end with.
    pub(crate) status: ExitStatus,
    /// The same in numbers, where there are any.
    pub(crate) data: Option<Value>,
}

impl Step {
    /// A step without a cure.
    pub(super) fn new(part: Part, mark: Mark, text: impl Into<String>) -> Step {
        Step {
            part,
            mark,
            text: text.into(),
            cure: None,
            is_detail: false,
            status: ExitStatus::Done,
            data: None,
        }
    }

    /// The same with what to do.
    pub(super) fn cure(self, cure: impl Into<String>) -> Step {
        let cure = Some(cure.into());
        Step { cure, ..self }
    }

    /// The same as a detail.
    pub(super) fn detail(self) -> Step {
        let is_detail = true;
        Step { is_detail, ..self }
    }

    /// A failure, and what its advice says.
    fn failure(part: Part, error: &anyhow::Error) -> Step {
        let (text, cure) = failure::what_and_cure(error);
        // Failures begin with the service; the step begins with its part.
        let own = Part::ALL.iter().find_map(|part| {
            let text = text.strip_prefix(part.name())?;
            text.strip_prefix(": ")
        });
        Step {
            cure,
            status: failure::status(error),
            ..Step::new(part, Mark::Bad, own.unwrap_or(&text))
        }
    }

    /// All of it in one line, for logs.
    pub fn line(&self) -> String {
        let cure = match &self.cure {
            Some(cure) => format!(". {cure}"),
            None => String::new(),
        };
        // What services say may hold line breaks.
        let text = format!("{}{cure}", self.text).replace(['\r', '\n'], " ");
        format!("{}  {}: {text}", self.mark.sign(), self.part)
    }

    fn to_json(&self) -> Value {
        let mut step = json!({
            "about": self.part.name(),
            "mark": self.mark.sign(),
            "text": self.text,
            "cure": self.cure,
            "exit_status": self.status.code(),
        });
        if let Some(data) = &self.data {
            step["data"] = data.clone();
        }
        step
    }
}

/// What a pump's screen should show now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Screen {
    /// The pump, by the last digits of its serial number.
    pub(crate) pump: String,
    /// The time by its clock, if `TIMEZONE_NAME` is right.
    pub(crate) shows: NaiveDateTime,
    /// Whether another time zone would fit better.
    pub(crate) doubted: bool,
}

/// What has been found so far. Each step is shown as soon as it is done, since a sleeping site takes its time.
pub struct Findings<'a> {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The site, where it may be read.
    pub(super) site: Option<Site>,
    /// What the pumps' clocks should show now.
    pub(super) clocks: Vec<Screen>,
    tell: &'a mut dyn FnMut(&Step),
}

impl<'a> Findings<'a> {
    pub(super) fn new(tell: &'a mut dyn FnMut(&Step)) -> Self {
        Findings {
            steps: Vec::new(),
            site: None,
            clocks: Vec::new(),
            tell,
        }
    }

    pub(super) fn add(&mut self, step: Step) {
        (self.tell)(&step);
        self.steps.push(step);
    }

    pub(super) fn good(&mut self, part: Part, text: impl Into<String>) {
        self.add(Step::new(part, Mark::Good, text));
    }

    pub(super) fn warning(&mut self, part: Part, text: impl Into<String>) {
        self.add(Step::new(part, Mark::Warning, text));
    }

    pub(super) fn info(&mut self, part: Part, text: impl Into<String>) {
        self.add(Step::new(part, Mark::Info, text));
    }

    pub(super) fn bad(&mut self, part: Part, error: impl Into<anyhow::Error>) {
        self.add(Step::failure(part, &error.into()));
    }

    /// Tells an error; gives what did not fail.
    pub(super) fn sound<T>(&mut self, part: Part, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.bad(part, error)).ok()
    }

    /// The status of the gravest failure.
    pub fn status(&self) -> ExitStatus {
        self.steps.iter().fold(ExitStatus::Done, |gravest, step| {
            gravest.graver(step.status)
        })
    }

    fn count(&self, mark: Mark) -> usize {
        self.steps.iter().filter(|step| step.mark == mark).count()
    }

    /// The line below the steps: how it came out.
    pub fn summary(&self) -> String {
        let warnings = match self.count(Mark::Warning) {
            0 => String::new(),
            several => counted(several, "warning", "warnings"),
        };
        match (self.count(Mark::Bad), warnings.as_str()) {
            (0, "") => "Everything looks good.".to_owned(),
            (0, warnings) => format!("No problems, but {warnings} to look at."),
            (bad, warnings) => {
                let problems = counted(bad, "problem to fix", "problems to fix");
                let and = if warnings.is_empty() { "" } else { ", " };
                let status = self.status();
                let (code, meaning) = (status.code(), status.meaning());
                format!("{problems}{and}{warnings}. Exit status {code}: {meaning}.")
            }
        }
    }

    /// The last line: what to do now.
    pub fn next_step(&self) -> String {
        const CHECK: &str = "tconnectsync-heroku --check-login";
        let there = |mark| {
            let mut steps = self.steps.iter();
            steps.any(|step| step.part == Part::Uploads && step.mark == mark)
        };
        match self.status() {
            ExitStatus::Done if there(Mark::Warning) => {
                "Next: start a run with: tconnectsync-heroku. It copies what is missing.".to_owned()
            }
            ExitStatus::Done if there(Mark::Good) => {
                "Next: nothing to do, as long as a run starts every ten minutes.".to_owned()
            }
            ExitStatus::Done => "Next: start a run with: tconnectsync-heroku".to_owned(),
            ExitStatus::Unavailable | ExitStatus::TryLater => {
                format!("Next: check again later with: {CHECK}")
            }
            _ => format!("Next: fix this, then check again with: {CHECK}"),
        }
    }

    /// The whole check as one object.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "version": VERSION,
            "exit_status": self.status().code(),
            "summary": self.summary(),
            "next_step": self.next_step(),
            "steps": self.steps.iter().map(Step::to_json).collect::<Vec<Value>>(),
        })
    }
}
