//! Remarks about variables that have no effect here, and about configurations that may mix two people's.

use log::Level;

use super::reader::Reader;
use super::sources::Place;
use super::unknown_variables;
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
        reader.warn(format!(
                "The web app's variables have no effect any more ({names}): Heroku Scheduler or cron starts each run, and there \
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
    unknown_variables::remark(reader);
    cut_by_comments(reader);
    only_in_the_environment(reader);
    several_files(reader);
}

/// What looks like a comment after a secret may be part of the secret.
fn cut_by_comments(reader: &mut Reader) {
    let secret = |name: &str| Variable::named(name).is_some_and(|variable| variable.secret);
    for file in &reader.sources().files {
        for name in file.commented.iter().filter(|name| secret(name)) {
            let line = file.lines.get(name).copied().unwrap_or_default();
            let text = format!(
                "{} line {line}: the value of {name} ends before the #, which begins a comment. If the # belongs to the value, \
                 put the value between single quotes: {name}='...'",
                file.name
            );
            reader.warn(text);
        }
    }
}

/// The HTTP library reads `HTTPS_PROXY` and `SSL_CERT_FILE` itself, from the environment.
fn only_in_the_environment(reader: &mut Reader) {
    for (name, instead) in [
        ("HTTPS_PROXY", "REQUESTS_PROXY"),
        ("SSL_CERT_FILE", "NS_CA_FILE"),
    ] {
        if let Some((_, Place::File(file))) = reader.sources().value(name) {
            reader.warn(format!(
                "{name} counts in the environment only; in {file} write {instead}"
            ));
        }
    }
    if reader.sources().value("HTTPS_PROXY_FILE").is_some() {
        let text = "HTTPS_PROXY_FILE is not read: write REQUESTS_PROXY_FILE";
        reader.warn(text);
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
        reader.warn(format!(
            "Account and site are set in two files, {}: are both the same person's?",
            files.join(" and ")
        ));
    }
}
