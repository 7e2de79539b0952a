//! Compressed request bodies, for sites that read them.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{CONTENT_ENCODING, HeaderValue};

use crate::http::Call;

/// A body below this, in bytes, fits into a packet or two as it is.
const WORTH_IT: usize = 4096;

/// Whether a site reads gzip bodies. Every Nightscout does (Express's body parser); services that imitate it may not. So it is
/// off until the site has named its version, and off for good once a compressed body was refused. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Compresses(Arc<AtomicBool>);

impl Compresses {
    /// The site said that it is a Nightscout.
    pub(super) fn may(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The site did not understand a compressed body.
    pub(super) fn must_not(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// The call with its body compressed, where the site reads that and it is worth it.
    pub(super) fn gzip(&self, call: &Call) -> Option<Call> {
        let (content_type, body) = call.body.as_ref()?;
        if body.len() < WORTH_IT || !self.0.load(Ordering::Relaxed) {
            return None;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).ok()?;
        let mut call = Call {
            body: Some((content_type, encoder.finish().ok()?)),
            ..call.clone()
        };
        let gzip = HeaderValue::from_static("gzip");
        call.headers.insert(CONTENT_ENCODING, gzip);
        Some(call)
    }
}
