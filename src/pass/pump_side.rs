//! What the pumps' events of a page ask for.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use chrono::{DateTime, Duration, NaiveDate, Utc};

use super::Pass;
use super::background::at_once;
use super::on_site::OnSite;
use super::pumps;
use super::two_pumps::{Delivery, one_pump_at_a_time};
use crate::config::Feature;
use crate::nightscout::Collection;
use crate::nightscout::document::Treatment;
use crate::nightscout::entry::Entry;
use crate::pump::clock::{DatedEvent, PumpClock, Remembered, Sighting};
use crate::pump::dating::{self, Doubt, Sources};
use crate::pump::decode::Decoded;
use crate::pump::event::EventId;
use crate::report::Report;
use crate::tandem::{Pump, Session};
use crate::translate::device_status::{self, DeviceState};
use crate::translate::{self, History, TranslateOptions, cgm};
use crate::window::Page;

/// No two instants lie closer in Nightscout.
const SHORTEST: Duration = Duration::milliseconds(1);

/// What Nightscout should have of the events of a page, oldest first.
#[derive(Default)]
pub(super) struct Wanted {
    pub(crate) treatments: Vec<Treatment>,
    pub(crate) entries: Vec<Entry>,
    /// The newest state of any pump.
    pub(crate) state: Option<DeviceState>,
    /// From when on earlier runs may have judged a pump's clock otherwise.
    pub(crate) doubtful_from: Option<DateTime<Utc>>,
}

/// The pumps that a pass is about, and the session to ask for their events in.
pub(super) struct PumpSide<'a> {
    pass: &'a Pass<'a>,
    session: Session,
    pumps: Vec<&'a Pump>,
    /// What was fetched beside the pages to tell of the pumps' clocks, by pump and days.
    other_days: HashMap<(&'a str, Days), Decoded>,
    /// The pumps' clocks as judged last.
    clocks: HashMap<&'a str, PumpClock>,
    /// Whether these stand for the rest of the run: it began again further back.
    stand: bool,
    /// Whether the site holds nothing of the pumps yet.
    pub(super) first_run: bool,
    /// What was written of the newest events of the page before, by pump, where that went by what was remembered.
    carried: HashMap<&'a str, Vec<Remembered>>,
}

/// How many of a page's newest events tell the next one how they were dated.
const CARRIED: usize = 40;

/// The first and the last of some days by a pump's clock.
type Days = (NaiveDate, NaiveDate);

impl<'a> PumpSide<'a> {
    pub(super) fn new(pass: &'a Pass<'a>, session: Session, pumps: Vec<&'a Pump>) -> Self {
        PumpSide {
            pass,
            session,
            pumps,
            other_days: HashMap::new(),
            clocks: HashMap::new(),
            stand: false,
            first_run: false,
            carried: HashMap::new(),
        }
    }

    /// The session, once no more is asked for.
    pub(super) fn into_session(self) -> Session {
        self.session
    }

    /// The run begins again further back: the clocks have been judged by the newest events.
    pub(super) fn begin_again(&mut self) {
        self.stand = true;
        self.carried.clear();
    }

    /// The pumps' events of a page's days.
    pub(super) fn events(&mut self, page: &Page) -> Result<Vec<Decoded>> {
        let pumps = self.pumps.clone().into_iter();
        pumps
            .map(|pump| self.fetch(pump, (page.first_day, page.last_day)))
            .collect()
    }

