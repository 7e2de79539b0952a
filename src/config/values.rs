//! The small judgements: each takes a value without blanks around it and says what to write instead, never what it was.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

use super::{ProfileMode, PumpSerial, Secret};

pub(super) fn boolean(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

/// A number within a range, whole or not by its type.
pub(super) fn within<T: FromStr + PartialOrd + fmt::Display>(
    range: RangeInclusive<T>,
) -> impl FnOnce(&str) -> Result<T, String> {
    move |value| {
        let number = value.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("must be a number from {} to {}", range.start(), range.end()))
    }
}

/// The serial number; tconnectsync's default and all its examples say 11111111 for "none".
pub(super) fn pump_serial(value: &str) -> Result<Option<PumpSerial>, String> {
    if value == "11111111" {
        return Ok(None);
    }
    PumpSerial::new(value).map(Some).ok_or_else(|| {
        "must be the serial number's digits only, without # or blanks; leave it unset to copy every pump".to_owned()
    })
}

pub(super) fn profile_mode(value: &str) -> Result<ProfileMode, String> {
    match value.to_ascii_lowercase().as_str() {
        "add" => Ok(ProfileMode::Add),
        "replace" => Ok(ProfileMode::Replace),
        _ => Err("must be add or replace".to_owned()),
    }
}

/// A file's path. Nothing expands a `~` here, and a directory of that name is never meant.
pub(super) fn path(value: &str) -> Result<PathBuf, String> {
    if value.starts_with('~') {
        return Err("must be a whole path: ~ is not expanded here".to_owned());
    }
    Ok(PathBuf::from(value))
}

/// An address to call, which may hold a key.
pub(super) fn heartbeat(value: &str) -> Result<Secret, String> {
    web_address(value)
        .and_then(Secret::new)
        .ok_or_else(|| "must be a whole address that begins with https:// or http://".to_owned())
}

/// A proxy's URL; without a scheme it is http, as in tconnectsync.
pub(super) fn proxy(value: &str) -> Result<Secret, String> {
    let value = if value.contains("://") {
        value.to_owned()
    } else {
        format!("http://{value}")
    };
    web_address(&value).and_then(Secret::new).ok_or_else(|| {
        "must be the address of an HTTP proxy, such as http://proxy.example:3128".to_owned()
    })
}

fn web_address(value: &str) -> Option<String> {
    let url = Url::parse(value).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}
