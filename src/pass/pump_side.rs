//! What the pumps' events of a page ask for.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::Pass;
use crate::config::Feature;
use crate::failure::Failure;
use crate::nightscout::Collection;
use crate::nightscout::document::Treatment;
use crate::nightscout::entry::Entry;
use crate::pump::clock::{Evidence, PumpClock, Verdict};
use crate::pump::decode::Decoded;
use crate::pump::event::Event;
use crate::pump::quantity::PumpTime;
use crate::report::Report;
use crate::tandem::{Pump, Session};
use crate::translate::device_status::{self, DeviceState};
use crate::translate::{self, History, Wishes, cgm};
use crate::window::Page;

/// What Nightscout should have of the events of a page, oldest first.
#[derive(Default)]
pub(super) struct Wanted {
    pub treatments: Vec<Treatment>,
    pub entries: Vec<Entry>,
    /// The newest state of any pump.
    pub state: Option<DeviceState>,
    /// From when on earlier runs may have judged a pump's clock otherwise.
    pub doubtful_from: Option<DateTime<Utc>>,
}

/// The pumps that a pass is about, and the session to ask for their events in.
pub(super) struct PumpSide<'a> {
    pass: &'a Pass<'a>,
    session: Session,
    pumps: Vec<&'a Pump>,
    /// The events of the nights that told of the pumps' clocks, by pump: every page asks for the same.
    nights: HashMap<&'a str, (Days, Vec<Event>)>,
}

/// The first and the last of some days by a pump's clock.
type Days = (NaiveDate, NaiveDate);

impl<'a> PumpSide<'a> {
    pub(super) fn new(pass: &'a Pass<'a>, session: Session, pumps: Vec<&'a Pump>) -> Self {
        PumpSide {
            pass,
            session,
            pumps,
            nights: HashMap::new(),
        }
    }

    /// What the pumps' events of a page ask for.
    pub(super) fn wanted(&mut self, page: &Page, report: &mut Report) -> Result<Wanted, Failure> {
        let Pass { config, .. } = self.pass;
        let features = &config.features;
        let wishes = Wishes {
            features,
            ignore_zero_unit_basal: config.ignore_zero_unit_basal,
        };
        let whole_span = page.whole(config.zone);
        let mut wanted = Wanted::default();
        for pump in self.pumps.clone() {
            let mut decoded = self.fetch(pump, (page.first_day, page.last_day))?;
            let mut clock = self.pass.judge_clock(pump, &decoded, page, report);
            if let Some(days) = clock.days_that_tell(page.first_day, page.last_day) {
                clock = clock.informed_by(self.night(pump, days)?);
            }
            if let Some(days) = clock.lost_days(page.window.start, page.window.end) {
                decoded.add(self.fetch(pump, days)?);
            }
            let doubtful_from = clock.doubtful_from(page.window.start).into_iter();
            wanted.doubtful_from = doubtful_from.chain(wanted.doubtful_from).min();
            report.skipped.merge(decoded.skipped);
            let events = clock.date(decoded.events);
            let history = History {
                serial: &pump.serial,
                events: &events,
            };
            report.newest_event = report.newest_event.max(history.newest());
            let treatments = translate::treatments(&history, &wishes).into_iter();
            let whole = treatments.filter(|treatment| whole_span.contains(treatment.at));
            wanted.treatments.extend(whole);
            if features.contains(Feature::Cgm) {
                let entries = cgm::entries(&history);
                let belongs = |entry: &Entry| page.window.contains(entry.at);
                wanted.entries.extend(entries.into_iter().filter(belongs));
            }
            if self.pass.fills(Collection::DeviceStatus) {
                let state = device_status::newest(&history, features);
                wanted.state = later(wanted.state.take(), state);
            }
        }
        wanted.treatments.sort_by_key(|treatment| treatment.at);
        Ok(wanted)
    }

    fn fetch(&mut self, pump: &Pump, (first, last): Days) -> Result<Decoded, Failure> {
        let logs = self.session.pump_logs(pump, first, last)?;
        Decoded::from_logs([&logs])
    }

    /// The events of a night that tells of a pump's clock.
    fn night(&mut self, pump: &'a Pump, days: Days) -> Result<&[Event], Failure> {
        let known = self.nights.get(pump.assignment_id.as_str());
        if known.is_none_or(|(of, _)| *of != days) {
            let events = self.fetch(pump, days)?.events;
            self.nights.insert(&pump.assignment_id, (days, events));
        }
        let night = self.nights.get(pump.assignment_id.as_str());
        Ok(night.map_or(&[], |(_, events)| events))
    }
}

impl Pass<'_> {
    /// Judges a pump's clock, and warns of what speaks against the judgement.
    fn judge_clock(
        &self,
        pump: &Pump,
        decoded: &Decoded,
        page: &Page,
        report: &mut Report,
    ) -> PumpClock {
        let fetched = decoded.events.last().map(|event| event.pump_time);
        let evidence = Evidence {
            newest: newest_reading(pump, fetched, page),
            last_upload: pump.last_upload,
            now: self.now,
        };
        let clock = PumpClock::judge(self.config.zone, &decoded.clock_changes, &evidence);
        log::debug!(
            "pump {}: clock judged as {:?}",
            pump.serial,
            clock.verdict()
        );
        if let Some(doubt) = clock.verdict().doubt() {
            let zone = self.config.zone.name();
            report.warn(format!(
                "pump {}: {doubt}. {} (it is {zone} now)",
                pump.serial,
                Verdict::ADVICE
            ));
        }
        clock
    }
}

/// What the pump's clock showed at the newest event known: of those fetched where they reach up to now, else what the
/// account says, as long as that is no nonsense.
fn newest_reading(pump: &Pump, fetched: Option<PumpTime>, page: &Page) -> Option<PumpTime> {
    let recorded = pump
        .plausible_newest()
        .filter(|recorded| recorded.date() > page.last_day);
    recorded.map(PumpTime::new).or(fetched)
}

/// The state that is newer.
pub(super) fn later(one: Option<DeviceState>, other: Option<DeviceState>) -> Option<DeviceState> {
    one.into_iter().chain(other).max_by_key(|state| state.at)
}
