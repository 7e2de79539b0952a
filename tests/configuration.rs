//! What the owner writes, and what the program makes of it.

mod addresses;
mod binary;
mod credentials;
mod env_files;
mod features;
mod precedence;
mod spans;
mod tables;
mod values;
mod zones;

use chrono::{DateTime, TimeZone, Utc};
use clap::Parser;
use tconnectsync_heroku::config::Cli;
use tconnectsync_heroku::config::env_file::EnvFile;
use tconnectsync_heroku::config::{Config, Problem, Reading, Sources};

/// A configuration with nothing to complain or to remark about.
const COMPLETE: [(&str, &str); 5] = [
    ("TCONNECT_EMAIL", "ada@lovelace.test"),
    ("TCONNECT_PASSWORD", "Analytical1!Engine"),
    ("NS_URL", "https://ada.lovelace.test"),
    ("NS_SECRET", "difference-engine-no-2"),
    ("TIMEZONE_NAME", "America/New_York"),
];

/// A set-up to judge: the complete one, changed.
#[derive(Clone)]
struct SetUp {
    arguments: Vec<&'static str>,
    sources: Sources,
}

impl SetUp {
    fn complete() -> SetUp {
        COMPLETE
            .iter()
            .fold(SetUp::empty(), |set_up, (name, value)| {
                set_up.with(name, value)
            })
    }

    fn empty() -> SetUp {
        SetUp {
            arguments: Vec::new(),
            sources: Sources::default(),
        }
    }

    /// Sets a variable in the environment.
    fn with(mut self, name: &str, value: &str) -> SetUp {
        self.sources.environment.insert(name, value);
        self
    }

    fn without(mut self, name: &str) -> SetUp {
        self.sources.environment.remove(name);
        self
    }

    /// Adds a `.env` file that counts after those already there.
    fn with_file(mut self, name: &str, text: &str) -> SetUp {
        self.sources.files.push(EnvFile::parse(name, text));
        self
    }

    fn with_arguments(mut self, arguments: &[&'static str]) -> SetUp {
        self.arguments.extend(arguments);
        self
    }

    fn load(&self) -> Result<Config, Vec<Problem>> {
        let reading = self.reading();
        reading.config.ok_or(reading.problems)
    }

    fn reading(&self) -> Reading {
        let arguments =
            std::iter::once("tconnectsync-heroku").chain(self.arguments.iter().copied());
        let arguments = Cli::try_parse_from(arguments).expect("the command line is well formed");
        Reading::new(&arguments, &self.sources, now())
    }

    #[track_caller]
    fn config(&self) -> Config {
        self.load()
            .unwrap_or_else(|problems| panic!("problems: {problems:?}"))
    }

    /// The problems, one line each.
    #[track_caller]
    fn problems(&self) -> Vec<String> {
        let problems = self.load().expect_err("a problem");
        problems.iter().map(Problem::to_string).collect()
    }

    /// The remarks, one line each, with their levels.
    #[track_caller]
    fn remarks(&self) -> Vec<String> {
        let Reading {
            remarks, problems, ..
        } = self.reading();
        assert_eq!(problems, []);
        remarks
            .iter()
            .map(|remark| format!("{} {}", remark.level, remark.text))
            .collect()
    }
}

/// The evening of 14 May in New York, the morning of 15 May in Berlin.
fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 5, 15, 2, 0, 0)
        .single()
        .expect("one instant")
}

#[test]
fn a_complete_configuration_needs_no_remark() {
    assert_eq!(SetUp::complete().remarks(), [""; 0]);
}

#[test]
fn every_problem_is_named_at_once() {
    let problems = SetUp::complete()
        .without("TCONNECT_EMAIL")
        .with("TCONNECT_PASSWORD", "  ")
        .with("TCONNECT_REGION", "Mars")
        .with("NS_URL", "ada.lovelace.test")
        .with("TIMEZONE_NAME", "Eastern")
        .with("NS_SKIP_TLS_VERIFY", "maybe")
        .with("TCONNECTSYNC_HEROKU_STALE_HOURS", "0")
        .with_file(".env", "A=1\nwhat is this")
        .problems();
    let names: Vec<&str> = problems
        .iter()
        .filter_map(|problem| problem.split(' ').next())
        .collect();
    assert_eq!(
        names,
        [
            ".env",
            "TCONNECT_EMAIL",
            "TCONNECT_PASSWORD",
            "TCONNECT_REGION",
            "NS_URL",
            "NS_SKIP_TLS_VERIFY",
            "TIMEZONE_NAME",
            "TCONNECTSYNC_HEROKU_STALE_HOURS",
        ]
    );
}

#[test]
fn problems_make_one_failure_of_one_line() {
    use tconnectsync_heroku::failure::ExitStatus;
    let problems = SetUp::complete()
        .without("NS_SECRET")
        .with("TIMEZONE_NAME", "Eastern")
        .load()
        .expect_err("problems");
    let failure = tconnectsync_heroku::config::failure(&problems);
    assert_eq!(failure.status, ExitStatus::Configuration);
    insta::assert_snapshot!(failure, @"The configuration has 2 problems: (1) NS_SECRET is not set (The site's API_SECRET, or an access token that may read and write what the features need); (2) TIMEZONE_NAME is not an IANA time zone: write America/New_York, if that is where the pump is. Change this on Heroku under Settings, Config Vars; elsewhere in the environment or the .env file. --help lists every variable.");
    let one = tconnectsync_heroku::config::failure(&problems[..1]);
    assert!(one.what.starts_with("NS_SECRET is not set ("), "{one}");
}

#[test]
fn what_is_wrong_on_the_command_line_is_not_sent_to_the_config_vars() {
    let run = SetUp::complete().with_arguments(&["--start-date", "2026-05-20"]);
    let problems = run.load().expect_err("a problem");
    let failure = tconnectsync_heroku::config::failure(&problems);
    insta::assert_snapshot!(failure, @"--start-date lies in the future. --help lists every option.");
    let both = run.without("NS_URL").load().expect_err("two problems");
    let failure = tconnectsync_heroku::config::failure(&both);
    assert!(failure.advice.contains("Config Vars"), "{failure}");
}
