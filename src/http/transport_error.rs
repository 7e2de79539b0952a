//! Why a call got no answer, in words for people.

use std::error::Error;
use std::io;

use super::line::NoAnswer;

/// The kinds of trouble between a call and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransportError {
    /// No connection came about.
    Unreachable,
    /// The server's certificate was not accepted.
    Untrusted,
    /// No answer, or no more of it, in time.
    TimedOut,
    /// The connection ended before the answer was complete.
    Dropped,
    /// A proxy on the way wants to know who is asking.
    ProxyRefused,
    /// This machine allows no more open files, and so no connections.
    NoFilesLeft,
    /// The answer is larger than any answer to this call should be.
    TooLarge,
    /// The answer is not what it should be.
    NotUnderstood,
    /// The service answered that it wants another secret or address.
    TurnedAway,
    /// The run should end: deadline or stop.
    RunEnds,
}

impl TransportError {
    /// Whether the same call may go better in a moment.
    pub(super) fn may_pass(self) -> bool {
        use TransportError::{Dropped, TimedOut, Unreachable};
        matches!(self, Unreachable | TimedOut | Dropped)
    }
}

/// A call without an answer: the kind of trouble, and the failure to end the run with.
#[derive(Debug)]
pub(crate) struct CallError {
    /// What kept the answer away.
    pub(crate) kind: TransportError,
    /// The same for the reader.
    pub(crate) error: anyhow::Error,
}

impl From<CallError> for anyhow::Error {
    fn from(error: CallError) -> anyhow::Error {
        error.error
    }
}

/// What a transport error is, and how it reads. The words are ours throughout: the libraries' hold addresses.
pub(super) fn describe(error: &(dyn Error + 'static)) -> (TransportError, &'static str) {
    use TransportError::{Dropped, NoFilesLeft, ProxyRefused, TimedOut, Unreachable, Untrusted};
    let causes = causes(error);
    let tls = causes.iter().find_map(|cause| cause.downcast_ref());
    match tls {
        Some(rustls::Error::InvalidCertificate(problem)) => {
            return (Untrusted, certificate(problem));
        }
        Some(_) => return (Unreachable, "the TLS handshake failed"),
        None => {}
    }
    if causes.iter().any(|cause| cause.is::<NoAnswer>()) {
        return (TransportError::NotUnderstood, NoAnswer::WORDS);
    }
    if causes.iter().any(|cause| no_files_left(*cause)) {
        return (NoFilesLeft, "too many open files");
    }
    // The library's type is private; the words are never shown.
    let is_of_proxy = |text: String| text == "proxy authorization required";
    if causes.iter().any(|cause| is_of_proxy(cause.to_string())) {
        return (ProxyRefused, "the proxy wants a password");
    }
    let request = causes
        .iter()
        .find_map(|cause| cause.downcast_ref::<reqwest::Error>());
    let is = |kind: fn(&reqwest::Error) -> bool| request.is_some_and(kind);
    let connecting = is(reqwest::Error::is_connect);
    if is(reqwest::Error::is_timeout) {
        return match connecting {
            true => (Unreachable, "no connection in time"),
            false => (TimedOut, "no answer in time"),
        };
    }
    if is(reqwest::Error::is_dns) {
        return (Unreachable, "the host name could not be resolved");
    }
    let io = causes
        .iter()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .map(io::Error::kind)
        .find(|kind| *kind != io::ErrorKind::Other);
    let kind = match io {
        _ if connecting => Unreachable,
        Some(io::ErrorKind::TimedOut) => TimedOut,
        _ => Dropped,
    };
    (kind, in_words(io, connecting))
}

/// What the system says, in words.
fn in_words(io: Option<io::ErrorKind>, connecting: bool) -> &'static str {
    use io::ErrorKind as Kind;
    match io {
        Some(Kind::ConnectionRefused) => "connection refused",
        Some(Kind::ConnectionReset) => "connection reset",
        Some(Kind::HostUnreachable | Kind::NetworkUnreachable) => "the network does not reach it",
        Some(Kind::TimedOut) => "no answer in time",
        _ if connecting => "no connection",
        _ => "the connection ended before the answer was complete",
    }
}

/// Whether the system says that this process, or the machine, has as many files open as it may.
pub(super) fn no_files_left(error: &(dyn Error + 'static)) -> bool {
    // EMFILE and ENFILE, the same on every Unix.
    let number = error.downcast_ref::<io::Error>();
    cfg!(unix) && matches!(number.and_then(io::Error::raw_os_error), Some(24 | 23))
}

/// An error, what it wraps, and what that wraps. An `io::Error` hides what it wraps from `source`, and the libraries
/// wrap each other through it.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> Vec<&'e (dyn Error + 'static)> {
    let mut causes = vec![error];
    let mut next = Some(error);
    while let Some(cause) = next {
        let wrapped = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as &(dyn Error + 'static));
        next = wrapped.or_else(|| cause.source());
        causes.extend(next);
    }
    causes
}

fn certificate(problem: &rustls::CertificateError) -> &'static str {
    use rustls::CertificateError as C;
    match problem {
        C::Expired | C::ExpiredContext { .. } => "its TLS certificate has expired",
        C::NotValidYet | C::NotValidYetContext { .. } => {
            "its TLS certificate is not valid yet (is this machine's clock right?)"
        }
        C::NotValidForName | C::NotValidForNameContext { .. } => {
            "its TLS certificate is for another host name"
        }
        C::UnknownIssuer => "its TLS certificate is from an issuer that this machine does not know",
        C::Revoked => "its TLS certificate was revoked",
        _ => "its TLS certificate is not acceptable",
    }
}

#[cfg(test)]
mod tests {
    use rustls::CertificateError;

    use super::*;

    #[test]
    fn a_certificate_problem_is_found_however_deep_and_named() {
        let cases = [
            (CertificateError::Expired, "expired"),
            (CertificateError::NotValidYet, "clock"),
            (CertificateError::NotValidForName, "host name"),
            (CertificateError::UnknownIssuer, "issuer"),
            (CertificateError::BadEncoding, "not acceptable"),
        ];
        for (problem, word) in cases {
            let tls = rustls::Error::InvalidCertificate(problem);
            let error = io::Error::other(io::Error::other(tls));
            let (kind, words) = describe(&error);
            assert_eq!(kind, TransportError::Untrusted);
            assert!(words.contains(word), "{words}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn too_many_open_files_are_said_to_be_that() {
        for number in [23, 24] {
            let error = io::Error::other(io::Error::from_raw_os_error(number));
            assert_eq!(describe(&error).0, TransportError::NoFilesLeft);
        }
        let denied = io::Error::other(io::Error::from_raw_os_error(13));
        assert_ne!(describe(&denied).0, TransportError::NoFilesLeft);
    }

    #[test]
    fn a_connection_that_ends_is_dropped() {
        for kind in [
            io::ErrorKind::UnexpectedEof,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::Other,
        ] {
            assert_eq!(
                describe(&io::Error::new(kind, "hidden")).0,
                TransportError::Dropped
            );
        }
        let (kind, words) = describe(&io::Error::new(io::ErrorKind::TimedOut, "hidden"));
        assert_eq!(kind, TransportError::TimedOut);
        assert!(!words.contains("hidden"));
    }
}
