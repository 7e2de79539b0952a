//! The answers given so far, judged as a run judges its configuration.

use anyhow::Result;
use chrono::Utc;

use super::{prompts, say};
use crate::config::env_file::{EnvFile, quoted};
use crate::config::variables::{VARIABLES, Variable};
use crate::config::{Cli, Reading, Sources, Values};

/// Values by variable, and all of them in one place, as a file has them.
pub(super) struct Answers {
    values: Values,
    /// The environment without the variables that the file will have.
    environment: Values,
}

impl Answers {
    /// Begins with what a file holds. What only the environment of this terminal sets goes into the file too: a scheduler's
    /// environment is another one.
    pub(super) fn new(file: EnvFile) -> Answers {
        let mut answers = Answers {
            values: file.values,
            environment: Values::default(),
        };
        for (name, value) in std::env::vars_os() {
            let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else {
                continue;
            };
            if belongs_into_a_file(&name) && !value.trim().is_empty() {
                answers.values.insert(name, value);
            } else {
                answers.environment.insert(name, value);
            }
        }
        answers
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        // The value may have been in a file of its own.
        self.remove(name);
        self.values.insert(name, value);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.values.remove(&format!("{name}_FILE"));
        self.values.remove(name);
    }

    /// Leaves out what is set and no run accepts, and is not asked for below.
    pub(super) fn leave_out_refused(&mut self, arguments: &Cli) {
        for problem in self.reading(arguments).problems {
            let required =
                Variable::named(&problem.about).is_some_and(|variable| variable.required);
            if !required && self.get(&problem.about).is_some() {
                say(&format!("{problem}. It is left out."));
                self.remove(&problem.about);
            }
        }
    }

    /// Sets what nothing was answered to yet.
    pub(super) fn propose(&mut self, name: &str, value: Option<String>) {
        if let (None, Some(value)) = (self.get(name), value) {
            self.set(name, &value);
        }
    }

    /// What was answered, or is in the file; `None` for nothing but blanks.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.values.get(name);
        value.filter(|value| !value.trim().is_empty())
    }

    /// What these answers make of a configuration.
    pub(super) fn reading(&self, arguments: &Cli) -> Reading {
        let file = EnvFile {
            name: ".env".to_owned(),
            values: self.values.clone(),
            ..EnvFile::default()
        };
        let sources = Sources {
            environment: self.environment.clone(),
            files: vec![file],
            ..Sources::default()
        };
        Reading::new(arguments, &sources, Utc::now())
    }

    /// Asks until the answer is one that a run accepts.
    pub(super) fn ask(&mut self, arguments: &Cli, name: &str, question: &str) -> Result<()> {
        loop {
            let answer = prompts::text(question, self.usable(arguments, name), false)?;
            self.set(name, answer.trim());
            if self.accepts(arguments, name)? {
                return Ok(());
            }
        }
    }

    /// The same for a value that need not be given.
    pub(super) fn ask_optional(
        &mut self,
        arguments: &Cli,
        name: &str,
        question: &str,
    ) -> Result<()> {
        loop {
            let kept = self.usable(arguments, name);
            let how = match kept {
                Some(_) => "Enter keeps it, - for none",
                None => "Enter for none",
            };
            let answer = prompts::text(&format!("{question} ({how})"), kept, true)?;
            match answer.trim() {
                "" | "-" => self.remove(name),
                answer => self.set(name, answer),
            }
            if self.accepts(arguments, name)? {
                return Ok(());
            }
        }
    }

    /// The same for a value that is not shown.
    pub(super) fn ask_secret(&mut self, arguments: &Cli, name: &str, question: &str) -> Result<()> {
        loop {
            let kept = self.usable(arguments, name).is_some();
            let question = match kept {
                true => format!("{question} (Enter keeps the one you gave)"),
                false => format!("{question} (not shown while you type)"),
            };
            let answer = prompts::secret(&question, kept)?;
            if !answer.is_empty() {
                self.set(name, &answer);
            }
            if self.accepts(arguments, name)? {
                return Ok(());
            }
        }
    }

    /// What was answered, if a run accepts it.
    fn usable(&self, arguments: &Cli, name: &str) -> Option<&str> {
        let problems = self.reading(arguments).problems;
        let refused = problems.iter().any(|problem| problem.about == name);
        self.get(name).filter(|_| !refused)
    }

    /// Says what is wrong with an answer, and asks about what is only odd.
    fn accepts(&self, arguments: &Cli, name: &str) -> Result<bool> {
        let reading = self.reading(arguments);
        let about = |problem: &&crate::config::Problem| problem.about == name;
        if let Some(problem) = reading.problems.iter().find(about) {
            say(&format!("{problem}."));
            return Ok(false);
        }
        let odd = |remark: &&crate::config::Remark| {
            remark.level == log::Level::Warn && remark.text.starts_with(name)
        };
        match reading.remarks.iter().find(odd) {
            Some(remark) => {
                say(&remark.text);
                prompts::yes("Keep it as it is?", false)
            }
            None => Ok(true),
        }
    }

    /// The file, the variables in the order of the table.
    pub(super) fn as_file(&self) -> String {
        let mut text = String::from(
            "# Written by tconnectsync-heroku --setup; --help tells what each variable means.\n",
        );
        let place = |name: &str| VARIABLES.iter().position(|variable| variable.covers(name));
        let mut names: Vec<&str> = self.values.names().collect();
        names.sort_by_key(|name| place(name).unwrap_or(VARIABLES.len()));
        for name in names {
            let value = self.values.get(name).unwrap_or_default();
            text += &format!("{name}={}\n", quoted(value));
        }
        text
    }
}

/// Whether a variable of this terminal's environment is meant for this program, and a file may set it.
fn belongs_into_a_file(name: &str) -> bool {
    let variable = Variable::named(name).or_else(|| Variable::of_file(name));
    variable.is_some_and(|variable| {
        variable.is_of_use() && variable.counts_in_a_file() && variable.stands_in_for.is_none()
    })
}
