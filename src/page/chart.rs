//! The day as a drawing (SVG): glucose above, boluses and carbs between, basal rates below.

use chrono::{DateTime, Duration, DurationRound, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};

use crate::nightscout::GlucoseUnits;
use crate::pump::quantity::MgDl;
use crate::report::day::{Day, Dose};
use crate::report::picture::TARGET;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
/// Between these is time; left of it stand the scales.
const LEFT: f64 = 60.0;
const RIGHT: f64 = 714.0;
/// Top and bottom of glucose, of boluses and carbs, of basal rates.
const GLUCOSE: (f64, f64) = (14.0, 214.0);
const DOSES: (f64, f64) = (222.0, 300.0);
const BASAL: (f64, f64) = (312.0, 386.0);

/// The lowest glucose of the scale, in mg/dL.
const LOWEST: f64 = 40.0;

/// Labels nearer to each other than this would overlap; on a phone, where letters are larger, than the second.
const LABEL_WIDTHS: [f64; 2] = [56.0, 80.0];

struct Chart<'a> {
    day: &'a Day,
    zone: Tz,
    units: GlucoseUnits,
    /// The highest glucose of the scale, in mg/dL.
    highest: f64,
    /// The highest rate of the scale, in mU/h.
    top_rate: f64,
}

/// The drawing as an element of a page.
pub(super) fn draw(day: &Day, zone: Tz, units: GlucoseUnits) -> Markup {
    let readings = day.glucose.iter().map(|reading| reading.value.0);
    let rates = day.basal.iter().filter_map(|basal| basal.rate);
    let top_rate = rates.map(|rate| rate.milliunits_per_hour()).max();
    let chart = Chart {
        day,
        zone,
        units,
        highest: f64::from(readings.max().unwrap_or(0).max(250)) + 10.0,
        // Whole halves of a unit, so that the scale reads well.
        top_rate: (top_rate.unwrap_or(0) as f64 / 500.0).ceil().max(1.0) * 500.0,
    };
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label="Glucose, boluses, carbs and basal rates of the last 24 hours" {
            (chart.background())
            (chart.hours())
            (chart.glucose())
            (chart.doses())
            (chart.basal())
        }
    }
}

