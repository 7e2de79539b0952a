//! A [`Day`] as text: glucose as dots, basal rates as bars, boluses and carbs as a list, totals and gaps.
//!
//! The text holds colours; whoever prints it to something other than a terminal strips them (`anstream` does).

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use chrono::{DateTime, Duration, DurationRound, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use super::day::{Day, Dose};
use super::{span_in_words, units};
use crate::nightscout::GlucoseUnits;
use crate::pump::quantity::{MgDl, MilliUnits};

/// Room for `999.9 U/h `, the widest label of the scales.
const LABELS: usize = 10;

/// Rows of the glucose chart.
const GLUCOSE_ROWS: u32 = 8;

/// Rows of the basal chart, each of eight eighths.
const BASAL_ROWS: usize = 4;

const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_EIGHTHS: [char; 9] = [' ', '.', '.', ':', ':', '|', '|', '#', '#'];

/// The usual target range, in mg/dL: 3.9 to 10.0 mmol/L.
pub(crate) const TARGET: std::ops::RangeInclusive<u16> = 70..=180;

/// More lines than this are counted, not listed.
const LISTED: usize = 40;

const HIGH: Style = AnsiColor::Yellow.on_default();
const LOW: Style = AnsiColor::Red.on_default().bold();
const IN_RANGE: Style = AnsiColor::Green.on_default();
const BASAL: Style = AnsiColor::Blue.on_default();
const GAP: Style = AnsiColor::Magenta.on_default();
const FAINT: Style = Style::new().dimmed();

/// How a picture is to look.
#[derive(Clone, Copy, Debug)]
pub struct Canvas {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether it shows more than ASCII.
    pub unicode: bool,
    /// The zone that times are shown in.
    pub zone: Tz,
    /// The units that glucose is shown in.
    pub units: GlucoseUnits,
}

/// The picture, a line break at its end.
pub fn draw(day: &Day, canvas: &Canvas) -> String {
    let grid = Grid::new(day, canvas);
    let mut text = String::new();
    if !day.glucose.is_empty() {
        grid.glucose(&mut text);
        text.push('\n');
    }
    if !day.basal.is_empty() {
        grid.basal(&mut text);
    }
    if !day.glucose.is_empty() || !day.basal.is_empty() {
        grid.hours(&mut text);
        text.push('\n');
    }
    list(day, canvas, &mut text);
    totals(day, canvas, &mut text);
    text
}

/// The columns of the charts.
struct Grid<'a> {
    day: &'a Day,
    canvas: &'a Canvas,
    /// The start of each column.
    columns: Vec<DateTime<Utc>>,
    /// How long each lasts.
    column: Duration,
}

impl<'a> Grid<'a> {
    fn new(day: &'a Day, canvas: &'a Canvas) -> Self {
        let room = canvas.width.saturating_sub(LABELS + 2).clamp(12, 144) as i64;
        let minutes = (day.to - day.from).num_minutes().max(1);
        // Whole five minutes, the rhythm of pump and sensor.
        let column = Duration::minutes((minutes + room * 5 - 1) / (room * 5) * 5);
        let start = day.from.duration_trunc(column).unwrap_or(day.from);
        let columns = std::iter::successors(Some(start), |at| Some(*at + column));
        Grid {
            day,
            canvas,
            columns: columns.take_while(|at| *at < day.to).collect(),
            column,
        }
    }

    /// The last reading of each column as a dot.
    fn glucose(&self, text: &mut String) {
        let shown: Vec<Option<MgDl>> = self
            .columns
            .iter()
            .map(|from| {
                let readings = &self.day.glucose;
                let end = readings.partition_point(|reading| reading.at < *from + self.column);
                let last = readings[..end].last()?;
                (last.at >= *from).then_some(last.value)
            })
            .collect();
        let highest = shown.iter().flatten().map(|value| value.0).max();
        let top = u32::from(highest.unwrap_or(0).max(220));
        let a_row = (top - 40).div_ceil(GLUCOSE_ROWS * 10) * 10;
        let row_of =
            |value: MgDl| (u32::from(value.0).saturating_sub(40) / a_row).min(GLUCOSE_ROWS);
        let dot = if self.canvas.unicode { '•' } else { '*' };
        for row in (0..=GLUCOSE_ROWS).rev() {
            let bottom = MgDl(u16::try_from(40 + row * a_row).unwrap_or(u16::MAX));
            let label = match row {
                GLUCOSE_ROWS => self.canvas.units.label().to_owned(),
                row if row % 2 == 0 => self.canvas.units.in_words(bottom),
                _ => String::new(),
            };
            self.axis(&label, text);
            for value in &shown {
                match value {
                    Some(value) if row_of(*value) == row => painted(text, dot, style_of(*value)),
                    _ => text.push(' '),
                }
            }
            end_line(text);
        }
    }

