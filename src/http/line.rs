//! Lets somebody listen to the calls of a run (`--capture`) or answer them instead of the network (`--replay`).

use std::fmt;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, LOCATION};
use url::Url;

use super::exchange::{Incoming, Missing};

/// The most bytes of an answer that a listener gets.
const MOST: usize = 16 * 1024 * 1024;

/// A request without its headers and body.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The service's name.
    pub service: &'static str,
    /// What the call is for, in a few words.
    pub call: &'static str,
    /// The method.
    pub method: String,
    /// The address.
    pub url: Url,
    /// The size of the body, in bytes.
    pub sent: usize,
}

/// What came of one try of a call.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// What was asked.
    pub asked: Asked,
    /// The status; `None` where no answer came.
    pub status: Option<u16>,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body, decompressed.
    pub body: Vec<u8>,
    /// Whether the body is all of it.
    pub complete: bool,
    /// From sending the request to the end of its answer.
    pub took: Duration,
}

impl Heard {
    /// Whether the answer says that all is well.
    pub(crate) fn went_well(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }
}

/// An answer that comes from no network.
#[derive(Clone, Debug)]
pub(crate) struct Canned {
    /// The status.
    pub status: u16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Sees every call of a run. Several threads call it.
pub(crate) trait Line: fmt::Debug + Send + Sync {
    /// The answer to a call; `None` to send it to the network, an error if there is no answer.
    fn answer(&self, asked: &Asked) -> Option<Result<Canned, NoAnswer>>;

    /// Takes note of a call that went to the network.
    fn heard(&self, heard: Heard);
}

/// A call that nobody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoAnswer;

impl NoAnswer {
    /// The same in words.
    pub(super) const WORDS: &str = "the capture holds no answer to this call";
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NoAnswer::WORDS)
    }
}

impl std::error::Error for NoAnswer {}

/// Records an answer as it arrives, for whoever listens.
pub(super) struct Tape {
    line: std::sync::Arc<dyn Line>,
    heard: Heard,
    began: Instant,
}

impl Tape {
    /// Adds what came of the body.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let room = MOST - self.heard.body.len();
        self.heard
            .body
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.heard.complete &= bytes.len() <= room;
    }

    /// Whether more of the body is wanted.
    pub(super) fn has_room(&self) -> bool {
        self.heard.complete
    }

    /// Hands over what came.
    pub(super) fn end(mut self, complete: bool) {
        self.heard.complete &= complete;
        self.heard.took = self.began.elapsed();
        self.line.heard(self.heard);
    }
}

/// Sends a request, unless the listener answers it, and records its answer for the listener.
pub(super) fn begin(
    line: &std::sync::Arc<dyn Line>,
    asked: Asked,
    canned: impl FnOnce(Canned) -> Incoming,
    send: impl FnOnce() -> Result<Incoming, Missing>,
) -> Result<Incoming, Missing> {
    match line.answer(&asked) {
        Some(Ok(answer)) => return Ok(canned(answer)),
        Some(Err(none)) => return Err(Missing::Failed(Box::new(none))),
        None => {}
    }
    let mut tape = Tape {
        line: line.clone(),
        heard: Heard {
            asked,
            status: None,
            content_type: None,
            location: None,
            body: Vec::new(),
            complete: true,
            took: Duration::ZERO,
        },
        began: Instant::now(),
    };
    match send() {
        Ok(mut incoming) => {
            tape.heard.status = Some(incoming.status.as_u16());
            tape.heard.content_type = incoming.header(&CONTENT_TYPE);
            tape.heard.location = incoming.header(&LOCATION);
            incoming.body.copy_to(tape);
            Ok(incoming)
        }
        Err(missing) => {
            tape.end(false);
            Err(missing)
        }
    }
}
