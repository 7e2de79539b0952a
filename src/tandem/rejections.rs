//! The logins that Tandem rejected: after several of them it locks the account, and the owner out of the pump's data. A
//! run every ten minutes with a wrong password would get there within the hour, so a rejected login is not tried again
//! for some hours. Anything corrected is another login, and is tried at once.

use std::path::PathBuf;

use anyhow::Result;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::SERVICE;
use super::login;
use super::region::Region;
use crate::config::{self, Config};
use crate::failure::{ExitStatus, Failure};
use crate::state;

/// How long a rejected login is not tried again: at most four times a day.
const PAUSE: Duration = Duration::hours(6);

/// The most rejections kept: more logins than any machine is set up with.
const MOST: usize = 100;

/// The rejected logins of every account on this machine.
#[derive(Debug)]
pub(super) struct Rejections {
    path: Option<PathBuf>,
}

/// One login that a region rejected. The beginning of a salted hash is enough to know the login again, and too little to find a
/// password by.
#[derive(Debug, Serialize, Deserialize)]
struct Rejection {
    at: DateTime<Utc>,
    salt: String,
    login: String,
}

impl Rejection {
    fn of(config: &config::Tandem, region: Region, salt: String, at: DateTime<Utc>) -> Rejection {
        let region = region.to_string();
        let base_url = config.base_url.as_ref().map_or("", |url| url.as_str());
        let (email, password) = (config.email.expose(), config.password.expose());
        let mut login = state::fingerprint(&[&salt, email, password, &region, base_url]);
        login.truncate(8);
        Rejection { at, salt, login }
    }

    fn is_of(&self, config: &config::Tandem, region: Region) -> bool {
        Rejection::of(config, region, self.salt.clone(), self.at).login == self.login
    }

    /// Whether it counts still. One of the future was written by a clock that has been set since.
    fn counts(&self, now: DateTime<Utc>) -> bool {
        self.at <= now && now - self.at < PAUSE
    }
}

impl Rejections {
    pub(super) fn new(config: &Config) -> Rejections {
        let directory = config.state_directory.as_ref();
        Rejections {
            path: directory.map(|directory| directory.join("rejected-logins.json")),
        }
    }

    pub(super) fn none() -> Rejections {
        Rejections { path: None }
    }

    /// The regions of this login that did not reject it not long ago. Fails, with 77, where none is left.
    pub(super) fn left(&self, config: &config::Tandem, now: DateTime<Utc>) -> Result<Vec<Region>> {
        let kept = self.load(now);
        let rejected = |region: Region| {
            let of_region = kept.iter().filter(|kept| kept.is_of(config, region));
            of_region.map(|rejection| rejection.at).max()
        };
        let regions = login::regions(config.region);
        let left: Vec<Region> = regions
            .iter()
            .copied()
            .filter(|region| rejected(*region).is_none())
            .collect();
        match regions.iter().copied().filter_map(rejected).max() {
            Some(at) if left.is_empty() => Err(paused(at).into()),
            _ => Ok(left),
        }
    }

    pub(super) fn note(&self, config: &config::Tandem, region: Region, now: DateTime<Utc>) {
        let mut salt = [0; 8];
        // Without randomness the hash merely goes unsalted.
        let _ = getrandom::fill(&mut salt);
        let salt = format!("{:016x}", u64::from_le_bytes(salt));
        let mut kept = self.load(now);
        kept.retain(|rejection| !rejection.is_of(config, region));
        kept.push(Rejection::of(config, region, salt, now));
        self.keep(&kept);
    }

    pub(super) fn forget(&self, config: &config::Tandem, region: Region, now: DateTime<Utc>) {
        let mut kept = self.load(now);
        let before = kept.len();
        kept.retain(|rejection| !rejection.is_of(config, region));
        if kept.len() < before {
            self.keep(&kept);
        }
    }

    /// The rejections that count still; none where the file cannot be read.
    fn load(&self, now: DateTime<Utc>) -> Vec<Rejection> {
        let content = self.path.as_deref().and_then(state::read);
        let kept: Option<Vec<Rejection>> =
            content.and_then(|content| serde_json::from_slice(&content).ok());
        let mut kept = kept.unwrap_or_default();
        kept.retain(|rejection| rejection.counts(now));
        kept
    }

    fn keep(&self, rejections: &[Rejection]) {
        let Some(path) = &self.path else { return };
        if rejections.is_empty() {
            return state::remove(path);
        }
        let newest = &rejections[rejections.len().saturating_sub(MOST)..];
        if let Ok(content) = serde_json::to_vec(newest) {
            state::write(path, &content);
        }
    }
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
