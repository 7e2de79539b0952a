//! Settings that somebody else may have put there.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::arrangement::{Arrangement, Said, day_until_now};
use crate::simulator::server::Server;

fn write(path: &Path, lines: &str) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("directories");
    fs::write(path, lines).expect("a file");
    fs::set_permissions(path, Permissions::from_mode(0o600)).expect("a mode");
}

/// A run with these variables in the file of the home directory, and this `.env` in the current one.
fn run(arrangement: &Arrangement, here: &str) -> Said {
    let home = tempfile::tempdir().expect("a temporary directory");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let lines = arrangement
        .variables
        .iter()
        .map(|(name, value)| format!("{name}='{value}'\n"));
    write(
        &home.path().join(".config/tconnectsync/.env"),
        &lines.collect::<String>(),
    );
    write(&directory.path().join(".env"), here);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tconnectsync-heroku"));
    command
        .env_clear()
        .env("HOME", home.path())
        .current_dir(directory.path());
    Said::of(command.output().expect("the program starts"))
}

#[test]
fn a_file_in_the_current_directory_sends_no_secret_elsewhere() {
    let stranger = Server::start(|_| {
        std::sync::Arc::new(|_| crate::simulator::answer::Answer::html(200, "OK").into())
    });
    for name in ["NS_URL", "TCONNECT_BASE_URL"] {
        let arrangement = Arrangement::of(day_until_now(81));
        let said = run(&arrangement, &format!("{name}={}\n", stranger.url()));
        assert_eq!(said.status, Some(78), "{said:#?}");
        assert!(
            said.log.contains(&format!("{name} is set in .env")),
            "{said:#?}"
        );
        assert!(said.log.contains("set both in the same place"), "{said:#?}");
        said.reveals_none_of(&arrangement.secrets());
    }
    assert_eq!(stranger.request_count(), 0);
    let arrangement = Arrangement::of(day_until_now(81));
    assert_eq!(run(&arrangement, "").status, Some(0));
}

#[test]
fn a_file_in_the_current_directory_weakens_no_certificate_check() {
    let mut arrangement = Arrangement::of(day_until_now(81));
    for (name, value) in [
        ("NS_SKIP_TLS_VERIFY", "true"),
        ("NS_CA_FILE", "authority.pem"),
    ] {
        let said = run(&arrangement, &format!("{name}={value}\n"));
        assert_eq!(said.status, Some(78), "{said:#?}");
        let problem = format!("{name} is set in .env, and NS_SECRET in ");
        assert!(said.log.contains(&problem), "{said:#?}");
        assert!(said.log.contains("set both in the same place"), "{said:#?}");
    }
    assert_eq!(arrangement.nightscout.writes(), 0);
    // What weakens nothing may be anywhere.
    let off = "NS_SKIP_TLS_VERIFY=false\nNS_CA_FILE=\n";
    assert_eq!(run(&arrangement, off).status, Some(0));
    arrangement.set("NS_SKIP_TLS_VERIFY", "true");
    assert_eq!(run(&arrangement, "").status, Some(0));
}

#[test]
fn secrets_may_be_in_files_of_their_own() {
    let mut arrangement = Arrangement::of(day_until_now(82));
    let home = tempfile::tempdir().expect("a temporary directory");
    for name in ["TCONNECT_EMAIL", "TCONNECT_PASSWORD", "NS_SECRET"] {
        let value = arrangement.variables.remove(name).expect("it is set");
        let path = home.path().join(name);
        // Kubernetes keeps them behind links.
        let target = home.path().join(format!("{name}.data"));
        write(&target, &format!("{value}\n"));
        std::os::unix::fs::symlink(&target, &path).expect("a link");
        arrangement.set(&format!("{name}_FILE"), &path.to_string_lossy());
    }
    let said = arrangement.program(&[]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert_eq!(said.log, "");
    arrangement.set("NS_SECRET", "beside the file");
    let said = arrangement.program(&[]);
    assert_eq!(said.status, Some(78), "{said:#?}");
    assert!(
        said.log.contains("NS_SECRET_FILE is set beside NS_SECRET"),
        "{said:#?}"
    );
}

#[test]
fn a_pipe_or_an_endless_file_is_no_setting() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let pipe = home.path().join("pipe");
    let made = rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    );
    made.expect("a pipe");
    for path in [
        pipe.to_string_lossy().as_ref(),
        "/dev/zero",
        "/dev/null",
        "/",
    ] {
        let mut arrangement = Arrangement::of(day_until_now(83));
        let said = arrangement.program(&["--env-file", path]);
        assert_eq!(said.status, Some(78), "{path}: {said:#?}");
        arrangement.variables.remove("NS_SECRET");
        arrangement.set("NS_SECRET_FILE", path);
        let said = arrangement.program(&[]);
        assert_eq!(said.status, Some(78), "{path}: {said:#?}");
        assert!(
            said.log
                .contains("NS_SECRET_FILE names a file that could not be read"),
            "{said:#?}"
        );
    }
}

#[test]
fn a_file_that_everybody_can_read_is_warned_about() {
    let arrangement = Arrangement::of(day_until_now(84));
    let home = tempfile::tempdir().expect("a temporary directory");
    let env = home.path().join(".env");
    for (directory, file, warns) in [
        (0o755, 0o644, true),
        (0o755, 0o600, false),
        (0o700, 0o644, false),
    ] {
        write(&env, "# nothing\n");
        fs::set_permissions(&env, Permissions::from_mode(file)).expect("a mode");
        fs::set_permissions(home.path(), Permissions::from_mode(directory)).expect("a mode");
        let said = arrangement.program_at(home.path(), &["--pretend"]);
        let warned = said.log.contains(".env can be read by every user");
        assert_eq!(warned, warns, "{directory:o} {file:o}: {said:#?}");
    }
}
