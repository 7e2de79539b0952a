//! Checks whether a site has stored documents after a write without a clear answer: a proxy that timed out may still have
//! passed the request on.

use std::collections::HashMap;

use anyhow::Result;
use serde_json::Value;

use super::queries::Document;
use super::site::{Site, turned_away};
use super::stored::is_stored_as;
use crate::config::Collection;
use crate::foreign;
use crate::http::{Answer, Call, CallError, TransportError, TryEnded};

/// Whether a write that ended like this may have been done.
fn may_be_done(ended: TryEnded<'_>) -> bool {
    match ended {
        TryEnded::Answered(answer) => match answer.status() {
            408 | 425 | 429 | 502 | 503 | 504 => true,
            // The site itself says in JSON that it failed.
            500 => !answer.is_json(),
            _ => false,
        },
        TryEnded::Failed(error) => {
            matches!(error, TransportError::TimedOut | TransportError::Dropped)
        }
    }
}

/// Whether documents can be found again: by their identifier, around their time.
pub(super) fn can_be_found(collection: Collection, documents: &[Document]) -> bool {
    documents.iter().all(|document| {
        let device = document.get("device").is_some_and(Value::is_string);
        foreign::text_in(document, "identifier").is_some()
            && (collection == Collection::Profile || collection.instant(document).is_some())
            && (collection != Collection::DeviceStatus || device)
    })
}

impl Site {
    /// Sends documents. `None` if the answer was unclear and the site has them.
    pub(super) fn send_unless_held(
        &self,
        collection: Collection,
        documents: &[Document],
        call: Call,
    ) -> Result<Option<Answer>, CallError> {
        let mut held = |ended: TryEnded<'_>| {
            let held = may_be_done(ended) && self.holds_all(collection, documents)?;
            Ok(held.then_some(()))
        };
        let outcome = match self.send_unless(call, &mut held) {
            Ok(Err(())) => return Ok(None),
            Ok(Ok(answer)) => Ok(answer),
            Err(error) => Err(error),
        };
        let ended = match &outcome {
            Ok(answer) => TryEnded::Answered(answer),
            Err(error) => TryEnded::Failed(error.kind),
        };
        // The caller would send them again.
        match held(ended) {
            Ok(None) => outcome.map(Some),
            Ok(Some(())) => Ok(None),
            Err(error) => Err(turned_away(error)),
        }
    }

    /// Whether the site has all of these documents as they were sent. `false` if they cannot be found again.
    fn holds_all(&self, collection: Collection, documents: &[Document]) -> Result<bool> {
        if !can_be_found(collection, documents) {
            return Ok(false);
        }
        let times = || documents.iter().filter_map(|sent| collection.instant(sent));
        let stored = match (collection, times().min(), times().max()) {
            (Collection::Treatments, Some(first), last) => self.treatments(first, last, Some)?,
            (Collection::Entries, Some(first), last) => self.entries(first, last, Some)?,
            (Collection::DeviceStatus, Some(first), Some(last)) => {
                let device = documents
                    .first()
                    .and_then(|sent| sent.get("device")?.as_str());
                self.device_statuses(device.unwrap_or_default(), first, last)?
            }
            (Collection::Profile, ..) => self.newest_profiles()?,
            _ => return Ok(false),
        };
        let mut by_identifier: HashMap<Option<&str>, Vec<&Document>> = HashMap::new();
        for document in &stored {
            let same = by_identifier.entry(foreign::text_in(document, "identifier"));
            same.or_default().push(document);
        }
        Ok(documents.iter().all(|sent| {
            let same = by_identifier.get(&foreign::text_in(sent, "identifier"));
            // In a collection that only adds, a document with this identifier is the one that was sent.
            let is_sent = |stored: &&Document| collection.only_adds() || is_stored_as(stored, sent);
            same.is_some_and(|same| same.iter().any(is_sent))
        }))
    }
}