    fn basal(&self, text: &mut String) {
        let rates: Vec<Option<f64>> = self
            .columns
            .iter()
            .map(|from| self.day.mean_rate(*from, *from + self.column))
            .collect();
        let highest = rates.iter().flatten().copied().fold(0.0, f64::max);
        // Whole tenths of a unit a row, so that the scale reads well.
        let a_row = (highest / BASAL_ROWS as f64 / 100.0).ceil().max(1.0) * 100.0;
        let eighths = if self.canvas.unicode {
            EIGHTHS
        } else {
            ASCII_EIGHTHS
        };
        for row in (0..BASAL_ROWS).rev() {
            let top = (row + 1) as f64 * a_row;
            self.axis(&format!("{:.1} U/h", top / 1000.0), text);
            for rate in &rates {
                match rate {
                    Some(rate) => {
                        let filled = ((rate - top + a_row) / a_row * 8.0).clamp(0.0, 8.0);
                        // A rate that is not 0 shows.
                        let least = if row == 0 && *rate > 0.0 { 1.0 } else { 0.0 };
                        let index = filled.round().max(least) as usize;
                        painted(text, eighths[index.min(8)], BASAL);
                    }
                    // No temp basal: Nightscout shows the profile's rate there.
                    None if row == 0 => painted(text, '?', GAP),
                    None => text.push(' '),
                }
            }
            end_line(text);
        }
    }

    /// A line below the charts with the hours of the day.
    fn hours(&self, text: &mut String) {
        let (corner, line) = if self.canvas.unicode {
            ('└', '─')
        } else {
            ('+', '-')
        };
        let _ = write!(text, "{:LABELS$}{corner}", "");
        text.extend(std::iter::repeat_n(line, self.columns.len()));
        text.push('\n');
        let mut marks = vec![' '; self.columns.len() + 2];
        let mut free = 0;
        for (index, from) in self.columns.iter().enumerate() {
            let local = self.canvas.local(*from);
            let first_of_hour =
                index == 0 || self.canvas.local(self.columns[index - 1]).hour() != local.hour();
            if first_of_hour && index >= free && local.hour().is_multiple_of(3) {
                for (offset, digit) in format!("{:02}", local.hour()).chars().enumerate() {
                    marks[index + offset] = digit;
                }
                free = index + 4;
            }
        }
        let marks: String = marks.into_iter().collect();
        let _ = writeln!(text, "{:>LABELS$} {}", "hour ", marks.trim_end());
    }

    fn axis(&self, label: &str, text: &mut String) {
        let line = if self.canvas.unicode { '│' } else { '|' };
        let width = LABELS - 1;
        let _ = write!(text, "{FAINT}{label:>width$}{FAINT:#} {line}");
    }
}

fn style_of(value: MgDl) -> Style {
    if value.0 < *TARGET.start() {
        LOW
    } else if value.0 > *TARGET.end() {
        HIGH
    } else {
        IN_RANGE
    }
}

fn painted(text: &mut String, mark: char, style: Style) {
    if mark == ' ' {
        text.push(' ');
    } else {
        let _ = write!(text, "{style}{mark}{style:#}");
    }
}

