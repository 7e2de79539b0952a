//! The one HTTP client: how a call is sent until it is answered.

use std::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::Utc;
use reqwest::header::{CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use zeroize::Zeroizing;

use super::answer::{Answer, Service, proxy_wants_credentials};
use super::building::{Detached, Options, no_files_left};
use super::call::{Call, Repeat};
use super::exchange::{self, Body, Incoming, Missing};
use super::json::JsonText;
use super::line;
use super::redaction::{excerpt_masking, size_and_fingerprint};
use super::run_limits::{self, RunLimits, TRIES};
use super::transport_error::{CallError, TransportError, describe};
use crate::failure::{ExitStatus, what};

/// How a try of a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TryEnded<'a> {
    /// With this answer.
    Answered(&'a Answer),
    /// Without one.
    Failed(TransportError),
}

/// Asks, after a try that ended like this, whether the service did its work all the same; gives what shows that.
pub(crate) type DoneAlready<'a, D> = dyn FnMut(TryEnded<'_>) -> anyhow::Result<Option<D>> + 'a;

/// An HTTP client of one service within one run. Clones share connections and cookies; several threads may use it.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Detached>,
    service: &'static Service,
    limits: RunLimits,
    secrets: Arc<[Zeroizing<String>]>,
    /// Whether a proxy is set for the service.
    by_proxy: bool,
}

impl Client {
    /// Builds the client. Fails, with status 78, on a proxy that cannot be used or a machine without any certificate to
    /// trust.
    pub(crate) fn new(
        service: &'static Service,
        options: Options<'_>,
        limits: RunLimits,
    ) -> Result<Client> {
        Ok(Client {
            inner: Arc::new(Detached::new(&options)?),
            service,
            limits,
            secrets: options.secrets_to_mask(),
            by_proxy: options.by_proxy(),
        })
    }

    /// How long this client's run waits.
    pub(crate) fn limits(&self) -> &RunLimits {
        &self.limits
    }

    /// Sends a call until it is answered: at most three times, within the deadline. An answer with any status is an answer, in the
    /// end also one with a temporary status (429, 500, 502, 503, 504 and the like).
    pub(crate) fn send(&self, call: Call) -> Result<Answer, CallError> {
        let answer = self.send_unless(call, &mut |_| Ok(None))?;
        Ok(answer.unwrap_or_else(|answer| answer))
    }

    /// As [`Client::send`], but before it sends the call again it asks whether the service did what it should the last time.
    /// If so, that ends the call with what was found.
    pub(crate) fn send_unless<D>(
        &self,
        call: Call,
        done: &mut DoneAlready<'_, D>,
    ) -> Result<Result<Answer, D>, CallError> {
        let take = |head, body| self.whole(head, body).map(Reading::Other);
        let reading = self.repeatedly(call, take, done)?;
        Ok(reading.map(|reading: Reading<Answer>| match reading {
            Reading::Json(answer) | Reading::Other(answer) => answer,
        }))
    }

