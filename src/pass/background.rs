//! Requests that run at the same time. Each costs a round trip, and few need another's answer.

use std::thread::{self, Scope, ScopedJoinHandle};

use anyhow::{Result, anyhow};

use super::upload::SiteWriter;
use crate::failure::{ExitStatus, message, status};
use crate::pump::settings::PumpProfiles;
use crate::report::{Report, Uploads};

type Done = (Uploads, Result<()>);

/// Uploads that run while the pages are copied.
pub(super) struct BackgroundUploads<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    under_way: Vec<ScopedJoinHandle<'scope, Done>>,
}

impl<'scope, 'env> BackgroundUploads<'scope, 'env> {
    pub(super) fn new(scope: &'scope Scope<'scope, 'env>) -> Self {
        BackgroundUploads {
            scope,
            under_way: Vec::new(),
        }
    }

    pub(super) fn begin(
        &mut self,
        upload: impl FnOnce(&mut Uploads) -> Result<()> + Send + 'scope,
    ) {
        self.under_way.push(self.scope.spawn(|| {
            let mut uploads = Uploads::default();
            let ended = upload(&mut uploads);
            (uploads, ended)
        }));
    }

    /// Begins to write the profiles, where there are any.
    pub(super) fn begin_profiles(
        &mut self,
        upload: &'env SiteWriter<'env>,
        profiles: Option<&'env PumpProfiles>,
    ) {
        if profiles.is_some() {
            self.begin(move |uploads| upload.profiles(profiles, uploads));
        }
    }

    /// Waits for all of them, and reports what they did beside what came to `main`.
    pub(super) fn end<T>(self, main: Result<T>, report: &mut Report) -> Result<T> {
        let mut all = main;
        for thread in self.under_way {
            let (uploads, ended) = thread
                .join()
                .unwrap_or_else(|_| (Uploads::default(), Err(thread_died())));
            report.uploads.add(uploads);
            all = both(all, ended, report).map(|(main, ())| main);
        }
        all
    }
}

/// Joins two results. If both failed, the graver failure ends the run and the other becomes a warning, because there are two
/// problems to fix. A deadline or a stop is the same for both and is not repeated.
pub(super) fn both<A, B>(one: Result<A>, other: Result<B>, report: &mut Report) -> Result<(A, B)> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        (Err(one), Err(other)) => {
            let graver = status(&one).graver(status(&other));
            let (first, second) = if status(&one) == graver {
                (one, other)
            } else {
                (other, one)
            };
            if status(&second) != ExitStatus::TryLater {
                report.warn(message(&second));
            }
            Err(first)
        }
    }
}

/// Does both at once, the second on a thread of its own.
pub(super) fn at_once<A, B: Send>(
    one: impl FnOnce() -> A,
    other: impl FnOnce() -> Result<B> + Send,
) -> (A, Result<B>) {
    thread::scope(|scope| {
        let other = scope.spawn(other);
        let one = one();
        (one, other.join().unwrap_or_else(|_| Err(thread_died())))
    })
}

fn thread_died() -> anyhow::Error {
    anyhow!("a part of the run died")
}
