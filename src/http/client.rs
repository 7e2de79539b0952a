//! The one HTTP client: how it is built, and how a call is sent until it is answered.

use std::error::Error;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::Utc;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use url::Url;

use super::answer::{Answer, Service};
use super::call::Call;
use super::redaction::excerpt_masking;
use super::run_limits::{self, RunLimits, TRIES};
use super::transport_error::{CallError, TransportError, describe};
use crate::config::{Secret, is_this_machine};
use crate::failure::{ExitStatus, Failure, what};

/// The longest time until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// This program's own name, for services that do not ask for a browser's.
pub const USER_AGENT: &str = concat!("tconnectsync-heroku/", env!("CARGO_PKG_VERSION"));

/// What the services need differently.
pub struct Options<'a> {
    /// The address that tells whether a proxy may be used: never for this machine itself.
    pub origin: &'a Url,
    /// The `User-Agent` header.
    pub user_agent: &'static str,
    /// Whether cookies are kept and sent back.
    pub cookies: bool,
    /// Whether any certificate is good enough.
    pub skip_tls_verify: bool,
    /// Certificates to trust as well as the machine's own.
    pub extra_roots: Vec<reqwest::Certificate>,
    /// How long an unused connection is kept.
    pub idle: Duration,
    /// The configured proxy. Without one, the usual variables of the environment count.
    pub proxy: Option<&'a Secret>,
    /// What no excerpt may show.
    pub secrets: Vec<String>,
}

/// An HTTP client of one service within one run. Clones share connections and cookies; several threads may use it.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Detached>,
    service: &'static Service,
    limits: RunLimits,
    secrets: Arc<[String]>,
}

/// The library's client, which on its end waits for look-ups of host names that are under way; against a name server that
/// does not answer, that is long after the run's deadline. Nobody has to wait for that end.
struct Detached(Option<reqwest::blocking::Client>);

impl Drop for Detached {
    fn drop(&mut self) {
        let inner = self.0.take();
        // Where no thread can be had, the client ends here.
        let _ = std::thread::Builder::new().spawn(move || drop(inner));
    }
}

