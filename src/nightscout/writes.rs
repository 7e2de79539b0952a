//! Writes documents to a site: in arrays, in order. An array that is too large or too slow is halved. If a document is refused,
//! the array is split until that document is found.

use std::ops::Range;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use reqwest::Method;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::SERVICE;
use super::look::can_be_found;
use super::queries::Document;
use super::site::Site;
use crate::config::Collection;
use crate::failure::{self, ExitStatus, Failure};
use crate::http::{Answer, Repeat, TransportError};

/// The most documents in one request. Proxies of hosted sites cut off what takes longer than half a minute or is larger
/// than a megabyte.
pub(crate) const BATCH: usize = 500;

/// A request that takes too long is not halved below this many documents: with so few, their number is not the cause.
const FEWEST: usize = 25;

/// After this many single documents met server errors, and none was accepted, the site itself is taken to fail.
const ERRORS_BEFORE_ANY_SUCCESS: usize = 3;

/// After this many single documents were refused, and none was accepted, the rest is not tried.
const REFUSALS_BEFORE_ANY_SUCCESS: usize = 20;

/// The outcome of a write. After a failure it covers only the first documents: the others were not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many the site took.
    pub accepted: usize,
    /// Which it did not take, in the order in which they were given.
    pub refused: Vec<Refused>,
    /// How many requests it took, repeated tries not counted.
    pub requests: usize,
}

impl Written {
    /// How many of the first documents are settled, accepted or refused. After a failure, a few among them may be unsettled,
    /// because they met server errors.
    pub fn settled(&self) -> usize {
        self.accepted + self.refused.len()
    }
}

/// A document that the site did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its place in what was given.
    pub index: usize,
    /// What the site answered, redacted.
    pub reason: String,
}

/// How a site took a request.
enum BatchOutcome {
    Accepted,
    /// The request is too large; the failure to end with when it cannot be made smaller.
    TooLarge(anyhow::Error),
    /// The request takes too long; the failure to end with when it cannot be made smaller.
    TooSlow(anyhow::Error),
    /// A document in it is not acceptable, for this reason.
    Refused(String),
    /// A server error: a document in it is not acceptable, or the server fails.
    Failed(String),
}

impl Site {
    /// Writes documents: upserts treatments and entries, adds the others. They go up in the given order, so that an interrupted
    /// run has written the first of them and none of the later ones, except refused ones and at most three that met server errors.
    ///
    /// A treatment replaces the one of its `identifier`, wherever that is in time, on sites from
    /// [`SiteVersion::UPSERTS_BY_IDENTIFIER`](super::SiteVersion::UPSERTS_BY_IDENTIFIER) on. Older ones go by time and type,
    /// and would add a second one where either changed: see [`Site::update_by_id`].
    ///
    /// Refused documents are no failure of the call. Fails with 69 when the site fails whatever it is sent, and with 76
    /// when it acknowledges fewer documents than it was sent; what was written before that is known all the same.
    pub fn write(&self, collection: Collection, documents: &[Document]) -> (Written, Result<()>) {
        let whole = (!documents.is_empty()).then_some(0..documents.len());
        BatchWriter {
            site: self,
            collection,
            documents,
            largest: if collection.only_adds() { 1 } else { BATCH },
            pending: whole.into_iter().collect(),
            written: Written::default(),
            accepted: None,
            suspects: Vec::new(),
            server_error: None,
        }
        .run()
    }

    /// Replaces one treatment or profile by its `_id`, on any version.
    ///
    /// A refused document is no failure: it is in the answer, with index 0.
    pub fn update_by_id(&self, collection: Collection, document: &Document) -> Result<Written> {
        // Without it, a site adds a document instead of replacing one.
        ensure!(
            document.get("_id").is_some_and(Value::is_string),
            "Nightscout: a replacement without an _id was to be sent"
        );
        let call = self.sending(Method::PUT, collection, to_json(document)?, Repeat::Freely);
        let answer = self.send(call)?;
        let mut written = Written {
            requests: 1,
            ..Written::default()
        };
        if matches!(answer.status(), 400 | 413 | 422) {
            written.refused.push(Refused {
                index: 0,
                reason: answer.described(),
            });
        } else {
            self.json::<IgnoredAny>(&answer)?;
            written.accepted = 1;
        }
        Ok(written)
    }
}

