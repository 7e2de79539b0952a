//! Random numbers that nobody can guess.

use crate::failure::{ExitStatus, Failure};

/// So many random bytes. Fails with 69 on a machine that gives none.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map(|()| bytes).map_err(|_| {
        Failure::new(
            ExitStatus::Unavailable,
            "This machine gives no random numbers",
            "Check that the system is complete (/dev/urandom)",
        )
    })
}
