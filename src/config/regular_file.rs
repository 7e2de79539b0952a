//! Reads the files that an owner names. Password managers pass secrets through pipes, so pipes are read too, for a limited time.
//! Devices are not read, because they may never end.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a pipe may take: somebody may have to unlock a password manager first.
const LONGEST: Duration = Duration::from_secs(30);

/// The content of a regular file, of a pipe that somebody writes to, or of what links to one: at most this many bytes.
///
/// # Errors
/// As for any file; with `InvalidInput` for a device and the like, with `FileTooLarge`, and for a pipe with `UnexpectedEof`
/// where nobody writes to it and with `TimedOut` where its writer does not come to an end.
pub(crate) fn read(path: &Path, largest: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let is_pipe = is_pipe(kind);
    if !kind.is_file() && !is_pipe {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut content = Vec::new();
    let mut file = file.take(largest + 1);
    if is_pipe {
        read_pipe(&mut file, &mut content)?;
    } else {
        file.read_to_end(&mut content)?;
    }
    if content.len() as u64 > largest {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(content)
}

/// Reads until the pipe's writers have closed it.
fn read_pipe(pipe: &mut impl Read, content: &mut Vec<u8>) -> io::Result<()> {
    let until = Instant::now() + LONGEST;
    loop {
        match pipe.read_to_end(content) {
            Ok(_) if content.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => return other.map(drop),
        }
        if Instant::now() >= until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(unix)]
fn is_pipe(kind: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(not(unix))]
fn is_pipe(_: FileType) -> bool {
    false
}

/// Whether every user of this machine can read a file: its mode and those of all directories above it allow that.
#[cfg(unix)]
pub(super) fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let allows = |path: &Path, bit| path.metadata().is_ok_and(|about| about.mode() & bit != 0);
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    allows(&path, 0o004) && path.ancestors().skip(1).all(|above| allows(above, 0o001))
}

#[cfg(not(unix))]
pub(super) fn others_can_read(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}
