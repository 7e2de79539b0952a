//! What the disk remembers between runs, and that no run needs it to.

#[cfg(unix)]
mod foreign_files;
mod lock;
mod rejections;
mod tokens;

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, Utc};
use tempfile::TempDir;

use crate::arrangement::Arrangement;
use crate::simulator::history::{Feature, Features, History, Plan};

/// A pump with a few hours of events, and a machine with a disk.
struct Machine {
    arrangement: Arrangement,
    home: TempDir,
    now: DateTime<Utc>,
}

impl Machine {
    fn start() -> Self {
        let plan = Plan::day(3).with_features(Features::only(&[Feature::Basal]));
        let start = plan.end - Duration::hours(3);
        let end = plan.end;
        let history = History::generate(&plan.between(start, end));
        let home = tempfile::tempdir().expect("a temporary directory");
        let mut arrangement = Arrangement::of(history);
        arrangement.set("HOME", &home.path().to_string_lossy());
        Machine {
            arrangement,
            home,
            now: end + Duration::minutes(20),
        }
    }

    fn directory(&self) -> PathBuf {
        self.home.path().join(".cache/tconnectsync-heroku")
    }

    /// The file there whose name begins so.
    fn file(&self, beginning: &str) -> Option<PathBuf> {
        let entries = fs::read_dir(self.directory()).ok()?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut paths = paths.filter(|path| file_name(path).starts_with(beginning));
        paths.next()
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The permissions of a file for its owner, its group and all others.
#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).expect("a file");
    metadata.permissions().mode() & 0o777
}

#[test]
fn what_windows_calls_the_place_for_such_files_is_taken() {
    let mut machine = Machine::start();
    let place = machine.home.path().to_string_lossy().into_owned();
    machine.arrangement.set("HOME", "");
    machine.arrangement.set("LOCALAPPDATA", &place);
    machine.arrangement.good_pass(machine.now, &[]);
    let directory = machine.home.path().join("tconnectsync-heroku");
    assert!(fs::read_dir(directory).expect("a directory").count() > 0);
}
