//! `--show`: what Nightscout holds of the last hours, drawn as a picture. It asks only Nightscout, and writes nothing.

use std::collections::HashSet;

use anyhow::Result;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::config::{Config, Verbosity};
use crate::failure;
use crate::foreign;
use crate::http::RunLimits;
use crate::nightscout::{Document, GlucoseUnits, Site};
use crate::report::day::{Day, LONGEST};
use crate::report::picture::{self, Canvas};
use crate::report::{Report, counted, output};
use crate::terminal::Terminal;

/// The fields that the picture is drawn from.
const DRAWN: [&str; 12] = [
    "eventType",
    "created_at",
    "duration",
    "absolute",
    "insulin",
    "relative",
    "carbs",
    "automatic",
    "identifier",
    "type",
    "sgv",
    "date",
];

/// Prints the last `hours` before `now`: a picture, or with `--json` one object.
///
/// # Errors
/// As every call to Nightscout fails.
pub fn perform(config: &Config, hours: u16, now: DateTime<Utc>, limits: &RunLimits) -> Result<()> {
    let site = Site::new(&config.nightscout, config.proxy.as_ref(), limits.clone())?;
    log::info!("Nightscout: reading the last {}", in_hours(hours.into()));
    let (day, units) = look(&site, hours, now, &[])?;
    let text = if config.json {
        format!("{}\n", to_json(&day))
    } else {
        let canvas = Canvas::of(Terminal::of_output(), config.zone, units);
        in_words(&day, HELD, &canvas)
    };
    output(&text)
}

/// The last day as a site would hold it after a run that only pretended, where a person looks at a terminal; nothing
/// elsewhere, and where the site does not answer any more.
pub fn preview(config: &Config, report: &Report, limits: &RunLimits) {
    let asked_for = config.pretend && !config.json && config.verbosity > Verbosity::Quiet;
    let terminal = Terminal::of_output();
    if !asked_for || !terminal.is_rich || !report.reaches_up_to_now() {
        return;
    }
    let site = Site::new(&config.nightscout, config.proxy.as_ref(), limits.clone());
    let more = &report.uploads.documents;
    let shown = site.and_then(|site| look(&site, A_DAY, report.now, more));
    match shown {
        Ok((day, units)) => {
            let canvas = Canvas::of(terminal, config.zone, units);
            let text = in_words(&day, WOULD_HOLD, &canvas);
            // What the run would do is said all the same.
            let _ = output(&format!("{text}\n"));
        }
        Err(error) => log::debug!("no picture: {}", failure::message(&error)),
    }
}

/// The last day as a site holds it, for a terminal.
///
/// # Errors
/// As every call to Nightscout fails.
pub(crate) fn picture(
    site: &Site,
    terminal: Terminal,
    zone: Tz,
    now: DateTime<Utc>,
) -> Result<String> {
    let (day, units) = look(site, A_DAY, now, &[])?;
    Ok(in_words(&day, HELD, &Canvas::of(terminal, zone, units)))
}

/// Hours.
const A_DAY: u16 = 24;

const HELD: &str = "as Nightscout holds them";
const WOULD_HOLD: &str = "as Nightscout would then hold them";

/// What the site holds of the last hours, with documents that it does not have yet.
pub(crate) fn look(
    site: &Site,
    hours: u16,
    now: DateTime<Utc>,
    more: &[Document],
) -> Result<(Day, GlucoseUnits)> {
    let status = site.status()?;
    let from = now - Duration::hours(i64::from(hours));
    // A temp basal that began before may last into the time shown.
    let mut treatments = site.treatments(from - LONGEST, Some(now), drawn)?;
    let mut entries = site.entries(from, Some(now), drawn)?;
    let is_entry = |document: &Document| document.contains_key("sgv");
    let is_drawn = |document: &&Document| is_entry(document) || document.contains_key("eventType");
    // A document that would be updated stands there already, and of two of a run the later one counts.
    let mut seen = HashSet::new();
    let mut is_first = |document: &&Document| {
        let identifier = foreign::text_in(document, "identifier");
        identifier.is_none_or(|identifier| seen.insert(identifier.to_owned()))
    };
    let later_first = more.iter().rev().filter(is_drawn);
    let more: Vec<&Document> = later_first.filter(&mut is_first).collect();
    for there in [&mut treatments, &mut entries] {
        there.retain(|document| {
            let identifier = foreign::text_in(document, "identifier");
            identifier.is_none_or(|identifier| !seen.contains(identifier))
        });
    }
    for document in more.into_iter().rev() {
        match is_entry(document) {
            true => entries.push(document.clone()),
            false => treatments.push(document.clone()),
        }
    }
    Ok((Day::read(&treatments, &entries, from, now), status.units))
}

/// What the picture needs of a document: a week of a sensor that reads every minute has ten thousand.
fn drawn(document: Document) -> Option<Document> {
    let needed = document
        .into_iter()
        .filter(|(name, _)| DRAWN.contains(&name.as_str()));
    Some(needed.collect())
}

fn in_hours(hours: usize) -> String {
    counted(hours, "hour", "hours")
}

/// The picture under a line that says what it shows.
fn in_words(day: &Day, how: &str, canvas: &Canvas) -> String {
    let hours = in_hours((day.to - day.from).num_hours().unsigned_abs() as usize);
    let until = day.to.with_timezone(&canvas.zone);
    let head = format!(
        "The {hours} before {}, {how}",
        until.format("%Y-%m-%d %H:%M %Z")
    );
    if day.is_empty() {
        return format!("{head}: nothing.\n");
    }
    format!("{head}\n\n{}", picture::draw(day, canvas))
}

fn to_json(day: &Day) -> Value {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let spans = |gaps: Vec<(DateTime<Utc>, DateTime<Utc>)>| -> Vec<Value> {
        let span = |(from, to)| json!({"from": time(from), "to": time(to)});
        gaps.into_iter().map(span).collect()
    };
    json!({
        "from": time(day.from),
        "to": time(day.to),
        "basal_units": day.basal_insulin(),
        "bolus_units": day.bolus_insulin(),
        "carbs": day.carbs(),
        "readings": day.glucose.len(),
        "newest": {
            "glucose": day.glucose.last().map(|reading| time(reading.at)),
            "basal": day.basal.last().map(|basal| time(basal.from)),
            "bolus": day.doses.last().map(|dose| time(dose.at)),
        },
        "gaps": {
            "glucose": spans(day.glucose_gaps()),
            "basal": spans(day.basal_gaps()),
        },
    })
}

impl Canvas {
    /// For a terminal, or for a plain page.
    fn of(terminal: Terminal, zone: Tz, units: GlucoseUnits) -> Canvas {
        Canvas {
            width: terminal.width.clamp(40, 160),
            unicode: terminal.unicode,
            zone,
            units,
        }
    }
}
