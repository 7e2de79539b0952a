//! What is kept on disk between runs. Nothing here is needed: where there is no disk, or none that can be written, a run
//! says so in one debug line and goes on.
//!
//! Three things are kept: the lock that keeps two runs on one machine apart ([`RunLock`]), and for
//! [`crate::tandem`] the tokens of a login and the logins that were rejected. Files are readable by their owner only, and
//! replaced as a whole, so that a run killed at any point leaves the old one or the new one.

mod run_lock;

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use run_lock::RunLock;

/// The largest file that is read: what is larger is none of ours.
const LARGEST: u64 = 64 * 1024;

/// The content of a file; `None` where there is none that could be ours.
pub(crate) fn read(path: &Path) -> Option<Vec<u8>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => {
            unusable(path, &error);
            return None;
        }
    };
    let mut content = Vec::new();
    match file.take(LARGEST + 1).read_to_end(&mut content) {
        Ok(length) if length as u64 <= LARGEST => Some(content),
        Ok(_) => None,
        Err(error) => {
            unusable(path, &error);
            None
        }
    }
}

/// Puts a file in the place of what is there.
pub(crate) fn write(path: &Path, content: &[u8]) {
    if let Err(error) = replace(path, content) {
        unusable(path, &error);
    }
}

/// Removes a file.
pub(crate) fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => unusable(path, &error),
        _ => {}
    }
}

/// A name for what belongs to these values, which does not tell them: the beginning of their SHA-256 in hexadecimal.
pub(crate) fn fingerprint(values: &[&str]) -> String {
    let mut hash = Sha256::new();
    for value in values {
        // With its length before it, no value runs into the next.
        hash.update((value.len() as u64).to_le_bytes());
        hash.update(value);
    }
    let digest = hash.finalize();
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    make_directory_of(path)?;
    let new = beside(path)?;
    let written = create_new(&new).and_then(|mut file| file.write_all(content));
    let replaced = written.and_then(|()| fs::rename(&new, path));
    if replaced.is_err() {
        let _ = fs::remove_file(&new);
    }
    replaced
}

/// The name under which a file is written before it takes its place: always the same, so that killed runs leave one at
/// most.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_owned();
    name.push(".new");
    Ok(path.with_file_name(name))
}

fn create_new(path: &Path) -> io::Result<File> {
    let create = || private(OpenOptions::new().write(true).create_new(true)).open(path);
    match create() {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            create()
        }
        other => other,
    }
}

fn make_directory_of(path: &Path) -> io::Result<()> {
    let Some(directory) = path.parent().filter(|parent| *parent != Path::new("")) else {
        return Ok(());
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Files that are created are their owner's alone.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// The one debug line. The path holds a user's name at most, and no account's.
fn unusable(path: &Path, error: &io::Error) {
    log::debug!(
        "{} cannot be used ({}); going on without it",
        path.display(),
        error.kind()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b/file");
        write(&path, b"one");
        // What a killed run left behind.
        fs::write(directory.path().join("a/b/file.new"), b"half").unwrap();
        write(&path, b"two");
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
        write(&below, b"nowhere");
        assert_eq!(read(&below), None);
        remove(&below);
        write(directory.path(), b"a directory");
        assert_eq!(read(directory.path()), None);
        write(Path::new("/"), b"no name");
        write(&file, &vec![0; 100_000]);
        assert_eq!(read(&file), None);
    }

    #[test]
    fn a_fingerprint_tells_which_value_is_which() {
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        assert_eq!(fingerprint(&["ab", "c"]), fingerprint(&["ab", "c"]));
        assert_eq!(fingerprint(&[]).len(), 32);
    }
}
