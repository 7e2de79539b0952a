//! What a run was to do, as far as its documents depend on it: the configuration without addresses, secrets and names.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::aliases::Aliases;
use super::dates::Shift;
use crate::config::{
    Cache, Config, FeatureSet, Nightscout, ProfileMode, ProfileUpload, PumpSerial, RegionChoice,
    Secret, Span, Tandem, Verbosity,
};
use crate::failure::{ExitStatus, Failure};

/// The options of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RunOptions {
    features: String,
    days: Option<u16>,
    first_day: Option<NaiveDate>,
    last_day: Option<NaiveDate>,
    region: String,
    /// Whether one address stood in for all of Tandem's.
    one_address_for_tandem: bool,
    site_without_tls: bool,
    pump: Option<String>,
    max_catch_up_days: u16,
    stale_after_seconds: Option<u64>,
    ignore_zero_unit_basal: bool,
    replace_profile: bool,
    carbs_hr: f64,
    delay: f64,
}

impl RunOptions {
    pub(super) fn of(config: &Config, shift: Shift, aliases: &mut Aliases) -> RunOptions {
        let (days, first_day, last_day) = match config.span {
            Span::Recent { days } => (Some(days), None, None),
            Span::Dates { first, last } => (None, Some(shift.date(first)), Some(shift.date(last))),
        };
        let region = config.tandem.region.name();
        let pump = config.tandem.pump_serial.as_ref();
        RunOptions {
            features: config.features.to_string(),
            days,
            first_day,
            last_day,
            region: region.to_owned(),
            one_address_for_tandem: config.tandem.base_url.is_some(),
            site_without_tls: config.nightscout.url.scheme() == "http",
            pump: pump.map(|serial| aliases.serial(serial.expose())),
            max_catch_up_days: config.max_catch_up_days,
            stale_after_seconds: config.stale_after.map(|limit| limit.as_secs()),
            ignore_zero_unit_basal: config.ignore_zero_unit_basal,
            replace_profile: config.profile.mode == ProfileMode::Replace,
            carbs_hr: config.profile.carbs_hr,
            delay: config.profile.delay,
        }
    }

    pub(super) fn shift(&mut self, shift: Shift) {
        for day in [&mut self.first_day, &mut self.last_day] {
            *day = day.map(|day| shift.date(day));
        }
    }

    /// The configuration of a run that only pretends, at addresses that there are not.
    ///
    /// # Errors
    /// With 78, where this version does not know what it is about.
    pub(super) fn config(&self, zone: Tz, (json, verbosity): (bool, Verbosity)) -> Result<Config> {
        let unknown = |what: &str| {
            Failure::new(
                ExitStatus::Configuration,
                format!("The file of --replay has {what} that this version does not know"),
                "Replay it with the version that it names, or a newer one",
            )
        };
        let secret = || Secret::new("of nobody").context("a constant");
        let span = match (self.days, self.first_day, self.last_day) {
            (Some(days), ..) => Span::Recent { days },
            (None, Some(first), Some(last)) if first <= last => Span::Dates { first, last },
            _ => return Err(unknown("days").into()),
        };
        let scheme = if self.site_without_tls {
            "http"
        } else {
            "https"
        };
        let serial = self.pump.as_ref().map(|serial| {
            PumpSerial::new(serial.as_str()).with_context(|| unknown("a serial number"))
        });
        let base_url = self
            .one_address_for_tandem
            .then(|| "https://tandem.invalid/".parse());
        Ok(Config {
            tandem: Tandem {
                email: secret()?,
                password: secret()?,
                region: RegionChoice::parse(&self.region).map_err(|_| unknown("a region"))?,
                base_url: base_url.transpose()?,
                pump_serial: serial.transpose()?,
            },
            nightscout: Nightscout {
                url: format!("{scheme}://site.invalid/").parse()?,
                secret: secret()?,
                // No connection is made.
                skip_tls_verify: true,
                ca_file: None,
            },
            proxy: None,
            zone,
            features: FeatureSet::parse(&self.features).map_err(|_| unknown("a feature"))?,
            span,
            pretend: true,
            json,
            verbosity,
            deadline: None,
            max_catch_up_days: self.max_catch_up_days,
            stale_after: self.stale_after_seconds.map(Duration::from_secs),
            profile: self.profile(),
            cache: Cache {
                enabled: false,
                path: None,
            },
            quiet_for: Default::default(),
            trusts_zone: true,
            state_directory: None::<PathBuf>,
            ignore_zero_unit_basal: self.ignore_zero_unit_basal,
        })
    }

    fn profile(&self) -> ProfileUpload {
        ProfileUpload {
            mode: match self.replace_profile {
                true => ProfileMode::Replace,
                false => ProfileMode::Add,
            },
            carbs_hr: self.carbs_hr,
            delay: self.delay,
        }
    }
}
