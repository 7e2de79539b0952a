//! A release: the address that it comes from, the archive, the installer, and what the changelog says of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{APP_JSON, HEROKU_GUIDE, README, SCHEDULERS_GUIDE, holds};

const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");
const TARGET: &str = "x86_64-unknown-linux-musl";
const ARCHIVE: &str = "tconnectsync-heroku-x86_64-unknown-linux-musl.tar.gz";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("a file of the project")
}

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn everything_names_one_repository() {
    let app: serde_json::Value = serde_json::from_str(APP_JSON).expect("JSON");
    assert_eq!(app["repository"], REPOSITORY);
    let button = format!("https://www.heroku.com/deploy?template={REPOSITORY}");
    holds("README.md", README, &button);
    holds("README.md", README, &format!("git clone {REPOSITORY}"));
    let clone = format!("git clone {REPOSITORY}");
    holds("docs/heroku.md", HEROKU_GUIDE, &clone);
    let installer = read("docs/install.sh");
    let line = format!("\nrepository={REPOSITORY}\n");
    holds("docs/install.sh", &installer, &line);
    let sync = read("docs/sync.yml");
    let line = format!("REPOSITORY: {REPOSITORY}\n");
    holds("docs/sync.yml", &sync, &line);
    let image = image();
    holds("docs/compose.yaml", &read("docs/compose.yaml"), &image);
    holds("docs/schedulers.md", SCHEDULERS_GUIDE, "(compose.yaml)");
}

fn image() -> String {
    let owner_and_name = REPOSITORY.strip_prefix("https://github.com/");
    let image = owner_and_name.expect("a repository on GitHub");
    format!("ghcr.io/{}", image.to_lowercase())
}

#[test]
fn one_command_puts_a_forks_address_everywhere() {
    let fork = copy_of_the_project();
    let address = "https://github.com/Somebody/their-fork";
    let changed = succeeds(
        Command::new("bash")
            .arg(fork.path().join(".github/set-address"))
            .arg(address)
            .current_dir(&fork),
    );
    assert!(changed.contains("Cargo.toml"), "{changed}");
    let left = Command::new("git")
        .args(["grep", "-n", REPOSITORY, "--", "."])
        .current_dir(&fork)
        .output()
        .expect("git");
    assert_eq!(said(&left), "", "the old address is left");
    let fork_holds = |file: &str, text: &str| {
        let found = fs::read_to_string(fork.path().join(file)).expect("a file");
        holds(file, &found, text);
    };
    fork_holds("Cargo.toml", &format!("repository = \"{address}\""));
    fork_holds("README.md", &format!("template={address}"));
    fork_holds("docs/compose.yaml", "ghcr.io/somebody/their-fork:");
}

/// The files that git tracks, those of this moment, in a repository of their own.
fn copy_of_the_project() -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a temporary directory");
    let files = succeeds(Command::new("git").arg("ls-files").current_dir(root()));
    for file in files.lines() {
        let to = copy.path().join(file);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        // What is about to be removed by a commit is still listed.
        let _ = fs::copy(root().join(file), to);
    }
    succeeds(
        Command::new("git")
            .args(["init", "--quiet"])
            .current_dir(&copy),
    );
    succeeds(Command::new("git").args(["add", "."]).current_dir(&copy));
    copy
}

#[test]
fn the_installer_takes_the_archive_apart_that_the_packager_makes() {
    let release = Release::new();
    let home = tempfile::tempdir().expect("a temporary directory");
    let said = succeeds(&mut release.installer(home.path()));
    assert!(said.contains("Installed a program"), "{said}");
    let installed = home.path().join("bin/tconnectsync-heroku");
    let ran = succeeds(Command::new(installed).arg("--version"));
    assert_eq!(ran, "a program\n");
}

#[test]
fn an_archive_holds_what_a_newcomer_needs() {
    let release = Release::new();
    let listing = succeeds(
        Command::new("tar")
            .arg("-tzf")
            .arg(release.path().join(ARCHIVE)),
    );
    let folder = format!("tconnectsync-heroku-{TARGET}");
    for file in [
        "tconnectsync-heroku",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        ".env.example",
        "docs/heroku.md",
        "docs/compose.yaml",
        "completions/tconnectsync-heroku.bash",
        "man/tconnectsync-heroku.1",
    ] {
        holds("the archive", &listing, &format!("{folder}/{file}\n"));
    }
}

