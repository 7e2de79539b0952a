//! What a run keeps on disk for the next one: an account's tokens, and which logins were rejected.

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::login;
use super::region::Region;
use super::rejections::Rejections;
use super::token_cache::TokenCache;
use super::tokens::Tokens;
use crate::config::{self, Config};
use crate::failure::{self, ExitStatus};
use crate::http::Client;

/// The memory of a session.
#[derive(Debug, Default)]
pub struct Memory {
    /// The tokens of an earlier login.
    pub(super) tokens: TokenCache,
    rejections: Rejections,
    now: DateTime<Utc>,
}

impl Memory {
    /// The memory that a configuration allows, in a run that began at `now`.
    pub fn new(config: &Config, now: DateTime<Utc>) -> Memory {
        Memory {
            tokens: TokenCache::new(config),
            rejections: Rejections::new(config),
            now,
        }
    }

    /// A memory that keeps nothing.
    pub fn none() -> Memory {
        Memory::default()
    }

    /// Logs in, but not in a region that recently rejected the same login.
    pub(super) fn log_in(&self, client: &Client, config: &config::Tandem) -> Result<Tokens> {
        let regions = self.rejections.left(config, self.now)?;
        self.log_in_to(&regions, client, config)
    }

    /// Logs in even after a recent rejection, and records the result.
    pub(super) fn log_in_now(&self, client: &Client, config: &config::Tandem) -> Result<Tokens> {
        self.log_in_to(login::regions(config.region), client, config)
    }

    fn log_in_to(
        &self,
        regions: &[Region],
        client: &Client,
        config: &config::Tandem,
    ) -> Result<Tokens> {
        let note = |region| self.rejections.note(config, region, self.now);
        let outcome = login::log_in(client, config, regions, note);
        match &outcome {
            Ok(tokens) => {
                self.tokens.keep(tokens);
                self.rejections.forget(config, tokens.region, self.now);
            }
            Err(error) if failure::status(error) == ExitStatus::CredentialsRejected => {
                self.tokens.forget();
            }
            Err(_) => {}
        }
        outcome
    }
}
