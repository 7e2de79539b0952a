//! The log on standard error: one line per record, and only this program's records.

use std::io::Write;

use chrono::{SecondsFormat, Utc};
use log::LevelFilter;

use crate::config::Verbosity;
use crate::progress;

/// The target of warnings that need a person. Quiet runs show these too; whoever logs them decides how often.
pub(crate) const REMINDER: &str = "reminder";

/// Whether a character is not seen, or changes how others are: control characters of both sets, line and paragraph
/// separators, what turns the direction of text, what has no width (Unicode, categories Cc, Cf, Zl, Zp).
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// JSON with every invisible character of its texts as an escape.
pub(crate) fn visible_json(json: &str) -> String {
    let mut visible = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_invisible(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                visible.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            visible.push(c);
        }
    }
    visible
}

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
        .filter_module(REMINDER, level.max(LevelFilter::Warn))
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
            // The log of a scheduler is read line by line.
            let text = record.args().to_string().replace(is_invisible, " ");
            writeln!(line, "{style}{name}:{style:#} {text}")
        });
    let inner = builder.build();
    // A line that shows steps needs them, whatever else is said.
    let shown = progress::is_shown().then_some(LevelFilter::Info);
    let level = inner.filter().max(shown.unwrap_or(LevelFilter::Off));
    // Fails only where a logger was started before, which then goes on.
    if log::set_boxed_logger(Box::new(Above(inner))).is_ok() {
        log::set_max_level(level);
    }
}

/// Writes the log above the progress line, and passes the steps to that line.
struct Above(env_logger::Logger);

impl log::Log for Above {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        self.0.enabled(metadata) || metadata.level() == log::Level::Info
    }

    fn log(&self, record: &log::Record<'_>) {
        let is_ours = record.target().starts_with(env!("CARGO_CRATE_NAME"));
        if is_ours && record.level() == log::Level::Info {
            progress::step(record.args().to_string().replace(is_invisible, " "));
        }
        if self.0.matches(record) {
            progress::above(|| self.0.log(record));
        }
    }

    fn flush(&self) {
        self.0.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_an_escape_in_json() {
        let text = "a\u{202e}b\u{85}c\u{2028}d\u{200b}e\u{e0041}é😀";
        let json = serde_json::Value::from(text).to_string() + "\n";
        let visible = visible_json(&json);
        assert_eq!(visible.chars().filter(|c| is_invisible(*c)).count(), 1);
        let read: String = serde_json::from_str(&visible).expect("JSON");
        assert_eq!(read, text);
    }
}