#[test]
fn what_the_debian_package_installs_is_there() {
    let manifest = read("Cargo.toml");
    let (_, assets) = manifest.split_once("\nassets = [\n").expect("assets");
    let paths: Vec<&str> = assets
        .lines()
        .filter_map(|line| line.trim().strip_prefix("[\"")?.split('"').next())
        .filter(|path| !path.starts_with("target/"))
        .collect();
    assert!(paths.contains(&"docs/schedulers.md"), "{paths:?}");
    for path in paths {
        read(path);
    }
    // The packager finds the units by their names.
    holds("Cargo.toml", &manifest, "unit-scripts = \"docs/systemd\"");
    read("docs/systemd/tconnectsync-heroku.timer");
    let service = read("docs/systemd/tconnectsync-heroku.service");
    for line in [
        "LoadCredential=env:/etc/tconnectsync-heroku.env\n",
        // In /usr/bin of the package, or in /usr/local/bin.
        "ExecStart=tconnectsync-heroku --env-file ${CREDENTIALS_DIRECTORY}/env\n",
    ] {
        holds("the service", &service, line);
    }
    let set_up = "--setup --env-file /etc/tconnectsync-heroku.env";
    holds("docs/schedulers.md", SCHEDULERS_GUIDE, set_up);
}

#[test]
fn the_installer_refuses_a_damaged_archive() {
    let release = Release::new();
    let archive = release.path().join(ARCHIVE);
    let mut bytes = fs::read(&archive).expect("the archive");
    bytes.push(0);
    fs::write(&archive, bytes).expect("the archive");
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = release.installer(home.path()).output().expect("sh");
    assert!(!output.status.success());
    assert!(said(&output).contains("is damaged"), "{}", said(&output));
    assert!(!home.path().join("bin/tconnectsync-heroku").exists());
}

#[test]
fn a_release_says_what_changed_in_it() {
    let project = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(project.path().join(".github")).expect("a folder");
    let script = project.path().join(".github/changes");
    fs::copy(root().join(".github/changes"), &script).expect("a file");
    let changelog = "# Changelog\n\n## [Unreleased]\n\n- soon\n\n## [1.2.0] - 2026-12-01\n\n- now\n\n## [1.1.0]\n\n- then\n";
    fs::write(project.path().join("CHANGELOG.md"), changelog).expect("a file");
    let said = succeeds(Command::new("bash").arg(&script).arg("v1.2.0"));
    assert_eq!(said.trim(), "- now");
    let unknown = Command::new("bash").arg(&script).arg("v9.9.9").output();
    let output = unknown.expect("bash");
    assert!(!output.status.success());
}

#[test]
fn heroku_builds_what_the_lock_file_says() {
    holds("RustConfig", &read("RustConfig"), "--release --locked");
}

/// What a release publishes, made by the project's own packager from a program that only prints its name.
struct Release(tempfile::TempDir);

impl Release {
    fn new() -> Release {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = |name: &str| directory.path().join(name);
        let build = path("build").join(TARGET).join("release");
        let shell_files = path("shell-files");
        for folder in [
            &build,
            &shell_files.join("completions"),
            &shell_files.join("man"),
        ] {
            fs::create_dir_all(folder).expect("a folder");
        }
        let program = build.join("tconnectsync-heroku");
        write_program(&program, "#!/bin/sh\necho a program\n");
        for file in [
            "completions/tconnectsync-heroku.bash",
            "man/tconnectsync-heroku.1",
        ] {
            fs::write(shell_files.join(file), "").expect("a file");
        }
        let published = path("published");
        succeeds(
            Command::new(root().join(".github/package"))
                .env("CARGO_TARGET_DIR", path("build"))
                .arg(TARGET)
                .arg(&shell_files)
                .arg(&published),
        );
        let sums = succeeds(
            Command::new("sha256sum")
                .arg(ARCHIVE)
                .current_dir(&published),
        );
        fs::write(published.join("SHA256SUMS"), sums).expect("a file");
        Release(directory)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("published")
    }

    /// The installer, on a machine that calls itself an x86-64 Linux, from this release.
    fn installer(&self, home: &Path) -> Command {
        let tools = home.join("tools");
        fs::create_dir_all(&tools).expect("a folder");
        let uname = tools.join("uname");
        let script = "#!/bin/sh\n[ \"$1\" = -s ] && echo Linux || echo x86_64\n";
        write_program(&uname, script);
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command
            .arg(root().join("docs/install.sh"))
            .env("PATH", format!("{}:{path}", tools.display()))
            .env("HOME", home)
            .env("INSTALL_DIR", home.join("bin"))
            .env("INSTALL_FROM", format!("file://{}", self.path().display()));
        command
    }
}

/// Writes a program from a process of its own: a file that this one has open for writing, if only in a child that another
/// test is just starting, cannot be executed.
fn write_program(path: &Path, text: &str) {
    succeeds(
        Command::new("sh")
            .args(["-c", r#"printf %s "$2" > "$1" && chmod 755 "$1""#, "sh"])
            .arg(path)
            .arg(text),
    );
}
