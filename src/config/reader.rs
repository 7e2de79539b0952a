//! Reads variables one by one and collects problems and remarks, so that all are reported together.
//!
//! A method that gives `None` has noted why. So a part of the configuration reads all its variables first, and then
//! builds itself with `?`.

use anyhow::Result;
use log::Level;

use super::sources::{Place, Sources};
use super::variables::{VARIABLES, Variable};
use super::{Problem, Remark};

pub(super) struct Reader<'a> {
    sources: &'a Sources,
    pub(super) problems: Vec<Problem>,
    pub(super) remarks: Vec<Remark>,
}

/// A value that is set, with the variable that holds it: the one asked for, or its stand-in.
pub(super) struct Found<'a> {
    pub(super) name: &'static str,
    pub(super) value: &'a str,
    pub(super) place: Place,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        let unread = sources.unreadable.iter().chain(&sources.problems).cloned();
        let lines = sources.files.iter().flat_map(|file| {
            file.problems
                .iter()
                .map(|(line, what)| Problem::new(format!("{} line {line}", file.name), *what))
        });
        Reader {
            sources,
            problems: unread.chain(lines).collect(),
            remarks: sources.remarks.clone(),
        }
    }

    pub(super) fn sources(&self) -> &'a Sources {
        self.sources
    }

    pub(super) fn problem(&mut self, about: &str, what: impl Into<String>) {
        self.problems.push(Problem::new(about, what));
    }

    pub(super) fn remark(&mut self, level: Level, text: impl Into<String>) {
        self.remarks.push(Remark::new(level, text));
    }

    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.remark(Level::Warn, text);
    }

    /// The value of a variable as it was written, else its stand-in's.
    pub(super) fn found(&self, name: &str) -> Option<Found<'a>> {
        debug_assert!(Variable::named(name).is_some(), "{name} is in the table");
        let itself = VARIABLES.iter().filter(|variable| variable.name == name);
        let stand_ins = VARIABLES
            .iter()
            .filter(|variable| variable.stands_in_for == Some(name));
        itself.chain(stand_ins).find_map(|variable| {
            let (value, place) = self.sources.value(variable.name)?;
            Some(Found {
                name: variable.name,
                value,
                place,
            })
        })
    }

    /// The value as it was written; notes a problem where neither the variable nor its stand-in is set.
    pub(super) fn required(&mut self, name: &'static str) -> Option<Found<'a>> {
        let found = self.found(name);
        if found.is_none() {
            let state = if self.sources.values(name).is_empty() {
                "is not set"
            } else {
                "is empty"
            };
            let about = Variable::named(name).map_or("", |variable| variable.about);
            self.problem(name, format!("{state} ({about})"));
        }
        found
    }

    /// Notes a problem if an address, or whom to take for its owner, and what is sent there come from different places: otherwise
    /// a file left in the current directory could send a secret from elsewhere to anybody.
    pub(super) fn same_place(&mut self, to: &'static str, sent: &'static str) -> Option<()> {
        let (Some(to), Some(what)) = (self.found(to), self.found(sent)) else {
            return Some(());
        };
        // The same value in both places diverts nothing.
        let beside_it = |(value, place): &(&str, Place)| {
            *place == what.place && value.trim() == to.value.trim()
        };
        let diverts = to.place != what.place && !self.sources.values(to.name).iter().any(beside_it);
        if !diverts {
            return Some(());
        }
        self.problem(
            to.name,
            format!(
                "is set in {}, and {} in {}: set both in the same place, so that what came from elsewhere does not decide \
                 who gets a secret",
                to.place, what.name, what.place
            ),
        );
        None
    }

    /// The value without blanks and quotes around it, for variables that never contain them.
    pub(super) fn cleaned(&mut self, found: &Found<'a>) -> &'a str {
        let value = found.value.trim();
        match without_quotes(value) {
            Some(inner) => {
                let name = found.name;
                self.warn(format!(
                    "{name} has quotes around its value; they are left out. Remove them"
                ));
                inner.trim()
            }
            None => value,
        }
    }

    /// A variable that may be left unset: `Some(None)` then.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        judge: impl FnOnce(&str) -> Result<T>,
    ) -> Option<Option<T>> {
        match self.found(name) {
            None => Some(None),
            Some(found) => {
                let value = self.cleaned(&found);
                self.judged(found.name, judge(value)).map(Some)
            }
        }
    }

    /// A variable with a default in the table, or one that must be set.
    pub(super) fn setting<T>(
        &mut self,
        name: &'static str,
        judge: impl FnOnce(&str) -> Result<T>,
    ) -> Option<T> {
        let default = Variable::named(name).and_then(|variable| variable.default);
        match (self.found(name), default) {
            (None, Some(default)) => self.judged(name, judge(default)),
            _ => {
                let found = self.required(name)?;
                let value = self.cleaned(&found);
                self.judged(found.name, judge(value))
            }
        }
    }

    /// Notes a judgement's problem.
    pub(super) fn judged<T>(&mut self, about: &str, judgement: Result<T>) -> Option<T> {
        judgement
            .map_err(|what| self.problem(about, what.to_string()))
            .ok()
    }
}

/// The text between a pair of quotes; `None` if there is none.
fn without_quotes(value: &str) -> Option<&str> {
    let mut characters = value.chars();
    let (first, last) = (characters.next()?, characters.next_back()?);
    matches!(
        (first, last),
        ('"', '"') | ('\'', '\'') | ('“', '”') | ('‘', '’') | ('„', '“')
    )
    .then_some(characters.as_str())
}
