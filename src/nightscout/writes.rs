//! What is written to a site: arrays of documents, in order, halved where they are too much, and split where one of them
//! is refused until that one is known.

use std::ops::Range;

use reqwest::Method;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::SERVICE;
use super::queries::Document;
use super::site::{Collection, Site};
use crate::failure::{ExitStatus, Failure};
use crate::http::{Answer, Repeat, Trouble};

/// The most documents in one request. Proxies of hosted sites cut off what takes longer than half a minute or is larger
/// than a megabyte.
const BATCH: usize = 500;

/// The fewest documents that a request is halved to because it takes too long: what takes long with fewer is not a
/// matter of their number.
const FEWEST: usize = 25;

/// How many documents may meet server errors one by one, with none accepted, before it is the site that fails.
const FAILURES_IN_A_ROW: usize = 3;

/// How many documents may be refused one by one, with none accepted, before the rest is not tried.
const REFUSALS_IN_A_ROW: usize = 20;

/// What became of documents that were sent: of the first of them, where a failure kept the others from being sent.
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
    /// Of how many documents, from the first on, it is known what became of them.
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
enum Verdict {
    Accepted,
    /// The request is too large, or takes too long; the failure to end with when it cannot be made smaller.
    TooMuch {
        too_large: bool,
        failure: Failure,
    },
    /// A document in it is not acceptable. A server error may mean that, or that the server fails.
    Refused {
        reason: String,
        server_error: bool,
    },
}

impl Site {
    /// Writes documents: upserts treatments and entries, adds the others. They go in the given order, so that when a run
    /// ends in between, what is written is a beginning of what was given, the refused ones aside.
    ///
    /// A treatment replaces the one of its `identifier`, wherever that is in time, on sites from
    /// [`SiteVersion::UPSERTS_BY_IDENTIFIER`](super::SiteVersion::UPSERTS_BY_IDENTIFIER) on. Older ones go by time and type,
    /// and would add a second one where either changed: see [`Site::update_by_id`].
    ///
    /// Refused documents are no failure of the call. Fails with 69 when the site fails whatever it is sent, and with 76
    /// when it acknowledges fewer documents than it was sent; what was written before that is known all the same.
    pub fn write(
        &self,
        collection: Collection,
        documents: &[Document],
    ) -> (Written, Result<(), Failure>) {
        let whole = (!documents.is_empty()).then_some(0..documents.len());
        Upload {
            site: self,
            collection,
            documents,
            largest: if collection.only_adds() { 1 } else { BATCH },
            pending: whole.into_iter().collect(),
            written: Written::default(),
            server_error: None,
        }
        .run()
    }

    /// Replaces one treatment or profile by its `_id`, on any version.
    ///
    /// A refused document is no failure: it is in the answer, with index 0.
    pub fn update_by_id(
        &self,
        collection: Collection,
        document: &Document,
    ) -> Result<Written, Failure> {
        let call = collection.write();
        if !document.get("_id").is_some_and(Value::is_string) {
            // Without it, a site adds a document instead of replacing one.
            return Err(bug("a replacement without an _id"));
        }
        let answer = self.send_json(
            call,
            Method::PUT,
            collection.path(),
            to_json(document)?,
            Repeat::Freely,
        )?;
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
            self.json::<Value>(call, &answer)?;
            written.accepted = 1;
        }
        Ok(written)
    }
}

/// A write under way.
struct Upload<'a> {
    site: &'a Site,
    collection: Collection,
    documents: &'a [Document],
    /// The most documents in a request, lowered when that turns out to be too many.
    largest: usize,
    /// What is still to write, the first last.
    pending: Vec<Range<usize>>,
    written: Written,
    /// The server error that stopped the latest single document, if one did.
    server_error: Option<String>,
}

