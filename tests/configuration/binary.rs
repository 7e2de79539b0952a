//! The program itself, in an empty home with an empty environment.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::COMPLETE;

fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tconnectsync-heroku"));
    command.env_clear().env("HOME", home).current_dir(home);
    command
}

/// A home whose path no link leads to, so that it shows as `~`.
fn home() -> TempDir {
    let place = std::env::temp_dir().canonicalize().expect("a directory");
    tempfile::tempdir_in(place).expect("a temporary directory")
}

#[track_caller]
fn outcome(command: &mut Command) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program starts");
    assert_eq!(
        String::from_utf8_lossy(&stdout),
        "",
        "standard output is for the summary"
    );
    (status.code(), String::from_utf8(stderr).expect("UTF-8"))
}

#[test]
fn an_empty_configuration_names_all_that_is_missing_and_exits_78() {
    let home = home();
    let (status, said) = outcome(&mut program(home.path()));
    assert_eq!(status, Some(78));
    insta::assert_snapshot!(said, @r"
    error: TCONNECT_EMAIL is not set (E-mail address of the Tandem Source account).
    error: TCONNECT_PASSWORD is not set (Password of the Tandem Source account).
    error: NS_URL is not set (Address of the Nightscout site, such as https://my-site.herokuapp.com).
    error: NS_SECRET is not set (The site's API_SECRET, or an access token that may read and write what the features need).
    error: TIMEZONE_NAME is not set (Time zone of the pump's clock by its IANA name, such as America/New_York or Europe/Berlin).
    Looked in the environment, .env (not there), ~/.config/tconnectsync/.env (not there). The current directory is ~/.
    Change this on Heroku under Settings, Config Vars; elsewhere in the environment or the .env file. --help lists every variable.
    ");
}

#[test]
fn a_wrong_configuration_names_every_problem_and_no_value() {
    let home = home();
    std::fs::write(
        home.path().join(".env"),
        "TCONNECT_PASSWORD=zq-password\nzq-no-assignment\n",
    )
    .expect("written");
    let mut command = program(home.path());
    command
        .env("TCONNECT_EMAIL", "zq@zq.test")
        .env("NS_URL", "http://zq.test/?token=zq")
        .env("NS_SECRET", "changeme")
        .env("TIMEZONE_NAME", "zq")
        .env("PUMP_SERIAL_NUMBER", "zq")
        .env("TCONNECTSYNC_HEROKU_FEATURES", "BASAL,zq")
        .env("HEARTBEAT_URL", "zq")
        .env("RUST_LOG", "trace")
        .arg("-vv");
    let (status, said) = outcome(&mut command);
    assert_eq!(status, Some(78));
    assert!(!said.contains("zq"), "{said}");
    insta::assert_snapshot!(said, @r"
    error: .env line 2 is not of the form NAME=VALUE.
    error: PUMP_SERIAL_NUMBER must be the serial number's digits only, without # or spaces; leave it unset to copy every pump.
    error: NS_URL goes on with a ? after the address: remove that part; a token or secret belongs in NS_SECRET.
    error: NS_SECRET still holds the example's text: replace it with your own.
    error: TIMEZONE_NAME is not an IANA time zone: write continent and city, such as America/New_York or Europe/Berlin (https://en.wikipedia.org/wiki/List_of_tz_database_time_zones).
    error: TCONNECTSYNC_HEROKU_FEATURES holds what is no feature's name (1 not shown): the features are BASAL,BOLUS,PUMP_EVENTS,PUMP_EVENTS_BASAL_SUSPENSION,PUMP_ALERTS,CGM,CGM_ALERTS,BOLUS_BG,DEVICE_STATUS,IOB,PROFILES.
    error: HEARTBEAT_URL must be a whole address that begins with https:// or http://.
    warning: .env can be read by every user of this machine: chmod 600 it, since it holds secrets
    Change this on Heroku under Settings, Config Vars; elsewhere in the environment or the .env file. --help lists every variable.
    ");
}

#[test]
fn a_bad_flag_exits_2() {
    let home = home();
    let (status, said) = outcome(program(home.path()).arg("--auto-update"));
    assert_eq!(status, Some(2));
    assert!(said.contains("--auto-update"), "{said}");
}

#[test]
fn a_given_file_must_exist_and_replaces_the_one_in_the_directory() {
    let home = home();
    std::fs::write(home.path().join(".env"), "NS_URL=nonsense").expect("written");
    let (status, said) = outcome(program(home.path()).args(["--env-file", "anna.env"]));
    assert_eq!(status, Some(78));
    assert!(
        said.starts_with(
            "error: --env-file anna.env could not be read: there is no such file; check the path, which counts from the \
             directory in which the program starts.\n"
        ),
        "{said}"
    );
    assert!(
        !said.contains("NS_URL"),
        "what is missing is in there: {said}"
    );
}

#[test]
fn the_file_in_the_directory_counts_before_the_one_in_the_home_directory() {
    let home = home();
    let folder = home.path().join(".config/tconnectsync");
    std::fs::create_dir_all(&folder).expect("created");
    std::fs::write(
        folder.join(".env"),
        "NS_URL=nonsense\nTIMEZONE_NAME=Europe/Berlin",
    )
    .expect("written");
    std::fs::write(home.path().join(".env"), "NS_URL=https://ada.test").expect("written");
    let (status, said) = outcome(&mut program(home.path()));
    assert_eq!(status, Some(78));
    assert!(
        !said.contains("NS_URL") && !said.contains("TIMEZONE_NAME"),
        "{said}"
    );
    assert!(said.contains("TCONNECT_EMAIL is not set"), "{said}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let home = home();
    std::fs::create_dir(home.path().join(".env")).expect("created");
    let (status, said) = outcome(program(home.path()).envs(COMPLETE));
    assert_eq!(status, Some(78));
    assert!(
        said.starts_with("error: .env could not be read: it is a directory; write the variables into a file of that name"),
        "{said}"
    );
    std::fs::remove_dir(home.path().join(".env")).expect("removed");
    std::fs::write(home.path().join(".env"), b"KEY=\xff").expect("written");
    let (status, said) = outcome(program(home.path()).envs(COMPLETE));
    assert_eq!(status, Some(78));
    assert!(
        said.starts_with("error: .env is not valid UTF-8 text: save it with the encoding UTF-8.\n"),
        "{said}"
    );
}

/// What systemd's ProtectHome= makes of a home, for one.
#[cfg(unix)]
#[test]
fn a_home_that_must_not_be_searched_is_gone_without() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let mode = |path: &Path, mode| {
        set_permissions(path, Permissions::from_mode(mode)).expect("permitted");
    };
    let (place, home) = (home(), home());
    mode(place.path(), 0o755);
    let folder = home.path().join(".config/tconnectsync");
    std::fs::create_dir_all(&folder).expect("created");
    std::fs::write(folder.join(".env"), "NS_URL=https://ada.test").expect("written");
    mode(home.path(), 0o000);
    // Nothing is closed to root, so that the program has to be somebody else.
    let as_nobody = std::fs::read_dir(home.path()).is_ok();
    let copy = place.path().join("program");
    std::fs::copy(env!("CARGO_BIN_EXE_tconnectsync-heroku"), &copy).expect("copied");
    let said = |arguments: &[&str]| {
        let mut command = Command::new(&copy);
        command
            .env_clear()
            .env("HOME", home.path())
            .current_dir(place.path())
            .args(arguments);
        if as_nobody {
            command.uid(65534).gid(65534);
        }
        let output = command.output().expect("the program starts");
        assert_eq!(output.status.code(), Some(78));
        [output.stdout, output.stderr].map(|said| String::from_utf8(said).expect("UTF-8"))
    };
    let [_, errors] = said(&[]);
    assert!(!errors.contains(".config"), "{errors}");
    assert!(errors.contains("NS_URL is not set"), "{errors}");
    let [check, _] = said(&["--check-login"]);
    assert!(
        check.contains(
            "--  Settings: ~/.config/tconnectsync/.env is not looked at: permission denied"
        ),
        "{check}"
    );
    // The others are meant.
    let theirs = place.path().join(".env");
    std::fs::write(&theirs, "NS_URL=https://ada.test").expect("written");
    mode(&theirs, 0o000);
    let [_, errors] = said(&[]);
    assert!(
        errors.contains("error: .env could not be read: permission denied; let the user who starts this program own it"),
        "{errors}"
    );
    let [_, errors] = said(&["--env-file", ".env"]);
    assert!(
        errors.contains("error: --env-file .env could not be read: permission denied; let the user who starts this program own it"),
        "{errors}"
    );
    mode(home.path(), 0o700);
}

#[cfg(target_os = "linux")]
#[test]
fn problems_that_cannot_be_written_anywhere_still_exit_78() {
    let home = home();
    let full = || std::fs::File::create("/dev/full").expect("there");
    let status = program(home.path())
        .arg("--json")
        .stderr(full())
        .stdout(full())
        .status()
        .expect("the program starts");
    assert_eq!(status.code(), Some(78));
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_a_problem() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let home = home();
    let broken = OsStr::from_bytes(b"\xff");
    let (status, said) = outcome(
        program(home.path())
            .envs(COMPLETE)
            .env("NS_SECRET", broken)
            .env("OTHER", broken),
    );
    assert_eq!(status, Some(78));
    assert!(
        said.starts_with("error: NS_SECRET is not valid UTF-8 text.\n"),
        "{said}"
    );
}

#[test]
fn the_help_lists_the_tables() {
    use tconnectsync_heroku::config::Feature;
    use tconnectsync_heroku::config::variables::VARIABLES;
    use tconnectsync_heroku::failure::ExitStatus;
    let home = home();
    let output = program(home.path())
        .arg("--help")
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(0));
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    for name in VARIABLES
        .iter()
        .map(|variable| variable.name)
        .chain(Feature::ALL.map(Feature::name))
    {
        let listed = help
            .lines()
            .any(|line| line.split_whitespace().next() == Some(name));
        assert!(listed, "{name}");
    }
    for status in ExitStatus::ALL {
        assert!(
            help.contains(&format!(
                "{:>2}  {}",
                status.code(),
                &status.meaning()[..20]
            )),
            "{status:?}"
        );
    }
}

#[test]
fn the_version_is_cargos_and_names_the_commit() {
    let home = home();
    let output = program(home.path())
        .arg("--version")
        .output()
        .expect("the program starts");
    let version = String::from_utf8(output.stdout).expect("UTF-8");
    let version = version.trim_end();
    let plain = concat!("tconnectsync-heroku ", env!("CARGO_PKG_VERSION"));
    let commit = version.strip_prefix(plain).expect("Cargo's version");
    // Outside a checkout there is none.
    let is_commit = commit
        .strip_prefix(" (")
        .and_then(|commit| commit.strip_suffix(')'))
        .is_some_and(|digits| digits.len() == 10 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    assert!(commit.is_empty() || is_commit, "{version}");
}

#[test]
fn with_json_a_broken_configuration_is_also_one_object() {
    let home = home();
    let output = program(home.path())
        .envs(COMPLETE)
        .env("NS_SECRET", "")
        .env("TIMEZONE_NAME", "Berlin")
        .args(["--json"])
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(78));
    let summary: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(summary["exit_status"], 78);
    assert_eq!(summary["problems"].as_array().map(Vec::len), Some(2));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.contains("NS_SECRET is empty"), "{said}");
}

#[test]
fn what_may_have_led_to_a_problem_is_said_beside_it() {
    let home = home();
    std::fs::write(
        home.path().join(".env"),
        "TCONNECT_EMIAL=ada@lovelace.test\nTCONNECT_PASSWORD=Analytical #1\nNS_SECRET= #difference-engine\n",
    )
    .expect("written");
    let mut command = program(home.path());
    command
        .env("NS_URL", "https://ada.test")
        .env("TIMEZONE_NAME", "Europe/Berlin")
        .arg("-q");
    let (status, said) = outcome(&mut command);
    assert_eq!(status, Some(78));
    let warnings = said.split_once("since it holds secrets\n");
    let (_, warnings) = warnings.expect("everybody can read the file");
    insta::assert_snapshot!(warnings, @r"
    warning: .env line 1: TCONNECT_EMIAL is not a variable of this program: did you mean TCONNECT_EMAIL?
    warning: .env line 3: the value of NS_SECRET ends before the #, which begins a comment. If the # belongs to the value, put the value between single quotes: NS_SECRET='...'
    warning: .env line 2: the value of TCONNECT_PASSWORD ends before the #, which begins a comment. If the # belongs to the value, put the value between single quotes: TCONNECT_PASSWORD='...'
    Looked in the environment, .env, ~/.config/tconnectsync/.env (not there). The current directory is ~/.
    Change this on Heroku under Settings, Config Vars; elsewhere in the environment or the .env file. --help lists every variable.
    ");
}

#[test]
fn dates_that_make_no_sense_are_a_wrong_command_line() {
    let home = home();
    for (dates, said_of_them) in [
        (
            &["--start-date", "2026-02-01", "--end-date", "2026-01-01"][..],
            "error: --end-date lies before --start-date.\n--help lists every option.\n",
        ),
        (
            &["--start-date", "9999-02-01"],
            "error: --start-date lies in the future.\n--help lists every option.\n",
        ),
    ] {
        let (status, said) = outcome(program(home.path()).envs(COMPLETE).args(dates));
        assert_eq!(status, Some(2), "{dates:?}");
        assert_eq!(said, said_of_them);
    }
    let (status, said) = outcome(program(home.path()).envs(COMPLETE).args(["--days", "-1"]));
    assert_eq!(status, Some(2));
    assert!(
        said.contains("invalid value '-1' for '--days <N>': write a number of days from 1 to 366"),
        "{said}"
    );
}

/// What `<(command)` gives to the program.
#[cfg(unix)]
#[test]
fn a_file_may_come_through_a_pipe() {
    use std::io::Write;
    use std::process::Stdio;
    let home = home();
    let mut child = program(home.path())
        .args(["--env-file", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(b"NS_URL=nonsense\n").expect("written");
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(78));
    assert!(
        said.contains("error: NS_URL does not begin with https://"),
        "{said}"
    );
}
