//! What is kept on disk between runs. Nothing here is needed: where there is no disk, or none that can be written, a run
//! says so in one debug line and goes on.
//!
//! Four things are kept: the lock that keeps two runs on one machine apart ([`RunLock`]), when a quiet run last told a
//! warning ([`Reminders`]), and for [`crate::tandem`] the tokens of a login and the logins that were rejected. Files are
//! readable by their owner only, and replaced as a whole, so that a run killed at any point leaves the old one or the new
//! one. Anything else at one of these paths (a device, a pipe, a link, another user's file) is left alone: it is neither
//! read, nor replaced, nor removed. On a file system that keeps no owners and modes, every regular file counts as this
//! user's, and the tokens are not kept where others could read them.

mod key;
mod own_file;
mod reminders;
mod run_lock;

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};

use crate::config::shown_path;
use own_file::{Access, is_left_alone, open};

pub use run_lock::RunLock;

pub(crate) use key::Key;
pub(crate) use reminders::Reminders;

/// The largest file that is read. Ours are smaller.
const LARGEST: u64 = 64 * 1024;

/// The content of a file; `None` if there is none, or it is not ours.
pub(crate) fn read(path: &Path) -> Option<Vec<u8>> {
    let read = || {
        let mut content = Vec::new();
        let file = open(path, OpenOptions::new().read(true))?;
        file.take(LARGEST + 1).read_to_end(&mut content)?;
        io::Result::Ok(content)
    };
    match read() {
        Ok(content) => (content.len() as u64 <= LARGEST).then_some(content),
        Err(error) => {
            if error.kind() != ErrorKind::NotFound {
                // Whatever is in the way is warned of when it should be replaced.
                log::debug!("{} cannot be read: {error}", shown_path(path));
            }
            None
        }
    }
}

/// Replaces a file. Returns whether that succeeded, for callers that cannot go on without it.
pub(crate) fn write(path: &Path, content: &[u8]) -> bool {
    let written = replace(path, content, |_| true);
    if let Err(error) = &written {
        unusable(path, error);
    }
    written.is_ok()
}

/// The same for a secret. It is not written if the file system lets others read every file.
pub(crate) fn write_secret(path: &Path, content: &[u8]) {
    if let Err(error) = replace(path, content, Access::is_owners_alone) {
        unusable(path, &error);
    }
}

/// Removes a file.
pub(crate) fn remove(path: &Path) {
    let removed = own_file::look(path).and_then(|()| fs::remove_file(path));
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => unusable(path, &error),
        _ => {}
    }
}

/// The files in a directory whose names begin like this; none if the directory cannot be read.
pub(crate) fn files(directory: &Path, beginning: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name());
    let ours = names.filter(|name| name.to_string_lossy().starts_with(beginning));
    ours.map(|name| directory.join(name)).collect()
}

/// A name made from these values, which does not reveal them: the beginning of their SHA-256 in hexadecimal.
pub(crate) fn fingerprint(values: &[&str]) -> String {
    let mut hash = Sha256::new();
    for value in values {
        // With its length before it, no value runs into the next.
        hash.update((value.len() as u64).to_le_bytes());
        hash.update(value);
    }
    hexadecimal(&hash.finalize()[..16])
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn replace(path: &Path, content: &[u8], may_hold_it: impl Fn(Access) -> bool) -> io::Result<()> {
    match own_file::look(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        other => other?,
    }
    let mut new = new_file_beside(path)?;
    if !may_hold_it(Access::of(&new.as_file().metadata()?)) {
        return Err(ErrorKind::PermissionDenied.into());
    }
    new.write_all(content)?;
    new.persist(path)?;
    Ok(())
}

/// Older files of the next function's were left by killed runs.
const WRITTEN_WITHIN: Duration = Duration::from_secs(60);

/// An empty private file that is to take the place of what is at a path, under a name that no other run uses at the same
/// time. It is removed when it is dropped.
fn new_file_beside(path: &Path) -> io::Result<NamedTempFile> {
    make_directory_of(path)?;
    temporary_beside(path, None)
}

/// The same in a directory that is there, with this mode but for the umask; without one it is private too.
pub(crate) fn temporary_beside(
    path: &Path,
    mode: Option<fs::Permissions>,
) -> io::Result<NamedTempFile> {
    let directory = path.parent().filter(|parent| *parent != Path::new(""));
    let directory = directory.unwrap_or(Path::new("."));
    let mut beginning = OsString::from(".");
    beginning.push(path.file_name().ok_or(ErrorKind::InvalidInput)?);
    beginning.push(".new-");
    for left in files(directory, &beginning.to_string_lossy()) {
        let written = fs::symlink_metadata(&left).and_then(|about| about.modified());
        let age = written.ok().and_then(|written| written.elapsed().ok());
        if age.is_some_and(|age| age > WRITTEN_WITHIN) {
            let _ = fs::remove_file(left);
        }
    }
    let mut builder = tempfile::Builder::new();
    if let Some(mode) = mode {
        builder.permissions(mode);
    }
    builder.prefix(&beginning).tempfile_in(directory)
}

/// Makes a new file that only its owner can read. What is there already stays as it is. Unless it is filled, the file is
/// removed when it is dropped.
pub(crate) fn create_new(path: &Path) -> io::Result<NamedTempFile> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let path = std::path::absolute(path)?;
    let file = options.open(&path)?;
    // Not before it is made: what is there already is not its own to remove.
    Ok(NamedTempFile::from_parts(
        file,
        TempPath::try_from_path(path)?,
    ))
}

