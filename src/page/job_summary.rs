//! The summary of a job on GitHub Actions, in Markdown. GitHub shows no SVG there, so that the picture is text.

use std::fmt::Write as _;

use anstream::adapter::strip_str;

use super::Told;
use super::html::{facts, heading};
use crate::report::picture::{self, Canvas};

/// Columns of the picture: wider ones scroll on a phone.
const WIDTH: usize = 76;

/// The whole text. Whoever may see the repository may see the summary, so that the day is told in a private one alone.
pub(super) fn text(told: &Told, is_private: bool) -> String {
    let mut text = format!("## {}\n\n", escaped(&heading(told)));
    let lines = [&told.failure, &told.summary].into_iter().flatten();
    for line in lines.chain(&told.warnings) {
        let _ = writeln!(text, "{}\n", escaped(line));
    }
    let Some((day, units)) = &told.day else {
        return text;
    };
    if !is_private {
        text += "The day is left out: it is shown where the repository is known to be private.\n";
        return text;
    }
    text += "| | |\n| --- | --- |\n";
    for (name, value) in facts(day, told) {
        let _ = writeln!(text, "| {name} | {} |", escaped(&value));
    }
    if !day.is_empty() {
        let canvas = Canvas {
            width: WIDTH,
            unicode: true,
            zone: told.zone,
            units: *units,
        };
        let picture = picture::draw(day, &canvas);
        // Names of event types are letters, digits and a few signs: none ends the block.
        let _ = write!(text, "\n```text\n{}```\n", strip_str(&picture));
    }
    text
}

/// A text that Markdown and HTML leave as it is.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\r' | '\n' => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            c if "\\`*_{}[]()#+!|~$@".contains(c) => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}
