//! The logins that Tandem rejected: after several of them it locks the account, and the owner out of the pump's data. A
//! run every ten minutes with a wrong password would get there within the hour, so a rejected login is not tried again
//! for some hours. Anything corrected is another login, and is tried at once.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use chrono::{DateTime, Duration, Utc};

use super::SERVICE;
use super::login;
use super::region::Region;
use crate::config::{self, Config};
use crate::failure::{ExitStatus, Failure};
use crate::state::{self, Key};

/// How long a rejected login is not tried again. This allows four tries a day.
const PAUSE: Duration = Duration::hours(6);

/// The beginning of the names of the files that record rejected logins. Each login has a file of its own, so that runs for several
/// accounts do not overwrite each other's.
const FILES: &str = "rejected-logins-";

/// The file with the key that their names are made with.
const KEY: &str = "login.key";

/// The rejected logins of every account on this machine.
///
/// A password can be guessed from a value that is quickly computed from it. So the name of a login's file is computed with a random
/// key, without which it reveals nothing, and its content is only a time. The key never leaves the machine, and only its owner
/// can read it. If the file system lets others read it, the name takes long to compute.
#[derive(Debug, Default)]
pub(super) struct Rejections {
    directory: Option<PathBuf>,
}

impl Rejections {
    pub(super) fn new(config: &Config) -> Rejections {
        let directory = config.state_directory.clone();
        if let Some(directory) = &directory {
            // Earlier versions kept a hash of the password there.
            state::remove(&directory.join("rejected-logins.json"));
        }
        Rejections { directory }
    }

    /// The regions that have not recently rejected this login. Fails with 77 if none is left.
    pub(super) fn left(&self, config: &config::Tandem, now: DateTime<Utc>) -> Result<Vec<Region>> {
        let noted = !self.noted().is_empty();
        let rejected = |region: &Region| {
            // Where nothing is noted, no key is needed.
            let file = noted.then(|| self.file(config, *region))??;
            read(&file).filter(|at| counts(*at, now))
        };
        // Each look may hash for a tenth of a second.
        let looked: Vec<(Region, Option<DateTime<Utc>>)> = login::regions(config.region)
            .iter()
            .map(|region| (*region, rejected(region)))
            .collect();
        let newest = looked.iter().filter_map(|(_, at)| *at).max();
        let left = looked.into_iter().filter(|(_, at)| at.is_none());
        let left: Vec<Region> = left.map(|(region, _)| region).collect();
        match newest {
            Some(at) if left.is_empty() => bail!(paused(at)),
            _ => Ok(left),
        }
    }

    pub(super) fn note(&self, config: &config::Tandem, region: Region, now: DateTime<Utc>) {
        let Some(file) = self.file(config, region) else {
            return;
        };
        self.remove_old(now);
        state::write(&file, now.to_rfc3339().as_bytes());
    }

    pub(super) fn forget(&self, config: &config::Tandem, region: Region, now: DateTime<Utc>) {
        self.remove_old(now);
        let noted = self.noted();
        if let Some(file) = noted.first().and_then(|_| self.file(config, region)) {
            state::remove(&file);
        }
    }

    /// The file of a login in one region. Any change to the login leads to another file.
    fn file(&self, config: &config::Tandem, region: Region) -> Option<PathBuf> {
        let directory = self.directory.as_ref()?;
        let key = Key::kept_at(&directory.join(KEY))?;
        let base_url = config.base_url.as_ref().map_or("", |url| url.as_str());
        let (email, password) = (config.email.expose(), config.password.expose());
        let name = key.name_for(&[email, password, &region.to_string(), base_url]);
        Some(directory.join(format!("{FILES}{name}")))
    }

    fn noted(&self) -> Vec<PathBuf> {
        let directory = self.directory.as_deref();
        directory.map_or_else(Vec::new, |directory| state::files(directory, FILES))
    }

    /// Removes the files that do not count any more, whoever wrote them.
    fn remove_old(&self, now: DateTime<Utc>) {
        for file in self.noted() {
            if !read(&file).is_some_and(|at| counts(at, now)) {
                state::remove(&file);
            }
        }
    }
}

/// When the login of this file was rejected; `None` where the file is not there or does not say.
fn read(file: &Path) -> Option<DateTime<Utc>> {
    let content = state::read(file)?;
    std::str::from_utf8(&content).ok()?.parse().ok()
}

/// Whether a rejection still counts. One in the future was written before this machine's clock was set back.
fn counts(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    at <= now && now.signed_duration_since(at) < PAUSE
}

fn paused(at: DateTime<Utc>) -> Failure {
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC");
    SERVICE.failure(
        ExitStatus::CredentialsRejected,
        "login",
        format!(
            "was rejected at {}, and this run did not try it again, because several rejected logins lock the account",
            time(at)
        ),
        format!(
            "Correct TCONNECT_EMAIL, TCONNECT_PASSWORD or TCONNECT_REGION, and the next run tries at once. Unchanged they are \
             tried again after {}; to try them now, run with --check-login",
            time(at + PAUSE)
        ),
    )
}
