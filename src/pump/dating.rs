//! The one room in which a pump's events get their instants: a pass and `--check-login` both date here, so that they judge
//! one clock alike.
//!
//! What else has to be known for that (the night on which the zone changed, the days that a lost clock showed) is asked for
//! through the caller; nothing here talks to a service.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;

use super::clock::{DatedEvent, Evidence, PumpClock, Verdict};
use super::decode::{Decoded, Skipped};
use super::quantity::PumpTime;

/// What is known of a pump beside its logs.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The zone that its owner says its clock is in.
    pub zone: Tz,
    /// What its clock showed at its newest event, as the account says.
    pub newest: Option<NaiveDateTime>,
    /// When it last uploaded, by the server's clock.
    pub last_upload: Option<DateTime<Utc>>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// The days of the pump's clock whose events are dated, and the instants that these are to cover.
#[derive(Clone, Copy, Debug)]
pub struct Days {
    /// The first day asked for.
    pub first: NaiveDate,
    /// The last day asked for.
    pub last: NaiveDate,
    /// The first instant to cover.
    pub start: DateTime<Utc>,
    /// The first instant after those.
    pub end: DateTime<Utc>,
}

/// A pump's events with their instants.
#[derive(Debug)]
pub struct Dated {
    /// The events, in the order in which the pump wrote them.
    pub events: Vec<DatedEvent>,
    /// How the pump's clock was judged.
    pub verdict: Verdict,
    /// From when on earlier runs may have judged it otherwise.
    pub doubtful_from: Option<DateTime<Utc>>,
    /// What was left out of the answers.
    pub skipped: Skipped,
}

/// Dates the events of some days. `fetch` gets those of other days, both days included.
///
/// # Errors
/// Only those of `fetch`.
pub fn date<E>(
    about: &About,
    days: &Days,
    mut decoded: Decoded,
    mut fetch: impl FnMut(NaiveDate, NaiveDate) -> Result<Decoded, E>,
) -> Result<Dated, E> {
    let evidence = Evidence {
        newest: newest_reading(about, days, &decoded),
        last_upload: about.last_upload,
        now: about.now,
    };
    let mut clock = PumpClock::judge(about.zone, &decoded.clock_changes, &evidence);
    let verdict = *clock.verdict();
    if let Some((first, last)) = clock.days_that_tell(days.first, days.last) {
        clock = clock.informed_by(&fetch(first, last)?.events);
    }
    if let Some((first, last)) = clock.lost_days(days.start, days.end) {
        decoded.add(fetch(first, last)?);
    }
    Ok(Dated {
        doubtful_from: clock.doubtful_from(days.start),
        events: clock.date(decoded.events),
        verdict,
        skipped: decoded.skipped,
    })
}

/// What the pump's clock showed at the newest event known: of those fetched where they reach up to now, else what the
/// account says.
fn newest_reading(about: &About, days: &Days, decoded: &Decoded) -> Option<PumpTime> {
    let fetched = decoded.events.last().map(|event| event.pump_time);
    let recorded = about.newest.map(PumpTime::new);
    let later = recorded.filter(|recorded| recorded.reading().date() > days.last);
    later.or(fetched).or(recorded)
}
