//! Tells whether the file at a path is a private file of this user's, and opens it without ever waiting.

use std::error::Error;
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Why a file is neither read nor replaced: the rest of a sentence about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LeftAlone(&'static str);

impl fmt::Display for LeftAlone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for LeftAlone {}

/// Why this error leaves a file alone, where that is what it says.
pub(super) fn is_left_alone(error: &io::Error) -> Option<&'static str> {
    let inner = error.get_ref()?.downcast_ref::<LeftAlone>()?;
    Some(inner.0)
}

/// Fails if the file is not ours, and with `NotFound` if there is none.
pub(super) fn look(path: &Path) -> io::Result<()> {
    judge(path, &fs::symlink_metadata(path)?)
}

/// Opens a file of ours. A pipe or a device in its place is recognised once it is open, and never waited for.
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    match look(path) {
        // It may be about to be created.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => other?,
    }
    let file = private_without_waiting(options).open(path)?;
    judge(path, &file.metadata()?)?;
    Ok(file)
}

/// Files that are created are their owner's alone.
#[cfg(unix)]
fn private_without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY;
    // The flags of all systems fit.
    options.mode(0o600).custom_flags(flags.bits().cast_signed())
}

#[cfg(not(unix))]
fn private_without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

fn judge(path: &Path, metadata: &Metadata) -> io::Result<()> {
    let left_alone = |why| Err(io::Error::other(LeftAlone(why)));
    if !metadata.file_type().is_file() {
        return left_alone("it is no regular file");
    }
    let found = Access::of(metadata);
    let Some(why) = found.exceeds(Access::private()) else {
        return Ok(());
    };
    // Some file systems (FAT, NTFS, network shares, some volumes of containers) keep no owner and no mode: there every file
    // that is created private comes out like this one.
    let usual = super::new_file_beside(path).and_then(|new| new.as_file().metadata());
    match usual.map(|new| found.exceeds(Access::of(&new))) {
        Ok(None) => Ok(()),
        _ => left_alone(why),
    }
}

/// Who may use a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Access {
    owner: u32,
    /// What the file's mode allows its group and others.
    others: u32,
}

impl Access {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Access {
        use std::os::unix::fs::MetadataExt;
        Access {
            owner: metadata.uid(),
            others: metadata.mode() & 0o077,
        }
    }

    #[cfg(unix)]
    fn private() -> Access {
        Access {
            owner: rustix::process::geteuid().as_raw(),
            others: 0,
        }
    }

    /// Elsewhere a file in the user's own directories is private.
    #[cfg(not(unix))]
    pub(super) fn of(_: &Metadata) -> Access {
        Access::private()
    }

    #[cfg(not(unix))]
    fn private() -> Access {
        Access {
            owner: 0,
            others: 0,
        }
    }

    /// Whether nobody but the owner may use it.
    pub(super) fn is_owners_alone(self) -> bool {
        self.others == 0
    }

    /// Why a file is not as private as one of these rights.
    fn exceeds(self, allowed: Access) -> Option<&'static str> {
        if self.owner != allowed.owner {
            Some("it belongs to another user")
        } else if self.others & !allowed.others != 0 {
            Some("others may read or write it (remove it, or: chmod 600)")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_as_private_as_a_new_one_would_be() {
        let access = |owner, others| Access { owner, others };
        let (mine, on_fat, on_a_share) = (access(1000, 0), access(1000, 0o055), access(0, 0));
        for (found, usual, is_ours) in [
            (mine, mine, true),
            (access(1000, 0o004), mine, false),
            (access(1000, 0o020), mine, false),
            (access(0, 0), mine, false),
            (on_fat, on_fat, true),
            (mine, on_fat, true),
            (access(1000, 0o077), on_fat, false),
            (access(0, 0o055), on_fat, false),
            (on_a_share, on_a_share, true),
            (mine, on_a_share, false),
        ] {
            let why = found.exceeds(usual);
            assert_eq!(
                why.is_none(),
                is_ours,
                "{found:?} beside {usual:?}: {why:?}"
            );
        }
    }
}
