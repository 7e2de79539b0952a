//! What the command line, the environment and the files say, judged part by part.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::reader::Reader;
use super::{
    Cache, Cli, Config, FeatureSet, Heartbeat, Nightscout, Problem, ProfileUpload, Remark, Secret,
    SetVariable, Sources, Span, Tandem, deadline, features, unused_variables, values, zone,
};

/// What was read: each part that is in order, and what is wrong with the others. A check goes on with the parts where a
/// run would not start.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The account at Tandem.
    pub tandem: Option<Tandem>,
    /// The Nightscout site.
    pub nightscout: Option<Nightscout>,
    /// The HTTP proxy, if there is one.
    pub proxy: Option<Option<Secret>>,
    /// The zone that the pump's clock is meant to follow.
    pub zone: Option<chrono_tz::Tz>,
    /// What to copy; the default where the list has a problem.
    pub features: FeatureSet,
    /// How long a run may take; `None` for as long as it needs.
    pub deadline: Option<Duration>,
    /// Whom to tell how the run ended; nobody where the proxy has a problem, since nothing may be sent around it.
    pub heartbeat: Heartbeat,
    /// All of it, if no part has a problem.
    pub config: Option<Config>,
    /// The variables that are set, and where, without their values.
    pub set_variables: Vec<SetVariable>,
    /// What must change before a run.
    pub problems: Vec<Problem>,
    /// What the owner may want to know.
    pub remarks: Vec<Remark>,
}

impl Reading {
    /// Judges what was read; pure. `now` gives the pump's today, up to which a run by dates may reach.
    pub fn new(arguments: &Cli, sources: &Sources, now: DateTime<Utc>) -> Reading {
        let reader = &mut Reader::new(sources);
        let tandem = Tandem::read(arguments, reader);
        let nightscout = Nightscout::read(reader);
        let zone = zone::zone(reader);
        let features = features::chosen(&arguments.features, reader);
        let span = zone
            .and_then(|zone| Span::read(arguments, reader, now.with_timezone(&zone).date_naive()));
        let deadline = deadline(arguments, reader);
        let max_catch_up_days = reader.setting(
            "TCONNECTSYNC_HEROKU_MAX_CATCH_UP_DAYS",
            values::within(1_u16..=366),
        );
        let stale_hours = reader.optional(
            "TCONNECTSYNC_HEROKU_STALE_HOURS",
            values::within(1_u64..=8760),
        );
        let mut address = |name| reader.optional(name, values::heartbeat).flatten();
        let heartbeat = Heartbeat {
            success: address("HEARTBEAT_URL"),
            failure: address("HEARTBEAT_FAIL_URL"),
        };
        let ignore_zero_unit_basal = reader.setting("IGNORE_ZERO_UNIT_BASAL", values::boolean);
        let profile = ProfileUpload::read(reader);
        let cache = Cache::read(reader);
        let proxy = reader.optional("REQUESTS_PROXY", values::proxy);
        unused_variables::remark(reader);
        let whole = || {
            Some(Config {
                tandem: tandem.clone()?,
                nightscout: nightscout.clone()?,
                proxy: proxy.clone()?,
                zone: zone?,
                features: features.clone()?,
                span: span?,
                pretend: arguments.pretend,
                json: arguments.json,
                verbosity: arguments.verbosity(),
                deadline: deadline?,
                max_catch_up_days: max_catch_up_days?,
                stale_after: stale_hours?.map(|hours| Duration::from_secs(3600 * hours)),
                profile: profile?,
                cache: cache?,
                state_directory: sources.state_directory(),
                ignore_zero_unit_basal: ignore_zero_unit_basal?,
            })
        };
        let config = whole().filter(|_| reader.problems.is_empty());
        Reading {
            config,
            tandem,
            nightscout,
            zone,
            features: features.unwrap_or_default(),
            deadline: deadline.flatten(),
            heartbeat: proxy
                .as_ref()
                .map_or_else(Heartbeat::default, |_| heartbeat),
            proxy,
            set_variables: sources.set_variables(),
            problems: std::mem::take(&mut reader.problems),
            remarks: std::mem::take(&mut reader.remarks),
        }
    }

    /// The configuration of a run, or all that keeps it from starting.
    pub fn into_config(self) -> Result<Config, Vec<Problem>> {
        self.config.ok_or(self.problems)
    }
}
