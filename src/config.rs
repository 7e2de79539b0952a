//! What the owner wants: command line, environment and `.env` files as one typed [`Config`].
//!
//! [`Sources::read`] reads and [`Reading::new`] judges. Judging goes on after a problem, so that one run names everything
//! that has to change. A problem or a remark never repeats a value that could be a secret, since a
//! password may have been pasted into any field; the name of a misspelt feature is shown.

mod address;
pub(crate) mod cli;
mod credentials;
pub mod env_file;
pub(crate) mod features;
mod problem;
mod reader;
mod reading;
mod region;
pub(crate) mod regular_file;
mod secret;
mod shown_path;
mod sources;
mod unknown_variables;
mod unused_variables;
mod values;
pub mod variables;
mod zone;

use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveDate;
use url::Url;

use reader::Reader;

pub use cli::Cli;
pub use features::{Collection, Feature, FeatureSet};
pub use problem::{Problem, failure, print};
pub use reading::Reading;
pub use region::RegionChoice;
pub use secret::{PumpSerial, Secret, Values};
pub use sources::{Place, Sources};

pub(crate) use address::is_this_machine;
pub(crate) use problem::{Remark, where_to_mend};
pub(crate) use shown_path::shown_path;
pub(crate) use sources::SetVariable;

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
    /// How much to say.
    pub verbosity: Verbosity,
    /// How long the whole run may take; `None` for as long as it needs.
    pub deadline: Option<Duration>,
    /// How many days a run goes back at most after an outage.
    pub max_catch_up_days: u16,
    /// If the pump's newest event is older than this, its data counts as stale.
    pub stale_after: Option<Duration>,
    /// How long a temporary failure must have lasted before a quiet run reports it.
    pub(crate) quiet_for: Duration,
    /// Whether to use `zone` even if the pump's uploads suggest another one.
    pub(crate) trusts_zone: bool,
    /// How profiles are written.
    pub profile: ProfileUpload,
    /// Whether and where the access token is kept between runs.
    pub cache: Cache,
    /// The directory for what is kept between runs; `None` if the environment names none.
    pub(crate) state_directory: Option<PathBuf>,
    /// Leave out basal rates of 0 U/h.
    pub ignore_zero_unit_basal: bool,
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
    /// A file of certificates (PEM) to trust as well as the machine's own.
    pub ca_file: Option<PathBuf>,
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

