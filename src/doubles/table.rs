//! What `--remove-doubles` shows: each bolus that stands there twice, the others by kind, and the totals before and after.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use super::{Found, Outcome, saved};
use crate::config::Config;
use crate::reconcile::doubles::Fate;
use crate::report::{counted, rounded};
use crate::window::local_date;

pub(super) fn lines(outcome: &Outcome, config: &Config, yes: bool) -> Vec<String> {
    let zone = config.zone;
    let first = local_date(zone, outcome.window.start);
    let last = local_date(zone, outcome.window.end);
    let mut lines = Vec::new();
    for warning in &outcome.warnings {
        lines.push(format!("warning: {warning}"));
    }
    if outcome.found.is_empty() {
        if outcome.failure.is_none() {
            lines.push(format!(
                "Nothing stands on the site twice from {first} to {last}."
            ));
        }
        return lines;
    }
    lines.push(format!(
        "tconnectsync wrote these from {first} to {last}, and they are told by other documents too:"
    ));
    lines.push(String::new());
    let boluses: Vec<&Found> = outcome.found.iter().filter(|found| found.bolus).collect();
    if !boluses.is_empty() {
        lines.push(row(["filed at", "type", "U", "g", "", "told by"]));
        lines.extend(boluses.iter().map(|found| bolus(found, zone)));
    }
    lines.extend(others(outcome));
    lines.push(String::new());
    lines.extend(totals(outcome, yes));
    lines.push(String::new());
    lines.extend(what_next(outcome, yes));
    lines
}

fn row([at, event_type, insulin, carbs, fate, other]: [&str; 6]) -> String {
    let line = format!("{at:<19}  {event_type:<16}  {insulin:>7}  {carbs:>5}  {fate:<7}  {other}");
    line.trim_end().to_owned()
}

fn bolus(found: &Found, zone: Tz) -> String {
    let number = |field: &str| match found.document.get(field).and_then(Value::as_f64) {
        Some(number) if number > 0.0 => rounded(number, 1000.0).to_string(),
        _ => String::new(),
    };
    let author = if found.other_is_ours {
        "this program"
    } else {
        "tconnectsync"
    };
    let other = format!(
        "{} of {author}, {}",
        found.other_type,
        time(found.other_at, zone)
    );
    let (fate, other) = match found.fate {
        Fate::Goes => ("goes", other),
        Fate::TellsMore => ("stays", format!("{other}, which tells less: look at both")),
        Fate::Undecided => (
            "stays",
            format!("{other}; which of them is right is not known"),
        ),
    };
    let at = time(found.at, zone);
    row([
        &at,
        &found.event_type,
        &number("insulin"),
        &number("carbs"),
        fate,
        &other,
    ])
}

fn time(at: Option<DateTime<Utc>>, zone: Tz) -> String {
    at.map_or("no time".to_owned(), |at| {
        at.with_timezone(&zone)
            .format("%Y-%m-%d %H:%M:%S")
            .to_string()
    })
}

/// The documents that are of no bolus, by kind.
fn others(outcome: &Outcome) -> Vec<String> {
    let mut kinds: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for found in outcome.found.iter().filter(|found| !found.bolus) {
        let goes = found.fate == Fate::Goes;
        *kinds.entry((&found.event_type, goes)).or_default() += 1;
    }
    let lines = kinds.into_iter().map(|((kind, goes), count)| {
        let fate = if goes { "goes" } else { "stays" };
        row([&format!("{count} times"), kind, "", "", fate, ""])
    });
    lines.collect()
}

fn totals(outcome: &Outcome, yes: bool) -> Vec<String> {
    let after = if yes { "after" } else { "would be" };
    let line = |what: &str, before: f64, after: f64, unit: &str| {
        let number = |number: f64| format!("{} {unit}", rounded(number, 100.0));
        format!("{what:<15}  {:>12}  {:>12}", number(before), number(after))
    };
    vec![
        format!("{:<15}  {:>12}  {after:>12}", "", "before"),
        line(
            "Bolus insulin",
            outcome.before.insulin,
            outcome.after.insulin,
            "U",
        ),
        line("Carbs", outcome.before.carbs, outcome.after.carbs, "g"),
    ]
}

fn what_next(outcome: &Outcome, yes: bool) -> Vec<String> {
    let going = outcome.going().count();
    let documents = |count| counted(count, "document", "documents");
    if going == 0 {
        return vec!["Nothing is to be removed.".to_owned()];
    }
    if !yes {
        return vec![format!(
            "Nothing has been written. To remove {}, give the same command with --yes; they are saved to a file first.",
            documents(going)
        )];
    }
    let mut lines = vec![format!(
        "Removed {} of {}.",
        outcome.removed,
        documents(going)
    )];
    if let Some(file) = &outcome.file {
        lines.push(format!(
            "They are saved in {}. To put them back: tconnectsync-heroku --restore {}",
            file.display(),
            file.display()
        ));
    }
    lines
}

/// The saved documents themselves, for a machine whose disk is gone when the command ends.
pub(super) fn saved_lines(outcome: &Outcome) -> String {
    saved::as_lines(outcome.going().map(|found| &found.document))
}
