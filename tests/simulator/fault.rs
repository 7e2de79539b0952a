//! What can go wrong on the wire, and when: the rules that tests give a simulator.

use serde_json::Value;

/// One rule: the requests it concerns, and what happens to them. Of several rules the first that applies wins, except that
/// latencies add up.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Only requests of this method (`GET`, `POST`, ...); any, if absent.
    pub method: Option<String>,
    /// Only requests whose path begins so; any, if empty.
    pub path: String,
    /// Which of the requests that match method and path.
    pub times: Times,
    /// What happens.
    pub kind: Kind,
}

/// Which of the matching requests a rule concerns; the first is number 1, counted from when the rule was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Every one.
    Always,
    /// Only this one.
    Nth(usize),
    /// The first so many.
    First(usize),
    /// This one and all that follow.
    From(usize),
    /// The request with this number in the server's whole log (which starts at 1), whatever came before the rule was given.
    OfLog(usize),
    /// As `OfLog`, and every request after it: the network, or the client, is gone from there on.
    FromOfLog(usize),
}

/// What happens to a request. Unless it says otherwise, the request is not handled: nothing is stored, no state changes.
#[derive(Clone, Debug)]
pub enum Kind {
    /// This status, with these headers and this body.
    Status(u16, Vec<(String, String)>, String),
    /// The connection closes without an answer.
    Drop,
    /// The request is handled (a write is done), then the connection closes without an answer.
    DropAfterHandling,
    /// The request is handled, then the other kind decides the answer: a proxy that gives up on a write that succeeds.
    AfterHandling(Box<Kind>),
    /// The request is handled; half the body is sent under a `Content-Length` of the whole, then the connection closes.
    Truncate,
    /// As `Truncate`, but chunked and without the closing chunk.
    TruncateChunked,
    /// Never answered, the connection stays open.
    Stall,
    /// The request is handled; the headers are sent, the body never comes.
    StallBody,
    /// Status 200 and an HTML page: a proxy's, a maintenance page, a captive portal.
    Html200,
    /// Status 200 and nothing.
    Empty200,
    /// Status 200 and a body without end.
    Endless,
    /// Status 200 and this JSON.
    Json(Value),
    /// Status 302 to this place.
    Redirect(String),
    /// Handled and answered as usual, after so many milliseconds.
    Latency(u64),
}

impl Fault {
    /// Every request gets `kind`.
    pub fn always(kind: Kind) -> Self {
        Self {
            method: None,
            path: String::new(),
            times: Times::Always,
            kind,
        }
    }

    /// The request with this number in the whole log gets `kind`, whatever it is.
    pub fn at(number: usize, kind: Kind) -> Self {
        Self {
            times: Times::OfLog(number),
            ..Self::always(kind)
        }
    }

    /// From the request with this number in the whole log on, all get `kind`.
    pub fn from(number: usize, kind: Kind) -> Self {
        Self {
            times: Times::FromOfLog(number),
            ..Self::always(kind)
        }
    }

    /// Requests of `method` whose path begins with `path` get `kind`.
    pub fn on(method: &str, path: &str, times: Times, kind: Kind) -> Self {
        Self {
            method: Some(method.to_owned()),
            path: path.to_owned(),
            times,
            kind,
        }
    }
}

impl Kind {
    /// A bare status with a plain text body.
    pub fn status(code: u16) -> Self {
        Self::Status(code, Vec::new(), format!("status {code}"))
    }

    /// A status with `Retry-After: seconds`.
    pub fn retry_after(code: u16, seconds: u64) -> Self {
        Self::Status(
            code,
            vec![("retry-after".to_owned(), seconds.to_string())],
            String::new(),
        )
    }
}

/// A rule in force, with its count of matching requests.
pub(super) struct Rule {
    fault: Fault,
    seen: usize,
}

impl Rule {
    pub(super) fn new(fault: Fault) -> Self {
        Self { fault, seen: 0 }
    }

    /// Counts a request and says what this rule does to it. `number` is its place in the whole log.
    pub(super) fn consider(&mut self, number: usize, method: &str, path: &str) -> Option<Kind> {
        let Fault {
            method: wanted,
            path: prefix,
            times,
            kind,
        } = &self.fault;
        if wanted.as_ref().is_some_and(|wanted| wanted != method)
            || !path.starts_with(prefix.as_str())
        {
            return None;
        }
        self.seen += 1;
        let applies = match *times {
            Times::Always => true,
            Times::Nth(n) => self.seen == n,
            Times::First(n) => self.seen <= n,
            Times::From(n) => self.seen >= n,
            Times::OfLog(n) => number == n,
            Times::FromOfLog(n) => number >= n,
        };
        applies.then(|| kind.clone())
    }
}
