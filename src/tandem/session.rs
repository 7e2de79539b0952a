//! A logged-in session and its data calls.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use chrono::{NaiveDate, TimeDelta, Utc};
use reqwest::header::{AUTHORIZATION, HeaderValue, ORIGIN, REFERER};
use serde::de::IgnoredAny;
use url::Url;

use super::login::header;
use super::memory::Memory;
use super::pump_logs::{PUMP_LOGS, PumpLogs};
use super::pumper::{AccountSource, LARGEST_ACCOUNT, Pump, Pumper};
use super::region::{Origins, Region};
use super::tokens::Tokens;
use super::{SERVICE, blocked, event_codes};
use crate::config;
use crate::failure::{self, ExitStatus, Failure};
use crate::http::{Answer, Call, Client, JsonText, Reading, TransportError, below};

/// The most days that one request for pump logs may span.
pub(crate) const MAX_DAYS: i64 = 28;

/// The largest answer of pump logs, in bytes: some ten times 28 busy days.
const PUMP_LOGS_CAP: u64 = 256 * 1024 * 1024;

/// The longest time for pump logs: 28 days are 20 MB.
const PUMP_LOGS_LIMIT: Duration = Duration::from_secs(180);

/// A token is not used this shortly before it expires.
const EXPIRY_MARGIN: TimeDelta = TimeDelta::seconds(30);

/// A session with Tandem Source. When its token expires, it logs in anew.
///
/// # Errors
/// Every call fails with 69, 75, 76 or 77, see [`crate::failure`].
pub struct Session {
    client: Client,
    config: config::Tandem,
    tokens: Tokens,
    origins: Origins,
    memory: Memory,
    /// Whether the tokens come from an earlier run and no call has succeeded with them yet.
    unproven: bool,
    /// Whether the server turned out to insist on a list of event codes.
    lists_event_codes: bool,
}

impl Session {
    /// Reuses the cached tokens of an earlier run, without a request. Without any, logs in with e-mail and password, unless
    /// these were rejected recently.
    ///
    /// Fails with 77 on rejected credentials and locked accounts, too.
    pub(crate) fn open(client: Client, config: &config::Tandem, memory: Memory) -> Result<Session> {
        let kept = memory.tokens.load();
        let unproven = kept.is_some();
        let tokens = kept.map_or_else(|| memory.log_in(&client, config), Ok)?;
        Ok(Session::new(client, config, tokens, memory, unproven))
    }

    /// Logs in with e-mail and password even if there are cached tokens or a recent rejection, and records the result.
    pub fn open_anew(client: Client, config: &config::Tandem, memory: Memory) -> Result<Session> {
        let tokens = memory.log_in_now(&client, config)?;
        Ok(Session::new(client, config, tokens, memory, false))
    }

    fn new(
        client: Client,
        config: &config::Tandem,
        tokens: Tokens,
        memory: Memory,
        unproven: bool,
    ) -> Session {
        Session {
            origins: tokens.region.origins(config.base_url.as_ref()),
            client,
            config: config.clone(),
            tokens,
            memory,
            unproven,
            lists_event_codes: false,
        }
    }

    /// The region that accepted the login.
    pub fn region(&self) -> Region {
        self.tokens.region
    }

    /// Asks for the account's pumps, as a wearer has them, else as a guardian does.
    pub fn pumper(&mut self) -> Result<Pumper> {
        let mut refused = None;
        if self.tokens.names_pumper {
            match self.account(AccountSource::Pumper)? {
                Reading::Json(account) => return Ok(account),
                Reading::Other(answer) if answer.status() == 404 => refused = Some(answer),
                Reading::Other(answer) => return Err(self.not_understood(&answer)),
            }
        }
        match (self.account(AccountSource::Guardian), refused) {
            (Ok(Reading::Json(account)), _) => Ok(account),
            (Err(error), _) if failure::status(&error) == ExitStatus::TryLater => Err(error),
            // The first refusal says more than that of a call which may not be for this account.
            (_, Some(refused)) => Err(self.not_understood(&refused)),
            (Ok(Reading::Other(answer)), None) => Err(self.not_understood(&answer)),
            (Err(error), None) => Err(error),
        }
    }

    fn account(&mut self, source: AccountSource) -> Result<Reading<Pumper>> {
        let name = source.call();
        let call = |tokens: &Tokens, origins: &Origins| {
            let path = format!("{}/{}", source.path(), tokens.pumper_id.expose());
            Call {
                cap: LARGEST_ACCOUNT,
                ..Call::get(name, below(&origins.source, &path))
            }
        };
        self.data_call(name, call, |json| Pumper::read(json, source))
    }

