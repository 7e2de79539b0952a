//! `--check-login`: everything that a run needs, step by step, without writing.

mod broken;
mod clock;
mod good;
mod guardians;
mod nightscout;
mod others;
mod page;
mod pump;

use chrono::{DateTime, Utc};
use clap::Parser;
use tconnectsync_heroku::check::{self, Mark, Step};
use tconnectsync_heroku::config::Cli;
use tconnectsync_heroku::config::{Reading, Sources};
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};

use crate::arrangement::{Arrangement, Said, day_until_now};

fn arrangement() -> Arrangement {
    Arrangement::of(day_until_now(31))
}

/// A check at this instant, by the library, without waiting between tries: its lines, and the exit status.
pub fn checked(
    arrangement: &Arrangement,
    now: DateTime<Utc>,
    arguments: &[&str],
) -> (Vec<String>, ExitStatus) {
    let checked = Checked::of(arrangement, now, arguments);
    let lines = checked.steps.iter().map(Step::line);
    let lines = lines.filter(|line| !line.contains(": tconnectsync-heroku "));
    (lines.chain(checked.end).collect(), checked.status)
}

/// What a check found.
pub struct Checked {
    pub steps: Vec<Step>,
    /// The summary, and what to do next.
    pub end: [String; 2],
    pub status: ExitStatus,
}

impl Checked {
    pub fn of(arrangement: &Arrangement, now: DateTime<Utc>, arguments: &[&str]) -> Checked {
        let program = ["tconnectsync-heroku", "--check-login"];
        let arguments = Cli::try_parse_from(program.iter().chain(arguments))
            .expect("the test's own arguments are good");
        let sources = Sources {
            environment: arrangement.variables.clone().into(),
            ..Sources::default()
        };
        let reading = Reading::new(&arguments, &sources, now);
        arrangement.nightscout.set_now(now);
        let limits = RunLimits::without_pauses(Deadline::NONE, Stop::new());
        let mut told = Vec::new();
        let mut tell = |step: &Step| told.push(step.clone());
        let findings = check::run(&reading, now, &limits, &mut tell);
        let (steps, status) = (findings.steps.to_vec(), findings.status());
        let end = [findings.summary(), findings.next_step()];
        assert_eq!(told, steps);
        Checked { steps, end, status }
    }
}

/// The program's check, and its lines with `!!`.
#[track_caller]
fn complaints(arrangement: &Arrangement, status: ExitStatus) -> Vec<String> {
    let said = arrangement.program(&["--check-login"]);
    assert_eq!(said.status, Some(i32::from(status.code())), "{said:#?}");
    assert_eq!(said.log, "", "the check itself says everything");
    assert_eq!(arrangement.nightscout.writes(), 0);
    marked(&said, Mark::Bad)
}

/// The lines of the check with this mark.
fn marked(said: &Said, mark: Mark) -> Vec<String> {
    let sign = format!("{}  ", mark.sign());
    said.out
        .lines()
        .filter_map(|line| line.strip_prefix(&sign))
        .map(str::to_owned)
        .collect()
}
