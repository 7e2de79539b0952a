//! What lies at a path of this program's and is not its own: it stays as it is, and no run waits for it.

use std::fs::{self, FileType, Permissions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, mknodat};
use tconnectsync_heroku::failure::ExitStatus;

use super::Machine;

/// What may lie there.
#[derive(Clone, Copy, Debug)]
enum Thing {
    Fifo,
    Directory,
    LinkToNowhere,
    LinkToAFile,
    LinkToEndlessZeros,
    /// A character device; where the test may not make one, a socket.
    Device,
    ReadableByOthers,
    WritableByTheGroup,
}

const THINGS: [Thing; 8] = [
    Thing::Fifo,
    Thing::Directory,
    Thing::LinkToNowhere,
    Thing::LinkToAFile,
    Thing::LinkToEndlessZeros,
    Thing::Device,
    Thing::ReadableByOthers,
    Thing::WritableByTheGroup,
];

impl Thing {
    fn put(self, path: &Path) {
        fs::create_dir_all(path.parent().expect("a directory")).expect("directories");
        let node = |kind, device| mknodat(CWD, path, kind, Mode::from_raw_mode(0o600), device);
        match self {
            Thing::Fifo => node(rustix::fs::FileType::Fifo, 0).expect("a pipe"),
            Thing::Directory => fs::create_dir(path).expect("a directory"),
            Thing::LinkToNowhere => symlink("/nowhere/at/all", path).expect("a link"),
            Thing::LinkToAFile => {
                let target = path.with_extension("target");
                fs::write(&target, CONTENT).expect("a file");
                fs::set_permissions(&target, Permissions::from_mode(0o600)).expect("a mode");
                symlink(target, path).expect("a link");
            }
            Thing::LinkToEndlessZeros => symlink("/dev/zero", path).expect("a link"),
            Thing::Device => {
                let null = rustix::fs::makedev(1, 3);
                if node(rustix::fs::FileType::CharacterDevice, null).is_err() {
                    node(rustix::fs::FileType::Socket, 0).expect("a socket");
                }
            }
            Thing::ReadableByOthers | Thing::WritableByTheGroup => {
                fs::write(path, CONTENT).expect("a file");
                let mode = match self {
                    Thing::ReadableByOthers => 0o604,
                    _ => 0o620,
                };
                fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
            }
        }
    }
}

const CONTENT: &str = "somebody else's";

/// What tells a file from every other one.
fn traits(path: &Path) -> (FileType, u64, u32, i64) {
    let metadata = fs::symlink_metadata(path).expect("it is still there");
    let kind = metadata.file_type();
    (kind, metadata.ino(), metadata.mode(), metadata.mtime_nsec())
}

/// A file as this program leaves it: private and regular.
fn is_ours(path: &Path) -> bool {
    let kind = fs::symlink_metadata(path).map(|metadata| metadata.file_type());
    kind.is_ok_and(|kind| kind.is_file() && !kind.is_fifo()) && super::mode(path) == 0o600
}

/// The paths at which a run that goes well, and one whose login is rejected, leave something.
fn paths_of_a_run(password: Option<&str>) -> Vec<PathBuf> {
    let mut machine = Machine::start();
    if let Some(password) = password {
        machine.arrangement.set("TCONNECT_PASSWORD", password);
    }
    machine.arrangement.pass(machine.now, &[]);
    let left = fs::read_dir(machine.directory()).expect("a directory");
    let mut names: Vec<PathBuf> = left
        .map(|entry| entry.expect("an entry").file_name().into())
        .collect();
    names.sort();
    names
}

#[test]
fn whatever_lies_at_the_chosen_path_stays_and_no_run_waits_for_it() {
    for thing in THINGS {
        for beside in ["", ".new"] {
            let mut machine = Machine::start();
            let chosen = machine.home.path().join("chosen.json");
            let path = machine.home.path().join(format!("chosen.json{beside}"));
            thing.put(&path);
            let before = traits(&path);
            machine
                .arrangement
                .set("CACHE_CREDENTIALS_PATH", &chosen.to_string_lossy());
            machine.arrangement.good_pass(machine.now, &[]);
            assert_eq!(traits(&path), before, "{thing:?}{beside}");
        }
    }
}

#[test]
fn whatever_lies_where_a_run_keeps_something_stays_and_no_run_waits_for_it() {
    // Which account and key they belong to is in the names, so that only the kinds of them can be taken over.
    let names = paths_of_a_run(None);
    let [lock, tokens] = ["run-", "tokens-"].map(|beginning| {
        let mut of_kind = names
            .iter()
            .filter(|name| name.to_string_lossy().starts_with(beginning));
        of_kind.next().is_some()
    });
    assert!(lock && tokens, "{names:?}");
    for thing in THINGS {
        for (beginning, password) in [
            ("run-", None),
            ("tokens-", None),
            ("login.key", Some("mistyped")),
            ("rejected-logins-", Some("mistyped")),
        ] {
            let mut machine = Machine::start();
            if let Some(password) = password {
                machine.arrangement.set("TCONNECT_PASSWORD", password);
            }
            machine.arrangement.pass(machine.now, &[]);
            let path = machine.file(beginning).expect("something of that name");
            assert!(is_ours(&path), "{}", path.display());
            fs::remove_file(&path).expect("it can be removed");
            thing.put(&path);
            let before = traits(&path);
            let status = machine.arrangement.pass(machine.now, &[]).status();
            let expected = match password {
                Some(_) => ExitStatus::CredentialsRejected,
                None => ExitStatus::Done,
            };
            assert_eq!(status, expected, "{thing:?} at {beginning}");
            assert_eq!(traits(&path), before, "{thing:?} at {beginning}");
        }
    }
}

#[test]
fn one_line_says_what_was_left_alone_without_the_name_of_a_home() {
    let mut machine = Machine::start();
    let chosen = machine.home.path().join("chosen.json");
    fs::write(&chosen, CONTENT).expect("a file");
    machine
        .arrangement
        .set("CACHE_CREDENTIALS_PATH", &chosen.to_string_lossy());
    let said = machine.arrangement.program_at(machine.home.path(), &[]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    let lines: Vec<&str> = said
        .log
        .lines()
        .filter(|line| line.contains("chosen.json"))
        .collect();
    let [line] = lines[..] else {
        panic!("{said:#?}");
    };
    assert!(line.contains("~/chosen.json is left alone"), "{line}");
    assert_eq!(fs::read_to_string(&chosen).expect("a text"), CONTENT);
}
