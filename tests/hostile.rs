//! What an attacker, a full disk and a bad proxy can do: little, and it is said what.

mod answers;
pub mod canaries;
mod configuration;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(unix)]
mod stops;
