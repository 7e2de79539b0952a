//! The command line.

use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, ensure};
use chrono::{Datelike, NaiveDate};
use clap::{ArgAction, Parser};

use super::features::{Feature, names};
use super::variables::VARIABLES;
use super::{FeatureSet, RegionChoice, Verbosity};
use crate::failure::ExitStatus;

/// Version and, where it is known, the commit.
pub(crate) const VERSION: &str = env!("TCONNECTSYNC_HEROKU_VERSION");

/// Copies a Tandem insulin pump's events from Tandem Source to Nightscout, one pass a run
#[derive(Clone, Debug, Default, Parser)]
#[command(
    version = VERSION,
    about,
    after_help = "--help lists the variables, the features and the exit statuses.",
    after_long_help = tables()
)]
pub struct Cli {
    /// Check the configuration, both logins and the pump's clock, step by step; writes nothing
    #[arg(long)]
    pub check_login: bool,

    /// Ask for everything that a run needs, try each answer, and write it to the .env file
    #[arg(long, conflicts_with_all = ["check_login", "show", "remove_doubles", "restore", "pretend", "features", "days", "start_date", "region", "json", "quiet"])]
    pub setup: bool,

    /// Show what Nightscout holds of the last hours (1 to 168) as a picture; writes nothing [default: 24]
    #[arg(long, value_name = "HOURS", allow_negative_numbers = true, num_args = 0..=1, default_missing_value = "24", value_parser = clap::value_parser!(u16).range(1..=168), conflicts_with_all = ["check_login", "pretend", "days", "start_date", "features", "remove_doubles", "restore"])]
    pub show: Option<u16>,

    /// Show what is on the site twice because tconnectsync, the old app, wrote it too
    #[arg(long, conflicts_with_all = ["check_login", "pretend", "features"])]
    pub remove_doubles: bool,

    /// With --remove-doubles: remove it, after saving it to a file
    #[arg(long, requires = "remove_doubles")]
    pub yes: bool,

    /// Put back what --remove-doubles removed, from the file that it named
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["check_login", "remove_doubles", "pretend", "features", "days", "start_date"]
    )]
    pub restore: Option<PathBuf>,

    /// Do everything but write to Nightscout
    #[arg(long, visible_alias = "dry-run")]
    pub pretend: bool,

    /// Write what both services answered to a new FILE, without secrets and personal data: for an issue, and for --replay
    #[arg(long, value_name = "FILE", conflicts_with_all = ["show", "remove_doubles", "restore", "replay"])]
    pub capture: Option<PathBuf>,

    /// Run against a file of --capture instead of the services, without writing, and say what is unexpected in it
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "check_login", "show", "remove_doubles", "restore", "pretend", "features", "days", "start_date", "region", "env_file",
        ]
    )]
    pub replay: Option<PathBuf>,

    /// What to copy: features by name, separated by commas or spaces [default: BASAL,BOLUS]
    #[arg(long, value_name = "LIST", num_args = 1.., action = ArgAction::Append, value_parser = feature_list)]
    pub(crate) features: Vec<FeatureSet>,

    /// After the run write a web page with the last day and how the run ended to this file
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["check_login", "show", "remove_doubles", "restore"]
    )]
    pub report: Option<PathBuf>,

    /// Copy the last N days (1 to 366) [default: 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = days, conflicts_with_all = ["start_date", "end_date"])]
    pub(crate) days: Option<u16>,

    /// Copy from this day on (YYYY-MM-DD, by the pump's clock)
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(crate) start_date: Option<NaiveDate>,

    /// Copy up to and including this day [default: today]
    #[arg(long, value_name = "DATE", value_parser = date, requires = "start_date")]
    pub(crate) end_date: Option<NaiveDate>,

    /// Where the Tandem account lives: US, EU, a country code, or auto
    #[arg(long, value_name = "REGION", value_parser = RegionChoice::parse)]
    pub(crate) region: Option<RegionChoice>,

    /// Read variables that the environment lacks from this file (or pipe) instead of ./.env
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,

    /// Print the summary as one JSON object (with --pretend, and with --remove-doubles --yes on a dyno, after the documents, one on a line)
    #[arg(long)]
    pub json: bool,

    /// Say more; twice, say everything
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Say only what needs a person: no summary, and temporary failures only after they have lasted for hours
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

impl Cli {
    /// How much the run says.
    pub fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, _) => Verbosity::Debug,
        }
    }
}

fn feature_list(list: &str) -> Result<FeatureSet> {
    FeatureSet::parse(list).map_err(|_| anyhow!("the features are {}", names(Feature::ALL)))
}

fn days(text: &str) -> Result<u16> {
    let days = text.parse().ok().filter(|days| (1..=366).contains(days));
    days.context("write a number of days from 1 to 366")
}

fn date(text: &str) -> Result<NaiveDate> {
    let is_year = |year: &str| year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
    let date = text
        .split_once('-')
        .filter(|(year, _)| is_year(year))
        .and_then(|_| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
        .context("write a date as YYYY-MM-DD, such as 2026-05-14")?;
    // The pump counts its time from 2008 on.
    ensure!(
        date.year() >= 2008,
        "no pump's history begins before 2008-01-01"
    );
    Ok(date)
}

/// What `--help` lists below the options: the program's tables, so that it cannot say anything else than they do.
fn tables() -> String {
    let mut text = String::from(
        "VARIABLES\n  From the environment (on Heroku: Config Vars), else from the file of --env-file or ./.env,\n  \
         else from ~/.config/tconnectsync/.env. An empty value counts as not set.\n",
    );
    for variable in VARIABLES.iter().filter(|variable| variable.is_of_use()) {
        let state = match (variable.required, variable.default) {
            (true, _) => " (required)".to_owned(),
            (false, Some(default)) => format!(" (default {default})"),
            (false, None) => String::new(),
        };
        text += &format!("  {}{state}\n      {}\n", variable.name, variable.about);
    }
    text += "\nVARIABLES OF THE WEB APP AND OF TCONNECTSYNC THAT ARE ACCEPTED, AND DO NOTHING\n";
    for variable in VARIABLES.iter().filter(|variable| !variable.is_of_use()) {
        text += &format!("  {}\n      {}\n", variable.name, variable.about);
    }
    text += "\nFEATURES\n";
    for feature in Feature::ALL {
        let state = if feature.is_default() {
            " (default)"
        } else {
            ""
        };
        text += &format!("  {feature}{state}\n      {}\n", feature.uploads());
    }
    text += "\nEXIT STATUSES\n";
    for status in ExitStatus::ALL {
        text += &format!("  {:>2}  {}\n", status.code(), status.meaning());
    }
    text += EXAMPLES;
    text
}

const EXAMPLES: &str = "
EXAMPLES
  tconnectsync-heroku --setup
      Set it up, question by question
  tconnectsync-heroku --check-login
      Say what is set up, what works and what does not
  tconnectsync-heroku --pretend -v
      Show what a run would write
  tconnectsync-heroku --check-login --capture capture.json
      Write down what the services answered, to report something that is not understood
  tconnectsync-heroku --start-date 2026-01-01 --end-date 2026-03-31
      Copy three months, once
  tconnectsync-heroku --remove-doubles --days 7
      Show what the old app wrote a second time in the last week
  tconnectsync-heroku --env-file anna.env --quiet
      One of several people, from cron";
