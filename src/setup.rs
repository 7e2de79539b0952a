//! `--setup`: asks for what a run needs, tries each answer at once, and writes the `.env` file.
//!
//! It asks on a terminal, in this order: the account at Tandem Source (signs in), which pump if there are several, the time
//! zone (shows what the pump's screen should show now), what to copy, the Nightscout site (looks at what the secret may do
//! there), and whom to tell when runs fail. Answers are judged as a run judges them, and asked again where they do not work.
//! The file is written as a whole at the very end: whoever stops before has changed nothing. What was there is kept beside
//! it, as only the values go over into the new one. Then a run that only pretends shows what would be written, and the line
//! that starts the runs is printed.

mod answers;
mod file;
mod prompts;
mod schedule;
mod terminal;

use std::cmp::Reverse;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use chrono::Utc;

use crate::check;
use crate::config::{Cli, Config, Feature, Reading, Verbosity};
use crate::failure::{self, ExitStatus, Failure};
use crate::heartbeat;
use crate::http::{Deadline, RunLimits, Stop};
use crate::pass;
use crate::show;
use crate::tandem::{self, Memory, Pump, Pumper, Session};
use crate::terminal::Terminal;
use answers::Answers;
use schedule::Start;

/// The variable that chooses a pump.
const PUMP: &str = "PUMP_SERIAL_NUMBER";

/// Asks, tries, writes, and shows.
pub fn perform(arguments: &Cli, stop: &Stop) -> ExitStatus {
    let done = terminal::is_there().and_then(|()| {
        terminal::restore_when_stopped(stop);
        Setup::begin(arguments)?.perform()
    });
    done.map_or_else(|error| failure::tell(&error), |()| ExitStatus::Done)
}

/// Says a line, or several, wrapped to the terminal.
fn say(text: &str) {
    let lines = text.split('\n').map(|line| page().wrapped(line, ""));
    say_as_it_is(&lines.collect::<Vec<String>>().join("\n"));
}

/// Says what was laid out before, or is to be copied.
fn say_as_it_is(text: &str) {
    // Whoever answers questions reads; if not, the questions fail.
    let _ = writeln!(anstream::stdout(), "{text}");
}

fn page() -> check::Page {
    check::Page::new(Terminal::of_output(), false)
}

/// Shows a step of the check.
fn show_step(page: &mut check::Page, step: &check::Step) {
    let _ = write!(anstream::stdout(), "{}", page.show(step));
}

struct Setup<'a> {
    arguments: &'a Cli,
    path: PathBuf,
    answers: Answers,
}

