//! What a person at a terminal sees while a run goes on: a line that says what it does, for months of data a bar.
//!
//! The log is what says what a run does: [`crate::logging`] gives each step here, and lets everything that is printed
//! meanwhile stand above the line. Nothing is shown before [`start`], which only the program itself calls.

use std::io::{IsTerminal as _, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use crate::config::Verbosity;
use crate::terminal::shows_unicode;

/// How often the line moves.
const TICK: Duration = Duration::from_millis(120);

/// The line of this process, once there is one.
static LINE: OnceLock<Line> = OnceLock::new();

struct Line {
    bar: ProgressBar,
    /// Whether it counts pages, and says no steps any more.
    counts: AtomicBool,
}

/// Shows steps from now on, where standard error is a terminal that can.
pub fn start() {
    let errors = std::io::stderr();
    let choice = anstream::AutoStream::choice(&errors);
    if !errors.is_terminal() || choice == anstream::ColorChoice::Never {
        return;
    }
    let bar = ProgressBar::new_spinner().with_style(spinner());
    // It was started before where this fails.
    let _ = LINE.set(Line {
        bar,
        counts: AtomicBool::new(false),
    });
}

/// Takes the line away for good.
pub fn end() {
    if let Some(line) = LINE.get() {
        line.bar.finish_and_clear();
    }
}

/// Whether steps are shown.
pub(crate) fn is_shown() -> bool {
    LINE.get().is_some_and(|line| !line.bar.is_finished())
}

/// Says what is done now.
pub(crate) fn step(text: String) {
    let shown = LINE.get().filter(|line| !line.bar.is_finished());
    let Some(line) = shown.filter(|line| !line.counts.load(Ordering::Relaxed)) else {
        return;
    };
    line.bar.set_message(text);
    line.bar.enable_steady_tick(TICK);
}

/// Writes something to the terminal above the line.
pub(crate) fn above<T>(write: impl FnOnce() -> T) -> T {
    match LINE.get() {
        Some(line) => line.bar.suspend(write),
        None => write(),
    }
}

/// The pages of a run: a bar on a terminal, a line each in a log. A run of one page shows nothing.
#[derive(Debug)]
pub(crate) struct Pages {
    done: usize,
    begun: Instant,
    verbosity: Verbosity,
}

impl Pages {
    /// Nothing is done yet.
    pub(crate) fn new(verbosity: Verbosity) -> Pages {
        let begun = Instant::now();
        Pages {
            done: 0,
            begun,
            verbosity,
        }
    }

    /// Notes that a page up to this day is done, and that this many are left.
    pub(crate) fn page_done(&mut self, until: NaiveDate, left: usize) {
        self.done += 1;
        let pages = self.done + left;
        if pages == 1 || self.verbosity == Verbosity::Quiet {
            return;
        }
        match LINE.get() {
            Some(line) => {
                let each = self.begun.elapsed() / u32::try_from(self.done).unwrap_or(u32::MAX);
                let rest = each.saturating_mul(u32::try_from(left).unwrap_or(u32::MAX));
                count(line, (self.done, pages), until, rest);
            }
            // Progress is not worth failing for.
            None => drop(writeln!(
                std::io::stderr(),
                "{}",
                text(self.done, pages, until)
            )),
        }
    }
}

/// Everything that is shown is set before the style that shows it: the line is drawn by a thread of its own.
fn count(line: &Line, (done, pages): (usize, usize), until: NaiveDate, left: Duration) {
    let bar = &line.bar;
    line.counts.store(true, Ordering::Relaxed);
    bar.set_length(pages as u64);
    bar.set_position(done as u64);
    let left = HumanDuration(left);
    let size = terminal_size::terminal_size_of(std::io::stderr());
    if size.is_some_and(|(width, _)| width.0 < BAR_WIDTH) {
        bar.set_message(format!("up to {until}, {left:#} left"));
        bar.set_style(style(NARROW));
    } else {
        bar.set_message(format!("up to {until}, about {left:#} left"));
        bar.set_style(counting());
    }
    bar.tick();
}

fn text(done: usize, pages: usize, until: NaiveDate) -> String {
    let (done, pages) = (HumanCount(done as u64), HumanCount(pages as u64));
    format!("page {done} of {pages} done, up to {until}")
}

fn spinner() -> ProgressStyle {
    let style = style("{spinner:.cyan} {wide_msg}");
    match shows_unicode() {
        true => style,
        false => style.tick_chars("|/-\\ "),
    }
}

fn counting() -> ProgressStyle {
    let style = style(BAR);
    match shows_unicode() {
        true => style.progress_chars("█▉▊▋▌▍▎▏ "),
        false => style.progress_chars("#>-"),
    }
}

/// `[███████████           ] 12 of 31 pages, up to 2026-03-14, about 2m left`.
const BAR: &str = "[{bar:22.cyan}] {human_pos} of {human_len} pages, {msg}";

/// The columns that the bar takes with thousands of pages.
const BAR_WIDTH: u16 = 80;

/// Fits 40 columns: a line that wraps is hard to read.
const NARROW: &str = "{human_pos} of {human_len}, {msg}";

/// The templates are this file's own, and a test holds that they are understood.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_understood() {
        for template in ["{spinner:.cyan} {wide_msg}", BAR, NARROW] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
        let _ = (spinner(), counting());
    }

    #[test]
    fn a_page_is_a_line_in_a_log() {
        let until = NaiveDate::from_ymd_opt(2026, 5, 14).expect("a date");
        assert_eq!(
            text(12, 1031, until),
            "page 12 of 1,031 done, up to 2026-05-14"
        );
    }
}
