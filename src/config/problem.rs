//! What is wrong with a configuration, and what is worth a remark. Neither ever repeats a value.

use std::fmt;

use crate::failure::{ExitStatus, Failure};

/// One thing in the configuration that must change before a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable, option or file that it is about.
    pub about: String,
    /// What is wrong and what to write instead: the rest of the sentence that `about` begins, without a full stop.
    pub what: String,
}

impl Problem {
    /// A problem with the variable, option or file `about`.
    pub fn new(about: impl Into<String>, what: impl Into<String>) -> Self {
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

/// Where a configuration is changed: the line below a list of problems.
const ADVICE: &str = "Change this on Heroku under Settings, Config Vars; elsewhere in the environment or the .env file. \
                          --help lists every variable";

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
    Failure::new(ExitStatus::Configuration, what, ADVICE)
}

/// Names every problem on standard error, a line each, and where they are mended.
pub fn print(problems: &[Problem]) {
    for problem in problems {
        eprintln!("error: {problem}.");
    }
    eprintln!("{ADVICE}.");
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
    pub fn new(level: log::Level, text: impl Into<String>) -> Self {
        Remark {
            level,
            text: text.into(),
        }
    }
}
