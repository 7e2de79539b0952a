//! Parses the arguments, starts logging, runs, and exits with the status.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Parser;
use tconnectsync_heroku::config::{self, Cli, Config, PageFiles, Reading, Sources, Verbosity};
use tconnectsync_heroku::failure::{self, ExitStatus};
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::page::Told;
use tconnectsync_heroku::{
    capture, check, doubles, heartbeat, logging, page, pass, progress, quiet, setup, show, signals,
};

fn main() -> ExitCode {
    let arguments = Cli::parse();
    let now = Utc::now();
    if arguments.check_login {
        return ExitCode::from(check(&arguments, now).code());
    }
    start_logging(&arguments, arguments.verbosity());
    let stop = signals::stop();
    let status = if arguments.setup {
        setup::perform(&arguments, &stop)
    } else if let Some(file) = &arguments.replay {
        replay(file, &arguments, &stop)
    } else {
        with_configuration(&arguments, now, &stop)
    };
    ExitCode::from(status.code())
}

/// Does what needs a complete configuration; without one, reports the problems.
fn with_configuration(arguments: &Cli, now: DateTime<Utc>, stop: &Stop) -> ExitStatus {
    let sources = Sources::read(arguments.env_file.as_deref());
    let reading = Reading::new(arguments, &sources, now);
    let Some(config) = &reading.config else {
        let status = tell_problems(&reading, arguments, now);
        return ended(arguments, &reading, status, stop);
    };
    for remark in &reading.remarks {
        log::log!(remark.level, "{}", remark.text);
    }
    let limits = RunLimits::new(Deadline::after(config.deadline), stop.clone());
    let page_is_written = Arc::new(AtomicBool::new(false));
    // Heroku's name for the machine, which is gone with its disk when the command ends.
    let disk_is_lost = sources.environment.get("DYNO").is_some();
    let perform = |config: &Config, limits: &RunLimits| {
        let tells = |status| !is_run(arguments) || quiet::tells(config, status, false, now);
        let (config, all, arguments) = (config.clone(), limits.clone(), arguments.clone());
        let (files, page_is_written) = (reading.page_files.clone(), page_is_written.clone());
        let work = move || match (arguments.show, &arguments.restore) {
            (Some(hours), _) => show(&config, hours, now, &all),
            (None, Some(file)) => doubles::perform_restoration(&config, &all, file),
            (None, None) if arguments.remove_doubles => {
                doubles::perform_removal(&config, now, &all, arguments.yes, disk_is_lost)
            }
            (None, None) => {
                let (status, told) = run(&config, &files, now, &all);
                page_is_written.store(true, Ordering::Relaxed);
                status.graver(write_page(&files, &told))
            }
        };
        in_time(work, limits, tells)
    };
    let status = match &arguments.capture {
        None => perform(config, &limits),
        Some(file) => {
            let config = capture::to_capture(config.clone());
            let run = |limits: &RunLimits| perform(&config, limits);
            capture::captured(file, &reading, now, limits, run)
                .unwrap_or_else(|error| failure::tell(&error))
        }
    };
    progress::end();
    if is_run(arguments) && !page_is_written.load(Ordering::Relaxed) {
        // It was left behind, or ended with a bug; the log says more.
        let told = Told::failed(now, &reading, status, status.meaning().to_owned());
        write_page(&reading.page_files, &told);
    }
    ended(arguments, &reading, status, stop)
}

/// Reports why no run can start, also on the page. Returns the exit status.
fn tell_problems(reading: &Reading, arguments: &Cli, now: DateTime<Utc>) -> ExitStatus {
    config::print(reading, arguments.json);
    let failure = config::failure(&reading.problems);
    let told = Told::failed(now, reading, failure.status, failure.to_string());
    write_page(&reading.page_files, &told);
    failure.status
}

/// Calls the heartbeat, unless this was no run, or one that was to write nothing: it says nothing about the runs.
fn ended(arguments: &Cli, reading: &Reading, status: ExitStatus, stop: &Stop) -> ExitStatus {
    if !arguments.pretend && is_run(arguments) {
        heartbeat::tell(reading, status, stop);
    }
    status
}

/// Whether this is a run, and nothing else.
fn is_run(arguments: &Cli) -> bool {
    arguments.show.is_none() && !arguments.remove_doubles && arguments.restore.is_none()
}

/// Writes the web page and the job's summary; says so where that fails.
fn write_page(files: &PageFiles, told: &Told) -> ExitStatus {
    match page::write(files, told) {
        Ok(()) => ExitStatus::Done,
        Err(failure) => {
            log::error!("{failure}");
            failure.status
        }
    }
}

/// A person at a terminal sees what is done, unless the log says it, a program reads along, or there are questions to answer.
fn start_logging(arguments: &Cli, verbosity: Verbosity) {
    if !arguments.json && !arguments.setup && arguments.verbosity() == Verbosity::Normal {
        progress::start();
    }
    logging::start(verbosity);
}

/// The check says everything itself, with -v its details; the log speaks only with -vv.
fn check(arguments: &Cli, now: DateTime<Utc>) -> ExitStatus {
    start_logging(
        arguments,
        match arguments.verbosity() {
            Verbosity::Debug => Verbosity::Debug,
            _ => Verbosity::Quiet,
        },
    );
    // A file may be called after the person whose it is.
    let sources = Sources::read_as(arguments.env_file.as_deref(), "the given file");
    let status = check::perform(arguments, &sources, now);
    progress::end();
    status
}

fn show(config: &Config, hours: u16, now: DateTime<Utc>, limits: &RunLimits) -> ExitStatus {
    let shown = show::perform(config, hours, now, limits);
    shown.map_or_else(|error| failure::tell(&error), |()| ExitStatus::Done)
}

/// Runs against a capture.
fn replay(file: &Path, arguments: &Cli, stop: &Stop) -> ExitStatus {
    let (json, verbosity) = (arguments.json, arguments.verbosity());
    let replayed = capture::replay(file, json, verbosity, stop.clone());
    let printed = replayed.and_then(|replayed| replayed.print(json, verbosity));
    printed.unwrap_or_else(|error| failure::tell(&error))
}

/// Does the work on a thread that can be left behind, should something keep it from its end long after that was due. `tells`
/// whether that is said.
fn in_time(
    work: impl FnOnce() -> ExitStatus + Send + 'static,
    limits: &RunLimits,
    tells: impl Fn(ExitStatus) -> bool,
) -> ExitStatus {
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
            let status = failure::status(&error);
            if tells(status) {
                log::error!("{}", failure::message(&error));
            }
            return status;
        }
    }
}

/// One pass, its summary, and what its page is to tell.
fn run(
    config: &Config,
    files: &PageFiles,
    now: DateTime<Utc>,
    limits: &RunLimits,
) -> (ExitStatus, Told) {
    let outcome = pass::run(config, now, limits);
    progress::end();
    let report = &outcome.report;
    show::preview(config, report, limits);
    let tells = quiet::tells(config, outcome.status(), outcome.stale, now);
    let failure = outcome.failure.as_ref();
    let status = match report.print(failure, tells, config.json, config.verbosity) {
        Ok(()) => outcome.status(),
        Err(error) => outcome.status().graver(failure::tell(&error)),
    };
    let is_wanted = files.html.is_some() || files.job_summary.is_some();
    (
        status,
        Told::of_run(config, &outcome, is_wanted.then_some(limits)),
    )
}
