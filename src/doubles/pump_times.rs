//! When the pump's events happened, by their numbers. This shows which of two documents about one event is right.

use std::collections::HashMap;

use anyhow::Result;
use chrono::{DateTime, Utc};

use crate::config::Config;
use crate::failure;
use crate::http::RunLimits;
use crate::pass::pumps;
use crate::report::Report;
use crate::tandem::{self, Memory, Pumper, Session};
use crate::window::Page;

/// The instants of events, by number.
#[derive(Debug, Default)]
pub(super) struct Times(HashMap<i64, Vec<DateTime<Utc>>>);

impl Times {
    /// The instant of the event with this number; `None` if unknown, or if two pumps have such an event.
    pub(super) fn instant(&self, number: i64) -> Option<DateTime<Utc>> {
        match self.0.get(&number).map(Vec::as_slice) {
            Some([instant]) => Some(*instant),
            _ => None,
        }
    }
}

/// Fetches from Tandem Source when first needed.
pub(super) struct PumpTimes<'a> {
    config: &'a Config,
    now: DateTime<Utc>,
    limits: &'a RunLimits,
    account: Option<(Session, Pumper)>,
    /// Whether signing in failed.
    failed: bool,
}

impl<'a> PumpTimes<'a> {
    pub(super) fn new(config: &'a Config, now: DateTime<Utc>, limits: &'a RunLimits) -> Self {
        PumpTimes {
            config,
            now,
            limits,
            account: None,
            failed: false,
        }
    }

    /// The instants of a page's events. If they cannot be fetched, a warning says that undecided documents stay.
    pub(super) fn of(&mut self, page: &Page, warnings: &mut Vec<String>) -> Times {
        // Tandem locks an account after a few rejected logins: no page tries again.
        if self.failed {
            return Times::default();
        }
        self.ask(page).unwrap_or_else(|error| {
            self.failed = self.account.is_none();
            warnings.push(format!(
                "the pump's history could not be asked, so that of two documents of tconnectsync's own for one event both stay: \
                 {}",
                failure::message(&error)
            ));
            Times::default()
        })
    }

    fn ask(&mut self, page: &Page) -> Result<Times> {
        let config = self.config;
        let (session, account) = match &mut self.account {
            Some(account) => account,
            none => {
                let proxy = config.proxy.as_ref();
                let client = tandem::client(&config.tandem, proxy, self.limits.clone())?;
                let memory = Memory::new(config, self.now);
                let mut session = Session::open(client, &config.tandem, memory)?;
                let account = session.pumper()?;
                none.insert((session, account))
            }
        };
        let serial = config.tandem.pump_serial.as_ref();
        // Its warnings are for an ordinary run to print.
        let mut report = Report::new(self.now, config.zone, true);
        let pumps = pumps::choose(account, serial, page.window, config.zone, &mut report)?;
        let mut times = Times::default();
        for pump in pumps {
            let mut source = pumps::LogsAlone {
                session,
                pump,
                trusts_zone: config.trusts_zone,
            };
            let dated = source.dated(page, config.zone, self.now)?;
            // Events that may be an hour off decide nothing.
            let in_doubt = dated.doubt.map(|doubt| doubt.events).unwrap_or_default();
            let known = dated.events.iter();
            for event in known.filter(|event| !in_doubt.contains(&event.event.id)) {
                let instants = times.0.entry(event.event.id.number).or_default();
                if !instants.contains(&event.at) {
                    instants.push(event.at);
                }
            }
        }
        Ok(times)
    }
}
