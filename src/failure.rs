//! What can go wrong in a run, the exit status it ends with, and what its reader can do about it.
//!
//! A [`Failure`] is the root of an error: what happened, what to do about it, and the exit status. [`anyhow`] carries it up
//! and adds context on the way; [`status`] and [`message`] find it again at the end. An error without a `Failure` in its
//! chain is a bug of this program.
//!
//! A message is one line: which service and which call, what it answered, and what to do next. It never holds a secret or
//! personal data. Whoever builds one passes service answers through `http::redaction` first, and never wraps an
//! error of a library, whose text may hold addresses and values.

use std::fmt;

/// How a run ended, in the words of `sysexits.h` where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// Done, also when nothing was new.
    Done = 0,
    /// The command line was not understood.
    Usage = 2,
    /// Nightscout refused some documents; the rest is uploaded.
    Refused = 65,
    /// A service could not be reached or kept failing.
    Unavailable = 69,
    /// This program broke one of its own rules.
    Bug = 70,
    /// Nothing is wrong that a later run would not mend.
    TryLater = 75,
    /// A service answered something that this version does not understand.
    NotUnderstood = 76,
    /// A service rejected the credentials.
    CredentialsRejected = 77,
    /// The configuration is incomplete or wrong.
    Configuration = 78,
}

impl ExitStatus {
    /// Every status, in the order of their codes: the table that `--help` and the README show.
    pub const ALL: [ExitStatus; 9] = [
        ExitStatus::Done,
        ExitStatus::Usage,
        ExitStatus::Refused,
        ExitStatus::Unavailable,
        ExitStatus::Bug,
        ExitStatus::TryLater,
        ExitStatus::NotUnderstood,
        ExitStatus::CredentialsRejected,
        ExitStatus::Configuration,
    ];

    /// Every status by what it asks of its reader, the gravest last: nothing; patience; a report; a look at a service; a
    /// newer version; other credentials; another configuration, without which nothing else can be judged.
    const BY_GRAVITY: [ExitStatus; 9] = [
        ExitStatus::Done,
        ExitStatus::TryLater,
        ExitStatus::Refused,
        ExitStatus::Unavailable,
        ExitStatus::NotUnderstood,
        ExitStatus::CredentialsRejected,
        ExitStatus::Configuration,
        ExitStatus::Usage,
        ExitStatus::Bug,
    ];

    /// The graver of two statuses: the one that a run with both ends with.
    pub fn graver(self, other: ExitStatus) -> ExitStatus {
        let gravity = |status: ExitStatus| Self::BY_GRAVITY.iter().position(|each| *each == status);
        if gravity(other) > gravity(self) {
            other
        } else {
            self
        }
    }

    /// Whether a run after a check that ended so can tell more: not where it would be turned away again.
    pub(crate) fn is_worth_a_run(self) -> bool {
        !matches!(
            self,
            ExitStatus::CredentialsRejected | ExitStatus::Configuration | ExitStatus::Usage
        )
    }

    /// The process exit status.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What the status means, in a few words.
    pub const fn meaning(self) -> &'static str {
        match self {
            ExitStatus::Done => "done, also when nothing was new",
            ExitStatus::Usage => "the command line was not understood",
            ExitStatus::Refused => "Nightscout refused some documents; the rest is uploaded",
            ExitStatus::Unavailable => "a service could not be reached or kept failing",
            ExitStatus::Bug => "a bug in this program",
            ExitStatus::TryLater => {
                "try later: another run is under way, the deadline was reached, or the pump's data is stale"
            }
            ExitStatus::NotUnderstood => {
                "a service answered something that this version does not understand"
            }
            ExitStatus::CredentialsRejected => "a service rejected the credentials",
            ExitStatus::Configuration => "the configuration is incomplete or wrong",
        }
    }
}

/// What to do about an answer that this version does not understand and no newer one does.
const HOW_TO_REPORT: &str = concat!(
    "To report it, run with --check-login --capture FILE and attach that file to an issue at ",
    env!("CARGO_PKG_REPOSITORY"),
    "/issues"
);

