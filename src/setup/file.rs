//! The `.env` file: read as it is, written as a whole, its owner's alone.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::terminal;
use crate::config::env_file::EnvFile;
use crate::config::shown_path;
use crate::failure::{ExitStatus, Failure};

/// What is there; `None` where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<EnvFile>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(EnvFile::parse(".env", &text))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(path, "read", &error)),
    }
}

/// Puts the file in the place of what is there, or leaves that as it is.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    let _held = terminal::writing();
    // A link goes on leading to the file.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    replace(&path, text).map_err(|error| unusable(&path, "written", &error))
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = beside(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = match options.open(&new) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(&new)?;
            options.open(&new)
        }
        other => other,
    }?;
    let written = file.write_all(text.as_bytes());
    let written = written.and_then(|()| file.sync_all());
    let written = written.and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_owned();
    name.push(".new");
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
        write(&path, "A=1\n").unwrap();
        // What was killed on the way.
        fs::write(directory.path().join(".env.new"), "half").unwrap();
        write(&path, "A=2\n").unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert_eq!(read(&path).unwrap().unwrap().values.get("A"), Some("2"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, symlink};
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            let link = directory.path().join("link");
            symlink(&path, &link).unwrap();
            write(&link, "A=3\n").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "A=3\n");
        }
        let nowhere = directory.path().join("none/.env");
        assert!(write(&nowhere, "").is_err());
    }
}
