//! One Nightscout site: its address, its credential, and how every call to it is made.

use std::time::Duration;

use anyhow::{Result, bail};
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderName, HeaderValue};
use serde::de::IgnoredAny;
use serde_json::Value;
use url::Url;

use super::SERVICE;
use super::authentication::{Credential, sha1_hex};
use super::compression::Compresses;
use super::status::{SiteStatus, SiteVersion};
use crate::config::{self, Collection, Secret};
use crate::failure::{ExitStatus, Failure};
use crate::http::{
    self, Answer, Call, CallError, Client, DoneAlready, JsonText, Options, Reading, Repeat,
    RunLimits, TransportError, USER_AGENT,
};

/// The largest list, in bytes: a page of 5,000 treatments is some 2 MB. It is read document by document.
const LIST_CAP: u64 = 64 * 1024 * 1024;

/// The largest answer to a write, in bytes: the 500 documents of a batch are some 300 kB, which are only counted.
const WRITE_CAP: u64 = 4 * 1024 * 1024;

const API_SECRET: HeaderName = HeaderName::from_static("api-secret");

/// A Nightscout site. Clones share connections; several threads may use one.
///
/// # Errors
/// Every call fails with 69, 75, 76 or 77, see [`crate::failure`]; with 78 where the site wants https.
#[derive(Clone)]
pub struct Site {
    client: Client,
    base: Url,
    pub(super) credential: Credential,
    compresses: Compresses,
}

impl Site {
    /// The site of this configuration; sends nothing yet. Fails with 78 on a secret that no request can carry, and as
    /// [`Client::new`] does.
    pub fn new(
        config: &config::Nightscout,
        proxy: Option<&config::Secret>,
        limits: RunLimits,
    ) -> Result<Site> {
        let options = Options {
            origin: &config.url,
            user_agent: USER_AGENT,
            cookies: false,
            skip_tls_verify: config.skip_tls_verify,
            extra_roots: match &config.ca_file {
                Some(file) => http::certificates("NS_CA_FILE", file)?,
                None => Vec::new(),
            },
            // Nightscout closes unused connections after five seconds; a request that meets the closing is lost.
            idle: Duration::from_secs(4),
            proxy,
            secrets: [
                Some(config.secret.clone()),
                Secret::new(sha1_hex(config.secret.expose())),
            ]
            .into_iter()
            .flatten()
            .collect(),
        };
        Ok(Site {
            client: Client::new(&SERVICE, options, limits)?,
            base: config.url.clone(),
            credential: Credential::new(&config.secret)?,
            compresses: Compresses::default(),
        })
    }

    /// Asks the site for its version and settings. As the first call it also wakes a sleeping site, and waits longer than
    /// others for that.
    pub fn status(&self) -> Result<SiteStatus> {
        let answer = self.send(self.status_call())?;
        self.read_status(&answer)
    }

    /// The call of [`Site::status`].
    pub(super) fn status_call(&self) -> Call {
        let mut call = Call::get("status", self.url("status.json"));
        call.repeat = Repeat::UntilAwake;
        call
    }

    /// The status in the answer to [`Site::status_call`].
    pub(super) fn read_status(&self, answer: &Answer) -> Result<SiteStatus> {
        let status: Value = self.json(answer)?;
        let status = SiteStatus::read(&status).ok_or_else(|| {
            SERVICE.not_understood("status", "answered JSON that is no Nightscout's status")
        })?;
        if status.version > SiteVersion::default() {
            self.compresses.may();
        }
        Ok(status)
    }

    /// How long this site's run waits.
    pub(super) fn limits(&self) -> &RunLimits {
        self.client.limits()
    }

    /// An address below `api/v1`.
    pub(super) fn url(&self, path: &str) -> Url {
        http::below(&self.base, &format!("api/v1/{path}"))
    }

    /// Sends a call with the secret; reads need it too, because sites can restrict them. A rejected secret and a redirect are
    /// failures.
    pub(super) fn send(&self, call: Call) -> Result<Answer, CallError> {
        self.accepted(self.ask(call)?)
    }

    fn accepted(&self, answer: Answer) -> Result<Answer, CallError> {
        match answer.status() {
            401 => Err(turned_away(self.credential.rejected(answer.call, &answer))),
            _ => Ok(answer),
        }
    }

