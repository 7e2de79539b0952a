//! What is wrong with a configuration, and what is worth a remark. Neither ever repeats a value that could be a secret; the
//! name of a misspelt feature is shown, and the path of a file that cannot be read.

use std::fmt;
use std::io::Write as _;

use super::variables::VARIABLES;
use super::{Reading, shown_path};
use crate::failure::{ExitStatus, Failure};

/// One thing in the configuration that must change before a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable, option or file that it is about.
    pub about: String,
    /// What is wrong and what to write instead: the rest of the sentence that `about` begins, without a full stop.
    pub(crate) what: String,
    /// Whether it is about a `.env` file that could not be read.
    pub(super) unread: bool,
    /// The status that a run with only this problem ends with.
    pub(crate) status: ExitStatus,
}

impl Problem {
    /// A problem with the variable, option or file `about`.
    pub(crate) fn new(about: impl Into<String>, what: impl Into<String>) -> Self {
        Problem {
            about: about.into(),
            what: what.into(),
            unread: false,
            status: ExitStatus::Configuration,
        }
    }

    /// A problem with a `.env` file that could not be read.
    pub(super) fn with_file(file: impl Into<String>, what: impl Into<String>) -> Self {
        Problem {
            unread: true,
            ..Problem::new(file, what)
        }
    }

    /// A problem with an option whose value alone, or beside another option, makes no sense.
    pub(super) fn of_the_command_line(option: &str, what: &str) -> Self {
        Problem {
            status: ExitStatus::Usage,
            ..Problem::new(option, what)
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.about, self.what)
    }
}

/// Where to fix these problems; `None` if all are on the command line.
pub(crate) fn where_to_mend(problems: &[Problem]) -> Option<&'static str> {
    let of_a_variable = |problem: &Problem| !problem.about.starts_with("--") && !problem.unread;
    problems.iter().any(of_a_variable).then_some(
        "Change this on Heroku under Settings, Config Vars; elsewhere in the environment or the .env file",
    )
}

/// The line below a list of problems.
fn advice(problems: &[Problem]) -> String {
    match where_to_mend(problems) {
        Some(place) => format!("{place}. --help lists every variable"),
        None => "--help lists every option".to_owned(),
    }
}

/// The exit status of a run with these problems.
fn status(problems: &[Problem]) -> ExitStatus {
    let statuses = problems.iter().map(|problem| problem.status);
    statuses
        .reduce(ExitStatus::graver)
        .unwrap_or(ExitStatus::Configuration)
}

/// All problems as one failure of one line.
pub fn failure(problems: &[Problem]) -> Failure {
    let what = match problems {
        [only] => only.to_string(),
        several => {
            let numbered: Vec<String> = several
                .iter()
                .zip(1..)
                .map(|(problem, number)| format!("({number}) {problem}"))
                .collect();
            let count = several.len();
            format!(
                "The configuration has {count} problems: {}",
                numbered.join("; ")
            )
        }
    };
    Failure::new(status(problems), what, advice(problems))
}

/// Prints every problem on a line of standard error, then what may have caused them and where to fix them; with `json` also an
/// object on standard output.
pub fn print(reading: &Reading, json: bool) {
    let problems = &reading.problems;
    // If nobody reads or the disk is full, the run has failed all the same.
    let mut errors = std::io::stderr();
    for problem in problems {
        let _ = writeln!(errors, "error: {problem}.");
    }
    let warnings: Vec<&str> = (reading.remarks.iter())
        .filter(|remark| remark.level == log::Level::Warn)
        .map(|remark| remark.text.as_str())
        .collect();
    for warning in &warnings {
        let _ = writeln!(errors, "warning: {warning}");
    }
    let is_set = |name| reading.set_variables.iter().any(|set| set.name == name);
    let needed = VARIABLES.iter().filter(|variable| variable.required);
    let unread = problems.iter().any(|problem| problem.unread);
    if !unread && needed.clone().any(|variable| !is_set(variable.name)) {
        let directory = std::env::current_dir().map(|directory| shown_path(&directory));
        let directory = directory.unwrap_or_else(|_| "unknown".to_owned());
        let looked = &reading.looked;
        let _ = writeln!(
            errors,
            "Looked in {looked}. The current directory is {directory}."
        );
    }
    let _ = writeln!(errors, "{}.", advice(problems));
    if json {
        let failure = failure(problems);
        let summary = serde_json::json!({
            "exit_status": failure.status.code(),
            "failure": failure.to_string(),
            "problems": problems.iter().map(ToString::to_string).collect::<Vec<String>>(),
            "warnings": warnings,
        });
        let _ = writeln!(std::io::stdout(), "{summary}");
    }
}

/// Something about the configuration that its owner may want to know; the run goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// How loud: warn for what should be changed, info and debug for what is only worth knowing.
    pub level: log::Level,
    /// The remark, one line without a full stop.
    pub text: String,
}

impl Remark {
    /// A remark of the given level.
    pub(crate) fn new(level: log::Level, text: impl Into<String>) -> Self {
        Remark {
            level,
            text: text.into(),
        }
    }
}