    /// What the pumps' events of a page ask for, on a site that holds this.
    pub(super) fn wanted(
        &mut self,
        page: &Page,
        events: Vec<Decoded>,
        on_site: &OnSite<'_>,
        report: &mut Report,
    ) -> Result<Wanted> {
        let mut wanted = Wanted::default();
        let mut deliveries = Vec::new();
        for (pump, decoded) in self.pumps.clone().into_iter().zip(events) {
            self.pass.limits.check()?;
            let dated = self.date(pump, page, decoded, on_site)?;
            self.pass
                .tell_verdict(pump, dated.verdict(), self.first_run, report)?;
            wanted.doubtful_from = (dated.doubtful_from.into_iter())
                .chain(wanted.doubtful_from)
                .min();
            report.skipped.merge(dated.skipped);
            let held = self.pass.tell_doubt(pump, dated.doubt, report);
            let history = History {
                serial: &pump.serial,
                events: &dated.events,
            };
            report.newest_event = report.newest_event.max(history.newest());
            let (treatments, entries) = self.pass.translate(page, &history, &held, report);
            deliveries.push(Delivery::of(pump, &dated.events, treatments));
            wanted.entries.extend(entries);
            let newest_is_held = dated
                .events
                .last()
                .is_some_and(|newest| held.contains(&newest.event.id));
            if self.pass.fills(Collection::DeviceStatus) && !newest_is_held {
                let state = device_status::newest(&history, &self.pass.config.features);
                wanted.state = later(wanted.state.take(), state);
            }
        }
        let (treatments, left_out) = one_pump_at_a_time(deliveries, page, self.pass.now);
        report.rates_left_out += left_out;
        wanted.treatments = treatments;
        wanted.treatments.sort_by_key(|treatment| treatment.at);
        Ok(wanted)
    }

    /// The treatments that the pumps' events of a page before the window ask for, by the clocks as judged last.
    pub(super) fn before_the_window(
        &mut self,
        page: &Page,
        on_site: &OnSite<'_>,
        report: &Report,
    ) -> Result<Vec<Treatment>> {
        let events = self.events(page)?;
        // What is left out of these days is not what the run is about, and what there is to warn of was told.
        let mut aside = Report {
            warnings: report.warnings.clone(),
            ..Report::new(self.pass.now, self.pass.config.zone, report.pretend)
        };
        let stood = std::mem::replace(&mut self.stand, true);
        let wanted = self.wanted(page, events, on_site, &mut aside);
        self.stand = stood;
        Ok(wanted?.treatments)
    }

    /// One pump's events of a page, with their instants.
    pub(super) fn fetch_and_date(
        &mut self,
        pump: &'a Pump,
        page: &Page,
        on_site: &OnSite<'_>,
    ) -> Result<dating::Dated> {
        let decoded = self.fetch(pump, (page.first_day, page.last_day))?;
        self.date(pump, page, decoded, on_site)
    }

    fn date(
        &mut self,
        pump: &'a Pump,
        page: &Page,
        decoded: Decoded,
        on_site: &OnSite<'_>,
    ) -> Result<dating::Dated> {
        let config = self.pass.config;
        let about = pumps::about(pump, config.zone, self.pass.now, config.trusts_zone);
        let judged = self.clocks.get(pump.assignment_id.as_str()).cloned();
        let judged = judged.filter(|_| self.stand);
        let mut sources = OfOnePump {
            pump,
            on_site,
            side: self,
            remembers: false,
        };
        let dated = dating::date(&about, &page.days(), decoded, judged.as_ref(), &mut sources)?;
        let remembers = sources.remembers;
        if remembers {
            let newest = dated.events.iter().rev().take(CARRIED).rev();
            let carried = newest.map(|dated| Remembered {
                id: dated.event.id,
                reading: dated.event.pump_time.reading(),
                at: dated.at,
                is_entry: false,
            });
            self.carried.insert(&pump.assignment_id, carried.collect());
        }
        self.clocks.insert(&pump.assignment_id, dated.clock.clone());
        Ok(dated)
    }

    fn fetch(&mut self, pump: &Pump, (first, last): Days) -> Result<Decoded> {
        pumps::logs(&mut self.session, pump, first, last)
    }

    /// The events of other days than a page's: every page may ask for the same.
    fn fetch_once(&mut self, pump: &'a Pump, days: Days) -> Result<Decoded> {
        let of = (pump.assignment_id.as_str(), days);
        if let Some(known) = self.other_days.get(&of) {
            return Ok(known.clone());
        }
        let decoded = self.fetch(pump, days)?;
        self.other_days.insert(of, decoded.clone());
        Ok(decoded)
    }
}