fn end_line(text: &mut String) {
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

/// Boluses, carbs and what else happened, one a line.
fn list(day: &Day, canvas: &Canvas, text: &mut String) {
    let doses = day.doses.iter().map(|dose| (dose.at, line(dose, canvas)));
    let others = day.events.iter().map(|event| {
        let time = canvas.time(event.at);
        let line = format!("{FAINT}{time}{FAINT:#}  {:>25}{}", "", event.kind);
        (event.at, line)
    });
    let mut lines: Vec<(DateTime<Utc>, String)> = doses.chain(others).collect();
    lines.sort_by_key(|(at, _)| *at);
    let left_out = lines.len().saturating_sub(LISTED);
    if left_out > 0 {
        let _ = writeln!(text, "{left_out} earlier ones are not listed");
    }
    for (_, line) in &lines[left_out..] {
        let _ = writeln!(text, "{line}");
    }
    if !lines.is_empty() {
        text.push('\n');
    }
}

/// `Sat 07:41   4.500 U   61 g   Combo Bolus, + 3.120 U in 90 min`
fn line(dose: &Dose, canvas: &Canvas) -> String {
    let time = canvas.time(dose.at);
    let insulin = if dose.now == MilliUnits::ZERO {
        String::new()
    } else {
        format!("{} U", units(dose.now))
    };
    let carbs = if dose.carbs == 0.0 {
        String::new()
    } else {
        format!("{} g", dose.carbs)
    };
    let mut kind = dose.kind.clone();
    if dose.automatic {
        kind += ", automatic";
    }
    if dose.later > MilliUnits::ZERO {
        let minutes = dose.lasts.num_minutes();
        kind += &format!(", + {} U in {minutes} min", units(dose.later));
    }
    let gap = "   ";
    format!("{FAINT}{time}{FAINT:#}  {insulin:>12} {carbs:>8}{gap} {kind}")
}

fn totals(day: &Day, canvas: &Canvas, text: &mut String) {
    let (basal, bolus) = (day.basal_insulin(), day.bolus_insulin());
    let _ = writeln!(
        text,
        "Totals   basal {} U + boluses {} U = {} U; carbs {} g",
        units(basal),
        units(bolus),
        units(basal + bolus),
        day.carbs()
    );
    let newest = [
        ("glucose", day.glucose.last().map(|reading| reading.at)),
        ("basal", day.basal.last().map(|basal| basal.from)),
        ("bolus or carbs", day.doses.last().map(|dose| dose.at)),
    ];
    for (index, (what, at)) in newest.into_iter().enumerate() {
        let head = if index == 0 { "Newest" } else { "" };
        let when = match at {
            Some(at) => {
                let age = span_in_words((day.to - at).max(Duration::zero()));
                format!("{}, {age} ago", canvas.time(at))
            }
            None => "none".to_owned(),
        };
        let _ = writeln!(text, "{head:<8} {what}: {when}");
    }
    gaps("glucose", &day.glucose_gaps(), canvas, text);
    gaps("basal", &day.basal_gaps(), canvas, text);
    if !day.basal_gaps().is_empty() {
        let _ = writeln!(
            text,
            "         (without a basal rate, Nightscout shows the profile's)"
        );
    }
}

fn gaps(what: &str, gaps: &[(DateTime<Utc>, DateTime<Utc>)], canvas: &Canvas, text: &mut String) {
    const NAMED: usize = 3;
    if gaps.is_empty() {
        return;
    }
    let total: Duration = gaps.iter().map(|(from, to)| *to - *from).sum();
    let named: Vec<String> = gaps
        .iter()
        .take(NAMED)
        .map(|(from, to)| {
            let dash = if canvas.unicode { '–' } else { '-' };
            format!("{}{dash}{}", canvas.time(*from), canvas.clock(*to))
        })
        .collect();
    let more = match gaps.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let _ = writeln!(
        text,
        "{GAP}Gaps{GAP:#}     {what}: {} in all: {}{more}",
        span_in_words(total),
        named.join(", ")
    );
}

impl Canvas {
    fn local(&self, at: DateTime<Utc>) -> DateTime<Tz> {
        self.zone.from_utc_datetime(&at.naive_utc())
    }

    /// Day and time of day in the owner's zone.
    fn time(&self, at: DateTime<Utc>) -> String {
        self.local(at).format("%a %H:%M").to_string()
    }

    fn clock(&self, at: DateTime<Utc>) -> String {
        self.local(at).format("%H:%M").to_string()
    }
}
