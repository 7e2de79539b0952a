//! Remarks about variables that are set without a use here, and about configurations that may be two people's.

use log::Level;

use super::reader::Reader;
use super::sources::Place;
use super::variables::{Group, Variable};

/// Notes what is set and does nothing.
pub(super) fn remark(reader: &mut Reader) {
    let set = reader.sources().set_variables();
    let names = |group| {
        let of_group = set.iter().filter(|found| found.variable.group == group);
        let names: Vec<&str> = of_group.map(|found| found.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(names) = names(Group::WebApp) {
        reader.remark(
            Level::Warn,
            format!(
                "The web app's variables have no use any more ({names}): Heroku Scheduler or cron starts each run, and there \
                 is no page to protect. Remove them"
            ),
        );
    }
    if let Some(names) = names(Group::Ignored) {
        reader.remark(
            Level::Debug,
            format!("tconnectsync's variables without a meaning here: {names}"),
        );
    }
    unknown_names(reader);
    only_in_the_environment(reader);
    several_files(reader);
}

/// A misspelt optional variable would otherwise be ignored in silence. Only names from the environment are repeated: a
/// line of a file may have lost its equals sign, and then the name holds the value.
fn unknown_names(reader: &mut Reader) {
    let is_ours = |name: &str| {
        ["TCONNECT", "NS_", "NIGHTSCOUT_", "HEARTBEAT_"]
            .iter()
            .any(|beginning| name.starts_with(beginning))
    };
    let sources = reader.sources();
    for name in sources.names() {
        if !is_ours(name) || Variable::named(name).is_some() || Variable::of_file(name).is_some() {
            continue;
        }
        let text = if sources.environment.get(name).is_some() {
            if is_service_link(name) {
                continue;
            }
            format!("{name} is not a variable of this program: is it misspelt?")
        } else {
            "A .env file sets a variable whose name begins like this program's but is none of them: is it misspelt?"
                .to_owned()
        };
        reader.remark(Level::Warn, text);
    }
}

/// Whether Kubernetes sets a variable of this name for a service that runs beside the program, such as
/// `NIGHTSCOUT_SERVICE_HOST` or `NS_PORT_80_TCP_ADDR` (Kubernetes, "Service", environment variables). None of ours is
/// spelt so.
fn is_service_link(name: &str) -> bool {
    let of_a_port = |rest: &str| {
        let mut parts = rest.split('_');
        parts.next().is_some_and(|port| port.parse::<u16>().is_ok())
            && matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"))
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.split("_PORT_").skip(1).any(of_a_port)
}

/// The HTTP library reads `HTTPS_PROXY` and `SSL_CERT_FILE` itself, from the environment.
fn only_in_the_environment(reader: &mut Reader) {
    for (name, instead) in [
        ("HTTPS_PROXY", "REQUESTS_PROXY"),
        ("SSL_CERT_FILE", "NS_CA_FILE"),
    ] {
        if let Some((_, Place::File(file))) = reader.sources().value(name) {
            reader.remark(
                Level::Warn,
                format!("{name} counts in the environment only; in {file} write {instead}"),
            );
        }
    }
    if reader.sources().value("HTTPS_PROXY_FILE").is_some() {
        let text = "HTTPS_PROXY_FILE is not read: write REQUESTS_PROXY_FILE";
        reader.remark(Level::Warn, text);
    }
}

/// The home directory's file fills what another file leaves out. Where that makes one configuration of two people's
/// files, one person's insulin would show up on the other's site.
fn several_files(reader: &mut Reader) {
    let needed = ["TCONNECT_EMAIL", "TCONNECT_PASSWORD", "NS_URL", "NS_SECRET"];
    let mut files: Vec<String> = needed
        .iter()
        .filter_map(|name| match reader.found(name)?.place {
            Place::File(file) => Some(file),
            Place::Environment => None,
        })
        .collect();
    files.sort();
    files.dedup();
    if files.len() > 1 {
        reader.remark(
            Level::Warn,
            format!(
                "Account and site are set in two files, {}: are both the same person's?",
                files.join(" and ")
            ),
        );
    }
}
