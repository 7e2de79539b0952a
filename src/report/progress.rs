//! How far a run of several pages is: a bar on a terminal, a line a page in a log.

use std::io::{IsTerminal as _, Write as _};

use chrono::NaiveDate;

use crate::config::Verbosity;

/// The width of the bar, in characters.
const WIDTH: usize = 30;

/// Shows on standard error how many pages of a run are done. A run of one page shows nothing.
#[derive(Debug)]
pub(crate) struct Progress {
    done: usize,
    shown: Shown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Nothing,
    Bar,
    Lines,
}

impl Progress {
    /// Nothing is done yet.
    pub(crate) fn new(verbosity: Verbosity) -> Progress {
        let shown = match verbosity {
            Verbosity::Quiet => Shown::Nothing,
            Verbosity::Normal if std::io::stderr().is_terminal() => Shown::Bar,
            // Log lines and a bar would write over each other.
            Verbosity::Normal | Verbosity::Verbose | Verbosity::Debug => Shown::Lines,
        };
        Progress { done: 0, shown }
    }

    /// A page up to this day is done, and so many are left.
    pub(crate) fn page_done(&mut self, until: NaiveDate, left: usize) {
        self.done += 1;
        let pages = self.done + left;
        if pages == 1 {
            return;
        }
        let mut log = std::io::stderr();
        // Progress is not worth failing for.
        let _ = match self.shown {
            Shown::Nothing => Ok(()),
            Shown::Bar => write!(log, "\r{}", bar(self.done, pages, until)),
            Shown::Lines => writeln!(log, "{}", line(self.done, pages, until)),
        };
        if self.shown == Shown::Bar && left == 0 {
            let _ = writeln!(log);
        }
    }
}

fn bar(done: usize, pages: usize, until: NaiveDate) -> String {
    let filled = WIDTH * done / pages;
    let (full, empty) = ("#".repeat(filled), "-".repeat(WIDTH - filled));
    format!("[{full}{empty}] {done} of {pages} pages, up to {until}")
}

fn line(done: usize, pages: usize, until: NaiveDate) -> String {
    format!("page {done} of {pages} done, up to {until}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_up_with_the_pages() {
        let until = NaiveDate::from_ymd_opt(2026, 5, 14).expect("a date");
        assert_eq!(
            bar(1, 3, until),
            "[##########--------------------] 1 of 3 pages, up to 2026-05-14"
        );
        assert_eq!(
            bar(3, 3, until),
            "[##############################] 3 of 3 pages, up to 2026-05-14"
        );
    }
}
