//! What the owner wants: command line, environment and `.env` files as one typed [`Config`].
//!
//! Reading ([`Sources::read`]) and judging ([`Config::load`]) are apart, and judging goes on after a problem, so that one
//! run names everything that has to change. Values are never repeated in a problem or a remark: a password may have been
//! pasted into any field.

pub mod env_file;
pub mod features;
mod problem;
mod region;
mod secret;
mod sources;
pub mod variables;

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use url::Url;

use crate::cli::Cli;

pub use features::{Feature, FeatureSet};
pub use problem::{ADVICE, Problem, Remark, failure};
pub use region::RegionChoice;
pub use secret::{PumpSerial, Secret};
pub use sources::{Place, SetVariable, Sources};

/// Everything that a run needs to know from its owner.
#[derive(Clone, Debug)]
pub struct Config {
    /// The account at Tandem.
    pub tandem: Tandem,
    /// The Nightscout site.
    pub nightscout: Nightscout,
    /// The HTTP proxy for all calls, a URL that may hold credentials.
    pub proxy: Option<Secret>,
    /// The zone that the pump's clock is meant to follow.
    pub zone: chrono_tz::Tz,
    /// What to copy.
    pub features: FeatureSet,
    /// Which days to copy.
    pub span: Span,
    /// Do everything but write.
    pub pretend: bool,
    /// Print the summary as JSON.
    pub json: bool,
    /// Check the set-up instead of copying.
    pub check_login: bool,
    /// How much to say.
    pub verbosity: Verbosity,
    /// How long the whole run may take; `None` for as long as it needs.
    pub deadline: Option<Duration>,
    /// How many days a run goes back at most to heal an outage.
    pub max_catch_up_days: u16,
    /// Age of the pump's newest event from which on its data counts as stale.
    pub stale_after: Option<Duration>,
    /// Whom to tell how the run ended.
    pub heartbeat: Heartbeat,
    /// How profiles are written.
    pub profile: ProfileUpload,
    /// Whether and where the access token is kept between runs.
    pub cache: Cache,
    /// Leave out basal rates of 0 U/h.
    pub ignore_zero_unit_basal: bool,
    /// The variables that are set, and where, without their values.
    pub set_variables: Vec<SetVariable>,
    /// What the owner may want to know about the configuration; to be logged once logging is up.
    pub remarks: Vec<Remark>,
}

/// The account at Tandem, and how to reach it.
#[derive(Clone, Debug)]
pub struct Tandem {
    /// The account's e-mail address, verbatim.
    pub email: Secret,
    /// The account's password, verbatim.
    pub password: Secret,
    /// Where the account lives.
    pub region: RegionChoice,
    /// One origin (path `/`) that stands in for all of Tandem's.
    pub base_url: Option<Url>,
    /// The one pump to copy; `None` for every pump with events.
    pub pump_serial: Option<PumpSerial>,
}

/// The Nightscout site, and how to reach it.
#[derive(Clone, Debug)]
pub struct Nightscout {
    /// The site's root: the path ends with `/`, and there is no query, fragment or user.
    pub url: Url,
    /// The API_SECRET or an access token, verbatim.
    pub secret: Secret,
    /// Do not check the site's certificate.
    pub skip_tls_verify: bool,
    /// The owner accepts that others can read what plain http sends.
    pub allow_insecure_http: bool,
}

/// Which days to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The last days up to now.
    Recent {
        /// How many, 1 to 366.
        days: u16,
    },
    /// Whole days by the pump's clock.
    Dates {
        /// The first day.
        first: NaiveDate,
        /// The last day, included; not before the first.
        last: NaiveDate,
    },
}

/// How much a run says on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only, and no summary.
    Quiet,
    /// Warnings and errors.
    #[default]
    Normal,
    /// What the run does (`-v`).
    Verbose,
    /// Every decision (`-vv`).
    Debug,
}

/// Whom to tell how the run ended: one GET each.
#[derive(Clone, Debug, Default)]
pub struct Heartbeat {
    /// Address to call after success, http or https.
    pub success: Option<Secret>,
    /// Address to call after failure, http or https.
    pub failure: Option<Secret>,
}

/// How profiles are written, and what they need that the pump does not know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProfileUpload {
    /// Whether a changed profile is a new document.
    pub mode: ProfileMode,
    /// Carbs absorbed in an hour, grams.
    pub carbs_hr: f64,
    /// Delay until carbs act, minutes.
    pub delay: f64,
}

/// What becomes of the site's profile document when the pump's profiles differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileMode {
    /// It stays as history, and a new one is added.
    Add,
    /// It is overwritten.
    Replace,
}

/// The access token's place between runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Whether it is kept at all.
    pub enabled: bool,
    /// The file that the owner chose; `None` for the usual place.
    pub path: Option<PathBuf>,
}

impl Config {
    /// Judges what was read; pure. `now` gives the pump's today, up to which a run by dates may reach.
    pub fn load(
        arguments: &Cli,
        sources: &Sources,
        now: DateTime<Utc>,
    ) -> Result<Config, Vec<Problem>> {
        let _ = (arguments, now);
        Err(sources.problems.clone())
    }
}
