//! A logged-in session and its data calls.

use std::time::Duration;

use chrono::{NaiveDate, TimeDelta, Utc};
use reqwest::header::{AUTHORIZATION, HeaderValue, ORIGIN, REFERER};
use url::Url;

use super::login::{self, header};
use super::pump_logs::PumpLogs;
use super::pumper::{Pump, Pumper};
use super::region::{Origins, Region, below};
use super::tokens::Tokens;
use super::{SERVICE, event_codes};
use crate::config;
use crate::failure::{ExitStatus, Failure};
use crate::http::{Answer, Call, Client};

/// The most days that one request for pump logs may span.
pub const MAX_DAYS: i64 = 28;

/// The largest answer of pump logs, in bytes: some ten times 28 busy days.
const PUMP_LOGS_CAP: u64 = 256 * 1024 * 1024;

/// The largest account, in bytes: each pump brings its settings of some ten kilobytes.
const PUMPER_CAP: u64 = 16 * 1024 * 1024;

/// The longest time for pump logs: 28 days are 20 MB.
const PUMP_LOGS_LIMIT: Duration = Duration::from_secs(180);

/// How long before its end a token is no longer used.
const EXPIRY_MARGIN: TimeDelta = TimeDelta::seconds(30);

/// A session with Tandem Source. When its token expires, it logs in anew.
pub struct Session {
    client: Client,
    config: config::Tandem,
    tokens: Tokens,
    origins: Origins,
    /// Whether the server turned out to insist on a list of event codes.
    lists_event_codes: bool,
}

impl Session {
    /// Logs in with e-mail and password.
    ///
    /// Fails with 77 on rejected credentials and locked accounts; with 69, 75 or 76 as every call does.
    pub fn log_in(client: Client, config: &config::Tandem) -> Result<Session, Failure> {
        let tokens = login::log_in(&client, config)?;
        Ok(Session::resume(client, config, tokens))
    }

    /// Continues with the tokens of an earlier login, without a request. Logs in anew if they turn out to have expired.
    pub fn resume(client: Client, config: &config::Tandem, tokens: Tokens) -> Session {
        Session {
            origins: tokens.region.origins(config.base_url.as_ref()),
            client,
            config: config.clone(),
            tokens,
            lists_event_codes: false,
        }
    }

    /// The region that accepted the login.
    pub fn region(&self) -> Region {
        self.tokens.region
    }

    /// The tokens in use, for keeping. They change when a call logged in anew.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Asks for the account's pumps.
    pub fn pumper(&mut self) -> Result<Pumper, Failure> {
        let answer = self.data_call("pumper", |tokens, origins| {
            let path = format!("api/reports/bff/pumper/{}", tokens.pumper_id.expose());
            Call {
                cap: PUMPER_CAP,
                ..Call::get("pumper", below(&origins.source, &path))
            }
        })?;
        Pumper::read(&answer)
    }

    /// Asks for all events of a pump on these days, both included, at most [`MAX_DAYS`] of them. The days are those of the
    /// pump's wall clock.
    pub fn pump_logs(
        &mut self,
        pump: &Pump,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<PumpLogs, Failure> {
        const CALL: &str = "pump logs";
        let days = (last - first).num_days() + 1;
        if !(1..=MAX_DAYS).contains(&days) {
            return Err(Failure::new(
                ExitStatus::Bug,
                format!(
                    "{days} days of pump logs were asked for in one request, of 1 to {MAX_DAYS}"
                ),
                "Please report this",
            ));
        }
        loop {
            let lists_event_codes = self.lists_event_codes;
            let answer = self.data_call(CALL, |tokens, origins| {
                let path = format!("api/reports/bff/pump-logs/{}", pump.assignment_id);
                let mut url = below(&origins.source, &path);
                // The Z is not honoured as UTC: the times select by the pump's wall clock.
                url.query_pairs_mut()
                    .append_pair("pumperId", tokens.pumper_id.expose())
                    .append_pair("startDate", &format!("{first}T00:00:00Z"))
                    .append_pair("endDate", &format!("{last}T23:59:59Z"));
                if lists_event_codes {
                    url.query_pairs_mut()
                        .append_pair("eventCodes", &event_codes::list());
                }
                Call {
                    cap: PUMP_LOGS_CAP,
                    limit: PUMP_LOGS_LIMIT,
                    ..Call::get(CALL, url)
                }
            })?;
            if answer.status() == 400 && !lists_event_codes {
                log::debug!("Tandem Source: pump logs: asking again with a list of event codes");
                self.lists_event_codes = true;
                continue;
            }
            return PumpLogs::read(answer);
        }
    }

    /// Sends a data call with the token; after a 401 logs in anew and sends it once more.
    fn data_call(
        &mut self,
        name: &'static str,
        call: impl Fn(&Tokens, &Origins) -> Call,
    ) -> Result<Answer, Failure> {
        let expired = self.tokens.expires_at - EXPIRY_MARGIN <= Utc::now();
        let mut logged_in = expired;
        if expired {
            self.log_in_anew()?;
        }
        loop {
            let mut call = call(&self.tokens, &self.origins);
            self.sign(&mut call)?;
            let answer = self.client.send(call)?;
            match answer.status() {
                401 => {}
                403 => return Err(blocked(name, &answer)),
                _ => return Ok(answer),
            }
            if logged_in {
                return Err(SERVICE.failure(
                    ExitStatus::CredentialsRejected,
                    name,
                    format!("{} right after a login", answer.described()),
                    "Sign in once at https://source.tandemdiabetes.com and see whether it shows the pump's data; if it does, look for \
                     a newer version of tconnectsync-heroku",
                ));
            }
            self.log_in_anew()?;
            logged_in = true;
        }
    }

    fn log_in_anew(&mut self) -> Result<(), Failure> {
        self.tokens = login::log_in(&self.client, &self.config)?;
        self.origins = self.tokens.region.origins(self.config.base_url.as_ref());
        Ok(())
    }

    /// Adds the headers of a data call. With another `Origin` than the region's own, the firewall answers 403.
    fn sign(&self, call: &mut Call) -> Result<(), Failure> {
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

/// The failure of a data call that the firewall in front of the service stopped: a page that says "blocked".
fn blocked(name: &'static str, answer: &Answer) -> Failure {
    let says = answer.excerpt().to_ascii_lowercase();
    let too_often = says.contains("rate limit") || says.contains("too many requests");
    let (status, advice) = if too_often {
        (
            ExitStatus::TryLater,
            "Run less often; the next run continues where this one ended",
        )
    } else {
        (
            ExitStatus::NotUnderstood,
            "Tandem's firewall blocks this program or the network it runs in. If https://source.tandemdiabetes.com opens in a \
             browser on the same network, look for a newer version of tconnectsync-heroku",
        )
    };
    SERVICE.failure(status, name, answer.described(), advice)
}

/// The address without path and slash.
fn origin(url: &Url) -> Result<HeaderValue, Failure> {
    let ascii = url.origin().ascii_serialization();
    HeaderValue::from_str(&ascii).or_else(|_| header(url))
}
