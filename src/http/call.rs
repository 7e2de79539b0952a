//! A request to send, and when it may be sent again.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use url::Url;

use super::run_limits::PAUSE;
use super::transport_error::TransportError;

/// The usual longest time of one try, from connecting to the last byte of the answer.
const TRY_LIMIT: Duration = Duration::from_secs(60);

/// The usual largest answer, in bytes. As a tree of values, JSON takes a hundred times its size at worst.
const ANSWER_CAP: u64 = 256 * 1024;

/// When a call may be sent again after it went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Whenever it may go better: sending it twice does no harm.
    Freely,
    /// As [`Repeat::Freely`], but not after a time-out, which a large write would only run into again.
    UnlessTimedOut,
    /// Only if the server most likely did nothing, since a second call would add the same again.
    IfUntouched,
    /// As [`Repeat::Freely`], with pauses that give a sleeping server time to start.
    UntilAwake,
    /// Never.
    Never,
}

/// One request, complete but for what the client adds.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// What it is for, in a few words: "login", "read treatments".
    pub(crate) name: &'static str,
    /// The method.
    pub(crate) method: Method,
    /// The address.
    pub(crate) url: Url,
    /// Headers beyond the client's own.
    pub(crate) headers: HeaderMap,
    /// The body with its content type.
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
    /// The largest 2xx answer that is accepted, in bytes after decompression. Of other answers, and of pages, no more than
    /// this is read.
    pub(crate) cap: u64,
    /// The longest time of one try.
    pub(crate) limit: Duration,
    /// When it may be sent again.
    pub(crate) repeat: Repeat,
}

impl Call {
    /// A `GET` that may be repeated.
    pub(crate) fn get(name: &'static str, url: Url) -> Call {
        Call {
            name,
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: None,
            cap: ANSWER_CAP,
            limit: TRY_LIMIT,
            repeat: Repeat::Freely,
        }
    }

    /// A `POST` of a body of this content type, that may be repeated.
    pub(crate) fn post(
        name: &'static str,
        url: Url,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Call {
        Call {
            method: Method::POST,
            body: Some((content_type, body)),
            ..Call::get(name, url)
        }
    }
}

/// The address of `path` below `base`, whether that ends with a slash or not.
pub(crate) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    let joined = format!("{}/{path}", base.path().trim_end_matches('/'));
    url.set_path(&joined);
    url
}

impl Repeat {
    /// The statuses that may pass by themselves.
    pub(super) fn after_status(self, status: u16) -> bool {
        let untouched = matches!(status, 408 | 425 | 429 | 503);
        let may_pass = untouched || matches!(status, 500 | 502 | 504);
        match self {
            Repeat::Freely | Repeat::UntilAwake => may_pass,
            Repeat::UnlessTimedOut => may_pass && status != 504,
            Repeat::IfUntouched => untouched,
            Repeat::Never => false,
        }
    }

    pub(super) fn after_error(self, kind: TransportError) -> bool {
        match self {
            Repeat::Freely | Repeat::UntilAwake => kind.may_pass(),
            Repeat::UnlessTimedOut => kind.may_pass() && kind != TransportError::TimedOut,
            Repeat::IfUntouched => kind == TransportError::Unreachable,
            Repeat::Never => false,
        }
    }

    /// The pause before the second try. A host that starts a site on demand answers 502 or 503 for up to a minute.
    pub(super) fn base_pause(self, starting: bool) -> Duration {
        match self {
            Repeat::UntilAwake if starting => Duration::from_secs(15),
            _ => PAUSE,
        }
    }
}
