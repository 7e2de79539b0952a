//! The page itself.

use chrono::{DateTime, TimeZone, Utc};
use maud::{DOCTYPE, Markup, html};

use super::{Told, chart};
use crate::config::cli::VERSION;
use crate::failure::ExitStatus;
use crate::pump::quantity::MilliUnits;
use crate::report::day::{Day, Dose};
use crate::report::{counted, span_in_words, units};

const STYLE: &str = include_str!("style.css");

/// No scripts, and nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// More rows than this are counted, not listed.
const LISTED: usize = 60;

/// The whole document.
pub(super) fn page(told: &Told) -> String {
    let good = told.status == ExitStatus::Done;
    let class = if good { "good" } else { "bad" };
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                // A page that is left open shows the next run.
                meta http-equiv="refresh" content="300";
                title { (heading(told)) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                h1 class=(class) { (if good { "✓ " } else { "✗ " }) (heading(told)) }
                @if let Some(failure) = &told.failure { p class="failure" { (failure) } }
                @if let Some(summary) = &told.summary { p { (summary) } }
                @for warning in &told.warnings { p class="warning" { "! " (warning) } }
                (shown(told))
                footer {
                    p { "Each run writes this page anew. If the time above is long ago, no run has ended since." }
                    p {
                        "Not a medical device. What is shown is minutes to hours old and may be wrong or missing: look at the pump. "
                        "tconnectsync-heroku " (VERSION)
                    }
                }
            }
        }
    };
    markup.into_string()
}

/// `The run of Wed 2026-11-25 10:59 EST went well`
pub(super) fn heading(told: &Told) -> String {
    let local = told.zone.from_utc_datetime(&told.now.naive_utc());
    let time = local.format("%a %Y-%m-%d %H:%M %Z");
    match told.status {
        ExitStatus::Done => format!("The run of {time} went well"),
        status => format!(
            "The run of {time} failed (status {}: {})",
            status.code(),
            status.meaning()
        ),
    }
}

fn shown(told: &Told) -> Markup {
    let Some((day, glucose)) = &told.day else {
        return html! { p { "Nightscout could not be read, so that there is no picture." } };
    };
    if day.is_empty() {
        return html! { p { "Nightscout holds nothing of the last 24 hours." } };
    }
    html! {
        figure {
            (chart::draw(day, told.zone, *glucose))
            figcaption {
                "The last 24 hours as Nightscout holds them. Lilac: nothing there; without a basal rate Nightscout shows the \
                 profile's."
            }
        }
        table class="facts" {
            @for (name, value) in facts(day, told) {
                tr { th scope="row" { (name) } td { (value) } }
            }
        }
        (list(day, told))
    }
}

/// Totals, newest times and gaps, each with its name.
pub(super) fn facts(day: &Day, told: &Told) -> Vec<(&'static str, String)> {
    let newest = |at: Option<DateTime<Utc>>| match at {
        Some(at) => {
            let age = span_in_words((day.to - at).max(chrono::Duration::zero()));
            format!("{}, {age} before the run", time(told, at))
        }
        None => "none".to_owned(),
    };
    let gaps = |gaps: Vec<(DateTime<Utc>, DateTime<Utc>)>| match gaps.len() {
        0 => "none".to_owned(),
        _ => span_in_words(gaps.iter().map(|(from, to)| *to - *from).sum()),
    };
    let (basal, bolus) = (day.basal_insulin(), day.bolus_insulin());
    vec![
        ("Basal", format!("{} U", units(basal))),
        ("Boluses", format!("{} U", units(bolus))),
        ("Insulin in all", format!("{} U", units(basal + bolus))),
        ("Carbs", format!("{} g", day.carbs())),
        (
            "Newest glucose",
            newest(day.glucose.last().map(|reading| reading.at)),
        ),
        (
            "Newest basal rate",
            newest(day.basal.last().map(|basal| basal.from)),
        ),
        (
            "Newest bolus or carbs",
            newest(day.doses.last().map(|dose| dose.at)),
        ),
        ("Gaps in glucose", gaps(day.glucose_gaps())),
        ("Gaps in basal", gaps(day.basal_gaps())),
    ]
}

fn time(told: &Told, at: DateTime<Utc>) -> String {
    let local = told.zone.from_utc_datetime(&at.naive_utc());
    local.format("%a %H:%M").to_string()
}

/// Boluses, carbs and what else happened, the newest first.
fn list(day: &Day, told: &Told) -> Markup {
    let doses = day.doses.iter().map(|dose| (dose.at, row(dose)));
    let others = day.events.iter().map(|event| {
        let cells = [String::new(), String::new(), event.kind.clone()];
        (event.at, cells)
    });
    let mut rows: Vec<(DateTime<Utc>, [String; 3])> = doses.chain(others).collect();
    rows.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let left_out = rows.len().saturating_sub(LISTED);
    html! {
        @if !rows.is_empty() {
            table class="list" {
                thead { tr { th { "Time" } th { "Insulin" } th { "Carbs" } th { "What" } } }
                tbody {
                    @for (at, [insulin, carbs, what]) in rows.iter().take(LISTED) {
                        tr { td { (time(told, *at)) } td { (insulin) } td { (carbs) } td { (what) } }
                    }
                }
            }
        }
        @if left_out > 0 { p { (counted(left_out, "earlier one is", "earlier ones are")) " not listed." } }
    }
}

fn row(dose: &Dose) -> [String; 3] {
    let mut insulin = Vec::new();
    if dose.now > MilliUnits::ZERO {
        insulin.push(format!("{} U", units(dose.now)));
    }
    if dose.later > MilliUnits::ZERO {
        let minutes = dose.lasts.num_minutes();
        insulin.push(format!("{} U in {minutes} min", units(dose.later)));
    }
    let carbs = match dose.carbs {
        0.0 => String::new(),
        grams => format!("{grams} g"),
    };
    let automatic = if dose.automatic { ", automatic" } else { "" };
    [
        insulin.join(" + "),
        carbs,
        format!("{}{automatic}", dose.kind),
    ]
}
