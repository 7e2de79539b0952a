//! The parts of a configuration that are in order, for a check that goes on where a run would not.

use chrono::{DateTime, Utc};

use super::reader::Reader;
use super::{
    Config, FeatureSet, Heartbeat, Nightscout, Problem, Remark, Secret, SetVariable, Sources,
    Tandem, deadline, features, values, zone,
};
use crate::cli::Cli;

/// A configuration as far as it is usable; `None` stands for a part with a problem.
#[derive(Clone, Debug)]
pub struct Usable {
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
    pub deadline: Option<std::time::Duration>,
    /// All of it, where there is no problem in any part.
    pub whole: Option<Config>,
    /// The variables that are set, and where, without their values.
    pub set_variables: Vec<SetVariable>,
    /// What must change before a run.
    pub problems: Vec<Problem>,
    /// What the owner may want to know.
    pub remarks: Vec<Remark>,
}

impl Usable {
    /// Judges what was read, as [`Config::load`] does.
    pub fn read(arguments: &Cli, sources: &Sources, now: DateTime<Utc>) -> Usable {
        let mut reader = Reader::new(sources);
        let whole = Config::read(arguments, &mut reader, now);
        let Reader {
            problems, remarks, ..
        } = reader;
        // Reading is pure; what it has to say is noted above.
        let reader = &mut Reader::new(sources);
        Usable {
            tandem: Tandem::read(arguments, reader),
            nightscout: Nightscout::read(reader),
            proxy: proxy(reader),
            zone: zone::zone(reader),
            features: features::chosen(&arguments.features, reader).unwrap_or_default(),
            deadline: deadline(arguments, reader).flatten(),
            whole: whole.filter(|_| problems.is_empty()),
            set_variables: sources.set_variables(),
            problems,
            remarks,
        }
    }
}

impl Heartbeat {
    /// The addresses that are in order, and how to reach them; also of a configuration with problems elsewhere.
    pub fn usable(sources: &Sources) -> (Heartbeat, Option<Secret>) {
        let reader = &mut Reader::new(sources);
        let mut address = |name| reader.optional(name, values::heartbeat).flatten();
        let heartbeat = Heartbeat {
            success: address("HEARTBEAT_URL"),
            failure: address("HEARTBEAT_FAIL_URL"),
        };
        match proxy(reader) {
            Some(proxy) => (heartbeat, proxy),
            // Around a proxy that is asked for nothing may be sent.
            None => (Heartbeat::default(), None),
        }
    }
}

fn proxy(reader: &mut Reader) -> Option<Option<Secret>> {
    reader.optional("REQUESTS_PROXY", values::proxy)
}
