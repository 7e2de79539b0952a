//! Checks of single values, trimmed. The errors say what to write instead, and never repeat the value.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use url::Url;

use super::{ProfileMode, PumpSerial, Secret};

pub(super) fn boolean(value: &str) -> Result<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => bail!("must be true or false"),
    }
}

/// A number within a range, whole or not by its type.
pub(super) fn within<T: FromStr + PartialOrd + fmt::Display>(
    range: RangeInclusive<T>,
) -> impl FnOnce(&str) -> Result<T> {
    move |value| {
        let number = value.parse().ok().filter(|number| range.contains(number));
        number
            .with_context(|| format!("must be a number from {} to {}", range.start(), range.end()))
    }
}

/// Hours, a whole number of them within a range.
pub(super) fn hours(range: RangeInclusive<u64>) -> impl FnOnce(&str) -> Result<Duration> {
    move |value| within(range)(value).map(|hours| Duration::from_secs(3600 * hours))
}

/// The serial number; tconnectsync's default and all its examples say 11111111 for "none".
pub(super) fn pump_serial(value: &str) -> Result<Option<PumpSerial>> {
    if value == "11111111" {
        return Ok(None);
    }
    PumpSerial::new(value).map(Some).context(
        "must be the serial number's digits only, without # or spaces; leave it unset to copy every pump",
    )
}

pub(super) fn profile_mode(value: &str) -> Result<ProfileMode> {
    match value.to_ascii_lowercase().as_str() {
        "add" => Ok(ProfileMode::Add),
        "replace" => Ok(ProfileMode::Replace),
        _ => bail!("must be add or replace"),
    }
}

/// A file's path. A `~` would not be expanded, so it is an error.
pub(super) fn path(value: &str) -> Result<PathBuf> {
    ensure!(
        !value.starts_with('~'),
        "must be a whole path: ~ is not expanded here"
    );
    Ok(PathBuf::from(value))
}

/// An address to call, which may hold a key.
pub(super) fn heartbeat(value: &str) -> Result<Secret> {
    web_address(value)
        .and_then(Secret::new)
        .context("must be a whole address that begins with https:// or http://")
}

/// A proxy's URL; without a scheme it is http, as in tconnectsync.
pub(super) fn proxy(value: &str) -> Result<Secret> {
    let value = if value.contains("://") {
        value.to_owned()
    } else {
        format!("http://{value}")
    };
    web_address(&value)
        .and_then(Secret::new)
        .context("must be the address of an HTTP proxy, such as http://proxy.example:3128")
}

fn web_address(value: &str) -> Option<String> {
    let url = Url::parse(value).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}
