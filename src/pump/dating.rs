//! The one room in which a pump's events get their instants: a pass and `--check-login` both date here, so that they judge
//! one clock alike.
//!
//! What else has to be known for that is asked of [`Sources`]: the night on which the zone changed, the days that a lost or
//! mis-set clock showed, what our own documents remember, and glucose that others brought to the site. Nothing here talks
//! to a service.

use std::collections::HashSet;

use anyhow::Result;
use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::clock::{
    DatedEvent, Evidence, HOLDS_BACK, Knowledge, PumpClock, REAL_DOUBT, Remembered, STEP_BACK,
    Sighting, Verdict, offset_name,
};
use super::decode::{Decoded, Skipped};
use super::event::{Detail, Event, EventId};
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
    /// Whether its owner insists on the zone, whatever speaks against it.
    pub trusts_zone: bool,
}

impl About {
    /// Whether the account's answer is from after the upload of the newest event that its logs hold. A phone may upload
    /// between the two calls; whether Tandem shows new logs and the new time of their upload at once is unverified.
    /// `None` where the account does not say what its newest event is, or says nonsense.
    ///
    /// What the pump wrote after that event is newer than the answer, whatever its clock shows. Or the account means the greatest
    /// time that the clock ever showed: which one is unverified, and nothing is certain where the clock went back since.
    fn knows(&self, newest: Option<PumpTime>, decoded: &Decoded) -> Option<bool> {
        let (recorded, newest) = (self.newest?, newest?.reading());
        let is_recorded = |event: &&Event| event.pump_time.reading() == recorded;
        let told = decoded
            .events
            .iter()
            .rfind(is_recorded)
            .map(|event| event.id);
        let since = |event: &&Event| told.is_some_and(|told| event.id > told);
        // Two events of one moment may be a second out of order.
        let is_elsewhere =
            |event: &Event| (event.pump_time.reading() - recorded).abs() >= STEP_BACK;
        let went_on = decoded.events.iter().filter(since).any(is_elsewhere);
        let was_set = decoded.clock_changes.iter().any(|change| since(&change));
        match newest <= recorded {
            true if went_on || was_set => None,
            is_known => Some(is_known),
        }
    }
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

/// The instants of which another uploader's glucose is of use to date the events between two instants: the pump's events
/// of the day before are known too.
pub(crate) fn told_by_sightings(
    start: DateTime<Utc>,
    end: DateTime<Utc>,
) -> (DateTime<Utc>, DateTime<Utc>) {
    (start - Duration::days(1), end)
}

/// Where the rest of what is known comes from.
pub trait Sources {
    /// The pump's events of other days, both included.
    ///
    /// # Errors
    /// When they cannot be fetched.
    fn events(&mut self, first: NaiveDate, last: NaiveDate) -> Result<Decoded>;

    /// The instants that our documents give to these events, in the same order. The events' own instants are only a guess.
    fn remembered(&mut self, events: &[DatedEvent]) -> Vec<Remembered>;

    /// Glucose that others than this program brought to the site, both instants included, and at the same time the
    /// pump's events of other days. Asked for only in doubt.
    ///
    /// # Errors
    /// When either cannot be fetched.
    fn sightings_and_events(
        &mut self,
        span: (DateTime<Utc>, DateTime<Utc>),
        days: &[(NaiveDate, NaiveDate)],
    ) -> Result<(Vec<Sighting>, Vec<Decoded>)>;
}

/// A pump's events with their instants.
#[derive(Debug)]
pub struct Dated {
    /// The events, in the order in which the pump wrote them.
    pub events: Vec<DatedEvent>,
    /// The pump's clock, as it was judged.
    pub(crate) clock: PumpClock,
    /// What cannot be known yet.
    pub doubt: Option<Doubt>,
    /// From when on earlier runs may have judged it otherwise.
    pub(crate) doubtful_from: Option<DateTime<Utc>>,
    /// What was left out of the answers.
    pub(crate) skipped: Skipped,
}

impl Dated {
    /// How the pump's clock was judged.
    pub(crate) fn verdict(&self) -> &Verdict {
        self.clock.verdict()
    }
}

/// Two offsets of the clock fit all that is known, and they are an hour or more apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// The events that this concerns, and that nothing is to be written of until then.
    pub events: HashSet<EventId>,
    /// The offsets from UTC.
    pub offsets: (Duration, Duration),
    /// When the more likely one is taken.
    pub until: DateTime<Utc>,
}

