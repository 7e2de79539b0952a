//! Parses the arguments, starts logging, runs, and exits with the status.

use std::process::ExitCode;

use clap::Parser;
use tconnectsync_heroku::cli::Cli;
use tconnectsync_heroku::config::{self, Config, Sources};
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::logging;

fn main() -> ExitCode {
    let arguments = Cli::parse();
    logging::start(arguments.verbosity());
    let sources = Sources::read(arguments.env_file.as_deref());
    let config = match Config::load(&arguments, &sources, chrono::Utc::now()) {
        Ok(config) => config,
        Err(problems) => {
            for problem in &problems {
                eprintln!("error: {problem}.");
            }
            eprintln!("{}.", config::ADVICE);
            return ExitCode::from(ExitStatus::Configuration.code());
        }
    };
    for remark in &config.remarks {
        log::log!(remark.level, "{}", remark.text);
    }
    ExitCode::from(ExitStatus::Done.code())
}