    /// Sends a call for a list, and gives the JSON to `read` as it comes.
    pub(super) fn read_list<T>(
        &self,
        call: Call,
        read: impl FnMut(JsonText<'_>) -> Result<T>,
    ) -> Result<T> {
        let call = Call {
            cap: LIST_CAP,
            ..self.signed(call)
        };
        let answer = match self.client.read_json(call, read)? {
            Reading::Json(list) => return Ok(list),
            Reading::Other(answer) => answer,
        };
        let answer = self.accepted(self.not_redirected(answer)?)?;
        Err(match self.read_json::<IgnoredAny>(&answer) {
            Err(failure) => failure,
            Ok(_) => answer.of_unexpected_shape().into(),
        })
    }

    /// A call with the secret.
    fn signed(&self, call: Call) -> Call {
        let mut call = asking_for_json(call);
        call.headers.insert(API_SECRET, self.credential.header());
        call
    }

    /// Sends a call with the secret. Only a redirect is a failure; 401 is not.
    pub(super) fn ask(&self, call: Call) -> Result<Answer, CallError> {
        self.not_redirected(self.client.send(self.signed(call))?)
    }

    /// Sends a call without the secret.
    pub(super) fn ask_as_visitor(&self, call: Call) -> Result<Answer, CallError> {
        self.not_redirected(self.client.send(asking_for_json(call))?)
    }

    fn not_redirected(&self, answer: Answer) -> Result<Answer, CallError> {
        match answer.status() {
            300..=399 => Err(turned_away(self.redirected(&answer))),
            _ => Ok(answer),
        }
    }

    /// The call that sends a JSON body to a collection.
    pub(super) fn sending(
        &self,
        method: Method,
        collection: Collection,
        body: Vec<u8>,
        repeat: Repeat,
    ) -> Call {
        let names = collection.names();
        Call {
            method,
            repeat,
            cap: WRITE_CAP,
            ..Call::post(names.write, self.url(names.path), "application/json", body)
        }
    }

    /// As [`Site::send`], with a compressed body if the site reads those. Before each repeat, `done` is asked whether the site has
    /// taken the body after all.
    pub(super) fn send_unless<D>(
        &self,
        call: Call,
        done: &mut DoneAlready<'_, D>,
    ) -> Result<Result<Answer, D>, CallError> {
        let mut send = |call| match self.client.send_unless(self.signed(call), done)? {
            Ok(answer) => self.accepted(self.not_redirected(answer)?).map(Ok),
            Err(found) => Ok(Err(found)),
        };
        if let Some(compressed) = self.compresses.gzip(&call) {
            match send(compressed)? {
                // 403 and 406 are a firewall's on the way, which may let the same pass uncompressed.
                Ok(answer) if matches!(answer.status(), 400 | 403 | 406 | 415 | 501) => {
                    self.compresses.must_not();
                }
                settled => return Ok(settled),
            }
        }
        send(call)
    }

    /// The JSON of a 2xx answer. A site whose database is down still answers, after 30 seconds: its status as always, treatments
    /// with `null` or, before 15.0.7, with an empty body (see [`Site::read_json`]), entries and every write with 500 (measured on
    /// 14.2.6, 15.0.3 and 15.0.7).
    pub(super) fn json<'a, T: serde::Deserialize<'a>>(&self, answer: &'a Answer) -> Result<T> {
        if answer.is_success() && answer.body.trim_ascii() == b"null" {
            bail!(database_fails(answer.call, "answered null"));
        }
        if answer.status() == 500 && says_mongo_error(&answer.body) {
            bail!(database_fails(
                answer.call,
                "answered 500 Internal Server Error"
            ));
        }
        answer.json()
    }

    /// The JSON of the answer to a read.
    pub(super) fn read_json<'a, T: serde::Deserialize<'a>>(&self, answer: &'a Answer) -> Result<T> {
        if answer.is_success() && answer.body.trim_ascii().is_empty() {
            bail!(database_fails(answer.call, "answered nothing"));
        }
        self.json(answer)
    }

    /// The failure of a redirect. None is followed: the secret goes to the configured site only.
    fn redirected(&self, answer: &Answer) -> Failure {
        let call = answer.call;
        let target = answer
            .location
            .as_deref()
            .and_then(|location| self.base.join(location).ok());
        let to_https = self.base.scheme() == "http"
            && target.is_some_and(|target| {
                target.scheme() == "https" && target.host() == self.base.host()
            });
        if to_https {
            SERVICE.failure(
                ExitStatus::Configuration,
                call,
                format!("{}: the site wants https", answer.described()),
                "Write https:// instead of http:// in NS_URL",
            )
        } else {
            SERVICE.not_understood(
                call,
                format!("{}: the site is elsewhere", answer.described()),
            )
        }
    }
}

/// A call whose answer is to be JSON, whatever stands before the site.
fn asking_for_json(mut call: Call) -> Call {
    let json = HeaderValue::from_static("application/json");
    call.headers.insert(ACCEPT, json);
    call
}

/// A failure that a repeat would not change.
pub(super) fn turned_away(error: impl Into<anyhow::Error>) -> CallError {
    CallError {
        kind: TransportError::TurnedAway,
        error: error.into(),
    }
}

/// The failure of a call that the site's database did not answer.
fn database_fails(call: &str, said: &str) -> Failure {
    SERVICE.failure(
        ExitStatus::Unavailable,
        call,
        format!("{said}: the site runs, but its database does not answer"),
        "Look at the site's database, at MongoDB Atlas or where its MONGODB_URI (or MONGO_CONNECTION) points: it may be paused, full, \
         or closed to the site's address. Nothing is lost: the next run catches up by itself",
    )
}

fn says_mongo_error(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Said {
        message: String,
    }
    serde_json::from_slice::<Said>(body).is_ok_and(|said| said.message == "Mongo Error")
}
