//! HTTP for both services: one client builder, retries, the deadline, and what may be said of an answer.
//!
//! A [`Client`] belongs to one [`Service`] and sends one [`Call`] at a time: it repeats what is worth repeating, stays
//! within the run's [`RunLimits`], refuses answers that are too large, follows no redirect, and turns every error into a
//! [`Failure`](crate::failure::Failure) that a person can act on. What the answer means is for [`crate::tandem`] and
//! [`crate::nightscout`] to say.
//!
//! Nothing that this module prints holds a secret, a header, an address or personal data: see `redaction`.

mod answer;
mod building;
mod call;
mod certificates;
mod client;
mod error_text;
mod exchange;
mod json;
mod known_phrases;
mod line;
mod redaction;
mod run_limits;
mod transport_error;

pub use run_limits::{Deadline, RunLimits, Stop};

pub(crate) use answer::{Answer, Service, not_json};
pub(crate) use building::{Options, USER_AGENT};
pub(crate) use call::{Call, Repeat, below};
pub(crate) use certificates::certificates;
pub(crate) use client::{Client, DoneAlready, Reading, TryEnded};
pub(crate) use json::JsonText;
pub(crate) use line::{Asked, Canned, Heard, Line, NoAnswer};
pub(crate) use redaction::{excerpt_masking, forms};
pub(crate) use run_limits::CONTINUES;
pub(crate) use transport_error::{CallError, TransportError};
