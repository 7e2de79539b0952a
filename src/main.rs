//! Parses the arguments, starts logging, runs, and exits with the status.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use chrono::Utc;
use clap::Parser;
use tconnectsync_heroku::config::{self, Cli, Config, Reading, Sources, Verbosity};
use tconnectsync_heroku::failure::{self, ExitStatus};
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::{check, doubles, heartbeat, logging, pass, show, signals};

fn main() -> ExitCode {
    let arguments = Cli::parse();
    let now = Utc::now();
    if arguments.check_login {
        return ExitCode::from(check(&arguments, now).code());
    }
    logging::start(arguments.verbosity());
    let stop = signals::stop();
    let sources = Sources::read(arguments.env_file.as_deref());
    let reading = Reading::new(&arguments, &sources, now);
    let Some(config) = &reading.config else {
        config::print(&reading.problems, arguments.json);
        return ended(&arguments, &reading, ExitStatus::Configuration, &stop);
    };
    for remark in &reading.remarks {
        log::log!(remark.level, "{}", remark.text);
    }
    let limits = limits(config, &stop);
    let perform = {
        let (config, limits, arguments) = (config.clone(), limits.clone(), arguments.clone());
        // Heroku's name for the machine, which is gone with its disk when the command ends.
        let disk_is_lost = sources.environment.get("DYNO").is_some();
        move || match (arguments.show, &arguments.restore) {
            (Some(hours), _) => show(&config, hours, now, &limits),
            (None, Some(file)) => doubles::perform_restoration(&config, &limits, file),
            (None, None) if arguments.remove_doubles => {
                doubles::perform_removal(&config, now, &limits, arguments.yes, disk_is_lost)
            }
            (None, None) => run(&config, now, &limits),
        }
    };
    let status = in_time(perform, &limits);
    ended(&arguments, &reading, status, &stop)
}

/// Calls the heartbeat, unless this was no run, or one that was to write nothing: it says nothing about the runs.
fn ended(arguments: &Cli, reading: &Reading, status: ExitStatus, stop: &Stop) -> ExitCode {
    let other_mode =
        arguments.show.is_some() || arguments.remove_doubles || arguments.restore.is_some();
    if !arguments.pretend && !other_mode {
        heartbeat::tell(reading, status, stop);
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

fn show(config: &Config, hours: u16, now: chrono::DateTime<Utc>, limits: &RunLimits) -> ExitStatus {
    match show::perform(config, hours, now, limits) {
        Ok(()) => ExitStatus::Done,
        Err(error) => {
            log::error!("{}", failure::message(&error));
            failure::status(&error)
        }
    }
}

fn limits(config: &Config, stop: &Stop) -> RunLimits {
    let deadline = config.deadline.map_or(Deadline::NONE, Deadline::after);
    RunLimits::new(deadline, stop.clone())
}

/// Does the work on a thread that can be left behind, should something keep it from its end long after that was due.
fn in_time(work: impl FnOnce() -> ExitStatus + Send + 'static, limits: &RunLimits) -> ExitStatus {
    let mut watch = limits.watch();
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        // A bug ends the run as a failure that the heartbeat tells of; what it was stands in the log by then.
        let status = std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(ExitStatus::Bug);
        let _ = done.send(status);
    });
    loop {
        match ended.recv_timeout(Duration::from_millis(100)) {
            Ok(status) => return status,
            Err(RecvTimeoutError::Disconnected) => return ExitStatus::Bug,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(error) = watch.overdue() {
            log::error!("{}", failure::message(&error));
            return failure::status(&error);
        }
    }
}

fn run(config: &Config, now: chrono::DateTime<Utc>, limits: &RunLimits) -> ExitStatus {
    let outcome = pass::run(config, now, limits);
    let report = &outcome.report;
    show::preview(config, report, limits);
    match report.print(outcome.failure.as_ref(), config.json, config.verbosity) {
        Ok(()) => outcome.status(),
        Err(error) => {
            log::error!("{}", failure::message(&error));
            outcome.status().graver(failure::status(&error))
        }
    }
}
