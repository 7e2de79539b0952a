//! Remarks about variables that no row of the table knows: most are misspelt, and would be ignored in silence.

use super::env_file::EnvFile;
use super::reader::Reader;
use super::variables::{VARIABLES, Variable};

/// Notes the unknown variables of the environment and of the files.
pub(super) fn remark(reader: &mut Reader) {
    let sources = reader.sources();
    let in_environment = sources.environment.names();
    let mut remarks: Vec<String> = in_environment.filter_map(of_environment).collect();
    for file in &sources.files {
        let mut lines: Vec<(usize, &String)> = file
            .lines
            .iter()
            .map(|(name, line)| (*line, name))
            .collect();
        lines.sort_unstable();
        let unknown = lines.into_iter().filter(|(_, name)| !is_known(name));
        remarks.extend(unknown.filter_map(|(line, name)| of_file(file, name, line)));
    }
    for text in remarks {
        reader.warn(text);
    }
}

fn is_known(name: &str) -> bool {
    Variable::named(name).is_some() || Variable::of_file(name).is_some()
}

/// The environment holds the variables of many programs.
fn of_environment(name: &str) -> Option<String> {
    if is_known(name) || is_service_link(name) {
        return None;
    }
    match nearest(name) {
        Some(nearest) if begins_like_ours(name) || edits(name, nearest) <= 1 => Some(format!(
            "{name} is not a variable of this program: did you mean {nearest}?"
        )),
        None if begins_like_ours(name) => Some(format!(
            "{name} is not a variable of this program: is it misspelt?"
        )),
        _ => None,
    }
}

/// A line of a file may have lost its equals sign, and then the name holds the value: only a name that is nearly one of
/// ours, and does not go on after one of ours, is repeated.
fn of_file(file: &EnvFile, name: &str, line: usize) -> Option<String> {
    let place = &file.name;
    let ours = VARIABLES.iter().map(|variable| variable.name);
    let begun = ours.filter(|ours| ours.len() > 3 && name.starts_with(ours));
    if let Some(begun) = begun.max_by_key(|ours| ours.len()) {
        return Some(format!(
            "{place} line {line} begins with {begun}, but no = follows that name: is it misspelt?"
        ));
    }
    match nearest(name) {
        Some(nearest) => Some(format!(
            "{place} line {line}: {name} is not a variable of this program: did you mean {nearest}?"
        )),
        None if begins_like_ours(name) => Some(format!(
            "{place} line {line} sets a variable whose name begins like this program's but is none of them: is it misspelt?"
        )),
        None => None,
    }
}

fn begins_like_ours(name: &str) -> bool {
    ["TCONNECT", "NS_", "NIGHTSCOUT_", "HEARTBEAT_"]
        .iter()
        .any(|beginning| name.starts_with(beginning))
}

/// What other programs and people call our variables.
const OTHER_NAMES: [(&str, &str); 20] = [
    ("EMAIL", "TCONNECT_EMAIL"),
    ("TANDEM_EMAIL", "TCONNECT_EMAIL"),
    ("TCONNECT_USER", "TCONNECT_EMAIL"),
    ("TCONNECT_USERNAME", "TCONNECT_EMAIL"),
    ("PASSWORD", "TCONNECT_PASSWORD"),
    ("TANDEM_PASSWORD", "TCONNECT_PASSWORD"),
    ("REGION", "TCONNECT_REGION"),
    ("NIGHTSCOUT_URL", "NS_URL"),
    ("NIGHTSCOUT_SECRET", "NS_SECRET"),
    ("NIGHTSCOUT_API_SECRET", "NS_SECRET"),
    ("NIGHTSCOUT_TOKEN", "NS_SECRET"),
    ("NS_API_SECRET", "NS_SECRET"),
    ("NS_TOKEN", "NS_SECRET"),
    ("TIMEZONE", "TIMEZONE_NAME"),
    ("TIME_ZONE", "TIMEZONE_NAME"),
    ("TIME_ZONE_NAME", "TIMEZONE_NAME"),
    ("PUMP_SERIAL", "PUMP_SERIAL_NUMBER"),
    ("FEATURES", "TCONNECTSYNC_HEROKU_FEATURES"),
    ("TCONNECTSYNC_FEATURES", "TCONNECTSYNC_HEROKU_FEATURES"),
    ("HEARTBEAT", "HEARTBEAT_URL"),
];

/// The variable that a name was probably meant to be: one that another word is usual for, or that few letters keep apart.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_uppercase();
    let usual = OTHER_NAMES.iter().find(|(other, _)| *other == name);
    if let Some((_, meant)) = usual {
        return Some(meant);
    }
    let of_use = VARIABLES
        .iter()
        .filter(|variable| variable.is_of_use() && variable.name.len() > 3);
    let nearest = of_use
        .min_by_key(|variable| edits(&name, variable.name))?
        .name;
    // A short name is soon like any other.
    let most = if nearest.len() < 8 { 1 } else { 3 };
    (edits(&name, nearest) <= most).then_some(nearest)
}

/// How many letters keep two names apart, capitals or not.
fn edits(one: &str, other: &str) -> usize {
    strsim::osa_distance(&one.to_ascii_uppercase(), other)
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
