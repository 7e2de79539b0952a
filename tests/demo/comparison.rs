//! What Nightscout holds against what the pump did.

use std::io::{self, Write};

use chrono::{DateTime, Duration, Utc};
use tconnectsync_heroku::report::grouped;
use tconnectsync_heroku::window::Window;

use super::held::{self, Held};
use super::picture::{clock_time, units};
use super::say;
use crate::simulator::truth::Truth;

/// How many differences are told.
const TOLD: usize = 20;

/// What was compared, and what differs.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// Seconds at which the rate was compared.
    pub seconds: i64,
    /// Temp basals.
    pub records: usize,
    /// Basal insulin by the documents, mU/h times seconds.
    pub basal: i64,
    /// Boluses.
    pub boluses: usize,
    /// Their insulin, mU.
    pub bolus: i64,
    /// Grams.
    pub carbs: i64,
    /// One line each.
    pub differences: Vec<String>,
}

/// Compares what belongs into a span. What the pump did by itself after `settled` is not expected yet.
pub fn compare(held: &Held, truth: &Truth, span: Window, settled: DateTime<Utc>) -> Compared {
    let mut compared = Compared::default();
    basal(held, truth, span, settled, &mut compared);
    boluses(held, truth, span, settled, &mut compared);
    for other in &held.others {
        compared
            .differences
            .push(format!("nobody asked for: {other}"));
    }
    compared
}

/// The first report of the span that has a document of its own: one that confirms a change from before it has not.
fn first_told(truth: &Truth, span: Window) -> Option<DateTime<Utc>> {
    let pairs = truth.reports.windows(2);
    let mut inside = pairs.filter(|pair| span.contains(pair[1].at));
    let confirms = |before: DateTime<Utc>| {
        let mut begins = truth.basal.iter().map(|segment| segment.from);
        begins.any(|from| before < from && from < span.start)
    };
    let told = inside.find(|pair| !confirms(pair[0].at))?;
    Some(told[1].at)
}

fn basal(
    held: &Held,
    truth: &Truth,
    span: Window,
    settled: DateTime<Utc>,
    compared: &mut Compared,
) {
    compared.records = held.basals.len();
    for pair in held.basals.windows(2) {
        if pair[0].end > pair[1].at {
            compared.differences.push(format!(
                "the temp basal of {} lasts longer than to the next",
                clock_time(pair[0].at)
            ));
        }
    }
    let Some(mut at) = first_told(truth, span) else {
        return;
    };
    let mut differs: Option<(DateTime<Utc>, Rates)> = None;
    while at < settled {
        let rates = (held.rate_at(at), truth.rate_at(at));
        compared.seconds += 1;
        compared.basal += rates.0.unwrap_or_default();
        let now_differs = (rates.0 != rates.1).then_some(rates);
        if differs.map(|(_, rates)| rates) != now_differs {
            if let Some(difference) = differs {
                compared.differences.push(wrong_rate(difference, at));
            }
            differs = now_differs.map(|rates| (at, rates));
        }
        at += Duration::seconds(1);
    }
    if let Some(difference) = differs {
        compared.differences.push(wrong_rate(difference, settled));
    }
    // The newest rate goes on until the next run knows better.
    let up_to = held.basals.last().map(|basal| basal.end);
    if up_to.is_none_or(|end| end < span.end) {
        compared.differences.push(format!(
            "at {} the page shows the profile's rate",
            clock_time(span.end)
        ));
    }
}

/// Nightscout's rate and the pump's, mU/h.
type Rates = (Option<i64>, Option<i64>);

fn wrong_rate((from, rates): (DateTime<Utc>, Rates), to: DateTime<Utc>) -> String {
    let rate = |rate: Option<i64>| {
        rate.map_or("no rate".to_owned(), |rate| format!("{} U/h", units(rate)))
    };
    format!(
        "from {} to {}: {}, the pump delivered {}",
        clock_time(from),
        clock_time(to),
        rate(rates.0),
        rate(rates.1)
    )
}

fn boluses(
    held: &Held,
    truth: &Truth,
    span: Window,
    settled: DateTime<Utc>,
    compared: &mut Compared,
) {
    let mut unexplained: Vec<&held::Bolus> = held.boluses.iter().collect();
    let expected = truth.boluses.iter().filter(|bolus| {
        let due = !bolus.automatic || bolus.at <= settled;
        let says_something = bolus.delivered() > 0 || bolus.carbs > 0;
        span.contains(bolus.at) && due && says_something
    });
    for bolus in expected {
        let Some(position) = unexplained.iter().position(|found| found.at == bolus.at) else {
            compared.differences.push(format!(
                "no bolus at {}, the pump delivered {} U",
                clock_time(bolus.at),
                units(bolus.delivered())
            ));
            continue;
        };
        let found = unexplained.remove(position);
        compared.boluses += 1;
        compared.bolus += found.total();
        compared.carbs += found.carbs;
        let later = bolus.extended.as_ref().map_or(0, |later| later.delivered);
        let facts = [
            ("mU at once", found.now, bolus.delivered_now),
            ("mU later", found.later, later),
            ("g", found.carbs, bolus.carbs),
        ];
        for (what, found, really) in facts {
            if found != really {
                let time = clock_time(bolus.at);
                let difference = format!("bolus of {time}: {found} {what}, really {really}");
                compared.differences.push(difference);
            }
        }
        if found.automatic != bolus.automatic {
            compared.differences.push(format!(
                "bolus of {}: wrong about who asked for it",
                clock_time(bolus.at)
            ));
        }
    }
    for bolus in unexplained {
        compared.differences.push(format!(
            "{} of {} U at {}, which the pump did not deliver",
            bolus.kind,
            units(bolus.total()),
            clock_time(bolus.at)
        ));
    }
}

/// Says whether all agrees, with figures.
pub fn tell(compared: &Compared, out: &mut dyn Write) -> io::Result<bool> {
    if compared.differences.is_empty() {
        let text = format!(
            "documents and truth agree: {} s of basal rate in {} temp basals ({} U), {} boluses ({} U), {} g of carbs; \
             the third run wrote nothing.",
            grouped(usize::try_from(compared.seconds).unwrap_or_default()),
            compared.records,
            units(compared.basal / 3600),
            compared.boluses,
            units(compared.bolus),
            compared.carbs,
        );
        say(out, "Compared", &text)?;
        return Ok(true);
    }
    for difference in compared.differences.iter().take(TOLD) {
        say(out, "Difference", difference)?;
    }
    let text = format!(
        "documents and truth do NOT agree: {} differences.",
        compared.differences.len()
    );
    say(out, "Compared", &text)?;
    Ok(false)
}
