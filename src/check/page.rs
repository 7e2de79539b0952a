//! How the check is shown: on a terminal as a page, grouped and wrapped, elsewhere one line per step.

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSplitter};

use super::step::{Mark, Part, Step};
use crate::logging::is_invisible;
use crate::report::capitalised;
use crate::terminal::Terminal;

/// Lines longer than this are hard to read, however wide the window is.
const WIDEST: usize = 100;

/// Shows steps one after the other.
#[derive(Debug)]
pub struct Page {
    terminal: Terminal,
    /// Whether details are shown too.
    details: bool,
    /// The part under whose heading the next step may stand.
    part: Option<Part>,
}

impl Page {
    /// An empty page.
    pub fn new(terminal: Terminal, details: bool) -> Page {
        let part = None;
        Page {
            terminal,
            details,
            part,
        }
    }

    /// The lines of a step, in colour if the terminal can show it; empty for a detail that was not asked for.
    pub fn show(&mut self, step: &Step) -> String {
        if step.is_detail && !self.details {
            return String::new();
        }
        if !self.terminal.is_rich {
            return plain(&step.line()) + "\n";
        }
        let mut lines = String::new();
        if self.part.replace(step.part) != Some(step.part) {
            const HEADING: Style = Style::new().bold();
            lines += &format!("{HEADING}{}{HEADING:#}\n", step.part);
        }
        let (mark, style) = self.mark(step.mark);
        let text = self.wrapped(&capitalised(&step.text), "    ");
        // The mark stands in the indentation of the first line.
        let text = text.strip_prefix("    ").unwrap_or(&text);
        lines += &format!("  {style}{mark}{style:#} {text}\n");
        if let Some(cure) = &step.cure {
            let arrow = if self.terminal.unicode { "→ " } else { "> " };
            let cure = self.wrapped(&format!("{arrow}{cure}"), "      ");
            lines += &cure.replacen("      ", "    ", 1);
            lines.push('\n');
        }
        lines
    }

    /// The two lines below the steps, after an empty one.
    pub fn end(&self, summary: &str, next_step: &str) -> String {
        if self.terminal.is_rich {
            let (summary, next_step) = (self.wrapped(summary, ""), self.wrapped(next_step, ""));
            format!("\n{summary}\n{next_step}\n")
        } else {
            format!("\n{summary}\n{next_step}\n")
        }
    }

    fn mark(&self, mark: Mark) -> (&'static str, Style) {
        let colour = |colour: AnsiColor| colour.on_default();
        let signs = match mark {
            Mark::Good => ("✓", "+", colour(AnsiColor::Green)),
            Mark::Warning => ("!", "!", colour(AnsiColor::Yellow).bold()),
            Mark::Bad => ("✗", "x", colour(AnsiColor::Red).bold()),
            Mark::Info => ("·", "-", Style::new().dimmed()),
        };
        let (unicode, ascii, style) = signs;
        let sign = if self.terminal.unicode {
            unicode
        } else {
            ascii
        };
        (sign, style)
    }

    /// A text in lines of the terminal's width. An address or a command stays whole, so that it can be copied.
    pub(crate) fn wrapped(&self, text: &str, indent: &str) -> String {
        let text = text.replace(is_invisible, " ");
        let text = if self.terminal.unicode {
            text
        } else {
            plain(&text)
        };
        let width = self.terminal.width.clamp(40, WIDEST);
        let options = Options::new(width)
            .initial_indent(indent)
            .subsequent_indent(indent)
            .word_splitter(WordSplitter::NoHyphenation)
            .break_words(false);
        textwrap::fill(&text, options)
    }
}

/// The same in ASCII, for logs and terminals that show nothing else.
fn plain(text: &str) -> String {
    let text = text.replace('…', "...");
    text.replace(|c: char| is_invisible(c) || !c.is_ascii(), "?")
}