/// A write under way.
struct BatchWriter<'a> {
    site: &'a Site,
    collection: Collection,
    documents: &'a [Document],
    /// The most documents in a request, lowered when that turns out to be too many.
    largest: usize,
    /// What is still to write, the first last.
    pending: Vec<Range<usize>>,
    written: Written,
    /// A document that the site took.
    accepted: Option<usize>,
    /// Documents that met a server error when sent alone. Either the document or the site is at fault.
    suspects: Vec<usize>,
    /// The latest server error, if there was any. From then on each part is tried once.
    server_error: Option<String>,
}

impl BatchWriter<'_> {
    fn run(mut self) -> (Written, Result<()>) {
        let ended = self.write();
        if ended.is_err() && self.written.accepted == 0 {
            // It is the site that fails; the documents are not at fault.
            self.written.refused.clear();
        }
        self.written.refused.sort_by_key(|refused| refused.index);
        (self.written, ended)
    }

    fn write(&mut self) -> Result<()> {
        while let Some(range) = self.pending.pop() {
            self.site
                .limits()
                .check()
                .context(self.collection.names().write)?;
            // As long as an earlier document is unsettled, later ones go up singly.
            let largest = if self.suspects.is_empty() {
                self.largest
            } else {
                1
            };
            if range.len() > largest {
                self.split(&range, largest);
                continue;
            }
            match self.send(&range, Repeat::IfUntouched)? {
                BatchOutcome::Accepted => self.accept(&range),
                BatchOutcome::TooLarge(error) if range.len() == 1 => {
                    self.refuse(range.start, failure::what(&error));
                }
                BatchOutcome::TooSlow(error) if range.len() <= FEWEST => return Err(error),
                BatchOutcome::TooLarge(_) | BatchOutcome::TooSlow(_) => {
                    self.largest = range.len().div_ceil(2);
                    self.pending.push(range);
                }
                BatchOutcome::Refused(reason) => self.refused(range, reason, false)?,
                BatchOutcome::Failed(reason) => self.refused(range, reason, true)?,
            }
            if let Some(good) = self.accepted {
                for suspect in std::mem::take(&mut self.suspects) {
                    self.judge(suspect, good)?;
                }
            }
        }
        match &self.server_error {
            Some(reason) if self.written.accepted == 0 => Err(self.keeps_failing(reason).into()),
            _ => Ok(()),
        }
    }

    fn accept(&mut self, range: &Range<usize>) {
        self.written.accepted += range.len();
        self.accepted = Some(range.start);
    }

    /// Finds out whether a document or the site caused a server error. The document did if the site accepts another one again
    /// and still not this one. Otherwise the site fails, and nothing newer may go up before this document.
    fn judge(&mut self, suspect: usize, good: usize) -> Result<()> {
        let alone = |index| index..index + 1;
        match self.send(&alone(good), Repeat::Freely)? {
            BatchOutcome::Accepted => {}
            BatchOutcome::TooLarge(error) | BatchOutcome::TooSlow(error) => return Err(error),
            BatchOutcome::Refused(reason) | BatchOutcome::Failed(reason) => {
                bail!(self.keeps_failing(&reason))
            }
        }
        match self.send(&alone(suspect), Repeat::Freely)? {
            BatchOutcome::Accepted => self.accept(&alone(suspect)),
            BatchOutcome::TooLarge(error) => self.refuse(suspect, failure::what(&error)),
            BatchOutcome::TooSlow(error) => return Err(error),
            BatchOutcome::Refused(reason) | BatchOutcome::Failed(reason) => {
                self.refuse(suspect, reason);
            }
        }
        Ok(())
    }

    /// Puts a range back in two parts, of which the first has this length.
    fn split(&mut self, range: &Range<usize>, length: usize) {
        let middle = range.start + length;
        self.pending.push(middle..range.end);
        self.pending.push(range.start..middle);
    }

    fn refused(&mut self, range: Range<usize>, reason: String, server_error: bool) -> Result<()> {
        let nothing_accepted = self.written.accepted == 0;
        if server_error {
            self.server_error = Some(reason.clone());
        }
        if range.len() > 1 {
            // Until the site has accepted anything, a single document shows soonest whether it works.
            let alone = server_error && nothing_accepted;
            let first = if alone { 1 } else { range.len() / 2 };
            self.split(&range, first);
            return Ok(());
        }
        if server_error && !self.collection.only_adds() {
            self.suspects.push(range.start);
        } else {
            self.refuse(range.start, reason);
        }
        let refused = self.written.refused.len() + self.suspects.len();
        match &self.server_error {
            Some(reason) if nothing_accepted && refused >= ERRORS_BEFORE_ANY_SUCCESS => {
                Err(self.keeps_failing(reason).into())
            }
            None if nothing_accepted && refused >= REFUSALS_BEFORE_ANY_SUCCESS => {
                let what = format!("was refused for each of the first {refused} documents");
                Err(SERVICE
                    .not_understood(self.collection.names().write, what)
                    .into())
            }
            _ => Ok(()),
        }
    }

    fn refuse(&mut self, index: usize, reason: String) {
        self.written.refused.push(Refused { index, reason });
    }

    fn keeps_failing(&self, reason: &str) -> Failure {
        SERVICE.unavailable(
            self.collection.names().write,
            format!("kept failing: {reason}"),
        )
    }

    /// Sends the documents of a range in one request. `after_errors` says how to repeat it once a server error has occurred.
    fn send(&mut self, range: &Range<usize>, after_errors: Repeat) -> Result<BatchOutcome> {
        let collection = self.collection;
        let documents = &self.documents[range.clone()];
        let body = match documents {
            // An array of profiles is new in 15.0.7.
            [document] if collection.only_adds() => to_json(document)?,
            documents => to_json(documents)?,
        };
        let repeat = if collection.only_adds() && !can_be_found(collection, documents) {
            Repeat::IfUntouched
        } else if self.server_error.is_some() {
            after_errors
        } else if documents.len() <= FEWEST {
            Repeat::Freely
        } else {
            Repeat::UnlessTimedOut
        };
        let call = self.site.sending(Method::POST, collection, body, repeat);
        self.written.requests += 1;
        match self.site.send_unless_held(collection, documents, call) {
            Ok(Some(answer)) => self.outcome(&answer, documents.len()),
            Ok(None) => Ok(BatchOutcome::Accepted),
            Err(error) if error.kind == TransportError::TimedOut => {
                Ok(BatchOutcome::TooSlow(error.error))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn outcome(&self, answer: &Answer, sent: usize) -> Result<BatchOutcome> {
        Ok(match answer.status() {
            200..=299 => return self.count(answer, sent),
            413 => BatchOutcome::TooLarge(answer.failure().into()),
            408 | 502 | 504 => BatchOutcome::TooSlow(answer.failure().into()),
            400 | 422 => BatchOutcome::Refused(answer.described()),
            // A page instead is of the site as a whole, which did not start.
            500 if answer.is_json() => BatchOutcome::Failed(answer.described()),
            404 if self.collection == Collection::Treatments => bail!(no_careportal(answer)),
            _ => bail!(answer.failure()),
        })
    }

    /// Checks that the site acknowledges every document. It answers with the stored documents, sometimes more than were sent:
    /// it can store one as two.
    fn count(&self, answer: &Answer, sent: usize) -> Result<BatchOutcome> {
        let call = self.collection.names().write;
        let acknowledged = if answer.body.trim_ascii_start().starts_with(b"[") {
            self.site.json::<Vec<IgnoredAny>>(answer)?.len()
        } else {
            self.site.json::<IgnoredAny>(answer)?;
            if !answer.is_json() {
                return Err(answer.of_unexpected_shape().into());
            }
            1
        };
        if acknowledged >= sent {
            Ok(BatchOutcome::Accepted)
        } else {
            let what = format!("acknowledged only {acknowledged} of the {sent} that were sent");
            Err(SERVICE.not_understood(call, what).into())
        }
    }
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    // JSON values always serialise; an empty body in its place would be stored as an empty document.
    serde_json::to_vec(value).map_err(|_| {
        anyhow!("Nightscout: a document that cannot be written as JSON was to be sent")
    })
}

fn no_careportal(answer: &Answer) -> Failure {
    SERVICE.failure(
        ExitStatus::NotUnderstood,
        Collection::Treatments.names().write,
        answer.described(),
        "If the site opens at the address in NS_URL, its careportal plugin is switched off, without which it takes no treatments: \
         remove careportal from its DISABLE variable",
    )
}
