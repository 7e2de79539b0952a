//! The integration tests, one crate so that they link once.

mod clock;
mod configuration;
mod simulator;
mod simulator_check;