/// Where a run tells of itself besides the log.
#[derive(Clone, Debug, Default)]
pub struct PageFiles {
    /// The web page that each run replaces.
    pub html: Option<PathBuf>,
    /// The summary of a GitHub Actions job, which each run adds to.
    pub job_summary: Option<PathBuf>,
    /// What GitHub tells the job of its repository and its start, as JSON.
    pub job_event: Option<PathBuf>,
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

impl Tandem {
    fn read(arguments: &Cli, reader: &mut Reader) -> Option<Tandem> {
        let email = credentials::email(reader);
        let password = credentials::credential(reader, "TCONNECT_PASSWORD");
        let region = match arguments.region {
            Some(region) => Some(region),
            None => reader.setting("TCONNECT_REGION", RegionChoice::parse),
        };
        let base_url = address::tandem(reader);
        let same_places = ["TCONNECT_EMAIL", "TCONNECT_PASSWORD"]
            .map(|sent| reader.same_place("TCONNECT_BASE_URL", sent));
        let pump_serial = reader.optional("PUMP_SERIAL_NUMBER", values::pump_serial);
        same_places.into_iter().collect::<Option<()>>()?;
        Some(Tandem {
            email: email?,
            password: password?,
            region: region?,
            base_url: base_url?,
            pump_serial: pump_serial?.flatten(),
        })
    }
}

impl Nightscout {
    fn read(reader: &mut Reader) -> Option<Nightscout> {
        let allow_insecure_http = reader.setting("NS_ALLOW_INSECURE_HTTP", values::boolean);
        // If the permission has a problem, do not complain about the address as well.
        let url = address::nightscout(reader, allow_insecure_http.unwrap_or(true));
        let secret = credentials::nightscout_secret(reader);
        let same_place = reader.same_place("NS_URL", "NS_SECRET");
        let skip_tls_verify = reader.setting("NS_SKIP_TLS_VERIFY", values::boolean);
        if skip_tls_verify == Some(true) {
            reader.remark(
                log::Level::Info,
                "NS_SKIP_TLS_VERIFY is on: the certificate of the Nightscout site is not checked",
            );
        }
        let ca_file = reader.optional("NS_CA_FILE", values::path);
        let skips = (skip_tls_verify == Some(true)).then_some("NS_SKIP_TLS_VERIFY");
        let trusted = skips.into_iter().chain(["NS_CA_FILE"]);
        let trusted: Vec<_> = trusted
            .map(|name| reader.same_place(name, "NS_SECRET"))
            .collect();
        same_place?;
        trusted.into_iter().collect::<Option<()>>()?;
        Some(Nightscout {
            url: url?,
            secret: secret?,
            skip_tls_verify: skip_tls_verify?,
            ca_file: ca_file?,
        })
    }
}

impl Span {
    /// The command line's days; `today` by the pump's clock.
    fn read(arguments: &Cli, reader: &mut Reader, today: NaiveDate) -> Option<Span> {
        let Some(first) = arguments.start_date else {
            let days = arguments.days.unwrap_or(1);
            return Some(Span::Recent { days });
        };
        let last = arguments.end_date.unwrap_or(today);
        let (option, what) = if last < first && arguments.end_date.is_some() {
            ("--end-date", "lies before --start-date")
        } else if first > today {
            ("--start-date", "lies in the future")
        } else if last > today {
            ("--end-date", "lies in the future")
        } else {
            return Some(Span::Dates { first, last });
        };
        let problem = Problem::of_the_command_line(option, what);
        reader.problems.push(problem);
        None
    }
}

/// How long the run may take; 0 means without limit. A run by dates has no limit unless the owner sets one.
fn deadline(arguments: &Cli, reader: &mut Reader) -> Option<Option<Duration>> {
    const NAME: &str = "TCONNECTSYNC_HEROKU_DEADLINE_SECS";
    let explicit = reader.found(NAME).is_some();
    let seconds = reader.setting(NAME, values::within(0_u64..=86_400))?;
    let unlimited = seconds == 0 || (arguments.start_date.is_some() && !explicit);
    Some((!unlimited).then(|| Duration::from_secs(seconds)))
}

impl Heartbeat {
    /// The valid addresses.
    fn read(reader: &mut Reader) -> Heartbeat {
        let mut address = |name| reader.optional(name, values::heartbeat).flatten();
        Heartbeat {
            success: address("HEARTBEAT_URL"),
            failure: address("HEARTBEAT_FAIL_URL"),
        }
    }
}

impl PageFiles {
    /// A run that only pretends leaves the usual page as it is, unless it is asked for one.
    fn read(arguments: &Cli, reader: &mut Reader) -> PageFiles {
        let usual = reader.optional("TCONNECTSYNC_HEROKU_REPORT", values::path);
        let usual = usual.flatten().filter(|_| !arguments.pretend);
        let environment = &reader.sources().environment;
        let of_github = |name| environment.get(name).map(PathBuf::from);
        PageFiles {
            html: arguments.report.clone().or(usual),
            job_summary: of_github("GITHUB_STEP_SUMMARY"),
            job_event: of_github("GITHUB_EVENT_PATH"),
        }
    }
}

impl ProfileUpload {
    fn read(reader: &mut Reader) -> Option<ProfileUpload> {
        let mode = reader.setting("NIGHTSCOUT_PROFILE_UPLOAD_MODE", values::profile_mode);
        let carbs_hr = reader.setting(
            "NIGHTSCOUT_PROFILE_CARBS_HR_VALUE",
            values::within(1.0..=500.0),
        );
        let delay = reader.setting(
            "NIGHTSCOUT_PROFILE_DELAY_VALUE",
            values::within(0.0..=240.0),
        );
        Some(ProfileUpload {
            mode: mode?,
            carbs_hr: carbs_hr?,
            delay: delay?,
        })
    }
}

impl Cache {
    fn read(reader: &mut Reader) -> Option<Cache> {
        let enabled = reader.setting("CACHE_CREDENTIALS", values::boolean);
        let path = reader.optional("CACHE_CREDENTIALS_PATH", values::path);
        Some(Cache {
            enabled: enabled?,
            path: path?,
        })
    }
}