impl Doubt {
    /// What its owner is told, times in this zone.
    pub(crate) fn in_words(&self, zone: Tz) -> String {
        let until = zone.from_utc_datetime(&self.until.naive_utc());
        format!(
            "its clock may run at {} or at {}, and nothing tells yet which; what it wrote since waits until {}. The next upload \
             settles it, or glucose of another uploader on the site",
            offset_name(self.offsets.0),
            offset_name(self.offsets.1),
            until.format("%H:%M"),
        )
    }
}

/// Dates the events of some days. `judged` is the clock as it was judged before in this run, from newer events.
///
/// # Errors
/// Only those of the sources.
pub fn date(
    about: &About,
    days: &Days,
    decoded: Decoded,
    judged: Option<&PumpClock>,
    sources: &mut dyn Sources,
) -> Result<Dated> {
    let about = *about;
    let clock = judged.cloned();
    let mut known = Known {
        about,
        days: *days,
        stands: clock.is_some(),
        clock: clock.unwrap_or_else(|| judge(&about, days, &decoded, &[], &[])),
        remembered: Vec::new(),
        decoded,
    };
    known.remember(sources);
    known.ask_further(sources)?;
    let Known {
        mut clock,
        remembered,
        decoded,
        stands,
        ..
    } = known;
    if let Some((first, last)) = clock
        .days_that_tell(days.first, days.last)
        .filter(|_| !stands)
    {
        clock = clock.informed_by(&sources.events(first, last)?.events);
    }
    let clock = clock.informed_by(&decoded.events);
    let events = clock.date(decoded.events);
    Ok(Dated {
        doubt: doubt(&about, &clock, &events, &remembered),
        doubtful_from: clock.doubtful_from(&remembered, &events, days.start, about.now),
        events,
        clock,
        skipped: decoded.skipped,
    })
}

/// What is known so far, and the clock by that.
struct Known {
    about: About,
    days: Days,
    decoded: Decoded,
    remembered: Vec<Remembered>,
    clock: PumpClock,
    /// Whether the clock was judged before in this run, and is not judged again.
    stands: bool,
}

impl Known {
    fn judge(&mut self, sightings: &[Sighting]) {
        if !self.stands {
            let (about, days) = (&self.about, &self.days);
            self.clock = judge(about, days, &self.decoded, &self.remembered, sightings);
        }
    }

    /// Asks what our documents remember of the events.
    fn remember(&mut self, sources: &mut dyn Sources) {
        self.remembered = sources.remembered(&self.clock.date(self.decoded.events.clone()));
        self.judge(&[]);
    }

    /// Asks for the other days that the clock showed and, in doubt, for another uploader's glucose, both at once.
    fn ask_further(&mut self, sources: &mut dyn Sources) -> Result<()> {
        let (about, days) = (self.about, self.days);
        let span = told_by_sightings(days.start, days.end.min(about.now));
        let beside = (self.clock).other_days((span.0, days.end), (days.first, days.last));
        let mut sightings = None;
        if !beside.is_empty() {
            let others = if self.is_in_doubt() {
                let (told, others) = sources.sightings_and_events(span, &beside)?;
                sightings = Some(told);
                others
            } else {
                let others = beside.iter();
                let others = others.map(|(first, last)| sources.events(*first, *last));
                others.collect::<Result<_>>()?
            };
            for other in others {
                self.decoded.add(other);
            }
            self.remember(sources);
        }
        if sightings.is_none() && self.is_in_doubt() {
            sightings = Some(sources.sightings_and_events(span, &[])?.0);
        }
        if let Some(sightings) = sightings.filter(|told| !told.is_empty()) {
            self.judge(&sightings);
        }
        Ok(())
    }

