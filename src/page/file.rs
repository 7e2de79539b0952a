//! Files for others to read: a web server shows the page while a run replaces it.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::state;

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
    let mut new = new_file(&target, there.as_ref())?;
    state::to_the_disk(&mut new, content)?;
    if let Some(there) = there {
        fs::set_permissions(new.path(), there.permissions())?;
    }
    new.persist(target)?;
    Ok(())
}

/// An empty file that is to take the place of what is there. In the place of a file it is private until it has the mode of that
/// one: nobody else reads the page meanwhile, and none that a killed run left.
fn new_file(target: &Path, there: Option<&Metadata>) -> io::Result<NamedTempFile> {
    #[cfg(unix)]
    let usual = Some(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    #[cfg(not(unix))]
    let usual = None;
    let new = state::temporary_beside(target, usual.filter(|_| there.is_none()));
    // The library's own words tell the whole path.
    new.map_err(|error| error.kind().into())
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

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_a_private_page_while_it_is_written() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |file: &fs::File| file.metadata().unwrap().permissions().mode() & 0o777;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("page.html");
        // What the umask makes of a new file.
        let usual = mode(&fs::File::create_new(directory.path().join("usual")).unwrap());
        assert_eq!(mode(new_file(&path, None).unwrap().as_file()), usual);
        replace(&path, b"one").unwrap();
        assert_eq!(mode(&fs::File::open(&path).unwrap()), usual);
        let there = fs::metadata(&path).unwrap();
        assert_eq!(
            mode(new_file(&path, Some(&there)).unwrap().as_file()),
            0o600
        );
    }

    #[test]
    fn what_a_killed_run_left_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("page.html");
        let (file, left) = new_file(&path, None).unwrap().keep().unwrap();
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(600);
        file.set_modified(long_ago).unwrap();
        replace(&path, b"page").unwrap();
        assert!(!left.exists());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
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
