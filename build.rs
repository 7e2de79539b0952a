//! Puts the commit into `--version`.

use std::path::Path;
use std::process::Command;

fn main() {
    let package = env!("CARGO_PKG_VERSION");
    let version = match commit() {
        Some(commit) => format!("{package} ({commit})"),
        None => package.to_owned(),
    };
    println!("cargo::rustc-env=TCONNECTSYNC_HEROKU_VERSION={version}");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=SOURCE_VERSION");
}

/// The commit's first digits: from `SOURCE_VERSION`, which Heroku sets while it builds, where there is no checkout; else
/// from git. `None` outside a checkout.
fn commit() -> Option<String> {
    let given = std::env::var("SOURCE_VERSION").ok();
    let commit = given
        .filter(|given| !given.is_empty())
        .or_else(checked_out)?;
    let digits: String = commit.chars().take(10).collect();
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then_some(digits)
}

fn checked_out() -> Option<String> {
    // The checkout that this package happens to lie in may be another project's.
    let root = git(&["rev-parse", "--show-toplevel"])?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().ok()?;
    if Path::new(&root).canonicalize().ok()? != here {
        return None;
    }
    // Every commit and checkout adds a line there. A file that does not exist would mean a build each time.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["rev-parse", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
