//! The demo, as `cargo run --example demo` starts it. See [`demo`].

#![allow(
    clippy::expect_used,
    clippy::too_many_lines,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "the simulators are the tests' own"
)]

use std::io;
use std::process::ExitCode;

use clap::Parser;

#[path = "mod.rs"]
mod demo;
#[path = "../simulator/mod.rs"]
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
