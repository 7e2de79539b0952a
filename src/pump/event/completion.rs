//! How a delivery or a fill ended, which several kinds of event say.

use super::fields::Fields;

/// How a delivery or a fill ended (`completionStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completion {
    /// The user stopped it.
    UserAborted,
    /// An alarm stopped it.
    Alarm,
    /// The pump failed.
    Malfunction,
    /// It was completed.
    Completed,
    /// It was rejected.
    Rejected,
    /// The low-glucose suspend stopped it.
    LowGlucoseSuspend,
}

pub(super) fn read(f: &mut Fields<'_>) -> Option<Completion> {
    const COMPLETIONS: &[(i64, Completion)] = &[
        (0, Completion::UserAborted),
        (1, Completion::Alarm),
        (2, Completion::Malfunction),
        (3, Completion::Completed),
        (5, Completion::Rejected),
        (6, Completion::LowGlucoseSuspend),
    ];
    f.one_of("completionStatus", COMPLETIONS)
}
