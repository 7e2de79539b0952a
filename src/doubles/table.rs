//! What `--remove-doubles` shows: each duplicate bolus, the other documents by kind, and the totals before and after.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Double, Outcome};
use crate::config::Config;
use crate::foreign;
use crate::pump::quantity::rounded;
use crate::reconcile::doubles::Fate;
use crate::report::counted;
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
        "tconnectsync wrote these from {first} to {last}; other documents record the same:"
    ));
    lines.push(String::new());
    let boluses: Vec<&Double> = outcome
        .found
        .iter()
        .filter(|found| found.is_bolus())
        .collect();
    if !boluses.is_empty() {
        lines.push(row(["filed at", "type", "U", "g", "", "recorded by"]));
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

fn bolus(found: &Double, zone: Tz) -> String {
    let number = |field: &str| match found.document.document.get(field).and_then(foreign::number) {
        Some(number) if number > 0.0 => rounded(number, 3).to_string(),
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
    let at = time(found.document.at, zone);
    row([
        &at,
        &found.document.event_type,
        &number("insulin"),
        &number("carbs"),
        fate,
        &other,
    ])
}

fn time(at: Option<DateTime<Utc>>, zone: Tz) -> String {
    let local = at.map(|at| at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S"));
    local.map_or("no time".to_owned(), |local| local.to_string())
}

/// The documents other than boluses, counted by kind.
fn others(outcome: &Outcome) -> Vec<String> {
    let mut kinds: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for found in outcome.found.iter().filter(|found| !found.is_bolus()) {
        let goes = found.goes();
        *kinds.entry((&found.document.event_type, goes)).or_default() += 1;
    }
    let lines = kinds.into_iter().map(|((kind, goes), count)| {
        let fate = if goes { "goes" } else { "stays" };
        row([&counted(count, "time", "times"), kind, "", "", fate, ""])
    });
    lines.collect()
}

fn totals(outcome: &Outcome, yes: bool) -> [String; 3] {
    let line =
        |what: &str, before: &str, after: &str| format!("{what:<15}  {before:>12}  {after:>12}");
    let amount = |number: f64, unit: &str| format!("{} {unit}", rounded(number, 2));
    let insulin = [outcome.before, outcome.after].map(|totals| amount(totals.insulin, "U"));
    let carbs = [outcome.before, outcome.after].map(|totals| amount(totals.carbs, "g"));
    [
        line("", "before", if yes { "after" } else { "would be" }),
        line("Bolus insulin", &insulin[0], &insulin[1]),
        line("Carbs", &carbs[0], &carbs[1]),
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
