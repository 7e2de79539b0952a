//! What is wrong with a configuration, and what is worth a remark. Neither ever repeats a value that could be a secret; the
//! name of a misspelt feature is shown, and the path of a file that cannot be read.

use std::fmt;
use std::io::Write as _;

use crate::failure::{ExitStatus, Failure};

/// One thing in the configuration that must change before a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable, option or file that it is about.
    pub about: String,
    /// What is wrong and what to write instead: the rest of the sentence that `about` begins, without a full stop.
    pub(crate) what: String,
}

impl Problem {
    /// A problem with the variable, option or file `about`.
    pub(crate) fn new(about: impl Into<String>, what: impl Into<String>) -> Self {
        Problem {
            about: about.into(),
            what: what.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.about, self.what)
    }
}

/// Where the cause of problems is changed; `None` where all of them are the command line's.
pub(crate) fn where_to_mend(problems: &[Problem]) -> Option<&'static str> {
    let of_a_variable = |problem: &Problem| !problem.about.starts_with("--");
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
    Failure::new(ExitStatus::Configuration, what, advice(problems))
}

/// Names every problem on standard error, a line each, and where they are mended; as JSON also on standard output. The run
/// fails whether anybody reads it or not.
pub fn print(problems: &[Problem], json: bool) {
    // Whoever reads may have closed its end, and a disk may be full; the run is over all the same.
    let mut errors = std::io::stderr();
    for problem in problems {
        let _ = writeln!(errors, "error: {problem}.");
    }
    let _ = writeln!(errors, "{}.", advice(problems));
    if json {
        let failure = failure(problems);
        let summary = serde_json::json!({
            "exit_status": failure.status.code(),
            "failure": failure.to_string(),
            "problems": problems.iter().map(ToString::to_string).collect::<Vec<String>>(),
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