    /// As [`Client::send`], but passes the JSON of a 2xx answer to `read` as it arrives, in each try from the beginning. So it is
    /// never in memory as a whole. Any other answer is.
    pub(crate) fn read_json<T>(
        &self,
        call: Call,
        mut read: impl FnMut(JsonText<'_>) -> Result<T>,
    ) -> Result<Reading<T>, CallError> {
        let take = |head: Head, mut body: BufReader<Body>| {
            let is_json = matches!(first_character(&mut body), Some(b'{' | b'['));
            if !head.answer.is_success() || !is_json {
                return self.whole(head, body).map(Reading::Other);
            }
            let call = head.answer.call;
            let json = JsonText::new(body.by_ref().take(head.cap + 1), self.service, call);
            let read = read(json);
            head.log(body.get_ref());
            if let Some(missing) = body.get_mut().take_missing() {
                return Err(self.missing(call, missing));
            }
            if body.get_ref().length() > head.cap {
                return Err(self.too_large(call, head.cap));
            }
            read.map(Reading::Json).map_err(|error| CallError {
                kind: TransportError::NotUnderstood,
                error,
            })
        };
        let reading = self.repeatedly(call, take, &mut |_| Ok(None))?;
        Ok(reading.unwrap_or_else(|reading| reading))
    }

    /// Sends a call until `take` accepts the answer, or no further try is worth it.
    fn repeatedly<T, D>(
        &self,
        call: Call,
        mut take: impl FnMut(Head, BufReader<Body>) -> Result<Reading<T>, CallError>,
        done: &mut DoneAlready<'_, D>,
    ) -> Result<Result<Reading<T>, D>, CallError> {
        let name = call.name;
        let (limit, cap, repeat) = (call.limit, call.cap, call.repeat);
        let ends = |error| run_ends(error, self.doing(name));
        let request = self.request(call)?;
        let mut tries = 1;
        loop {
            self.limits.check().map_err(ends)?;
            let outcome = self
                .begin(name, &request, limit)
                .and_then(|(began, incoming)| {
                    let head = self.head(name, &incoming, (began, cap, tries));
                    take(head, BufReader::with_capacity(16 * 1024, incoming.body))
                });
            let (ended, said) = match &outcome {
                Ok(Reading::Json(_)) => return outcome.map(Ok),
                Ok(Reading::Other(answer)) => (
                    TryEnded::Answered(answer),
                    format!("{} {}", self.doing(name), answer.described()),
                ),
                Err(error) => (TryEnded::Failed(error.kind), what(&error.error)),
            };
            let Some(pause) = self.pause_after(ended, repeat, tries) else {
                return outcome.map(Ok);
            };
            log::debug!(
                "{}: trying again in {} ms",
                self.doing(name),
                pause.as_millis()
            );
            self.limits
                .pause(pause)
                .map_err(|error| run_ends(error, said))?;
            if let Some(found) = done(ended).map_err(ends)? {
                return Ok(Err(found));
            }
            tries += 1;
        }
    }

    /// How long to wait before another try; `None` where none is worth it, or the run has no time for it.
    fn pause_after(&self, ended: TryEnded<'_>, repeat: Repeat, tries: u32) -> Option<Duration> {
        let (again, asked, starting) = match ended {
            // 502 or 503 may be of a host that starts a site on demand.
            TryEnded::Answered(answer) => (
                repeat.after_status(answer.status()),
                answer.retry_after,
                matches!(answer.status(), 502 | 503),
            ),
            TryEnded::Failed(kind) => (repeat.after_error(kind), None, false),
        };
        if !again || tries == TRIES {
            return None;
        }
        match asked {
            Some(asked) => Some(asked).filter(|asked| self.limits.has_time_for(*asked)),
            None => Some(run_limits::backoff(repeat.base_pause(starting), tries)),
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

    /// One try, up to the beginning of its answer; also when it began.
    fn begin(
        &self,
        call: &'static str,
        request: &reqwest::blocking::Request,
        limit: Duration,
    ) -> Result<(Instant, Incoming), CallError> {
        let began = Instant::now();
        let left = self.limits.deadline().remaining().unwrap_or(limit);
        // Only a body that streams cannot be cloned; ours are bytes.
        let Some(mut request) = request.try_clone() else {
            return Err(self.failed(call, &std::fmt::Error));
        };
        *request.timeout_mut() = Some(limit.min(left));
        let incoming = match self.limits.line() {
            None => exchange::begin(&self.inner, request, &self.limits),
            Some(line) => line::begin(
                line,
                self.asked(call, &request),
                |answer| exchange::canned(answer, &self.limits),
                || exchange::begin(&self.inner, request, &self.limits),
            ),
        }
        .map_err(|missing| self.missing(call, missing))?;
        Ok((began, incoming))
    }

    fn asked(&self, call: &'static str, request: &reqwest::blocking::Request) -> line::Asked {
        let body = request.body().and_then(reqwest::blocking::Body::as_bytes);
        line::Asked {
            service: self.service.name,
            call,
            method: request.method().to_string(),
            url: request.url().clone(),
            sent: body.map_or(0, <[u8]>::len),
        }
    }

    /// The whole answer. Unless it is the JSON of a 2xx answer, its beginning is enough.
    fn whole(&self, mut head: Head, mut reader: BufReader<Body>) -> Result<Answer, CallError> {
        let mut beginning = reader.by_ref().take(head.cap + 1);
        let read = beginning.read_to_end(&mut head.answer.body);
        head.log(reader.get_ref());
        let (mut answer, cap) = (head.answer, head.cap);
        if let Some(missing) = reader.get_mut().take_missing() {
            return Err(self.missing(answer.call, missing));
        }
        read.map_err(|error| self.failed(answer.call, &error))?;
        let too_large = answer.body.len() as u64 > cap;
        if !answer.is_success() || answer.is_html() {
            answer.excerpt = self.excerpt(&answer.body);
            answer.size = size_and_fingerprint(&answer.body, &self.secrets);
        } else if too_large {
            return Err(self.too_large(answer.call, cap));
        }
        Ok(answer)
    }

    fn head(
        &self,
        call: &'static str,
        incoming: &Incoming,
        (began, cap, tries): (Instant, u64, u32),
    ) -> Head {
        let retry_after = incoming.header(&RETRY_AFTER);
        let answer = Answer {
            service: self.service,
            call,
            status: incoming.status,
            location: incoming.header(&LOCATION),
            retry_after: retry_after.and_then(|text| run_limits::retry_after(&text, Utc::now())),
            excerpt: String::new(),
            size: String::new(),
            body: Vec::new(),
            tries,
        };
        Head { answer, began, cap }
    }

    /// An excerpt that also masks this client's secrets and the service's host.
    fn excerpt(&self, body: &[u8]) -> String {
        // More than the excerpt looks at need not be copied.
        let beginning = &body[..body.len().min(128 * 1024)];
        excerpt_masking(&String::from_utf8_lossy(beginning), &self.secrets)
    }

    fn missing(&self, call: &'static str, missing: Missing) -> CallError {
        match missing {
            Missing::Failed(error) => self.failed(call, &*error),
            Missing::RunEnds => match self.limits.check() {
                Err(error) => run_ends(error, self.doing(call)),
                Ok(()) => self.failed(call, &std::fmt::Error),
            },
        }
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
            TransportError::ProxyRefused => proxy_wants_credentials(service, call),
            TransportError::Unreachable if self.by_proxy => service.failure(
                ExitStatus::Unavailable,
                call,
                format!("failed through the proxy: {words}"),
                "Check the proxy first, which is set in REQUESTS_PROXY or HTTPS_PROXY: whether its address is right, and it runs",
            ),
            TransportError::NoFilesLeft => no_files_left(format!("{}: {call}", service.name)),
            _ => service.unavailable(call, format!("failed: {words}")),
        };
        CallError {
            kind,
            error: failure.into(),
        }
    }

    fn too_large(&self, call: &'static str, cap: u64) -> CallError {
        let what = match cap / 1024 {
            kibibytes @ ..1024 => format!("answered more than {kibibytes} KiB"),
            kibibytes => format!("answered more than {} MiB", kibibytes / 1024),
        };
        CallError {
            kind: TransportError::TooLarge,
            error: self.service.not_understood(call, what).into(),
        }
    }
}

/// What a call came to.
#[derive(Debug)]
pub(crate) enum Reading<T> {
    /// What was made of the JSON of a 2xx answer.
    Json(T),
    /// An answer of another status, or of something else than JSON.
    Other(Answer),
}

/// The beginning of an answer: one without a body so far, and the try that it came in.
struct Head {
    answer: Answer,
    began: Instant,
    cap: u64,
}

impl Head {
    fn log(&self, body: &Body) {
        let Answer { service, call, .. } = self.answer;
        log::debug!(
            "{}: {call}: {}, {} ms, {} bytes",
            service.name,
            self.answer.status(),
            self.began.elapsed().as_millis(),
            body.length()
        );
    }
}

/// Skips blanks and a byte order mark, and peeks at the first character after them. An error shows again when the caller reads
/// on.
fn first_character(body: &mut BufReader<Body>) -> Option<u8> {
    loop {
        let next = body.fill_buf().ok()?.first().copied()?;
        if !next.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(&next) {
            return Some(next);
        }
        body.consume(1);
    }
}

fn run_ends(error: anyhow::Error, doing: String) -> CallError {
    CallError {
        kind: TransportError::RunEnds,
        error: error.context(doing),
    }
}