/// Why a run could not be completed: one line for its reader, and the exit status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The status that the process ends with.
    pub status: ExitStatus,
    /// What happened: the service, the call, its answer. Without a full stop.
    pub what: String,
    /// What the reader can do about it: one or two sentences, without a final full stop.
    pub advice: String,
}

impl Failure {
    /// A failure of the given status.
    pub(crate) fn new(
        status: ExitStatus,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let mut advice = advice.into();
        if status == ExitStatus::NotUnderstood {
            advice = format!("{advice}. {HOW_TO_REPORT}");
        }
        Failure {
            status,
            what: what.into(),
            advice,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}.", self.what, self.advice)
    }
}

impl std::error::Error for Failure {}

/// The status of an error: that of the [`Failure`] in its chain. An error without one is a bug.
pub fn status(error: &anyhow::Error) -> ExitStatus {
    error
        .downcast_ref::<Failure>()
        .map_or(ExitStatus::Bug, |failure| failure.status)
}

/// What happened, without the advice.
pub fn what(error: &anyhow::Error) -> String {
    match error.downcast_ref::<Failure>() {
        Some(failure) => failure.what.clone(),
        None => format!("{error:#}"),
    }
}

/// What happened, with its context, and the advice apart; neither ends with a full stop.
pub(crate) fn what_and_cure(error: &anyhow::Error) -> (String, Option<String>) {
    let message = message(error);
    let message = message.strip_suffix('.').unwrap_or(&message);
    let cure = error
        .downcast_ref::<Failure>()
        .map(|failure| failure.advice.clone());
    let what = cure.as_deref().and_then(|cure| {
        let what = message.strip_suffix(cure)?;
        what.strip_suffix(". ")
    });
    match what {
        Some(what) => (what.to_owned(), cure),
        None => (message.to_owned(), None),
    }
}

/// An error as its reader sees it: one line, from the outermost context to the advice.
pub fn message(error: &anyhow::Error) -> String {
    match status(error) {
        ExitStatus::Bug => format!("{error:#}. Please report this with the lines above it."),
        _ => format!("{error:#}"),
    }
}

/// Logs an error; gives its status.
pub fn tell(error: &anyhow::Error) -> ExitStatus {
    log::error!("{}", message(error));
    status(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_code_and_a_gravity_of_its_own() {
        for (index, status) in ExitStatus::ALL.into_iter().enumerate() {
            assert!(ExitStatus::BY_GRAVITY.contains(&status), "{status:?}");
            for other in &ExitStatus::ALL[..index] {
                assert!(other.code() < status.code(), "{other:?}, {status:?}");
            }
        }
    }

    #[test]
    fn a_failure_is_found_below_any_context() {
        let failure = Failure::new(ExitStatus::TryLater, "no time left", "Run it again");
        let error = anyhow::Error::new(failure)
            .context("login")
            .context("Tandem");
        assert_eq!(status(&error), ExitStatus::TryLater);
        assert_eq!(
            message(&error),
            "Tandem: login: no time left. Run it again."
        );
        assert_eq!(what(&error), "no time left");
    }

    #[test]
    fn an_error_without_a_failure_is_a_bug() {
        let error = anyhow::anyhow!("29 days were asked for").context("pump logs");
        assert_eq!(status(&error), ExitStatus::Bug);
        assert_eq!(
            message(&error),
            "pump logs: 29 days were asked for. Please report this with the lines above it."
        );
    }

    #[test]
    fn the_graver_status_is_what_has_to_be_mended_first() {
        use ExitStatus::{Configuration, CredentialsRejected, Done, TryLater, Unavailable};
        for (one, other) in [
            (TryLater, Done),
            (Unavailable, TryLater),
            (CredentialsRejected, Unavailable),
            (Configuration, CredentialsRejected),
        ] {
            assert_eq!(one.graver(other), one);
            assert_eq!(other.graver(one), one);
        }
    }
}
