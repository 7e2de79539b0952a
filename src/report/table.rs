//! What a run that only pretends would do, as a table by kind.

use super::Uploads;

const HEAD: [&str; 4] = ["create", "update", "already there", "held back"];

/// A line for each kind of document; nothing where there is none.
pub(super) fn lines(uploads: &Uploads) -> Vec<String> {
    let widest = uploads
        .tallies
        .keys()
        .map(|kind| kind.chars().count())
        .max();
    let Some(width) = widest else {
        return Vec::new();
    };
    let mut lines = vec![row("", width, HEAD.map(str::to_owned))];
    for (kind, tally) in &uploads.tallies {
        let counts = [tally.created, tally.updated, tally.already, tally.held_back];
        lines.push(row(kind, width, counts.map(|count| count.to_string())));
    }
    lines
}

fn row(kind: &str, width: usize, cells: [String; 4]) -> String {
    let mut line = format!("{kind:width$}");
    for (cell, head) in cells.iter().zip(HEAD) {
        line += &format!("  {cell:>width$}", width = head.len());
    }
    line
}
