//! Writes what a release has beside the binary: shell completions and the man page, made from the command line itself.
//! `cargo run --example shell-files -- DIRECTORY`

use std::fs;
use std::path::PathBuf;

use clap::CommandFactory;
use clap_complete::Shell;
use tconnectsync_heroku::config::Cli;

fn main() -> std::io::Result<()> {
    let Some(directory) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: cargo run --example shell-files -- DIRECTORY");
        std::process::exit(2);
    };
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let completions = directory.join("completions");
    fs::create_dir_all(&completions)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell] {
        clap_complete::generate_to(shell, &mut command, &name, &completions)?;
    }
    let man = directory.join("man");
    fs::create_dir_all(&man)?;
    clap_mangen::generate_to(command, &man)
}
