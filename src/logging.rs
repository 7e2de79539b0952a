//! The log on standard error: one line a record, this program's records only.

use std::io::Write;

use chrono::{SecondsFormat, Utc};
use log::LevelFilter;

use crate::config::Verbosity;

/// Starts logging. `RUST_LOG` does not count: the dependencies' own traces would print headers, and so secrets.
pub fn start(verbosity: Verbosity) {
    let level = match verbosity {
        Verbosity::Quiet => LevelFilter::Error,
        Verbosity::Normal => LevelFilter::Warn,
        Verbosity::Verbose => LevelFilter::Info,
        Verbosity::Debug => LevelFilter::Debug,
    };
    let timed = level >= LevelFilter::Info;
    let mut builder = env_logger::Builder::new();
    builder
        .filter_module(env!("CARGO_CRATE_NAME"), level)
        .format(move |line, record| {
            if timed {
                let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
                write!(line, "{now} ")?;
            }
            let name = match record.level() {
                log::Level::Error => "error",
                log::Level::Warn => "warning",
                log::Level::Info => "info",
                log::Level::Debug | log::Level::Trace => "debug",
            };
            let style = line.default_level_style(record.level());
            // What a service answered may hold line breaks; the log of a scheduler is read line by line.
            let text = record.args().to_string().replace(['\r', '\n'], " ");
            writeln!(line, "{style}{name}:{style:#} {text}")
        });
    // Fails only where a logger was started before, which then goes on.
    let _ = builder.try_init();
}
