//! A compact picture of the last day in Nightscout: basal rate over the hours, boluses and carbs, totals.

use std::io::{self, Write};

use chrono::{DateTime, Duration, DurationRound, Timelike, Utc};

use super::held::{Bolus, Held};
use super::stage::ZONE;
use super::{WIDTH, say};

/// A column of the chart.
const COLUMN: Duration = Duration::minutes(20);

/// Rows of the chart, each of eight eighths.
const ROWS: usize = 5;

const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws the day before `now`.
pub fn draw(held: &Held, now: DateTime<Utc>, out: &mut dyn Write) -> io::Result<()> {
    let from = now - Duration::days(1);
    writeln!(
        out,
        "The 24 hours before {}, as Nightscout now holds them\n",
        now.with_timezone(&ZONE).format("%Y-%m-%d %H:%M %Z")
    )?;
    basal(held, from, now, out)?;
    writeln!(out)?;
    let boluses: Vec<&Bolus> = held
        .boluses
        .iter()
        .filter(|bolus| bolus.at >= from)
        .collect();
    for bolus in &boluses {
        writeln!(out, "{}", row(bolus))?;
    }
    if !boluses.is_empty() {
        writeln!(out)?;
    }
    let basal_units = milliunit_seconds(held, from, now) / 3600;
    let bolus_units = boluses.iter().map(|bolus| bolus.total()).sum();
    let text = format!(
        "basal {} U + boluses {} U = {} U; carbs {} g",
        units(basal_units),
        units(bolus_units),
        units(basal_units + bolus_units),
        boluses.iter().map(|bolus| bolus.carbs).sum::<i64>()
    );
    say(out, "Totals", &text)
}

/// The rate as bars; under it a line where a rate is known, and the hours of the pump's zone.
fn basal(
    held: &Held,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let start = from.duration_trunc(Duration::hours(1)).unwrap_or(from);
    let columns: Vec<DateTime<Utc>> = (0..)
        .map(|column| start + COLUMN * column)
        .take_while(|column| *column < to)
        .collect();
    let rates: Vec<Option<f64>> = columns
        .iter()
        .map(|column| mean_rate(held, (*column).max(from), (*column + COLUMN).min(to)))
        .collect();
    let highest = rates.iter().flatten().copied().fold(0.0, f64::max);
    // Whole tenths of a unit a row, so that the scale reads well.
    let a_row = (highest / ROWS as f64 / 100.0).ceil().max(1.0) * 100.0;
    for row in (0..ROWS).rev() {
        let top = (row + 1) as f64 * a_row;
        let bars: String = rates
            .iter()
            .map(|rate| {
                let eighths = rate.map_or(0.0, |rate| (rate - top + a_row) / a_row * 8.0);
                EIGHTHS[eighths.clamp(0.0, 8.0).round() as usize]
            })
            .collect();
        writeln!(
            out,
            "{:>9} │{}",
            format!("{:.1} U/h", top / 1000.0),
            bars.trim_end()
        )?;
    }
    let known: String = rates
        .iter()
        .map(|rate| if rate.is_some() { '─' } else { ' ' })
        .collect();
    writeln!(out, "{:>9} └{}", "", known.trim_end())?;
    let hours: String = columns
        .iter()
        .step_by(6)
        .map(|column| {
            format!(
                "{:<6}",
                format!("{:02}", column.with_timezone(&ZONE).hour())
            )
        })
        .collect();
    writeln!(out, "{:>9}  {}", "hour", hours.trim_end())
}

/// Insulin between two instants, mU/h times seconds.
fn milliunit_seconds(held: &Held, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
    seconds(from, to).filter_map(|at| held.rate_at(at)).sum()
}

/// The mean of the rate where one is known, mU/h.
fn mean_rate(held: &Held, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<f64> {
    let known: Vec<i64> = seconds(from, to)
        .filter_map(|at| held.rate_at(at))
        .collect();
    let sum: i64 = known.iter().sum();
    (!known.is_empty()).then(|| sum as f64 / known.len() as f64)
}

fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    (0..(to - from).num_seconds()).map(move |second| from + Duration::seconds(second))
}

/// `Sat 07:41:09   4.500 U   61 g  Combo Bolus       + 3.120 U in 90 min; extended bolus`
fn row(bolus: &Bolus) -> String {
    let carbs = match bolus.carbs {
        0 => String::new(),
        carbs => format!("{carbs} g"),
    };
    let mut remarks = Vec::new();
    if bolus.later > 0 {
        let later = units(bolus.later);
        remarks.push(format!("+ {later} U in {:.0} min", bolus.minutes));
    }
    if !bolus.notes.is_empty() {
        remarks.push(bolus.notes.clone());
    }
    let line = format!(
        "{} {:>7} U {carbs:>6}  {:<16}  {}",
        clock_time(bolus.at),
        units(bolus.now),
        bolus.kind,
        remarks.join("; ")
    );
    let line = line.trim_end();
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    let kept: String = line.chars().take(WIDTH - 1).collect();
    format!("{}…", kept.trim_end())
}

/// The time of day in the pump's zone.
pub fn clock_time(at: DateTime<Utc>) -> String {
    at.with_timezone(&ZONE).format("%a %H:%M:%S").to_string()
}

/// Units with three decimals.
pub fn units(milliunits: i64) -> String {
    let sign = if milliunits < 0 { "-" } else { "" };
    let size = milliunits.abs();
    format!("{sign}{}.{:03}", size / 1000, size % 1000)
}