impl Chart<'_> {
    fn x(&self, at: DateTime<Utc>) -> f64 {
        let share = (at - self.day.from).num_milliseconds() as f64
            / (self.day.to - self.day.from).num_milliseconds().max(1) as f64;
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn glucose_y(&self, value: f64) -> f64 {
        let share = ((value - LOWEST) / (self.highest - LOWEST)).clamp(0.0, 1.0);
        GLUCOSE.1 - share * (GLUCOSE.1 - GLUCOSE.0)
    }

    /// The target range, and where there is nothing.
    fn background(&self) -> Markup {
        let (low, high) = (f64::from(*TARGET.start()), f64::from(*TARGET.end()));
        let (top, bottom) = (self.glucose_y(high), self.glucose_y(low));
        html! {
            rect class="target" x=(n(LEFT)) y=(n(top)) width=(n(RIGHT - LEFT)) height=(n(bottom - top)) {}
            @for (from, to) in self.day.glucose_gaps() { (self.gap(from, to, GLUCOSE)) }
            @for (from, to) in self.day.basal_gaps() { (self.gap(from, to, BASAL)) }
        }
    }

    fn gap(&self, from: DateTime<Utc>, to: DateTime<Utc>, (top, bottom): (f64, f64)) -> Markup {
        let (left, right) = (self.x(from), self.x(to));
        html! {
            rect class="gap" x=(n(left)) y=(n(top)) width=(n((right - left).max(1.0))) height=(n(bottom - top)) {}
        }
    }

    /// A line for each third hour of the zone's day, and its number below.
    fn hours(&self) -> Markup {
        let step = Duration::minutes(15);
        let start = self.day.from.duration_trunc(step).unwrap_or(self.day.from);
        let quarters = std::iter::successors(Some(start), |at| Some(*at + step));
        let local = |at: &DateTime<Utc>| self.zone.from_utc_datetime(&at.naive_utc());
        let inside = quarters.take_while(|at| *at < self.day.to);
        let hours = inside.filter(|at| {
            let local = local(at);
            *at >= self.day.from && local.minute() == 0 && local.hour().is_multiple_of(3)
        });
        html! {
            @for at in hours {
                @let x = self.x(at);
                @let hour = local(&at).hour();
                line class="hour" x1=(n(x)) x2=(n(x)) y1=(n(GLUCOSE.0)) y2=(n(BASAL.1)) {}
                text x=(n(x)) y=(n(HEIGHT - 12.0)) text-anchor="middle" class=(if hour.is_multiple_of(6) { "" } else { "minor" }) {
                    (format!("{hour:02}"))
                }
            }
        }
    }

    fn glucose(&self) -> Markup {
        let label = |value: u16| {
            let y = self.glucose_y(f64::from(value)) + 5.0;
            let shown = self.units.in_words(MgDl(value));
            html! { text x=(n(LEFT - 6.0)) y=(n(y)) text-anchor="end" { (shown) } }
        };
        html! {
            @if !self.day.glucose.is_empty() {
                (label(*TARGET.start()))
                (label(*TARGET.end()))
                @for reading in &self.day.glucose {
                    @let value = reading.value.0;
                    @let class = if value < *TARGET.start() { "low" } else if value > *TARGET.end() { "high" } else { "in-range" };
                    circle class=(class) cx=(n(self.x(reading.at))) cy=(n(self.glucose_y(f64::from(value)))) r="2.2" {}
                }
            }
        }
    }

    /// A stroke for each bolus, by its size; larger ones and carbs with their numbers.
    fn doses(&self) -> Markup {
        let insulin = |dose: &Dose| (dose.now + dose.later).milliunits();
        let largest = self.day.doses.iter().map(insulin).max().unwrap_or(0).max(1);
        let (top, bottom) = (DOSES.0 + 50.0, DOSES.1);
        let mut labelled = [f64::NEG_INFINITY; 2];
        let mut label = |at: f64| {
            let has_room = |index: usize| at - labelled[index] >= LABEL_WIDTHS[index];
            let class = match (has_room(0), has_room(1)) {
                (true, true) => "",
                (true, false) => " minor",
                _ => return None,
            };
            labelled[0] = at;
            if class.is_empty() {
                labelled[1] = at;
            }
            Some(class)
        };
        html! {
            @for dose in &self.day.doses {
                @let x = self.x(dose.at);
                @let height = (insulin(dose) as f64 / largest as f64 * (bottom - top)).max(2.0);
                @if insulin(dose) > 0 {
                    line class="bolus" x1=(n(x)) x2=(n(x)) y1=(n(bottom - height)) y2=(n(bottom)) {}
                }
                @let at = x.clamp(LEFT + 36.0, RIGHT - 36.0);
                @if !dose.automatic && let Some(class) = label(at) {
                    @if insulin(dose) > 0 {
                        text class={ "insulin" (class) } x=(n(at)) y=(n(DOSES.0 + 44.0)) text-anchor="middle" {
                            (format!("{:.1} U", insulin(dose) as f64 / 1000.0))
                        }
                    }
                    @if dose.carbs > 0.0 {
                        text class={ "carbs" (class) } x=(n(at)) y=(n(DOSES.0 + 20.0)) text-anchor="middle" { (format!("{:.0} g", dose.carbs)) }
                    }
                }
            }
        }
    }

    fn basal(&self) -> Markup {
        let y = |rate: f64| BASAL.1 - rate / self.top_rate * (BASAL.1 - BASAL.0);
        html! {
            @for basal in &self.day.basal {
                @if let Some(rate) = basal.rate {
                    @let (left, right) = (self.x(basal.from), self.x(basal.to));
                    @let top = y(rate.milliunits_per_hour() as f64);
                    rect class="rate" x=(n(left)) y=(n(top)) width=(n(right - left)) height=(n(BASAL.1 - top)) {}
                }
            }
            line class="axis" x1=(n(LEFT)) x2=(n(RIGHT)) y1=(n(BASAL.1)) y2=(n(BASAL.1)) {}
            @if !self.day.basal.is_empty() {
                text x=(n(LEFT - 6.0)) y=(n(BASAL.0 + 5.0)) text-anchor="end" { (format!("{:.1}", self.top_rate / 1000.0)) }
                text x=(n(LEFT - 6.0)) y=(n(BASAL.1 - 6.0)) text-anchor="end" { "U/h" }
            }
        }
    }
}

/// A coordinate with two decimals, which are more than any screen shows.
fn n(number: f64) -> String {
    format!("{number:.2}")
}