/// What is known of one pump's clock beside a page's events.
struct OfOnePump<'s, 'a> {
    pump: &'a Pump,
    on_site: &'s OnSite<'s>,
    side: &'s mut PumpSide<'a>,
    /// Whether the site, or the page before, told how its events were dated.
    remembers: bool,
}

impl Sources for OfOnePump<'_, '_> {
    fn events(&mut self, first: NaiveDate, last: NaiveDate) -> Result<Decoded> {
        self.side.fetch_once(self.pump, (first, last))
    }

    fn remembered(&mut self, events: &[DatedEvent]) -> Vec<Remembered> {
        let history = History {
            serial: &self.pump.serial,
            events,
        };
        let mut remembered = self.on_site.remembered(&history, &self.side.pass.options());
        let carried = self.side.carried.get(self.pump.assignment_id.as_str());
        remembered.extend(carried.into_iter().flatten());
        remembered.sort_by_key(|document| document.id);
        remembered.dedup_by_key(|document| document.id);
        self.remembers = !remembered.is_empty();
        remembered
    }

    fn sightings_and_events(
        &mut self,
        span: (DateTime<Utc>, DateTime<Utc>),
        days: &[Days],
    ) -> Result<(Vec<Sighting>, Vec<Decoded>)> {
        let (on_site, side, pump) = (self.on_site, &mut *self.side, self.pump);
        let events = || {
            let days = days.iter().map(|days| side.fetch_once(pump, *days));
            days.collect::<Result<Vec<Decoded>>>()
        };
        let (events, sightings) = at_once(events, || on_site.sightings(span));
        Ok((sightings?, events?))
    }
}

impl Pass<'_> {
    /// What a pump's events ask for within a page, without what is held back until its clock is known.
    fn translate(
        &self,
        page: &Page,
        history: &History<'_>,
        held: &HashSet<EventId>,
        report: &mut Report,
    ) -> (Vec<Treatment>, Vec<Entry>) {
        let whole_span = page.whole(self.config.zone);
        let mut options = self.options();
        let mut waiting = history.events.iter();
        if let Some(first) = waiting.find(|event| held.contains(&event.event.id)) {
            options.written_until = options.written_until.min(first.at - SHORTEST);
        }
        let mut treatments = translate::treatments(history, &options);
        treatments.retain(|treatment| treatment.is_due(|at| whole_span.contains(at)));
        if page.window.end >= self.now {
            // What these events do not tell of its end has none yet.
            for treatment in &mut treatments {
                treatment.content.open_ended = false;
            }
        }
        let mut entries = match self.config.features.contains(Feature::Cgm) {
            true => cgm::entries(history),
            false => Vec::new(),
        };
        entries.retain(|entry| page.window.contains(entry.at));
        let all = treatments.len() + entries.len();
        treatments.retain(|treatment| !held.contains(&treatment.identity.events[0]));
        entries.retain(|entry| !held.contains(&entry.identity.events[0]));
        report.clock_unknown += all - treatments.len() - entries.len();
        (treatments, entries)
    }

    pub(super) fn options(&self) -> TranslateOptions<'_> {
        TranslateOptions {
            features: &self.config.features,
            ignore_zero_unit_basal: self.config.ignore_zero_unit_basal,
            written_until: self.written_until,
        }
    }

    /// Says what of a pump's clock cannot be known yet; gives the events of which nothing is written until then.
    fn tell_doubt(
        &self,
        pump: &Pump,
        doubt: Option<Doubt>,
        report: &mut Report,
    ) -> HashSet<EventId> {
        let Some(doubt) = doubt else {
            return HashSet::new();
        };
        let doubt_in_words = doubt.in_words(self.config.zone);
        report.warn(format!("pump {}: {doubt_in_words}", pump.serial));
        doubt.events
    }
}

/// The state that is newer.
pub(super) fn later(one: Option<DeviceState>, other: Option<DeviceState>) -> Option<DeviceState> {
    one.into_iter().chain(other).max_by_key(|state| state.at)
}
