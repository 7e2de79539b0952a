//! Certificates that the owner wants trusted.

use std::fs;
use std::path::Path;

use crate::failure::{ExitStatus, Failure};

/// Far larger than any list of certificate authorities, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The certificates of a PEM file that this variable names. Fails with 78 where there is none to read.
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
    // Before it is opened: opening a pipe waits for its other end.
    let about = fs::metadata(file).map_err(|_| unusable("there is no such file"))?;
    if !about.is_file() || about.len() > LARGEST {
        return Err(unusable("this is no file of certificates"));
    }
    let pem = fs::read(file).map_err(|_| unusable("the file cannot be read"))?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(unusable("there is no certificate in the file")),
    }
}
