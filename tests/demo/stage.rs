//! Both services and a made-up pump, and the configuration with which a user would copy from one to the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use clap::Parser;
use tconnectsync_heroku::config::Cli;
use tconnectsync_heroku::config::{Config, Reading, Sources, failure};

use super::Arguments;
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};
use crate::simulator::tandem::Tandem;

/// Where the pump and its owner are.
pub const ZONE: Tz = chrono_tz::America::New_York;

/// The simulators, filled.
pub struct Stage {
    pub tandem: Tandem,
    pub nightscout: Nightscout,
    pub history: Arc<History>,
    days: u16,
}

impl Stage {
    /// Starts both services. The pump has been in use for a day longer than is copied at `now`, and its history ends at
    /// `end`.
    pub fn set(arguments: &Arguments, now: DateTime<Utc>, end: DateTime<Utc>) -> Stage {
        let start = now - Duration::days(i64::from(arguments.days) + 1);
        let mut plan = Plan::days(arguments.seed, 1)
            .between(start, end)
            .in_zone(ZONE);
        if let Some(serial) = &arguments.serial {
            plan.serial.clone_from(serial);
        }
        let history = Arc::new(History::generate(&plan));
        let tandem = Tandem::start();
        tandem.add_history(Arc::clone(&history));
        let nightscout = Nightscout::version(Version::V15_0_7);
        let latency = time::Duration::from_millis(arguments.latency);
        tandem.set_latency(latency);
        nightscout.set_latency(latency);
        Stage {
            tandem,
            nightscout,
            history,
            days: arguments.days,
        }
    }

    /// What `status.json` says.
    pub fn nightscout_version(&self) -> &'static str {
        Version::V15_0_7.text()
    }

    /// Both services take this for now, and the pump has uploaded what it did until then.
    pub fn set_time(&self, now: DateTime<Utc>) {
        self.tandem.set_uploaded_until(now);
        self.nightscout.set_now(now);
    }

    /// The variables that a user would set, and those that lead to the simulators.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let account = self.tandem.account();
        [
            ("TCONNECT_EMAIL", account.email),
            ("TCONNECT_PASSWORD", account.password),
            ("TCONNECT_REGION", "US".to_owned()),
            ("TCONNECT_BASE_URL", self.tandem.url()),
            ("NS_URL", self.nightscout.url()),
            ("NS_SECRET", Nightscout::API_SECRET.to_owned()),
            ("TIMEZONE_NAME", ZONE.name().to_owned()),
            ("CACHE_CREDENTIALS", "false".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// The configuration of a run at an instant, from these variables alone.
    pub fn config(&self, now: DateTime<Utc>) -> Config {
        let days = format!("--days={}", self.days);
        let arguments = Cli::parse_from(["tconnectsync-heroku", &days]);
        let sources = Sources {
            environment: self.environment().into(),
            ..Sources::default()
        };
        let reading = Reading::new(&arguments, &sources, now);
        let config = reading.config;
        config.unwrap_or_else(|| panic!("{}", failure(&reading.problems)))
    }
}