    /// Whether another uploader's glucose could tell more than what is known: the clock was moved, the zone changed, nothing
    /// was written yet, or two rules fit.
    fn is_in_doubt(&self) -> bool {
        let (clock, days) = (&self.clock, &self.days);
        let recent = days.end >= self.about.now;
        let moved = clock.moved_between(days.start, days.end);
        let changed = recent && clock.may_have_followed_since(days.start);
        let open = self.remembered.is_empty() || (recent && clock.other().is_some());
        !self.stands && (moved || changed || open) && has_readings(&self.decoded)
    }
}

fn judge(
    about: &About,
    days: &Days,
    decoded: &Decoded,
    remembered: &[Remembered],
    sightings: &[Sighting],
) -> PumpClock {
    let newest = newest_reading(about, days, decoded);
    let known = about.knows(newest, decoded);
    let evidence = Evidence {
        newest,
        last_upload: about.last_upload.filter(|_| known != Some(false)),
        upload_is_certain: known == Some(true),
        now: (about.last_upload).map_or(about.now, |upload| upload.max(about.now)),
    };
    let knowledge = Knowledge {
        events: &decoded.events,
        remembered,
        sightings,
        zone_is_trusted: about.trusts_zone,
        holds_the_newest: about.newest.is_none_or(|newest| newest.date() <= days.last),
    };
    PumpClock::judge_knowing(about.zone, &decoded.clock_changes, &evidence, &knowledge)
}

fn has_readings(decoded: &Decoded) -> bool {
    let mut details = decoded.events.iter().map(|event| &event.detail);
    details.any(|detail| matches!(detail, Detail::CgmReading(_)))
}

/// What is to be held back, and until when.
fn doubt(
    about: &About,
    clock: &PumpClock,
    events: &[DatedEvent],
    remembered: &[Remembered],
) -> Option<Doubt> {
    let other = clock.other()?;
    let otherwise = other.date(events.iter().map(|dated| dated.event.clone()).collect());
    let apart = events
        .iter()
        .zip(&otherwise)
        .filter(|(one, other)| (one.at - other.at).abs() >= REAL_DOUBT);
    let newest = remembered.last().map(|document| document.id);
    let unwritten =
        |(one, _): &(&DatedEvent, &DatedEvent)| newest.is_none_or(|newest| one.event.id > newest);
    let apart: Vec<(&DatedEvent, &DatedEvent)> = apart.collect();
    let first = apart.iter().position(unwritten)?;
    let until = apart[first].0.at.max(apart[first].1.at) + HOLDS_BACK;
    // What came before the newest movement may be in doubt with it, at other offsets.
    let latest = &apart[apart.len() - 1].0.event;
    let offset = |clock: &PumpClock| clock.offset(latest.id, latest.pump_time);
    (about.now < until).then(|| Doubt {
        offsets: (offset(clock), offset(other)),
        events: apart.iter().map(|(one, _)| one.event.id).collect(),
        until,
    })
}

/// What the pump's clock showed at the newest event known: of those fetched where they reach up to now, else what the
/// account says.
fn newest_reading(about: &About, days: &Days, decoded: &Decoded) -> Option<PumpTime> {
    let event = decoded
        .events
        .last()
        .map(|event| (event.id, event.pump_time));
    // On a clock that was set to another day, the events since then are not among those of a page.
    let moved = PumpClock::shown_after_moving(&decoded.clock_changes);
    let fetched = event.into_iter().chain(moved).max_by_key(|(id, _)| *id);
    let fetched = fetched.map(|(_, reading)| reading);
    let recorded = about.newest.map(PumpTime::new);
    let later = recorded.filter(|recorded| recorded.reading().date() > days.last);
    later.or(fetched).or(recorded)
}
