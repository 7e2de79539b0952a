//! What the pumps' events of a page ask for.

use std::collections::HashMap;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};

use super::Pass;
use crate::config::Feature;
use crate::nightscout::Collection;
use crate::nightscout::document::Treatment;
use crate::nightscout::entry::Entry;
use crate::pump::clock::Verdict;
use crate::pump::dating::{self, About};
use crate::pump::decode::Decoded;
use crate::report::Report;
use crate::tandem::{Pump, Session};
use crate::translate::device_status::{self, DeviceState};
use crate::translate::{self, History, TranslateOptions, cgm};
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
    /// What was fetched beside the pages to tell of the pumps' clocks, by pump and days.
    other_days: HashMap<(&'a str, Days), Decoded>,
}

/// The first and the last of some days by a pump's clock.
type Days = (NaiveDate, NaiveDate);

impl<'a> PumpSide<'a> {
    pub(super) fn new(pass: &'a Pass<'a>, session: Session, pumps: Vec<&'a Pump>) -> Self {
        PumpSide {
            pass,
            session,
            pumps,
            other_days: HashMap::new(),
        }
    }

    /// What the pumps' events of a page ask for.
    pub(super) fn wanted(&mut self, page: &Page, report: &mut Report) -> Result<Wanted> {
        let Pass { config, .. } = self.pass;
        let features = &config.features;
        let options = TranslateOptions {
            features,
            ignore_zero_unit_basal: config.ignore_zero_unit_basal,
        };
        let whole_span = page.whole(config.zone);
        let mut wanted = Wanted::default();
        let days = page.days();
        for pump in self.pumps.clone() {
            let decoded = self.fetch(pump, (page.first_day, page.last_day))?;
            let about = About {
                zone: config.zone,
                newest: pump.plausible_newest(),
                last_upload: pump.last_upload,
                now: self.pass.now,
            };
            let dated = dating::date(&about, &days, decoded, |first, last| {
                self.fetch_once(pump, (first, last))
            })?;
            self.pass.tell_verdict(pump, &dated.verdict, report);
            wanted.doubtful_from = (dated.doubtful_from.into_iter())
                .chain(wanted.doubtful_from)
                .min();
            report.skipped.merge(dated.skipped);
            let events = dated.events;
            let history = History {
                serial: &pump.serial,
                events: &events,
            };
            report.newest_event = report.newest_event.max(history.newest());
            let treatments = translate::treatments(&history, &options).into_iter();
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

    fn fetch(&mut self, pump: &Pump, (first, last): Days) -> Result<Decoded> {
        let logs = self.session.pump_logs(pump, first, last)?;
        Decoded::from_logs([&logs])
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

impl Pass<'_> {
    /// Warns of what speaks against the judgement of a pump's clock.
    fn tell_verdict(&self, pump: &Pump, verdict: &Verdict, report: &mut Report) {
        log::debug!("pump {}: clock judged as {verdict:?}", pump.serial);
        if let Some(doubt) = verdict.doubt() {
            let zone = self.config.zone.name();
            report.warn(format!(
                "pump {}: {doubt}. {} (it is {zone} now)",
                pump.serial,
                Verdict::ADVICE
            ));
        }
    }
}

/// The state that is newer.
pub(super) fn later(one: Option<DeviceState>, other: Option<DeviceState>) -> Option<DeviceState> {
    one.into_iter().chain(other).max_by_key(|state| state.at)
}
