//! The lock that keeps two runs for one account and one site apart.
//!
//! Two runs at once do no harm, but each asks both services for everything. The system lets go of the lock when its
//! process ends, however it ends, so that none is ever left behind.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use anyhow::Result;

use super::{fingerprint, make_directory_of, own_file, unusable};
use crate::config::Config;
use crate::failure::{ExitStatus, Failure};

/// Held by a run until it ends.
#[derive(Debug)]
pub struct RunLock(Option<File>);

impl Drop for RunLock {
    fn drop(&mut self) {
        // Closing the file is not enough while another thread starts a process, which shares it until it is one.
        let _ = self.0.as_ref().map(File::unlock);
    }
}

impl RunLock {
    /// Takes the lock of this configuration's account and site. Where it cannot be had for another reason than another
    /// run, the run goes on without it.
    ///
    /// # Errors
    /// With 75 when another run on this machine holds it.
    pub fn take(config: &Config) -> Result<RunLock> {
        let Some(directory) = &config.state_directory else {
            log::debug!("no directory to keep a lock in; going on without it");
            return Ok(RunLock(None));
        };
        let tandem = &config.tandem;
        let base_url = tandem.base_url.as_ref().map_or("", |url| url.as_str());
        let site = config.nightscout.url.as_str();
        let name = fingerprint(&[tandem.email.expose(), base_url, site]);
        lock(&directory.join(format!("run-{name}.lock")))
    }
}

fn lock(path: &Path) -> Result<RunLock> {
    let file = match open(path) {
        Ok(file) => file,
        Err(error) => {
            unusable(path, &error);
            return Ok(RunLock(None));
        }
    };
    match file.try_lock() {
        Ok(()) => Ok(RunLock(Some(file))),
        Err(TryLockError::WouldBlock) => Err(another_run().into()),
        Err(TryLockError::Error(error)) => {
            unusable(path, &error);
            Ok(RunLock(None))
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    make_directory_of(path)?;
    let mut options = OpenOptions::new();
    own_file::open(path, options.write(true).create(true).truncate(false))
}

fn another_run() -> Failure {
    Failure::new(
        ExitStatus::TryLater,
        "Another run for the same account and site is under way on this machine",
        "The next run continues where that one ends. If it happens often, run less often, or lower \
         TCONNECTSYNC_HEROKU_DEADLINE_SECS",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_ends_with_its_run_though_a_process_that_is_being_started_shares_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.lock");
        let held = lock(&path).unwrap();
        assert!(lock(&path).is_err());
        let shared = held.0.as_ref().map(|file| file.try_clone().unwrap());
        assert!(shared.is_some());
        drop(held);
        assert!(lock(&path).is_ok());
    }
}
