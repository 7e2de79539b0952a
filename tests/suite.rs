//! The integration tests, one crate so that they link once.

mod arrangement;
mod clock;
mod configuration;
mod pass;
mod services;
mod simulator;
mod simulator_check;
