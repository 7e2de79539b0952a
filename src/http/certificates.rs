//! Certificates that the owner wants trusted.

use std::io::ErrorKind;
use std::path::Path;

use crate::config::regular_file;
use crate::failure::{ExitStatus, Failure};

/// Far larger than any list of certificate authorities, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The certificates of a PEM file that this variable names. Fails with 78 if it has none, or cannot be read.
pub(crate) fn certificates(
    variable: &str,
    file: &Path,
) -> Result<Vec<reqwest::Certificate>, Failure> {
    let unusable = |why: &str| {
        Failure::new(
            ExitStatus::Configuration,
            format!("{variable}: {why}"),
            format!(
                "Write the path of a file that this program may read, with the certificate in PEM form (-----BEGIN CERTIFICATE-----), or \
                 remove {variable}"
            ),
        )
    };
    let pem = regular_file::read(file, LARGEST).map_err(|error| {
        unusable(match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => "there is no such file",
            ErrorKind::InvalidInput | ErrorKind::IsADirectory | ErrorKind::FileTooLarge => {
                "this is no file of certificates"
            }
            _ => "the file cannot be read",
        })
    })?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(unusable("there is no certificate in the file")),
    }
}
