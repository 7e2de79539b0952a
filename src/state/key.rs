//! A random key on disk, and the names made with it.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::own_file::{Access, open};
use super::{fingerprint, hexadecimal, new_file_beside, read, unusable};

/// The length of a key, in bytes.
const LENGTH: usize = 32;

/// How often a name is hashed if others can read the key: each guess of a password then takes a tenth of a second or more.
const ROUNDS: usize = 200_000;

/// A random key, in hexadecimal. Without it, nobody can tell from which values a name was made.
pub(crate) struct Key {
    key: Zeroizing<String>,
    /// Whether the file system keeps it from others.
    is_secret: bool,
}

impl Key {
    /// The key in a file; made where there is none yet. Several runs that start at once end up with the same one. `None`
    /// where it cannot be kept.
    pub(crate) fn kept_at(path: &Path) -> Option<Key> {
        let key = known(path).or_else(|| {
            if let Err(error) = make(path) {
                unusable(path, &error);
            }
            known(path)
        })?;
        let about = fs::symlink_metadata(path);
        Some(Key {
            key: Zeroizing::new(hexadecimal(&key)),
            is_secret: about.is_ok_and(|about| Access::of(&about).is_owners_alone()),
        })
    }

    /// A name for what belongs to these values, which does not tell them, a password neither: where others can read the
    /// key, guessing takes long.
    pub(crate) fn name_for(&self, values: &[&str]) -> String {
        let name = fingerprint(&[&[self.key.as_str()], values].concat());
        if self.is_secret {
            return name;
        }
        let slow = (0..ROUNDS).fold(Sha256::digest(name), |hash, _| Sha256::digest(hash));
        hexadecimal(&slow[..16])
    }
}

fn known(path: &Path) -> Option<Zeroizing<Vec<u8>>> {
    let key = read(path).map(Zeroizing::new);
    key.filter(|key| key.len() == LENGTH)
}

fn make(path: &Path) -> io::Result<()> {
    let mut key = Zeroizing::new([0; LENGTH]);
    getrandom::fill(&mut *key).map_err(|_| ErrorKind::Unsupported)?;
    let mut new = new_file_beside(path)?;
    new.write_all(&*key)?;
    match new.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
            replace_what_is_no_key(path, error.file)
        }
        // Not every file system can do that.
        Err(error) if fs::symlink_metadata(path).is_err() => error
            .file
            .persist(path)
            .map(drop)
            .map_err(|error| error.error),
        Err(error) => Err(error.error),
    }
}

/// Puts a key in the place of a file that holds none. Runs that find it at the same time do so one after the other, and all but
/// the first find a key.
fn replace_what_is_no_key(path: &Path, key: NamedTempFile) -> io::Result<()> {
    let there = open(path, OpenOptions::new().read(true))?;
    // Whoever holds it is about to replace it. Not every file system can lock.
    match there.lock() {
        Err(error) if error.kind() != ErrorKind::Unsupported => return Err(error),
        _ => {}
    }
    if known(path).is_none() {
        key.persist(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::super::remove;
    use super::*;

    #[test]
    fn runs_that_find_a_malformed_key_at_once_end_up_with_the_same_one() {
        const RUNS: usize = 6;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("key");
        for round in 0..100 {
            remove(&path);
            let mut malformed = new_file_beside(&path).expect("a file");
            malformed.write_all(b"cut off").expect("written");
            malformed.persist(&path).expect("in its place");
            let together = Barrier::new(RUNS);
            let names: Vec<Option<String>> = thread::scope(|scope| {
                let runs = (0..RUNS).map(|_| {
                    scope.spawn(|| {
                        together.wait();
                        Some(Key::kept_at(&path)?.name_for(&["a"]))
                    })
                });
                let runs: Vec<_> = runs.collect();
                let names = runs.into_iter().map(|run| run.join().expect("no panic"));
                names.collect()
            });
            assert!(names[0].is_some());
            assert!(names.iter().all(|name| *name == names[0]), "round {round}");
        }
    }
}
