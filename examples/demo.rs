//! The demo: both services on this machine, a made-up pump, and the real pass between them. See `tests/demo`.

use std::io;
use std::process::ExitCode;

use clap::Parser;

#[path = "../tests/demo/mod.rs"]
mod demo;
#[path = "../tests/simulator/mod.rs"]
mod simulator;

fn main() -> ExitCode {
    let arguments = demo::Arguments::parse();
    match demo::run(&arguments, &mut io::stdin(), &mut io::stdout()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}
