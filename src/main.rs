//! Parses the arguments, starts logging, runs, and exits with the status.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use chrono::Utc;
use clap::Parser;
use tconnectsync_heroku::config::{self, Cli, Config, Reading, Sources, Verbosity};
use tconnectsync_heroku::failure::{self, ExitStatus};
use tconnectsync_heroku::http::{Deadline, RunLimits};
use tconnectsync_heroku::{check, heartbeat, logging, pass, show, signals};

fn main() -> ExitCode {
    let arguments = Cli::parse();
    let now = Utc::now();
    if arguments.check_login {
        return ExitCode::from(check(&arguments, now).code());
    }
    logging::start(arguments.verbosity());
    let sources = Sources::read(arguments.env_file.as_deref());
    let reading = Reading::new(&arguments, &sources, now);
    let Some(config) = &reading.config else {
        config::print(&reading.problems, arguments.json);
        return ended(&arguments, &reading, ExitStatus::Configuration);
    };
    for remark in &reading.remarks {
        log::log!(remark.level, "{}", remark.text);
    }
    let perform = || match arguments.show {
        Some(hours) => show(config, hours, now),
        None => run(config, now),
    };
    // A bug ends the run as a failure that the heartbeat tells of; what it was stands in the log by then.
    let status = std::panic::catch_unwind(AssertUnwindSafe(perform)).unwrap_or(ExitStatus::Bug);
    ended(&arguments, &reading, status)
}

/// Calls the heartbeat, unless nothing was to be written: a look says nothing about the runs.
fn ended(arguments: &Cli, reading: &Reading, status: ExitStatus) -> ExitCode {
    if !arguments.pretend && arguments.show.is_none() {
        heartbeat::tell(reading, status);
    }
    ExitCode::from(status.code())
}

/// The check says everything itself; the log speaks only where more is asked for.
fn check(arguments: &Cli, now: chrono::DateTime<Utc>) -> ExitStatus {
    logging::start(match arguments.verbosity() {
        Verbosity::Normal => Verbosity::Quiet,
        verbosity => verbosity,
    });
    // A file may be called after the person whose it is.
    let sources = Sources::read_as(arguments.env_file.as_deref(), "the given file");
    check::perform(arguments, &sources, now)
}

fn show(config: &Config, hours: u16, now: chrono::DateTime<Utc>) -> ExitStatus {
    match show::perform(config, hours, now, &limits(config)) {
        Ok(()) => ExitStatus::Done,
        Err(error) => {
            log::error!("{}", failure::message(&error));
            failure::status(&error)
        }
    }
}

fn limits(config: &Config) -> RunLimits {
    let deadline = config.deadline.map_or(Deadline::NONE, Deadline::after);
    RunLimits::new(deadline, signals::stop())
}

fn run(config: &Config, now: chrono::DateTime<Utc>) -> ExitStatus {
    let outcome = pass::run(config, now, &limits(config));
    outcome
        .report
        .print(outcome.failure.as_ref(), config.json, config.verbosity);
    outcome.status()
}
