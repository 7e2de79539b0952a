//! Whether what lies at a path is a private file of this user's, and opening it without ever waiting.

use std::error::Error;
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Why something is neither read nor replaced: the rest of a sentence about it.
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

/// Fails for what is there and is not ours, and with `NotFound` where nothing is.
pub(super) fn look(path: &Path) -> io::Result<()> {
    judge(&fs::symlink_metadata(path)?)
}

/// Opens a file of ours. A pipe or a device in its place is told from it by what was opened, and never waited for.
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    match look(path) {
        // It may be about to be created.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => other?,
    }
    let file = private(without_waiting(options)).open(path)?;
    judge(&file.metadata()?)?;
    Ok(file)
}

/// Files that are created are their owner's alone.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(unix)]
fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY;
    // The flags of all systems fit.
    options.custom_flags(flags.bits().cast_signed())
}

#[cfg(not(unix))]
fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

fn judge(metadata: &Metadata) -> io::Result<()> {
    let why = if !metadata.file_type().is_file() {
        "it is no regular file"
    } else if !is_this_users(metadata) {
        "it belongs to another user"
    } else if others_may_use(metadata) {
        "others may read or write it (remove it, or: chmod 600)"
    } else {
        return Ok(());
    };
    Err(io::Error::other(LeftAlone(why)))
}

#[cfg(unix)]
fn is_this_users(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(metadata) == rustix::process::geteuid().as_raw()
}

#[cfg(unix)]
fn others_may_use(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o077 != 0
}

#[cfg(not(unix))]
fn is_this_users(_: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
fn others_may_use(_: &Metadata) -> bool {
    false
}