    /// Asks for all events of a pump on these days, both included, at most [`MAX_DAYS`] of them. The days are those of the
    /// pump's wall clock. Fails with 70 for more than [`MAX_DAYS`] days, or for none.
    ///
    /// `read` gets the logs as they arrive. Each retry calls it again from the beginning; discard what an earlier try returned.
    pub fn pump_logs<T>(
        &mut self,
        pump: &Pump,
        first: NaiveDate,
        last: NaiveDate,
        mut read: impl FnMut(PumpLogs<'_>) -> Result<T>,
    ) -> Result<T> {
        let days = (last - first).num_days() + 1;
        ensure!(
            (1..=MAX_DAYS).contains(&days),
            "{days} days of pump logs were asked for in one request, of 1 to {MAX_DAYS}"
        );
        loop {
            let lists_event_codes = self.lists_event_codes;
            let call = |tokens: &Tokens, origins: &Origins| {
                let path = format!("api/reports/bff/pump-logs/{}", pump.assignment_id);
                let mut url = below(&origins.source, &path);
                // The Z is not honoured as UTC: the times select by the pump's wall clock.
                url.query_pairs_mut().extend_pairs([
                    ("pumperId", tokens.pumper_id.expose()),
                    ("startDate", &format!("{first}T00:00:00Z")),
                    ("endDate", &format!("{last}T23:59:59Z")),
                ]);
                if lists_event_codes {
                    url.query_pairs_mut()
                        .append_pair("eventCodes", &event_codes::list());
                }
                Call {
                    cap: PUMP_LOGS_CAP,
                    limit: PUMP_LOGS_LIMIT,
                    ..Call::get(PUMP_LOGS, url)
                }
            };
            let reading = self.data_call(PUMP_LOGS, call, |json| read(PumpLogs::new(json)))?;
            let answer = match reading {
                Reading::Json(read) => return Ok(read),
                Reading::Other(answer) => answer,
            };
            if answer.status() == 400 && !lists_event_codes {
                log::debug!("Tandem Source: pump logs: asking again with a list of event codes");
                self.lists_event_codes = true;
                continue;
            }
            return Err(self.not_understood(&answer));
        }
    }

    /// Sends a data call with the token and passes the JSON of its answer to `read`. After a 401 it logs in again and repeats the
    /// call once.
    fn data_call<T>(
        &mut self,
        name: &'static str,
        call: impl Fn(&Tokens, &Origins) -> Call,
        mut read: impl FnMut(JsonText<'_>) -> Result<T>,
    ) -> Result<Reading<T>> {
        let expired = self.tokens.expires_at <= Utc::now() + EXPIRY_MARGIN;
        let mut logged_in = expired;
        if expired {
            self.log_in_anew()?;
        }
        loop {
            let mut call = call(&self.tokens, &self.origins);
            self.sign(&mut call)?;
            let answer = match self.client.read_json(call, &mut read) {
                Ok(Reading::Other(answer)) => answer,
                Ok(json) => {
                    self.unproven = false;
                    return Ok(json);
                }
                Err(error) => {
                    if error.kind == TransportError::NotUnderstood {
                        self.memory.tokens.forget();
                    }
                    return Err(error.into());
                }
            };
            match answer.status() {
                401 => {}
                // Cached tokens may belong to a deleted account.
                403 | 404 if self.unproven => {}
                403 => bail!(blocked(name, &answer)),
                _ => {
                    self.unproven = false;
                    return Ok(Reading::Other(answer));
                }
            }
            if logged_in {
                self.memory.tokens.forget();
                bail!(rejected_after_login(name, &answer));
            }
            self.log_in_anew()?;
            logged_in = true;
        }
    }

    /// The failure of an answer that is not 2xx or not JSON. The session may have expired unnoticed, so the cached tokens are
    /// dropped and the next run logs in.
    fn not_understood(&self, answer: &Answer) -> anyhow::Error {
        // If the service is busy or down, the session may be fine, and a new login would only add load.
        if !matches!(answer.status(), 408 | 425 | 429 | 500..=599) {
            self.memory.tokens.forget();
        }
        match answer.json::<IgnoredAny>() {
            Err(failure) => failure,
            Ok(_) => answer.of_unexpected_shape().into(),
        }
    }

    fn log_in_anew(&mut self) -> Result<()> {
        self.tokens = self.memory.log_in(&self.client, &self.config)?;
        self.unproven = false;
        self.origins = self.tokens.region.origins(self.config.base_url.as_ref());
        Ok(())
    }

    /// Adds the headers of a data call. With another `Origin` than the region's own, the firewall answers 403.
    fn sign(&self, call: &mut Call) -> Result<()> {
        let bearer = format!("Bearer {}", self.tokens.access_token.expose());
        let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| {
            SERVICE.not_understood("token", "answered an access token that cannot be sent")
        })?;
        bearer.set_sensitive(true);
        call.headers.insert(AUTHORIZATION, bearer);
        call.headers.insert(REFERER, header(&self.origins.source)?);
        call.headers.insert(ORIGIN, origin(&self.origins.source)?);
        Ok(())
    }
}

/// The failure of a data call that does not take the token of a login just made.
fn rejected_after_login(name: &str, answer: &Answer) -> Failure {
    SERVICE.failure(
        ExitStatus::CredentialsRejected,
        name,
        format!("{} right after a login", answer.described()),
        "Sign in once at https://source.tandemdiabetes.com and see whether it shows the pump's data; if it does, look for \
         a newer version of tconnectsync-heroku",
    )
}

/// The address without path and slash.
fn origin(url: &Url) -> Result<HeaderValue> {
    let ascii = url.origin().ascii_serialization();
    HeaderValue::from_str(&ascii).or_else(|_| header(url))
}
