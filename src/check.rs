//! `--check-login`: looks at everything that a run needs, step by step, and writes nothing.
//!
//! A step that fails says what to do, and the check goes on with whatever can still be tried: Nightscout after a failed
//! login at Tandem, both with a configuration that has problems elsewhere. The exit status is that of the gravest failure.
//!
//! The output is meant to be pasted into a public issue: no value of a variable, no serial number but its last digits, no
//! name, no host.

mod clock;
mod configuration;
mod events;
mod nightscout;
mod other_uploader;
mod page;
mod step;
mod tandem;
mod uploads;

use std::cell::{Cell, RefCell};

use chrono::{DateTime, Utc};

pub use page::Page;
pub use step::{Findings, Mark, Step};
pub(crate) use step::{Part, Screen};
pub(crate) use tandem::told_apart;

use crate::capture;
use crate::config::cli::VERSION;
use crate::config::{Cli, Config, Reading, Sources, Verbosity};
use crate::failure::{self, ExitStatus};
use crate::http::{Deadline, RunLimits, Stop};
use crate::logging::visible_json;
use crate::pass;
use crate::report::output;
use crate::show;
use crate::tandem::{Pumper, Session};
use crate::terminal::Terminal;

/// Goes through all steps, telling each.
pub fn run<'a>(
    reading: &Reading,
    now: DateTime<Utc>,
    limits: &RunLimits,
    tell: &'a mut dyn FnMut(&Step),
) -> Findings<'a> {
    let mut findings = Findings::new(tell);
    let version = format!("tconnectsync-heroku {VERSION}");
    findings.add(Step::new(Part::Settings, Mark::Info, version).detail());
    configuration::check(reading, &mut findings);
    // What the site holds tells of the pump's clock too.
    let site = nightscout::check(reading, now, limits, &mut findings);
    let newest_event = tandem::check(reading, site.as_ref(), (now, limits), &mut findings);
    if let Some(site) = site {
        clock::first_run(reading, &site, (now, limits), &mut findings);
        uploads::check(reading, now, &site, newest_event, &mut findings);
        other_uploader::check(reading, now, &site, &mut findings);
        findings.site = Some(site);
    }
    findings
}

/// The last day as the site holds it, where a person looks at a terminal and the site may be read; empty elsewhere.
fn picture(findings: &Findings<'_>, reading: &Reading, now: DateTime<Utc>) -> String {
    let terminal = Terminal::of_output();
    let (Some(site), Some(zone), true) = (&findings.site, reading.zone, terminal.is_rich) else {
        return String::new();
    };
    match show::picture(site, terminal, zone, now) {
        Ok(picture) => format!("\n{picture}"),
        Err(error) => {
            log::debug!("no picture: {}", failure::message(&error));
            String::new()
        }
    }
}

/// The part of the check about the account's pumps, in a session that is there; gives what their screens should show.
pub(crate) fn pumps(
    reading: &Reading,
    session: &mut Session,
    account: &Pumper,
    now: DateTime<Utc>,
    tell: &mut dyn FnMut(&Step),
) -> Vec<Screen> {
    let mut findings = Findings::new(tell);
    tandem::look_into_account(reading, session, account, now, &mut findings);
    findings.clocks
}

/// The part of the check about the site; gives the status of the gravest failure.
pub(crate) fn site(
    reading: &Reading,
    now: DateTime<Utc>,
    limits: &RunLimits,
    tell: &mut dyn FnMut(&Step),
) -> ExitStatus {
    let mut findings = Findings::new(tell);
    nightscout::check(reading, now, limits, &mut findings);
    findings.status()
}

/// The whole of a run with `--check-login`, output included.
pub fn perform(arguments: &Cli, sources: &Sources, now: DateTime<Utc>) -> ExitStatus {
    let reading = Reading::new(arguments, sources, now);
    let limits = RunLimits::new(Deadline::after(reading.deadline), Stop::new());
    let Some(file) = &arguments.capture else {
        return check(arguments, &reading, now, &limits);
    };
    let captured = capture::captured(file, &reading, now, limits, |limits| {
        let status = check(arguments, &reading, now, limits);
        // What a run reads beyond the check is what makes the capture worth a replay.
        if let Some(config) = reading.config.clone().filter(|_| status.is_worth_a_run()) {
            let config = Config {
                pretend: true,
                ..capture::to_capture(config)
            };
            pass::run(&config, now, limits);
        }
        status
    });
    captured.unwrap_or_else(|error| failure::tell(&error))
}

/// The check and its output.
fn check(arguments: &Cli, reading: &Reading, now: DateTime<Utc>, limits: &RunLimits) -> ExitStatus {
    let quiet = arguments.verbosity() == Verbosity::Quiet;
    let lines = !arguments.json;
    let page = Page::new(Terminal::of_output(), arguments.verbose > 0);
    let page = RefCell::new(page);
    let lost = Cell::new(None);
    let say = |text: &str| {
        // The check goes on all the same: its exit status is still of use.
        if let Err(error) = output(text) {
            lost.set(Some(error));
        }
    };
    let mut tell = |step: &Step| {
        if lines && (!quiet || step.mark == Mark::Bad) {
            say(&page.borrow_mut().show(step));
        }
    };
    let findings = run(reading, now, limits, &mut tell);
    if arguments.json {
        say(&(visible_json(&findings.to_json().to_string()) + "\n"));
    } else if !quiet {
        say(&picture(&findings, reading, now));
        say(&page
            .borrow()
            .end(&findings.summary(), &findings.next_step()));
    }
    match lost.take() {
        None => findings.status(),
        Some(error) => findings.status().graver(failure::tell(&error)),
    }
}
