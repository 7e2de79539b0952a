//! One try of a request, on a thread of its own. The caller can stop waiting for it, and reads the answer as it arrives.

use std::error::Error;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::blocking::{Request, Response};
use reqwest::header::{HeaderMap, HeaderName, LOCATION};

use super::building::Detached;
use super::line::{Canned, Tape};
use super::run_limits::{RunLimits, SLICE};

/// How long a running request may still take after the run was asked to stop: it is better to know what it wrote.
const GRACE: Duration = Duration::from_millis(700);

/// The most bytes of a body that are passed on at once. Only a few such pieces are in memory.
const PIECE: usize = 32 * 1024;

/// What keeps an answer, or the rest of it, away.
#[derive(Debug)]
pub(super) enum Missing {
    /// The library's error.
    Failed(Box<dyn Error + Send + Sync>),
    /// The run should end.
    RunEnds,
}

/// What the thread hands over.
enum Piece {
    Head(StatusCode, HeaderMap),
    Bytes(Vec<u8>),
    End,
    Failed(Box<dyn Error + Send + Sync>),
}

/// The beginning of an answer, and its body.
pub(super) struct Incoming {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    pub(crate) body: Body,
}

impl Incoming {
    /// A header that is text.
    pub(super) fn header(&self, name: &HeaderName) -> Option<String> {
        Some(self.headers.get(name)?.to_str().ok()?.to_owned())
    }
}

/// The body of an answer, decompressed, as it comes.
pub(super) struct Body {
    pieces: Pieces,
    piece: io::Cursor<Vec<u8>>,
    ended: bool,
    /// How many bytes have come.
    length: u64,
    /// Why it ended too soon.
    missing: Option<Missing>,
    /// Where a copy of it goes.
    tape: Option<Tape>,
}

/// Sends a request, and waits for the beginning of its answer.
pub(super) fn begin(
    client: &Arc<Detached>,
    request: Request,
    limits: &RunLimits,
) -> Result<Incoming, Missing> {
    let (sender, receiver) = mpsc::sync_channel(2);
    let client = Arc::clone(client);
    thread::Builder::new()
        .spawn(move || send(&client, request, &sender))
        .map_err(|error| Missing::Failed(Box::new(error)))?;
    let mut pieces = Pieces::new(receiver, limits);
    match pieces.next()? {
        Piece::Head(status, headers) => Ok(Incoming {
            status,
            headers,
            body: Body::new(pieces),
        }),
        Piece::Failed(error) => Err(Missing::Failed(error)),
        Piece::Bytes(_) | Piece::End => Err(cut_short()),
    }
}

/// The beginning of an answer that comes from no network.
pub(super) fn canned(answer: Canned, limits: &RunLimits) -> Incoming {
    let (sender, receiver) = mpsc::sync_channel(2);
    // The receiver is there, and has room for both.
    let _ = sender.send(Piece::Bytes(answer.body));
    let _ = sender.send(Piece::End);
    let location = answer.location.and_then(|text| text.parse().ok());
    Incoming {
        status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::NOT_IMPLEMENTED),
        headers: location.map(|text| (LOCATION, text)).into_iter().collect(),
        body: Body::new(Pieces::new(receiver, limits)),
    }
}

/// The work of the thread. It ends when nobody listens any more, at the latest with the next piece.
fn send(client: &Detached, request: Request, to: &SyncSender<Piece>) {
    let failed = |error: Box<dyn Error + Send + Sync>| drop(to.send(Piece::Failed(error)));
    let Some(client) = client.get() else { return };
    let mut response: Response = match client.execute(request) {
        Ok(response) => response,
        Err(error) => return failed(Box::new(error.without_url())),
    };
    let head = Piece::Head(response.status(), response.headers().clone());
    if to.send(head).is_err() {
        return;
    }
    loop {
        let mut piece = vec![0; PIECE];
        let next = match response.read(&mut piece) {
            Ok(0) => Piece::End,
            Ok(length) => {
                piece.truncate(length);
                Piece::Bytes(piece)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return failed(Box::new(error)),
        };
        let is_end = matches!(next, Piece::End);
        if to.send(next).is_err() || is_end {
            return;
        }
    }
}

/// The receiving end.
struct Pieces {
    receiver: Receiver<Piece>,
    limits: RunLimits,
    stopping_since: Option<Instant>,
}

impl Pieces {
    fn new(receiver: Receiver<Piece>, limits: &RunLimits) -> Pieces {
        Pieces {
            receiver,
            limits: limits.clone(),
            stopping_since: None,
        }
    }

    fn next(&mut self) -> Result<Piece, Missing> {
        loop {
            if self.should_end() {
                return Err(Missing::RunEnds);
            }
            match self.receiver.recv_timeout(SLICE) {
                Ok(piece) => return Ok(piece),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(cut_short()),
            }
        }
    }

    fn should_end(&mut self) -> bool {
        if self.limits.stop().requested() {
            let since = self.stopping_since.get_or_insert_with(Instant::now);
            return since.elapsed() >= GRACE;
        }
        self.limits.deadline().reached()
    }
}

fn cut_short() -> Missing {
    Missing::Failed(Box::new(io::Error::from(io::ErrorKind::UnexpectedEof)))
}

impl Body {
    fn new(pieces: Pieces) -> Body {
        Body {
            pieces,
            piece: io::Cursor::default(),
            ended: false,
            length: 0,
            missing: None,
            tape: None,
        }
    }

    /// Copies all of it, also what nobody reads.
    pub(super) fn copy_to(&mut self, tape: Tape) {
        self.tape = Some(tape);
    }

    /// How many bytes of it have been handed over so far.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Why it ended too soon, if it did.
    pub(super) fn take_missing(&mut self) -> Option<Missing> {
        self.missing.take()
    }

    fn give_up(&mut self, missing: Missing) -> io::Error {
        self.ended = true;
        self.missing = Some(missing);
        io::ErrorKind::UnexpectedEof.into()
    }
}

impl Read for Body {
    /// Fails once, when the rest will not come; what kept it away is in [`Body::take_missing`].
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.piece.read(buffer)?;
            if length > 0 || buffer.is_empty() || self.ended {
                return Ok(length);
            }
            match self.pieces.next() {
                Ok(Piece::Bytes(bytes)) => {
                    self.length += bytes.len() as u64;
                    if let Some(tape) = &mut self.tape {
                        tape.add(&bytes);
                    }
                    self.piece = io::Cursor::new(bytes);
                }
                Ok(Piece::End | Piece::Head(..)) => self.ended = true,
                Ok(Piece::Failed(error)) => return Err(self.give_up(Missing::Failed(error))),
                Err(missing) => return Err(self.give_up(missing)),
            }
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let Some(mut tape) = self.tape.take() else {
            return;
        };
        while !self.ended && tape.has_room() {
            match self.pieces.next() {
                Ok(Piece::Bytes(bytes)) => tape.add(&bytes),
                Ok(Piece::End | Piece::Head(..)) => self.ended = true,
                Ok(Piece::Failed(_)) | Err(_) => break,
            }
        }
        tape.end(self.ended && self.missing.is_none());
    }
}