impl Upload<'_> {
    fn run(mut self) -> (Written, Result<(), Failure>) {
        let ended = self.write();
        if ended.is_err() && self.written.accepted == 0 {
            // It is the site that fails; the documents are not at fault.
            self.written.refused.clear();
        }
        (self.written, ended)
    }

    fn write(&mut self) -> Result<(), Failure> {
        while let Some(range) = self.pending.pop() {
            self.site.patience().check(self.collection.write())?;
            if range.len() > self.largest {
                self.split(&range, self.largest);
                continue;
            }
            match self.send(&range)? {
                Verdict::Accepted => self.written.accepted += range.len(),
                Verdict::TooMuch { too_large, failure } => {
                    self.too_much(range, too_large, failure)?
                }
                Verdict::Refused {
                    reason,
                    server_error,
                } => {
                    self.refused(range, reason, server_error)?;
                }
            }
        }
        match &self.server_error {
            Some(reason) if self.written.accepted == 0 => Err(self.keeps_failing(reason)),
            _ => Ok(()),
        }
    }

    /// Puts a range back in two parts, of which the first has this length.
    fn split(&mut self, range: &Range<usize>, length: usize) {
        let middle = range.start + length;
        self.pending.push(middle..range.end);
        self.pending.push(range.start..middle);
    }

    fn too_much(
        &mut self,
        range: Range<usize>,
        too_large: bool,
        failure: Failure,
    ) -> Result<(), Failure> {
        let fewest = if too_large { 1 } else { FEWEST };
        if range.len() > fewest {
            self.largest = range.len().div_ceil(2);
            self.pending.push(range);
            Ok(())
        } else if too_large {
            self.refuse(range.start, failure.what);
            Ok(())
        } else {
            Err(failure)
        }
    }

    fn refused(
        &mut self,
        range: Range<usize>,
        reason: String,
        server_error: bool,
    ) -> Result<(), Failure> {
        let nothing_accepted = self.written.accepted == 0;
        if range.len() > 1 {
            // As long as nothing shows that the site works at all, a single document tells soonest.
            let alone = server_error && nothing_accepted;
            let first = if alone { 1 } else { range.len() / 2 };
            if server_error {
                self.server_error = Some(reason);
            }
            self.split(&range, first);
            return Ok(());
        }
        self.refuse(range.start, reason.clone());
        if server_error {
            self.server_error = Some(reason);
        }
        let in_a_row = self.written.refused.len();
        if nothing_accepted && self.server_error.is_some() && in_a_row >= FAILURES_IN_A_ROW {
            let reason = self.server_error.take().unwrap_or_default();
            Err(self.keeps_failing(&reason))
        } else if nothing_accepted && in_a_row >= REFUSALS_IN_A_ROW {
            let what = format!("was refused for each of the first {in_a_row} documents");
            Err(SERVICE.not_understood(self.collection.write(), what))
        } else {
            Ok(())
        }
    }

    fn refuse(&mut self, index: usize, reason: String) {
        self.written.refused.push(Refused { index, reason });
    }

    fn keeps_failing(&self, reason: &str) -> Failure {
        SERVICE.unavailable(self.collection.write(), format!("kept failing: {reason}"))
    }

    /// Sends the documents of a range in one request.
    fn send(&mut self, range: &Range<usize>) -> Result<Verdict, Failure> {
        let call = self.collection.write();
        let documents = &self.documents[range.clone()];
        let body = match documents {
            // An array of profiles is new in 15.0.7.
            [document] if self.collection.only_adds() => to_json(document)?,
            documents => to_json(documents)?,
        };
        let repeat = if self.collection.only_adds() || self.server_error.is_some() {
            // After server errors that did not pass, each part is tried once.
            Repeat::IfUntouched
        } else if documents.len() <= FEWEST {
            Repeat::Freely
        } else {
            Repeat::UnlessTimedOut
        };
        self.written.requests += 1;
        let path = self.collection.path();
        let answer = match self.site.send_json(call, Method::POST, path, body, repeat) {
            Ok(answer) => answer,
            Err(unanswered) if unanswered.trouble == Trouble::TimedOut => {
                return Ok(Verdict::TooMuch {
                    too_large: false,
                    failure: unanswered.failure,
                });
            }
            Err(unanswered) => return Err(unanswered.failure),
        };
        match answer.status() {
            200..=299 => self.count(&answer, documents.len()),
            413 => Ok(Verdict::TooMuch {
                too_large: true,
                failure: answer.failure(),
            }),
            408 | 502 | 504 => Ok(Verdict::TooMuch {
                too_large: false,
                failure: answer.failure(),
            }),
            400 | 422 => Ok(Verdict::Refused {
                reason: answer.described(),
                server_error: false,
            }),
            // A page instead is of the site as a whole, which did not start.
            500 if answer.is_json() => Ok(Verdict::Refused {
                reason: answer.described(),
                server_error: true,
            }),
            404 if self.collection == Collection::Treatments => Err(no_careportal(&answer)),
            _ => Err(answer.failure()),
        }
    }

    /// Whether the site acknowledges every document: it answers with what it stored, or with more where it stores a
    /// document as two.
    fn count(&self, answer: &Answer, sent: usize) -> Result<Verdict, Failure> {
        let call = self.collection.write();
        let acknowledged = if answer.body().trim_ascii_start().starts_with(b"[") {
            self.site.json::<Vec<IgnoredAny>>(call, answer)?.len()
        } else {
            self.site.json::<Map<String, Value>>(call, answer)?;
            1
        };
        if acknowledged >= sent {
            Ok(Verdict::Accepted)
        } else {
            let what = format!("acknowledged {acknowledged} of {sent} documents");
            Err(SERVICE.not_understood(call, what))
        }
    }
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Failure> {
    // JSON values always serialise; an empty body in its place would be stored as an empty document.
    serde_json::to_vec(value).map_err(|_| bug("a document that cannot be written as JSON"))
}

fn bug(what: &str) -> Failure {
    Failure::new(
        ExitStatus::Bug,
        format!("Nightscout: {what} was to be sent"),
        "Please report this",
    )
}

fn no_careportal(answer: &Answer) -> Failure {
    SERVICE.failure(
        ExitStatus::NotUnderstood,
        Collection::Treatments.write(),
        answer.described(),
        "If the site opens at the address in NS_URL, its careportal plugin is switched off, without which it takes no treatments: \
         remove careportal from its DISABLE variable",
    )
}