impl Client {
    /// Builds the client. Fails, with status 78, on a proxy that cannot be used or a machine without any certificate to
    /// trust.
    pub fn new(
        service: &'static Service,
        options: Options<'_>,
        limits: RunLimits,
    ) -> Result<Client> {
        // An error says that a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::blocking::ClientBuilder::new()
            .user_agent(options.user_agent)
            .connect_timeout(CONNECT_TIMEOUT)
            // Each call brings its own limit.
            .timeout(None)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .gzip(true)
            .cookie_store(options.cookies)
            .pool_idle_timeout(options.idle)
            .tls_danger_accept_invalid_certs(options.skip_tls_verify || never_uses_tls(&options))
            .tls_certs_merge(options.extra_roots.iter().cloned());
        if is_this_machine(options.origin) {
            builder = builder.no_proxy();
        } else if let Some(proxy) = options.proxy {
            let proxy = reqwest::Proxy::all(proxy.expose()).map_err(|_| unusable_proxy())?;
            builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_env()));
        }
        let inner = builder.build().map_err(|_| no_tls())?;
        Ok(Client {
            inner: Arc::new(Detached(Some(inner))),
            service,
            limits,
            secrets: secrets_to_mask(&options),
        })
    }

    /// The service, as its failures speak of it.
    pub fn service(&self) -> &'static Service {
        self.service
    }

    /// How long this client's run waits.
    pub fn limits(&self) -> &RunLimits {
        &self.limits
    }

    /// Sends a call until it is answered: at most three times, within the deadline. An answer of any status is an answer,
    /// also when a status that may pass (429, 500, 502, 503, 504) has not passed.
    pub fn send(&self, call: Call) -> Result<Answer, CallError> {
        let name = call.name;
        let (limit, cap, repeat) = (call.limit, call.cap, call.repeat);
        let request = self.request(call)?;
        let mut tries = 1;
        loop {
            self.limits
                .check()
                .map_err(|error| run_ends(error, self.doing(name)))?;
            let outcome = self.send_once(name, &request, limit, cap, tries);
            let (again, asked_pause, said) = match &outcome {
                Ok(answer) => (
                    repeat.after_status(answer.status),
                    answer.retry_after,
                    format!("{} {}", self.doing(name), answer.described()),
                ),
                Err(error) => (repeat.after_error(error.kind), None, what(&error.error)),
            };
            if !again || tries == TRIES {
                return outcome;
            }
            let pause = match asked_pause {
                Some(asked) if !self.limits.has_time_for(asked) => return outcome,
                Some(asked) => asked,
                None => run_limits::backoff(repeat.base_pause(&outcome), tries),
            };
            log::debug!(
                "{}: {name}: trying again in {} ms",
                self.service.name,
                pause.as_millis()
            );
            self.limits
                .pause(pause)
                .map_err(|error| run_ends(error, said))?;
            tries += 1;
        }
    }

    fn doing(&self, call: &str) -> String {
        format!("{}: {call}", self.service.name)
    }

    fn request(&self, call: Call) -> Result<reqwest::blocking::Request, CallError> {
        let mut request = reqwest::blocking::Request::new(call.method, call.url);
        *request.headers_mut() = call.headers;
        if let Some((content_type, body)) = call.body {
            let content_type = HeaderValue::from_static(content_type);
            request.headers_mut().insert(CONTENT_TYPE, content_type);
            *request.body_mut() = Some(body.into());
        }
        Ok(request)
    }

    fn send_once(
        &self,
        call: &'static str,
        request: &reqwest::blocking::Request,
        limit: Duration,
        cap: u64,
        tries: u32,
    ) -> Result<Answer, CallError> {
        let began = Instant::now();
        let left = self.limits.deadline().remaining().unwrap_or(limit);
        let failed = |error: &(dyn Error + 'static)| self.failed(call, error);
        // Only a body that streams cannot be cloned; ours are bytes. The client is there until it is dropped.
        let (Some(mut request), Some(inner)) = (request.try_clone(), &self.inner.0) else {
            return Err(self.failed(call, &std::fmt::Error));
        };
        *request.timeout_mut() = Some(limit.min(left));
        let response = inner
            .execute(request)
            .map_err(|error| failed(&error.without_url()))?;
        let status = response.status();
        let location = text_header(response.headers(), &LOCATION);
        let retry_after = text_header(response.headers(), &RETRY_AFTER)
            .and_then(|header| run_limits::retry_after(&header, Utc::now()));
        let mut body = Vec::new();
        response
            .take(cap + 1)
            .read_to_end(&mut body)
            .map_err(|error| failed(&error))?;
        log::debug!(
            "{}: {call}: {}, {} ms, {} bytes",
            self.service.name,
            status.as_u16(),
            began.elapsed().as_millis(),
            body.len()
        );
        if body.len() as u64 > cap {
            return Err(self.too_large(call, cap));
        }
        let mut answer = Answer {
            service: self.service,
            call,
            status,
            location,
            retry_after,
            excerpt: String::new(),
            body,
            tries,
        };
        if !answer.is_success() || answer.is_html() {
            answer.excerpt = self.excerpt(&answer.body);
        }
        Ok(answer)
    }

    /// An excerpt that also masks this client's secrets and the service's host.
    fn excerpt(&self, body: &[u8]) -> String {
        // More than the excerpt looks at need not be copied.
        let beginning = &body[..body.len().min(128 * 1024)];
        excerpt_masking(&String::from_utf8_lossy(beginning), &self.secrets)
    }

    fn failed(&self, call: &'static str, error: &(dyn Error + 'static)) -> CallError {
        if let Err(error) = self.limits.check() {
            return run_ends(error, self.doing(call));
        }
        let (kind, words) = describe(error);
        log::debug!("{}: {words}", self.doing(call));
        let service = self.service;
        let failure = match kind {
            TransportError::Untrusted => service.failure(
                ExitStatus::Unavailable,
                call,
                format!("failed: {words}"),
                service.when_untrusted,
            ),
            _ => service.unavailable(call, format!("failed: {words}")),
        };
        CallError {
            kind,
            error: failure.into(),
        }
    }

    fn too_large(&self, call: &'static str, cap: u64) -> CallError {
        let what = format!("answered more than {} MiB", cap.div_ceil(1024 * 1024));
        CallError {
            kind: TransportError::TooLarge,
            error: self.service.not_understood(call, what).into(),
        }
    }
}

fn run_ends(error: anyhow::Error, doing: String) -> CallError {
    CallError {
        kind: TransportError::RunEnds,
        error: error.context(doing),
    }
}

fn text_header(headers: &HeaderMap, name: &reqwest::header::HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

fn secrets_to_mask(options: &Options<'_>) -> Arc<[String]> {
    let host = options.origin.host_str().map(str::to_owned);
    let mut secrets: Vec<String> = options.secrets.iter().cloned().chain(host).collect();
    // A secret that holds another one is masked first.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.into()
}

fn unusable_proxy() -> Failure {
    Failure::new(
        ExitStatus::Configuration,
        "REQUESTS_PROXY is not the address of a proxy",
        "Write it as http://host:port, or remove it",
    )
}

fn no_tls() -> Failure {
    Failure::new(
        ExitStatus::Configuration,
        "TLS connections cannot be set up on this machine",
        "Install the system's CA certificates (the package is usually called ca-certificates)",
    )
}

/// Whether no call can go through TLS: the service is on this machine and spoken to by plain http, without a proxy, and
/// redirects are not followed. Loading the machine's certificates for nothing would be most of what such a run costs.
fn never_uses_tls(options: &Options<'_>) -> bool {
    options.origin.scheme() == "http" && is_this_machine(options.origin)
}
