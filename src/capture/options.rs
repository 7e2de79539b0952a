//! What a run was asked to do: the part of the configuration that its documents depend on, without addresses, secrets and names.

use anyhow::{Context as _, Result};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::aliases::Aliases;
use super::dates::Shift;
use crate::config::{self, Cli, Config, ProfileMode, Reading, Sources, Span, Values, Verbosity};
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

    /// The configuration of a run that only pretends, with addresses that do not exist.
    ///
    /// # Errors
    /// With 78 if this version does not know an option.
    pub(super) fn config(
        &self,
        zone: Tz,
        now: DateTime<Utc>,
        (json, verbosity): (bool, Verbosity),
    ) -> Result<Config> {
        let arguments = Cli {
            pretend: true,
            json,
            days: self.days,
            start_date: self.first_day,
            end_date: self.last_day,
            ..Cli::default()
        };
        let sources = Sources {
            environment: self.variables(zone),
            ..Sources::default()
        };
        let reading = Reading::new(&arguments, &sources, now);
        let known = reading.config.with_context(|| {
            let problems = config::failure(&reading.problems).what;
            Failure::new(
                ExitStatus::Configuration,
                format!(
                    "The file of --replay has options that this version does not know: {problems}"
                ),
                "Replay it with the version that it names, or a newer one",
            )
        })?;
        Ok(Config { verbosity, ..known })
    }

    /// What the environment of such a run holds.
    fn variables(&self, zone: Tz) -> Values {
        let mut variables = Values::default();
        let mut set = |name: &str, value: &dyn ToString| variables.insert(name, value.to_string());
        for name in ["TCONNECT_EMAIL", "TCONNECT_PASSWORD", "NS_SECRET"] {
            set(name, &"of nobody");
        }
        set("TCONNECT_REGION", &self.region);
        if self.one_address_for_tandem {
            set("TCONNECT_BASE_URL", &"https://tandem.invalid/");
        }
        if let Some(serial) = &self.pump {
            set("PUMP_SERIAL_NUMBER", serial);
        }
        set("CACHE_CREDENTIALS", &false);
        let scheme = if self.site_without_tls {
            "http"
        } else {
            "https"
        };
        set("NS_URL", &format!("{scheme}://site.invalid/"));
        set("NS_ALLOW_INSECURE_HTTP", &true);
        // No connection is made.
        set("NS_SKIP_TLS_VERIFY", &true);
        set("TIMEZONE_NAME", &zone);
        set("TCONNECTSYNC_HEROKU_TRUST_TIMEZONE", &true);
        set("TCONNECTSYNC_HEROKU_FEATURES", &self.features);
        set("TCONNECTSYNC_HEROKU_DEADLINE_SECS", &0);
        let catch_up = self.max_catch_up_days;
        set("TCONNECTSYNC_HEROKU_MAX_CATCH_UP_DAYS", &catch_up);
        if let Some(seconds) = self.stale_after_seconds {
            set("TCONNECTSYNC_HEROKU_STALE_HOURS", &(seconds / 3600));
        }
        set("IGNORE_ZERO_UNIT_BASAL", &self.ignore_zero_unit_basal);
        if self.replace_profile {
            set("NIGHTSCOUT_PROFILE_UPLOAD_MODE", &"replace");
        }
        set("NIGHTSCOUT_PROFILE_CARBS_HR_VALUE", &self.carbs_hr);
        set("NIGHTSCOUT_PROFILE_DELAY_VALUE", &self.delay);
        variables
    }
}