impl<'a> Setup<'a> {
    fn begin(arguments: &'a Cli) -> Result<Setup<'a>> {
        let path = arguments.env_file.clone();
        let path = path.unwrap_or_else(|| PathBuf::from(".env"));
        let there = file::read(&path)?;
        file::can_be_written(&path)?;
        say(&format!(
            "This asks for what a run needs, tries each answer, and writes it to {}. Ctrl-C stops it; nothing is written \
             before the end.",
            path.display()
        ));
        if there.is_some() {
            say(&format!(
                "{} exists. Enter at a question keeps what is there.",
                path.display()
            ));
            if !prompts::yes("Change it?", false)? {
                return Err(nothing_written());
            }
        }
        let mut answers = Answers::new(there.unwrap_or_default());
        answers.leave_out_refused(arguments);
        Ok(Setup {
            arguments,
            path,
            answers,
        })
    }

    fn perform(&mut self) -> Result<()> {
        let (mut session, account) = self.account()?;
        self.pump(&account)?;
        self.zone(&mut session, &account)?;
        self.features()?;
        self.site()?;
        self.heartbeat()?;
        let kept = file::write(&self.path, &self.answers.as_file())?;
        say(&format!(
            "\nWritten to {}, readable by you only.",
            self.path.display()
        ));
        if let Some(kept) = kept {
            say(&format!(
                "What was in it before, with its comments, is in {}.",
                kept.display()
            ));
        }
        self.pretend()?;
        self.tell_what_starts_it();
        Ok(())
    }

    /// What the answers so far make of a configuration.
    fn reading(&self) -> Reading {
        self.answers.reading(self.arguments)
    }

    /// Asks for the account until Tandem Source accepts it; gives the session and the account's pumps.
    fn account(&mut self) -> Result<(Session, Pumper)> {
        say("\nTandem Source: the account that Tandem's phone app uploads to.");
        // It is found anew: the account may be another one.
        self.answers.remove("TCONNECT_REGION");
        loop {
            self.answers
                .ask(self.arguments, "TCONNECT_EMAIL", "E-mail address")?;
            self.answers
                .ask_secret(self.arguments, "TCONNECT_PASSWORD", "Password")?;
            say("Signing in ...");
            match sign_in(&self.reading()) {
                Ok((session, account)) => {
                    let region = session.region().to_string();
                    say(&format!(
                        "Signed in; the account is in the {region} region."
                    ));
                    self.answers.set("TCONNECT_REGION", &region);
                    return Ok((session, account));
                }
                Err(error) => again(&error)?,
            }
        }
    }

    /// Asks which of several pumps to copy, also where one is set already.
    fn pump(&mut self, account: &Pumper) -> Result<()> {
        let mut pumps: Vec<&Pump> = account.pumps.iter().collect();
        pumps.sort_by_key(|pump| Reverse(pump.last_upload));
        let set = self.answers.get(PUMP);
        if pumps.len() < 2 && set.is_none() {
            return Ok(());
        }
        let chosen = (pumps.iter()).position(|pump| Some(pump.serial.expose()) == set);
        let now = Utc::now();
        say("\nThe account's pumps:");
        for pump in &pumps {
            say(&format!("- {}", check::told_apart(pump, now)));
        }
        say("Which one to copy: move with the arrow keys, choose with Enter.");
        let mut lines = vec!["all pumps, and a replacement".to_owned()];
        lines.extend(pumps.iter().map(|pump| format!("pump {}", pump.serial)));
        let choice = prompts::one("Copy", &lines, chosen.map_or(0, |at| at + 1))?;
        match choice.checked_sub(1).and_then(|at| pumps.get(at)) {
            Some(pump) => self.answers.set(PUMP, pump.serial.expose()),
            None => self.answers.remove(PUMP),
        }
        Ok(())
    }

    /// Asks for the zone until the pump's screen shows what it should.
    fn zone(&mut self, session: &mut Session, account: &Pumper) -> Result<()> {
        say("\nThe time zone of the pump's clock, such as America/New_York.");
        self.answers.propose("TIMEZONE_NAME", machines_zone());
        loop {
            self.answers
                .ask(self.arguments, "TIMEZONE_NAME", "Time zone")?;
            let reading = self.reading();
            let mut page = page();
            let mut tell = |step: &check::Step| show_step(&mut page, step);
            let clocks = check::pumps(&reading, session, account, Utc::now(), &mut tell);
            let mut right = true;
            let mut doubted = false;
            for clock in clocks {
                let question = format!(
                    "Pump {} should now show {}: does it?",
                    clock.pump,
                    clock.shows.format("%H:%M")
                );
                right = right && prompts::yes(&question, !clock.doubted)?;
                doubted |= clock.doubted;
            }
            if right {
                // Who looked at the screen knows better than a guess from the pump's uploads.
                let name = "TCONNECTSYNC_HEROKU_TRUST_TIMEZONE";
                match doubted {
                    true => self.answers.set(name, "true"),
                    false => self.answers.remove(name),
                }
                return Ok(());
            }
            say("Then the zone is another one, or the pump's clock is wrong.");
        }
    }

    /// Lets what is copied be chosen.
    fn features(&mut self) -> Result<()> {
        say(
            "\nWhat to copy: move with the arrow keys, choose with the space bar, go on with Enter.",
        );
        let chosen = self.reading().features;
        let lines: Vec<String> = Feature::ALL
            .iter()
            .map(|feature| one_line(&format!("{}: {}", feature.name(), feature.uploads())))
            .collect();
        let before: Vec<bool> = Feature::ALL
            .iter()
            .map(|feature| chosen.contains(*feature))
            .collect();
        let mut features = prompts::several("Copy", &lines, &before)?;
        while features.is_empty() {
            say("Choose at least one.");
            features = prompts::several("Copy", &lines, &before)?;
        }
        let names = features.into_iter().map(|index| Feature::ALL[index].name());
        let names = names.collect::<Vec<&str>>().join(",");
        say(&format!("To copy: {names}"));
        self.answers.set("TCONNECTSYNC_HEROKU_FEATURES", &names);
        Ok(())
    }

    /// Asks for the site until its secret may do there what the features need.
    fn site(&mut self) -> Result<()> {
        say("\nThe Nightscout site, such as https://my-site.herokuapp.com.");
        loop {
            self.answers
                .ask(self.arguments, "NS_URL", "Address of the site")?;
            self.answers
                .ask_secret(self.arguments, "NS_SECRET", "API_SECRET or access token")?;
            say("Asking the site (a sleeping one takes a while) ...");
            let limits = limits();
            let mut page = page();
            let mut tell = |step: &check::Step| show_step(&mut page, step);
            let status = check::site(&self.reading(), Utc::now(), &limits, &mut tell);
            if status == ExitStatus::Done {
                return Ok(());
            }
            once_more()?;
        }
    }

    /// Asks for a monitoring service, and tells it of a first success.
    fn heartbeat(&mut self) -> Result<()> {
        say(
            "\nWho tells you when runs stop? Create a check at healthchecks.io or the like (period ten minutes, grace one \
             hour); it mails you when no run has succeeded for that long.",
        );
        self.answers
            .ask_optional(self.arguments, "HEARTBEAT_URL", "Its address")?;
        heartbeat::tell(&self.reading(), ExitStatus::Done, &Stop::new());
        Ok(())
    }

    /// Shows what a first run would write.
    fn pretend(&self) -> Result<()> {
        let reading = self.reading();
        let config = reading
            .config
            .ok_or_else(|| config_failure(&reading.problems))?;
        let config = Config {
            pretend: true,
            ..config
        };
        say("\nWhat a run would write now:\n");
        let (now, limits) = (Utc::now(), limits());
        let outcome = pass::run(&config, now, &limits);
        if let Some(error) = outcome.failure {
            return Err(error);
        }
        show::preview(&config, &outcome.report, &limits);
        say_as_it_is(&outcome.report.pretence(Verbosity::Normal));
        say(&outcome.report.summary());
        Ok(())
    }

    fn tell_what_starts_it(&self) {
        let program =
            std::env::current_exe().unwrap_or_else(|_| PathBuf::from("tconnectsync-heroku"));
        let directory = std::env::current_dir().unwrap_or_default();
        let env_file = self.arguments.env_file.as_deref();
        let env_file = env_file.map(|path| directory.join(path));
        let start = Start {
            program: &program,
            directory: &directory,
            env_file: env_file.as_deref(),
        };
        say_as_it_is(&start.in_words(std::env::consts::OS));
    }
}

/// A line of a list, as far as the terminal is wide: lines that wrap are not drawn over when the choice moves.
fn one_line(text: &str) -> String {
    // Six signs stand before it, two may follow.
    let most = Terminal::of_output().width.saturating_sub(9);
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}

/// Each answer is tried alone: it may take its time, and no more.
fn limits() -> RunLimits {
    RunLimits::new(
        Deadline::after(std::time::Duration::from_secs(300)),
        Stop::new(),
    )
}

fn sign_in(reading: &Reading) -> Result<(Session, Pumper)> {
    let (Some(config), Some(proxy)) = (&reading.tandem, &reading.proxy) else {
        return Err(config_failure(&reading.problems));
    };
    let client = tandem::client(config, proxy.as_ref(), limits())?;
    let mut session = Session::open_anew(client, config, Memory::none())?;
    let account = session.pumper()?;
    Ok((session, account))
}

/// The zone that this machine is set to, where that is no server's.
fn machines_zone() -> Option<String> {
    let zone = iana_time_zone::get_timezone().ok()?;
    (zone.contains('/') && !zone.starts_with("Etc/")).then_some(zone)
}

/// What failed, and whether to ask again. Rejected credentials are asked for again at once.
fn again(error: &anyhow::Error) -> Result<()> {
    say(&failure::message(error));
    match failure::status(error) {
        ExitStatus::CredentialsRejected => Ok(()),
        _ => once_more(),
    }
}

fn once_more() -> Result<()> {
    match prompts::yes("Try again? (Enter at a question keeps your answer)", true)? {
        true => Ok(()),
        false => Err(nothing_written()),
    }
}

fn nothing_written() -> anyhow::Error {
    Failure::new(
        ExitStatus::Configuration,
        "Nothing was written",
        "Start it again with: tconnectsync-heroku --setup",
    )
    .into()
}

fn config_failure(problems: &[crate::config::Problem]) -> anyhow::Error {
    crate::config::failure(problems).into()
}
