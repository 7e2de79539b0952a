//! The README, followed literally: its commands are run one after the other, as a newcomer enters them.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::arrangement::{Arrangement, Said, day_until_now};
use crate::setup::talk::Talk;
use crate::simulator::nightscout::Nightscout;

const README: &str = include_str!("../README.md");

/// What a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    /// The internet: it is not run here, and what it brings is there already.
    Internet,
    /// A compiler and many minutes: not run here, and what it builds is there already.
    Compiler,
    /// Somebody who answers questions.
    Person,
    /// Nothing but the program and the two services.
    Nothing,
}

/// What the README's commands begin with. One that is not listed fails the tests: decide what it needs.
const COMMANDS: [(&str, Needs); 10] = [
    ("git clone ", Needs::Internet),
    ("curl ", Needs::Internet),
    ("cargo run --example demo", Needs::Compiler),
    ("cargo test", Needs::Compiler),
    ("cargo install ", Needs::Compiler),
    ("tconnectsync-heroku --setup", Needs::Person),
    ("tconnectsync-heroku ", Needs::Nothing),
    (
        "mkdir -p ~/tconnectsync-heroku && cd ~/tconnectsync-heroku",
        Needs::Nothing,
    ),
    ("cd ~/tconnectsync-heroku", Needs::Nothing),
    ("cp .env.example .env && chmod 600 .env", Needs::Nothing),
];

fn needs(command: &str) -> Needs {
    let known = COMMANDS
        .iter()
        .find(|(beginning, _)| command.starts_with(beginning));
    known
        .unwrap_or_else(|| panic!("what does this command of the README need? {command}"))
        .1
}

/// The README's blocks of commands, in order, without comments.
fn blocks() -> Vec<Vec<&'static str>> {
    let fenced = README.split("```").skip(1).step_by(2);
    let shell = fenced.filter_map(|block| block.strip_prefix("sh\n"));
    shell
        .map(|block| {
            let lines = block
                .lines()
                .map(|line| line.split("  #").next().unwrap_or(line).trim());
            lines.filter(|line| !line.is_empty()).collect()
        })
        .collect()
}

/// The README's lines for `crontab -e`, as cron runs them.
fn crontab_lines() -> Vec<&'static str> {
    let lines = README.lines();
    lines
        .filter_map(|line| line.strip_prefix("*/10 * * * * "))
        .collect()
}

/// A newcomer's machine: an empty home with a clone of the repository and the installed program.
struct Machine {
    home: tempfile::TempDir,
    arrangement: Arrangement,
}

impl Machine {
    fn new(seed: u64) -> Machine {
        let home = tempfile::tempdir().expect("a temporary directory");
        let bin = home.path().join(".cargo/bin");
        let clone = home.path().join("tconnectsync-heroku");
        for directory in [&bin, &clone] {
            fs::create_dir_all(directory).expect("created");
        }
        let program = env!("CARGO_BIN_EXE_tconnectsync-heroku");
        symlink(program, bin.join("tconnectsync-heroku")).expect("installed");
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join(".env.example");
        fs::copy(example, clone.join(".env.example")).expect("cloned");
        Machine {
            home,
            arrangement: Arrangement::of(day_until_now(seed)),
        }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let home = self.home.path().to_string_lossy().into_owned();
        let path = format!("{home}/.cargo/bin:/usr/bin:/bin");
        vec![("HOME", home), ("PATH", path), ("TERM", "xterm".to_owned())]
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join("tconnectsync-heroku").join(name)
    }

    /// What a shell says to this, entered in a fresh terminal in the clone.
    #[track_caller]
    fn shell(&self, line: &str) -> Said {
        let mut shell = Command::new("/bin/sh");
        shell
            .env_clear()
            .envs(self.variables())
            .current_dir(self.file(""))
            .args(["-ec", line]);
        let said = Said::of(shell.output().expect("a shell"));
        assert_eq!(said.status, Some(0), "{line}: {said:#?}");
        said
    }

    /// Fills in the first five variables of the `.env` file. The simulated Tandem Source stands in for the real one.
    fn fill_in(&self) {
        let variables = &self.arrangement.variables;
        let text = fs::read_to_string(self.file(".env")).expect("the example was copied");
        let filled = text.lines().map(|line| {
            let name = line.split('=').next().unwrap_or_default();
            match variables.get(name) {
                Some(value) => format!("{name}='{value}'\n"),
                None => format!("{line}\n"),
            }
        });
        let stand_in = format!("TCONNECT_BASE_URL={}\n", variables["TCONNECT_BASE_URL"]);
        fs::write(self.file(".env"), filled.collect::<String>() + &stand_in).expect("written");
    }
}

#[test]
fn every_command_of_the_readme_is_classified() {
    let commands: Vec<&str> = blocks().into_iter().flatten().collect();
    for command in &commands {
        needs(command);
    }
    for (beginning, _) in COMMANDS {
        let is_used = commands
            .iter()
            .any(|command| command.starts_with(beginning));
        assert!(is_used, "the README has no {beginning} any more");
    }
}

#[test]
fn by_hand_the_readme_leads_to_runs_and_every_other_command_works() {
    let machine = Machine::new(77);
    for block in blocks() {
        for command in block
            .into_iter()
            .filter(|command| needs(command) == Needs::Nothing)
        {
            machine.shell(command);
            if command.starts_with("cp .env.example") {
                machine.fill_in();
                fs::copy(machine.file(".env"), machine.file("anna.env")).expect("copied");
            }
        }
    }
    assert!(machine.arrangement.nightscout.writes() > 0);
    let lines = crontab_lines();
    assert_eq!(lines.len(), 2, "one of one person, one of several");
    for line in lines {
        let said = machine.shell(line);
        assert_eq!((said.out.as_str(), said.log.as_str()), ("", ""), "{line}");
    }
}

#[test]
fn by_answers_the_readme_leads_to_a_run() {
    let machine = Machine::new(78);
    let block = blocks().into_iter().find(|block| {
        let mut commands = block.iter();
        commands.any(|command| needs(command) == Needs::Person)
    });
    let line = block.expect("a block with --setup").join(" && ");
    let account = machine.arrangement.tandem.account();
    let mut variables = machine.variables();
    variables.push(("TCONNECT_BASE_URL", machine.arrangement.tandem.url()));
    let mut talk = Talk::begin("/bin/sh", machine.home.path(), &variables, &["-ec", &line]);
    talk.answer("E-mail address", &account.email);
    talk.answer_unseen("Password", &account.password);
    talk.answer("Time zone", "America/Phoenix");
    talk.press("should now show", "y");
    talk.press("Copy", "\r");
    talk.answer("Address of the site", &machine.arrangement.nightscout.url());
    talk.answer_unseen("API_SECRET or access token", Nightscout::API_SECRET);
    talk.answer("Its address", "");
    let (status, shown) = talk.end();
    assert_eq!(status, Some(0), "{shown}");
    // The line that it prints is the one to enter.
    let line = shown
        .lines()
        .find_map(|line| line.strip_prefix("*/10 * * * * "));
    machine.shell(line.expect("a line for cron"));
    assert!(machine.arrangement.nightscout.writes() > 0);
}
