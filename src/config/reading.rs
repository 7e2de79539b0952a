//! What the command line, the environment and the files say, judged part by part.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::reader::Reader;
use super::{
    Cache, Cli, Config, FeatureSet, Heartbeat, Nightscout, PageFiles, Problem, ProfileUpload,
    Remark, Secret, SetVariable, Sources, Span, Tandem, deadline, features, unused_variables,
    values, zone,
};

/// What was read: each part that is in order, and what is wrong with the others. A run needs all parts; a check goes on with
/// those that it has.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The account at Tandem.
    pub(crate) tandem: Option<Tandem>,
    /// The Nightscout site.
    pub(crate) nightscout: Option<Nightscout>,
    /// The HTTP proxy, if there is one.
    pub proxy: Option<Option<Secret>>,
    /// The zone that the pump's clock is meant to follow.
    pub(crate) zone: Option<chrono_tz::Tz>,
    /// What to copy; the default where the list has a problem.
    pub(crate) features: FeatureSet,
    /// How long a run may take; `None` for as long as it needs.
    pub(crate) deadline: Option<Duration>,
    /// Whom to tell how the run ended; nobody if the proxy has a problem, since nothing may bypass it.
    pub heartbeat: Heartbeat,
    /// Where a run tells of itself besides the log.
    pub page_files: PageFiles,
    /// All of it, if no part has a problem.
    pub config: Option<Config>,
    /// The variables that are set, and where, without their values.
    pub set_variables: Vec<SetVariable>,
    /// Where variables were looked for.
    pub looked: String,
    /// What must change before a run.
    pub problems: Vec<Problem>,
    /// What the owner may want to know.
    pub remarks: Vec<Remark>,
}

impl Reading {
    /// Judges what was read; pure. `now` gives the pump's today, up to which a run by dates may reach.
    pub fn new(arguments: &Cli, sources: &Sources, now: DateTime<Utc>) -> Reading {
        let mut reader = Reader::new(sources);
        let reading = Reading::parts(arguments, &mut reader, now);
        if !sources.unreadable.is_empty() {
            // What seems to be missing is probably in there.
            reader.problems.clone_from(&sources.unreadable);
        }
        Reading {
            config: reading.config.filter(|_| reader.problems.is_empty()),
            problems: reader.problems,
            remarks: reader.remarks,
            ..reading
        }
    }

    /// The parts, without what the reader notes meanwhile.
    fn parts(arguments: &Cli, reader: &mut Reader, now: DateTime<Utc>) -> Reading {
        let tandem = Tandem::read(arguments, reader);
        let nightscout = Nightscout::read(reader);
        let zone = zone::zone(reader);
        let features = features::chosen(&arguments.features, reader);
        let today = zone.map(|zone| now.with_timezone(&zone).date_naive());
        let span = today.and_then(|today| Span::read(arguments, reader, today));
        let deadline = deadline(arguments, reader);
        let mut reading = Reading {
            tandem,
            nightscout,
            proxy: reader.optional("REQUESTS_PROXY", values::proxy),
            zone,
            features: features.unwrap_or_default(),
            deadline: deadline.flatten(),
            heartbeat: Heartbeat::read(reader),
            page_files: PageFiles::read(arguments, reader),
            config: None,
            set_variables: reader.sources().set_variables(),
            looked: reader.sources().where_it_looked(),
            problems: Vec::new(),
            remarks: Vec::new(),
        };
        if reading.proxy.is_none() {
            reading.heartbeat = Heartbeat::default();
        }
        reading.config = reading.whole(arguments, reader, span);
        unused_variables::remark(reader);
        reading
    }

    /// All parts, and the other settings of a run; `None` if one of them has a problem, which its reader has noted.
    fn whole(&self, arguments: &Cli, reader: &mut Reader, span: Option<Span>) -> Option<Config> {
        let catch_up = values::within(1_u16..=366);
        let max_catch_up_days = reader.setting("TCONNECTSYNC_HEROKU_MAX_CATCH_UP_DAYS", catch_up);
        let stale_after =
            reader.optional("TCONNECTSYNC_HEROKU_STALE_HOURS", values::hours(1..=8760));
        let quiet_for = reader.setting("TCONNECTSYNC_HEROKU_QUIET_HOURS", values::hours(0..=168));
        let trusts_zone = reader.setting("TCONNECTSYNC_HEROKU_TRUST_TIMEZONE", values::boolean);
        let ignore_zero_unit_basal = reader.setting("IGNORE_ZERO_UNIT_BASAL", values::boolean);
        let profile = ProfileUpload::read(reader);
        let cache = Cache::read(reader);
        Some(Config {
            tandem: self.tandem.clone()?,
            nightscout: self.nightscout.clone()?,
            proxy: self.proxy.clone()?,
            zone: self.zone?,
            features: self.features.clone(),
            span: span?,
            pretend: arguments.pretend,
            json: arguments.json,
            verbosity: arguments.verbosity(),
            deadline: self.deadline,
            max_catch_up_days: max_catch_up_days?,
            stale_after: stale_after?,
            quiet_for: quiet_for?,
            trusts_zone: trusts_zone?,
            profile: profile?,
            cache: cache?,
            state_directory: reader.sources().state_directory(),
            ignore_zero_unit_basal: ignore_zero_unit_basal?,
        })
    }
}
