//! The `.env` file: read as it is, written as a whole, its owner's alone.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::terminal;
use crate::config::env_file::EnvFile;
use crate::config::shown_path;
use crate::failure::{ExitStatus, Failure};
use crate::state;

/// What is there; `None` where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<EnvFile>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(EnvFile::parse(".env", &text))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(path, "read", &error)),
    }
}

/// Fails where the file could not be written at the end.
pub(super) fn can_be_written(path: &Path) -> Result<()> {
    let made = state::temporary_beside(&behind_links(path), None);
    made.map_or_else(|error| Err(unusable(path, "written", &error)), |_| Ok(()))
}

/// A link goes on leading to the file.
fn behind_links(path: &Path) -> PathBuf {
    match path.is_symlink() {
        true => fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        false => path.to_owned(),
    }
}

/// Puts the file in the place of what is there, or leaves that as it is. What it replaces is kept beside it, its owner's
/// alone: gives where, or `None` where nothing is lost.
pub(super) fn write(path: &Path, text: &str) -> Result<Option<PathBuf>> {
    let _held = terminal::writing();
    let path = behind_links(path);
    let kept =
        keep(&path, text.as_bytes()).map_err(|(at, error)| unusable(&at, "written", &error))?;
    replace(&path, text.as_bytes()).map_err(|error| unusable(&path, "written", &error))?;
    Ok(kept)
}

/// Keeps what is there as `.bak`, unless it is what takes its place. What an earlier time kept stays.
fn keep(path: &Path, text: &[u8]) -> Result<Option<PathBuf>, (PathBuf, io::Error)> {
    // Whatever is no regular file holds nothing to keep.
    if !path.is_file() {
        return Ok(None);
    }
    let old = fs::read(path).map_err(|error| (path.to_owned(), error))?;
    if old == text {
        return Ok(None);
    }
    let mut kept = beside(path, ".bak").map_err(|error| (path.to_owned(), error))?;
    let mut count = 1;
    while kept.is_symlink() || kept.exists() {
        count += 1;
        kept = beside(path, &format!(".bak{count}")).map_err(|error| (path.to_owned(), error))?;
    }
    match replace(&kept, &old) {
        Ok(()) => Ok(Some(kept)),
        Err(error) => Err((kept, error)),
    }
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut new = state::temporary_beside(path, None)?;
    state::to_the_disk(&mut new, text)?;
    new.persist(path)?;
    Ok(())
}

fn beside(path: &Path, ending: &str) -> io::Result<PathBuf> {
    let mut name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_owned();
    name.push(ending);
    Ok(path.with_file_name(name))
}

fn unusable(path: &Path, what: &str, error: &io::Error) -> anyhow::Error {
    let path = shown_path(path);
    Failure::new(
        ExitStatus::Configuration,
        format!("{path} could not be {what} ({})", error.kind()),
        "Nothing was changed. Start --setup in a directory of your own, or name a file there with --env-file",
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_also_behind_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".env");
        assert_eq!(read(&path).unwrap(), None);
        assert_eq!(write(&path, "A=1\n").unwrap(), None);
        assert_eq!(write(&path, "A=1\n").unwrap(), None);
        // What was killed on the way.
        let left = directory.path().join("..env.new-left");
        fs::write(&left, "half").unwrap();
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(600);
        fs::File::open(&left)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        let kept = directory.path().join(".env.bak");
        assert_eq!(write(&path, "A=2\n").unwrap(), Some(kept.clone()));
        assert_eq!(fs::read_to_string(&kept).unwrap(), "A=1\n");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
        assert_eq!(read(&path).unwrap().unwrap().values.get("A"), Some("2"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, symlink};
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);
            let link = directory.path().join("link");
            symlink(&path, &link).unwrap();
            let second = write(&link, "A=3\n").unwrap().unwrap();
            assert_eq!(second.file_name().unwrap(), ".env.bak2");
            assert_eq!(fs::read_to_string(&second).unwrap(), "A=2\n");
            assert_eq!(fs::read_to_string(&kept).unwrap(), "A=1\n");
            assert_eq!(fs::read_to_string(&path).unwrap(), "A=3\n");
        }
        let nowhere = directory.path().join("none/.env");
        assert!(write(&nowhere, "").is_err());
    }
}
