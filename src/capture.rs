//! `--capture` writes what both services answered to a file that may be posted in public; `--replay` runs the pass against it.
//!
//! Tandem's cloud is undocumented and changes. When a run fails, its user can hand over what the services answered, and a
//! maintainer can run the real pass on exactly that. A `Recorder` hears each call of a run. Its file holds only values that are
//! known to be neither secret nor personal (`names`, `events`); of all other properties it has the name and the type. All times
//! move by a random number of days, which is not kept (`dates`), and the changes of the time zone move with them (`zone`); the
//! zone's name is left out. [`replay()`] answers the calls of a pass from such a file.

mod aliases;
mod anonymous;
mod calls;
mod dates;
mod differences;
mod events;
mod file;
mod mover;
mod names;
mod options;
mod private;
mod replay;
mod shape;
mod zone;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::config::cli::VERSION;
use crate::config::{Config, Reading};
use crate::failure::ExitStatus;
use crate::foreign;
use crate::http::{Asked, Canned, Heard, Line, NoAnswer, RunLimits};
use crate::pump::clock::FIRST_YEARS;
use crate::pump::quantity::pump_epoch;
use crate::tandem;
use aliases::Aliases;
use anonymous::Anonymous;
use dates::Shift;
use file::{Answer, Capture};
use private::Private;
use zone::RecordedZone;

pub use replay::{Replayed, replay};

/// The most that is kept of a run's answers, in bytes: several times what a few days of events take.
const MOST: usize = 64 * 1024 * 1024;

/// Keeps what a run asks and is answered, until it is written to a file.
#[derive(Debug, Default)]
struct Recorder {
    heard: Mutex<Vec<Heard>>,
}

impl Line for Recorder {
    fn answer(&self, _: &Asked) -> Option<Result<Canned, NoAnswer>> {
        None
    }

    fn heard(&self, mut heard: Heard) {
        let mut all = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: usize = all.iter().map(|heard| heard.body.len()).sum();
        if kept + heard.body.len() > MOST {
            heard.body = Vec::new();
            heard.complete = false;
        }
        all.push(heard);
    }
}

impl Recorder {
    /// Writes what was heard to the new file, without anything secret or personal.
    ///
    /// # Errors
    /// With 78 where the file cannot be written, with 69 on a machine without random numbers.
    fn write(
        &self,
        new: NamedTempFile,
        reading: &Reading,
        now: DateTime<Utc>,
        status: ExitStatus,
    ) -> Result<()> {
        let all = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let shift = Shift::random()?;
        let mut anonymous = Anonymous {
            shift,
            aliases: Aliases::new(shift, reading.features.to_string())?,
            private: known_secrets(reading),
            zone: reading.zone.map(|zone| zone.name()),
        };
        let oldest = look_through(&all, &mut anonymous).unwrap_or(now);
        let config = reading.config.as_ref();
        let capture = Capture {
            format: file::FORMAT,
            version: VERSION.to_owned(),
            exit_status: status.code(),
            now: shift.instant(now),
            zone: (reading.zone).map(|zone| RecordedZone::of(zone, (oldest, now), shift)),
            options: config
                .map(|config| options::RunOptions::of(config, shift, &mut anonymous.aliases)),
            calls: calls(&all, &mut anonymous),
        };
        file::write(new, &capture)
    }
}

/// Does some work and writes the calls that it made to a new file, however it ended. Gives the exit status of the work.
///
/// # Errors
/// With 78 if the file exists or cannot be made (before any work is done), or cannot be written in the end; with 69 on a machine without random
/// numbers.
pub fn captured(
    file: &Path,
    reading: &Reading,
    now: DateTime<Utc>,
    limits: RunLimits,
    work: impl FnOnce(&RunLimits) -> ExitStatus,
) -> Result<ExitStatus> {
    let new = file::create(file)?;
    let recorder = Arc::<Recorder>::default();
    let status = work(&limits.by_way_of(recorder.clone()));
    recorder.write(new, reading, now, status)?;
    // The file's name may be a person's, so it is not shown.
    log::warn!(
        target: crate::logging::REMINDER,
        "The capture is in the file that you named. It holds no secret and nothing personal: attach it to an issue at \
         {REPOSITORY}/issues"
    );
    Ok(status)
}

