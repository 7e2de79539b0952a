//! The terminal: that there is one, and that it is left as it was found.

use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;

use crate::failure::{ExitStatus, Failure};
use crate::http::Stop;

/// The status of a program that Ctrl-C ended, as shells have it.
const STOPPED: i32 = 130;

/// Fails where nobody can answer.
pub(super) fn is_there() -> Result<()> {
    if std::env::var_os("DYNO").is_some() {
        let what = "On Heroku, --setup has nothing to write to: a dyno's disk is gone when it ends";
        let advice = "Fill in the variables under Settings, Config Vars, and run --check-login";
        return Err(Failure::new(ExitStatus::Usage, what, advice).into());
    }
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        return Ok(());
    }
    Err(Failure::new(
        ExitStatus::Usage,
        "--setup asks questions, and here is no terminal to answer them on",
        "Run it in a terminal; or copy .env.example to .env, chmod 600 it, fill it in, and run --check-login",
    )
    .into())
}

/// How the terminal was before the first question.
#[cfg(unix)]
static BEFORE: std::sync::OnceLock<rustix::termios::Termios> = std::sync::OnceLock::new();

/// Held while the file is written, so that a stop does not come in between.
static WRITING: Mutex<()> = Mutex::new(());

/// Puts a stop off while something is written.
pub(super) fn writing() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Leaves the terminal as it was when somebody stops the program while a secret is typed, which hides what is typed.
pub(super) fn restore_when_stopped(stop: &Stop) {
    #[cfg(unix)]
    if let Ok(before) = rustix::termios::tcgetattr(std::io::stdin()) {
        let _ = BEFORE.set(before);
    }
    let stop = stop.clone();
    std::thread::spawn(move || {
        while !stop.requested() {
            std::thread::sleep(Duration::from_millis(50));
        }
        leave();
    });
}

/// Ends the program, with the terminal as it was.
pub(super) fn leave() -> ! {
    // The first one to come here ends the program.
    let _held = writing();
    #[cfg(unix)]
    if let Some(before) = BEFORE.get() {
        let now = rustix::termios::OptionalActions::Now;
        let _ = rustix::termios::tcsetattr(std::io::stdin(), now, before);
    }
    let _ = dialoguer::console::Term::stderr().show_cursor();
    eprintln!("\nStopped.");
    std::process::exit(STOPPED)
}