/// Fills such a file, down to the disk, or removes it.
pub(crate) fn fill_new(mut new: NamedTempFile, content: &[u8]) -> io::Result<()> {
    to_the_disk(&mut new, content)?;
    new.keep()?;
    Ok(())
}

/// Writes a file down to the disk: a power cut after the change of names must not leave an empty one.
pub(crate) fn to_the_disk(new: &mut NamedTempFile, content: &[u8]) -> io::Result<()> {
    new.write_all(content)?;
    new.as_file().sync_all()
}

fn make_directory_of(path: &Path) -> io::Result<()> {
    let Some(directory) = path.parent().filter(|parent| *parent != Path::new("")) else {
        return Ok(());
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Says in one line why a file is not used: as a warning where something in its place is not this program's.
fn unusable(path: &Path, error: &io::Error) {
    let path = shown_path(path);
    match is_left_alone(error) {
        Some(why) => log::warn!("{path} is left alone: {why}; going on without it"),
        None => log::debug!(
            "{path} cannot be used ({}); going on without it",
            error.kind()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b/file");
        write(&path, b"one");
        // What a killed run left behind, and what another one is writing.
        let left = new_file_beside(&path).unwrap().keep().unwrap().0;
        let an_hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
        left.set_modified(an_hour_ago).unwrap();
        let other = new_file_beside(&path).unwrap();
        write(&path, b"two");
        assert!(other.path().exists());
        drop(other);
        assert_eq!(read(&path), Some(b"two".to_vec()));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            assert_eq!(mode(path.parent().unwrap()), 0o700);
        }
        remove(&path);
        remove(&path);
        assert_eq!(read(&path), None);
    }

    #[test]
    fn what_cannot_be_used_is_gone_without() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        write(&file, b"a file");
        let below = file.join("below");
        assert!(!write(&below, b"nowhere"));
        assert_eq!(read(&below), None);
        remove(&below);
        write(directory.path(), b"a directory");
        assert_eq!(read(directory.path()), None);
        write(Path::new("/"), b"no name");
        write(&file, &vec![0; 100_000]);
        assert_eq!(read(&file), None);
    }

    #[test]
    fn a_new_file_is_whole_or_not_there_and_takes_no_other_ones_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new");
        drop(create_new(&path).unwrap());
        assert!(!path.exists());
        fill_new(create_new(&path).unwrap(), b"whole").unwrap();
        let again = create_new(&path).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        // A file that takes nothing, as on a full disk.
        let file = fs::File::open(&path).unwrap();
        let unwritable = NamedTempFile::from_parts(file, TempPath::try_from_path(&path).unwrap());
        assert!(fill_new(unwritable, b"more").is_err());
        assert!(!path.exists());
    }

    #[test]
    fn a_fingerprint_tells_which_value_is_which() {
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        assert_eq!(fingerprint(&["ab", "c"]), fingerprint(&["ab", "c"]));
        assert_eq!(fingerprint(&[]).len(), 32);
    }
}
