//! Parses the arguments, starts logging, runs, and exits with the status.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use chrono::Utc;
use clap::Parser;
use tconnectsync_heroku::cli::Cli;
use tconnectsync_heroku::config::{self, Config, Sources, Verbosity};
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
    if let Some(hours) = arguments.show {
        return ExitCode::from(show(&arguments, &sources, hours, now).code());
    }
    let status = match Config::load(&arguments, &sources, now) {
        // A bug ends the run as a failure that the heartbeat tells of; what it was stands in the log by then.
        Ok(config) => std::panic::catch_unwind(AssertUnwindSafe(|| run(&config, now)))
            .unwrap_or(ExitStatus::Bug),
        Err(problems) => {
            config::print(&problems, arguments.json);
            ExitStatus::Configuration
        }
    };
    if !arguments.pretend {
        heartbeat::tell(&sources, status);
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

/// A look calls no heartbeat: it says nothing about the runs.
fn show(arguments: &Cli, sources: &Sources, hours: u16, now: chrono::DateTime<Utc>) -> ExitStatus {
    let config = match Config::load(arguments, sources, now) {
        Ok(config) => config,
        Err(problems) => {
            config::print(&problems, arguments.json);
            return ExitStatus::Configuration;
        }
    };
    match show::perform(&config, hours, now, &limits(&config)) {
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
    for remark in &config.remarks {
        log::log!(remark.level, "{}", remark.text);
    }
    let outcome = pass::run(config, now, &limits(config));
    outcome
        .report
        .print(outcome.failure.as_ref(), config.json, config.verbosity);
    outcome.status()
}
