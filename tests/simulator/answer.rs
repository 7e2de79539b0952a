//! An answer as a simulator gives it, and the body that carries it: whole, cut short, stalled or endless.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use serde_json::Value;

/// What a simulator makes of a request.
pub enum Outcome {
    /// It answers.
    Answer(Answer),
    /// It never answers and keeps the connection open.
    Hang,
    /// Its process is gone: the connection breaks.
    Reset,
    /// It has looked at its data and goes on once another request to the same place has done so too: two at one moment. It
    /// goes on alone where none comes.
    Together(String, Box<dyn FnOnce() -> Outcome + Send>),
}

/// One HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// How long to wait before it is sent.
    pub delay: Duration,
}

impl Answer {
    /// An answer of this content type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
            delay: Duration::ZERO,
        }
    }

    /// A JSON document.
    pub fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", value.to_string())
    }

    /// An HTML page with this text on it.
    pub fn html(status: u16, text: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{text}</title></head><body><pre>{text}</pre></body></html>\n"
        );
        Self::new(status, "text/html; charset=utf-8", page)
    }

    /// A 302 to `location`.
    pub fn redirect(location: &str) -> Self {
        Self::html(302, "Found").with("location", location)
    }

    /// The same with one more header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

/// How a body ends.
#[derive(Debug)]
pub(super) enum End {
    /// Properly.
    Done,
    /// The connection breaks.
    Abort,
    /// Nothing comes any more.
    Hang,
    /// The same bytes again and again.
    Repeat(Bytes),
}

/// A body that plays its part: some bytes, then an end.
pub(super) struct Script {
    parts: VecDeque<Bytes>,
    end: End,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Script {
    pub(super) fn new(body: impl Into<Bytes>, end: End) -> Self {
        let body = body.into();
        let parts = if body.is_empty() {
            VecDeque::new()
        } else {
            VecDeque::from([body])
        };
        Self {
            parts,
            end,
            pause: None,
        }
    }

    /// Waits a moment once; what was sent so far leaves the buffers meanwhile.
    fn paused(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let pause = self
            .pause
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::from_millis(2))));
        let ready = pause.as_mut().poll(context);
        if ready.is_ready() {
            self.pause = None;
        }
        ready
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(part) = self.parts.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        match self.end {
            End::Done => Poll::Ready(None),
            End::Hang => Poll::Pending,
            End::Abort => self
                .paused(context)
                .map(|()| Some(Err(io::Error::other("a fault was asked for")))),
            End::Repeat(ref bytes) => {
                let bytes = bytes.clone();
                self.paused(context).map(|()| Some(Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_empty() && matches!(self.end, End::Done)
    }

    fn size_hint(&self) -> SizeHint {
        match self.end {
            End::Done => {
                SizeHint::with_exact(self.parts.iter().map(|part| part.len() as u64).sum())
            }
            _ => SizeHint::default(),
        }
    }
}
