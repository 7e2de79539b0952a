//! Answers, and the failures of those that cannot be used.

use std::fmt::Display;
use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::StatusCode;
use serde::de::Deserialize;

use super::run_limits::CONTINUES;
use crate::failure::{ExitStatus, Failure};

/// A service as its failures speak of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// The name that begins every message.
    pub(crate) name: &'static str,
    /// What to do when it cannot be reached or keeps failing.
    pub(crate) when_unavailable: &'static str,
    /// What to do when its certificate is not accepted.
    pub(crate) when_untrusted: &'static str,
    /// What to do when it answers something unexpected.
    pub(crate) when_not_understood: &'static str,
}

impl Service {
    /// A failure of exit status 69: the service cannot be reached or keeps failing. `what` continues "Service: call".
    pub(crate) fn unavailable(&self, call: &str, what: impl Display) -> Failure {
        self.failure(ExitStatus::Unavailable, call, what, self.when_unavailable)
    }

    /// A failure of exit status 76: this version does not understand the answer. `what` continues "Service: call".
    pub(crate) fn not_understood(&self, call: &str, what: impl Display) -> Failure {
        self.failure(
            ExitStatus::NotUnderstood,
            call,
            what,
            self.when_not_understood,
        )
    }

    /// Any other failure of a call. `what` continues "Service: call".
    pub(crate) fn failure(
        &self,
        status: ExitStatus,
        call: &str,
        what: impl Display,
        advice: impl Into<String>,
    ) -> Failure {
        Failure::new(status, format!("{}: {call} {what}", self.name), advice)
    }
}

/// A complete answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(super) service: &'static Service,
    /// The call that it answers.
    pub(crate) call: &'static str,
    pub(super) status: StatusCode,
    /// The `Location` of a redirect.
    pub(crate) location: Option<String>,
    pub(super) retry_after: Option<Duration>,
    /// The known phrases of the body, empty when there are none. Only looked for in answers of another status than 2xx and in
    /// pages: other bodies hold personal data.
    pub(crate) excerpt: String,
    pub(super) size: String,
    /// The body, decompressed.
    pub(crate) body: Vec<u8>,
    /// How often the call was sent until this answer came.
    pub(crate) tries: u32,
}

impl Answer {
    /// The HTTP status code.
    pub(crate) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Whether the status is 2xx.
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// Whether the body looks like a page for people.
    pub(crate) fn is_html(&self) -> bool {
        first_character(&self.body) == Some(b'<')
    }

    /// Whether the body looks like JSON.
    pub(crate) fn is_json(&self) -> bool {
        matches!(first_character(&self.body), Some(b'{' | b'['))
    }

    /// What was answered, in words that continue "Service: call": the status and the excerpt.
    pub(crate) fn described(&self) -> String {
        let status = match self.status.canonical_reason() {
            Some(reason) => format!("answered {} {reason}", self.status.as_u16()),
            None => format!("answered {}", self.status.as_u16()),
        };
        let kind = if self.is_html() { ", a web page" } else { "" };
        if !self.excerpt.is_empty() {
            format!("{status}{kind} (\"{}\")", self.excerpt)
        } else if self.body.is_empty() {
            format!("{status}, nothing else")
        } else if !self.size.is_empty() {
            format!("{status}{kind} ({})", self.size)
        } else {
            status + kind
        }
    }

    /// The same answer without its excerpt: of a service that may repeat an address which is a secret.
    pub(crate) fn without_excerpt(mut self) -> Answer {
        self.excerpt.clear();
        self.size.clear();
        self
    }

    /// The failure of a call that has no better word for this answer: 75 when it says that there were too many requests,
    /// 69 for server errors, 76 for everything else.
    pub(crate) fn failure(&self) -> Failure {
        let (service, call) = (self.service, self.call);
        let what = match self.retry_after {
            Some(pause) => format!("{} and asks for {}", self.described(), in_words(pause)),
            None => self.described(),
        };
        match self.status() {
            429 => service.failure(
                ExitStatus::TryLater,
                call,
                format!("{what}: it limits how often it is asked"),
                format!("{CONTINUES}. If it lasts, run less often"),
            ),
            407 => proxy_wants_credentials(service, call),
            // The same request may go better later.
            408 | 425 | 500..=599 => service.unavailable(call, what),
            _ => service.not_understood(call, what),
        }
    }

    /// The body of a 2xx answer as JSON of the shape `T`; any other answer is its [`Answer::failure`]. The failure never
    /// repeats a value of the body.
    pub(crate) fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        ensure!(self.is_success() && !self.is_html(), self.failure());
        serde_json::from_slice(&self.body).map_err(|error| self.not_json(&error).into())
    }

    /// The failure of a body that is JSON and not what was wanted.
    pub(crate) fn of_unexpected_shape(&self) -> Failure {
        self.service
            .not_understood(self.call, "answered JSON of an unexpected shape")
    }

    /// The failure of a body that is not JSON of the wanted shape.
    pub(crate) fn not_json(&self, error: &serde_json::Error) -> Failure {
        not_json(self.service, self.call, self.body.is_empty(), error)
    }
}

/// The failure of a call that a proxy on the way did not let pass.
pub(super) fn proxy_wants_credentials(service: &Service, call: &str) -> Failure {
    service.failure(
        ExitStatus::Configuration,
        call,
        "was stopped by the proxy, which wants a user name and a password (407)",
        "Write the proxy as http://user:password@host:port, in REQUESTS_PROXY or where it is set (HTTPS_PROXY, HTTP_PROXY)",
    )
}

/// The failure of a 2xx answer that is not JSON of the wanted shape. It tells only the kind of the error, whose text repeats
/// values.
pub(crate) fn not_json(
    service: &Service,
    call: &str,
    empty: bool,
    error: &serde_json::Error,
) -> Failure {
    use serde_json::error::Category;
    let what = match error.classify() {
        _ if empty => "answered nothing",
        // A connection that ends too soon can look like the end of an answer that does not tell its length.
        Category::Eof => return service.unavailable(call, "answered JSON that is cut off"),
        Category::Data => "answered JSON of an unexpected shape",
        Category::Syntax => "answered something that is not JSON",
        // Errors of the transport are reported before this.
        Category::Io => "answered more at once than belongs there",
    };
    service.not_understood(call, what)
}

/// A pause that a service asks for.
fn in_words(pause: Duration) -> String {
    match pause.as_secs() {
        1 => "a pause of 1 second".to_owned(),
        seconds @ ..120 => format!("a pause of {seconds} seconds"),
        seconds => format!("a pause of {} minutes", seconds.div_ceil(60)),
    }
}

fn first_character(body: &[u8]) -> Option<u8> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    body.iter()
        .copied()
        .find(|byte| !byte.is_ascii_whitespace())
}
