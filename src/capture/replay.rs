//! `--replay`: runs the real pass, with the answers of a capture.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::aliases::Aliases;
use super::calls::{host, path_as_asked, query_as_asked};
use super::dates::Shift;
use super::file::{self, Answer, Call, Capture};
use super::mover::Mover;
use crate::config::{Config, Verbosity};
use crate::failure::{ExitStatus, Failure};
use crate::http::{Asked, Canned, Deadline, Heard, Line, NoAnswer, RunLimits, Stop};
use crate::pass::{self, Outcome};
use crate::report::{counted, output};

/// The most pumps in a capture.
const MOST_PUMPS: usize = 100;

/// The result of a replay.
#[derive(Debug)]
pub struct Replayed {
    /// The pass.
    pub outcome: Outcome,
    /// What differs from what this version expects, one line each.
    pub differences: Vec<String>,
    /// How many days later its times are than those in the file.
    pub days: i64,
}

impl Replayed {
    /// Prints the pass as `--pretend` does, and then what differs. Gives the exit status of the pass.
    ///
    /// # Errors
    /// With 75 when standard output takes no more.
    pub fn print(&self, json: bool, verbosity: Verbosity) -> Result<ExitStatus> {
        let failure = self.outcome.failure.as_ref();
        (self.outcome.report).print(failure, true, json, verbosity)?;
        if verbosity > Verbosity::Quiet {
            output(&self.in_words(json))?;
        }
        Ok(self.outcome.status())
    }

    /// What differs, for a reader; with `json` as one object.
    pub fn in_words(&self, json: bool) -> String {
        if json {
            let differences = json!({"differences": self.differences, "days": self.days});
            return format!("{differences}\n");
        }
        let moved = match self.days {
            0 => String::new(),
            days => {
                let way = if days < 0 { "before" } else { "after" };
                let days = counted(days.unsigned_abs() as usize, "day", "days");
                format!("\nThe times above lie {days} {way} those in the file.")
            }
        };
        match self.differences.is_empty() {
            true => format!("\nEvery answer is as this version expects it.{moved}\n"),
            false => format!(
                "\nNot as this version expects it:\n- {}{moved}\n",
                self.differences.join("\n- ")
            ),
        }
    }
}

/// Runs a pass that only pretends against the capture in a file.
///
/// # Errors
/// With 78 where the file is no capture that this version can replay.
pub fn replay(path: &Path, json: bool, verbosity: Verbosity, stop: Stop) -> Result<Replayed> {
    let mut capture = file::read(path)?;
    let (config, now, shift) = prepare(&mut capture, (json, verbosity))?;
    let differences = super::differences::of(&capture);
    let player = Player::new(capture.calls);
    // No service needs a pause.
    let limits = RunLimits::without_pauses(Deadline::NONE, stop).by_way_of(Arc::new(player));
    Ok(Replayed {
        outcome: pass::run(&config, now, &limits),
        differences,
        days: shift.0,
    })
}

/// Moves a capture's times to fit an existing zone; gives the configuration and the time of its run.
fn prepare(
    capture: &mut Capture,
    printing: (bool, Verbosity),
) -> Result<(Config, DateTime<Utc>, Shift)> {
    let unable = |why: &str| {
        Failure::new(
            ExitStatus::Configuration,
            format!("The file of --replay cannot be replayed: {why}"),
            "Ask for a capture of a run whose configuration is in order",
        )
    };
    let zone = capture.zone.as_ref();
    let zone = zone.context(unable("the run had no time zone"))?;
    let (zone, shift) = zone.host().with_context(|| {
        unable("the time zone database of this version has no zone that changed on these days")
    })?;
    let options = capture.options.as_mut();
    let options = options.context(unable("the configuration of the run had problems"))?;
    capture.now = shift.instant(capture.now);
    options.shift(shift);
    let config = options.config(zone, capture.now, printing)?;
    let mut aliases = Aliases::new(shift, config.features.to_string())?;
    aliases.know_aliases(MOST_PUMPS);
    let mut mover = Mover {
        shift,
        zone: zone.name(),
        aliases,
    };
    for call in &mut capture.calls {
        call.shift(&mut mover);
    }
    Ok((config, capture.now, shift))
}

/// Answers calls from a capture.
#[derive(Debug)]
struct Player {
    calls: Vec<Call>,
    used: Mutex<Vec<bool>>,
}

impl Player {
    fn new(calls: Vec<Call>) -> Player {
        Player {
            used: Mutex::new(vec![false; calls.len()]),
            calls,
        }
    }

    /// The recorded call for this one: the next equal one, else the last equal one again. Another version may ask differently; then
    /// the next call to the same address.
    fn find(&self, asked: &Asked) -> Option<usize> {
        let query = query_as_asked(&asked.url);
        let place = |call: &Call| {
            call.service == asked.service
                && call.call == asked.call
                && call.method == asked.method
                && call.host == host(asked)
                && call.path == path_as_asked(asked)
        };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let all = || 0..self.calls.len();
        let there: Vec<usize> = all().filter(|index| place(&self.calls[*index])).collect();
        let same = |index: &&usize| self.calls[**index].query == query;
        let free = |index: &&usize| !used[**index];
        let found = (there.iter().filter(same).find(free))
            .or_else(|| there.iter().rev().find(same))
            .or_else(|| there.iter().find(free))
            .or_else(|| there.last())
            .copied();
        if let Some(index) = found {
            used[index] = true;
        }
        found
    }

    fn body(&self, index: usize) -> Vec<u8> {
        match &self.calls[index].answer {
            Answer::Nothing | Answer::TooLarge => Vec::new(),
            Answer::Json(json) => json.to_string().into_bytes(),
            Answer::Logs(logs) => logs.to_answer().to_string().into_bytes(),
            Answer::Page(phrases) => format!("<html><title>{phrases}</title></html>").into_bytes(),
            Answer::Text(phrases) if phrases.is_empty() => b"text".to_vec(),
            Answer::Text(phrases) => phrases.clone().into_bytes(),
            Answer::BrokenJson => b"{".to_vec(),
            // Always an earlier one, as checked when the file was read.
            Answer::AsCall(other) => self.body(*other),
        }
    }
}

impl Line for Player {
    fn answer(&self, asked: &Asked) -> Option<Result<Canned, NoAnswer>> {
        let answer = self.find(asked).and_then(|index| {
            let call = &self.calls[index];
            Some(Canned {
                status: call.status?,
                location: call.location.clone(),
                body: self.body(index),
            })
        });
        Some(answer.ok_or(NoAnswer))
    }

    fn heard(&self, _: Heard) {}
}
