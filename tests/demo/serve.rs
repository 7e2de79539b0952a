//! Both services left running, for the real binary.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time;

use chrono::{Duration, Utc};
use serde_json::Value;

use super::Arguments;
use super::stage::Stage;

/// How far ahead the pump's future is made up.
const FUTURE: Duration = Duration::days(2);

/// How often the pump uploads.
const UPLOAD_EVERY: time::Duration = time::Duration::from_secs(20);

/// Prints the environment and waits until `input` ends. Meanwhile the pump goes on.
pub fn run(arguments: &Arguments, input: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
    let now = Utc::now();
    let stage = Stage::set(arguments, now, now + FUTURE);
    stage.tandem.set_uploaded_until(now);
    if let Some(path) = &arguments.pump_logs {
        stage.tandem.serve_pump_logs(json(path)?);
    }
    if let Some(path) = &arguments.pumper {
        stage.tandem.serve_pumper(json(path)?);
    }
    writeln!(
        out,
        "# Both services run until Ctrl-C or the end of standard input. In another terminal:"
    )?;
    for (name, value) in stage.environment() {
        writeln!(out, "export {name}={}", quoted(&value))?;
    }
    writeln!(out, "# then, as often as you like: cargo run")?;
    out.flush()?;
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let uploads = scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                thread::park_timeout(UPLOAD_EVERY);
                stage.tandem.set_uploaded_until(Utc::now());
            }
        });
        let read = io::copy(input, &mut io::sink());
        ended.store(true, Ordering::Relaxed);
        uploads.thread().unpark();
        read
    })?;
    Ok(())
}

fn json(path: &Path) -> io::Result<Value> {
    let named = |error: String| io::Error::other(format!("{}: {error}", path.display()));
    let text = std::fs::read(path).map_err(|error| named(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| named(error.to_string()))
}

/// A value as a shell takes it to the letter.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}