/// Where to report.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The configuration of a captured run. It does not use cached tokens, so that the capture contains a login.
pub fn to_capture(config: Config) -> Config {
    let mut config = config;
    config.cache.enabled = false;
    config
}

/// The values of the configuration that no capture may hold.
fn known_secrets(reading: &Reading) -> Private {
    let mut private = Private::default();
    if let Some(tandem) = &reading.tandem {
        private.add(tandem.email.expose());
        private.add(tandem.password.expose());
        let host = tandem.base_url.as_ref().and_then(|url| url.host_str());
        host.into_iter().for_each(|host| private.add(host));
    }
    if let Some(site) = &reading.nightscout {
        private.add(site.secret.expose());
        site.url
            .host_str()
            .into_iter()
            .for_each(|host| private.add(host));
        // The site's name is often a person's.
        let path = site.url.path().split('/');
        path.for_each(|part| private.add(part));
    }
    if let Some(Some(proxy)) = &reading.proxy {
        private.add(proxy.expose());
    }
    private
}

/// Notes what is personal in the answers, and the pumps, groups and `_id`s, which must be known before the first answer is
/// written. Gives the time of the oldest event.
fn look_through(all: &[Heard], anonymous: &mut Anonymous) -> Option<DateTime<Utc>> {
    let mut oldest = None;
    for heard in all {
        let Ok(answer) = serde_json::from_slice::<Value>(&heard.body) else {
            continue;
        };
        // In a failed answer, `name` is the name of an error.
        if heard.asked.service == tandem::NAME && heard.went_well() {
            anonymous.private.add_of(&answer);
        }
        look_into(&answer, anonymous, &mut oldest);
    }
    oldest
}

fn look_into(value: &Value, anonymous: &mut Anonymous, oldest: &mut Option<DateTime<Utc>>) {
    let of_use = (pump_epoch() + FIRST_YEARS).and_time(chrono::NaiveTime::MIN);
    match value {
        Value::Array(values) => {
            for value in values {
                look_into(value, anonymous, oldest);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                if let (true, Value::Object(named)) = (names::is_of_named(name), value) {
                    named
                        .keys()
                        .for_each(|name| anonymous.private.add_name(name));
                }
                match (name.as_str(), value) {
                    ("serialNumber", Value::String(_) | Value::Number(_)) => {
                        let serial = foreign::text(value).unwrap_or_default();
                        anonymous.aliases.met_serial(serial.trim());
                        anonymous.private.add(&serial);
                    }
                    ("sequenceGroup", Value::Number(group)) => {
                        let group = group.as_i64().into_iter();
                        group.for_each(|group| anonymous.aliases.met_group(group));
                    }
                    ("name" | "defaultProfile" | "enteredBy", Value::String(name)) => {
                        anonymous.private.add_name(name);
                    }
                    ("_id", Value::String(id)) => anonymous.aliases.met_object(id),
                    ("pumpDateTime", Value::String(time)) => {
                        let time = foreign::wall_clock(time).filter(|time| *time >= of_use);
                        let at = time.map(|time| time.and_utc());
                        *oldest = oldest.iter().copied().chain(at).min();
                    }
                    (_, value) => look_into(value, anonymous, oldest),
                }
            }
        }
        _ => {}
    }
}

/// The calls for the file. A large answer that came before is only referred to.
fn calls(all: &[Heard], anonymous: &mut Anonymous) -> Vec<file::Call> {
    let mut calls: Vec<file::Call> = Vec::with_capacity(all.len());
    for heard in all {
        let mut call = anonymous.call(heard);
        let same = |other: &file::Call| other.call == call.call && other.answer == call.answer;
        let is_large = matches!(call.answer, Answer::Json(_) | Answer::Logs(_));
        if let Some(index) = calls.iter().position(same).filter(|_| is_large) {
            call.answer = Answer::AsCall(index);
            call.shape = None;
        }
        calls.push(call);
    }
    calls
}
