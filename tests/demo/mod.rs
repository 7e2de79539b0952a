//! The demo: `cargo run --example demo`.
//!
//! It starts Tandem Source and Nightscout on loopback ([`stage`]), lets the real pass copy a made-up pump's last day from
//! one to the other, shows that day as Nightscout then holds it ([`picture`]), and compares what is there ([`held`]) with
//! what the pump really did ([`comparison`]). With `--serve` it leaves both running for the real binary ([`serve`]).

pub mod comparison;
pub mod held;
pub mod picture;
pub mod serve;
pub mod stage;

use std::io::{self, Read, Write};
use std::path::PathBuf;

use chrono::{DateTime, Duration, Utc};
use clap::Parser;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::pass::{self, Outcome};
use tconnectsync_heroku::window::Window;

use held::Held;
use stage::{Stage, ZONE};

/// Nothing that the demo prints is wider.
pub const WIDTH: usize = 100;

/// How often a scheduler starts a run, and how young a document may be that is held back.
const TEN_MINUTES: Duration = Duration::minutes(10);

/// Copies a made-up pump's last day from a simulated Tandem Source to a simulated Nightscout, both on this machine, and
/// compares what Nightscout then holds with what the pump did
#[derive(Clone, Debug, Parser)]
#[command(
    name = "demo",
    after_help = "Needs no account and no configuration, and reads none. Exits with 0 only if all agrees."
)]
pub struct Arguments {
    /// How many days to copy
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=400))]
    pub days: u16,

    /// Another pump, another day
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Let every answer wait so many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub latency: u64,

    /// Copy nothing; keep both services running, with a pump that goes on, until Ctrl-C or the end of standard input, and
    /// print the environment in which tconnectsync-heroku runs against them
    #[arg(long)]
    pub serve: bool,

    /// Serial number of the pump
    #[arg(long, requires = "serve", value_name = "DIGITS")]
    pub serial: Option<String>,

    /// Answer every request for the pump's events with this JSON file
    #[arg(long, requires = "serve", value_name = "FILE")]
    pub pump_logs: Option<PathBuf>,

    /// Answer every request for the account's pumps with this JSON file
    #[arg(long, requires = "serve", value_name = "FILE")]
    pub pumper: Option<PathBuf>,
}

/// Does what the command line asks; says whether all agrees.
pub fn run(arguments: &Arguments, input: &mut dyn Read, out: &mut dyn Write) -> io::Result<bool> {
    if arguments.serve {
        serve::run(arguments, input, out).map(|()| true)
    } else {
        show(arguments, Utc::now(), out)
    }
}

/// Shows three runs that end at `now`, and whether all agrees.
pub fn show(arguments: &Arguments, now: DateTime<Utc>, out: &mut dyn Write) -> io::Result<bool> {
    let stage = Stage::set(arguments, now, now);
    let events = stage.history.events.len();
    let zone = ZONE.name();
    let version = stage.nightscout_version();
    writeln!(
        out,
        "A made-up pump in {zone}: seed {}, {events} events",
        arguments.seed
    )?;
    writeln!(out, "Tandem Source, simulated: {}", stage.tandem.url())?;
    writeln!(
        out,
        "Nightscout {version}, simulated: {}\n",
        stage.nightscout.url()
    )?;

    let first = one_run(&stage, "Ten minutes ago", now - TEN_MINUTES, out)?;
    let second = one_run(&stage, "Now", now, out)?;
    let writes = stage.nightscout.writes();
    let third = one_run(&stage, "Once more", now, out)?;
    let outcomes = [&first, &second, &third];
    let Some(window) = first.report.window.filter(|_| all_done(&outcomes)) else {
        writeln!(out, "A run failed: nothing to compare.")?;
        return Ok(false);
    };

    let held = Held::by(&stage.nightscout);
    writeln!(out)?;
    picture::draw(&held, now, out)?;
    let waiting: Vec<String> = second
        .report
        .uploads
        .tallies
        .iter()
        .filter(|(_, tally)| tally.held_back > 0)
        .map(|(kind, tally)| format!("{} {kind}", tally.held_back))
        .collect();
    if !waiting.is_empty() {
        say(
            out,
            "Held back",
            &format!(
                "{}, younger than ten minutes: Nightscout would take them for a person treating a low and keep its \
                 alarms quiet. They go up with the next run.",
                waiting.join(", ")
            ),
        )?;
    }

    let span = Window {
        start: window.start,
        end: now,
    };
    let mut compared = comparison::compare(&held, &stage.history.truth, span, now - TEN_MINUTES);
    let again = stage.nightscout.writes() - writes;
    if again > 0 {
        compared
            .differences
            .push(format!("the third run wrote {again} documents again"));
    }
    writeln!(out)?;
    comparison::tell(&compared, out)
}

fn all_done(outcomes: &[&Outcome]) -> bool {
    outcomes.iter().all(|outcome| outcome.failure.is_none())
}

/// One run at an instant, with what its user would see.
fn one_run(
    stage: &Stage,
    when: &str,
    now: DateTime<Utc>,
    out: &mut dyn Write,
) -> io::Result<Outcome> {
    stage.set_time(now);
    let config = stage.config(now);
    let deadline = config.deadline.map_or(Deadline::NONE, Deadline::after);
    let outcome = pass::run(&config, now, &RunLimits::new(deadline, Stop::new()));
    for warning in &outcome.report.warnings {
        say(out, when, &format!("warning: {warning}"))?;
    }
    match outcome.message() {
        Some(failure) => say(out, when, &format!("error: {failure}"))?,
        None => say(out, when, &outcome.report.summary())?,
    }
    Ok(outcome)
}

/// Writes a paragraph beside its heading.
fn say(out: &mut dyn Write, heading: &str, text: &str) -> io::Result<()> {
    const INDENT: usize = 17;
    let mut line = format!("{heading:<INDENT$}");
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{line}")?;
            line = " ".repeat(INDENT);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    writeln!(out, "{line}")
}
