//! Files for others to read: a web server shows the page while a run replaces it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

/// Puts a file in the place of the one that is there: whoever opens it sees the old one or the new one, and never a part. A
/// new file gets the mode that the umask gives (usually readable by all of this machine, as a web server needs it); one that
/// is there keeps its mode, so that `chmod 600` lasts.
///
/// # Errors
/// Where something else than a file is there (a directory, a device), and as writing fails. What was there stays.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    // What a link points to is replaced, not the link.
    let target = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error),
    };
    let there = match fs::metadata(&target) {
        Ok(there) if !there.is_file() => return Err(io::Error::other("it is no regular file")),
        Ok(there) => Some(there),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let name = target.file_name().ok_or(ErrorKind::InvalidInput)?;
    // Of two runs at once each has its own.
    let process = std::process::id();
    let new = target.with_file_name(format!(".{}.{process}.new", name.to_string_lossy()));
    // What a killed run of the same number left behind.
    let _ = fs::remove_file(&new);
    let written = write_new(&new, content)
        .and_then(|()| match there {
            Some(there) => fs::set_permissions(&new, there.permissions()),
            None => Ok(()),
        })
        .and_then(|()| fs::rename(&new, &target));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(content)?;
    // A power cut after the change of names must not leave an empty page.
    file.sync_all()
}

/// Adds to the end of a file, which is made where there is none.
///
/// # Errors
/// As writing fails.
pub(super) fn append(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_replaced_as_a_whole_and_keeps_its_mode() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("page.html");
        replace(&path, b"one").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        }
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o640);
        }
    }

    #[test]
    fn what_is_no_file_stays_and_fails() {
        let directory = tempfile::tempdir().unwrap();
        assert!(replace(directory.path(), b"page").is_err());
        assert!(replace(&directory.path().join("none/page.html"), b"page").is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (page, link) = (directory.path().join("page"), directory.path().join("link"));
        replace(&page, b"one").unwrap();
        std::os::unix::fs::symlink(&page, &link).unwrap();
        replace(&link, b"two").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&page).unwrap(), b"two");
    }
}
