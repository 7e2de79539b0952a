//! The integration tests, one crate so that they link once.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(clippy::too_many_lines, reason = "a story is read in one piece")]
#![allow(
    unreachable_pub,
    reason = "the demo and the benches share the simulators"
)]

mod arrangement;
mod capture;
mod catch_up;
mod check;
mod clock;
mod clock_doubt;
mod clock_requests;
mod clock_search;
mod clock_stories;
mod configuration;
mod contract;
mod demo;
mod demo_check;
mod faults;
mod features;
mod heartbeat;
mod hostile;
mod invariants;
mod look_back;
mod memory;
mod misconfigurations;
mod packaging;
mod page;
mod pass;
mod pipeline;
mod progress;
mod quiet;
mod readme;
mod robustness;
mod services;
mod setup;
mod shapes;
mod show;
mod simulator;
mod simulator_check;
mod twins;
mod two_pumps;
mod uploaders;
