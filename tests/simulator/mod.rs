//! Both services on loopback, and a pump to fill them.
//!
//! - [`tandem::Tandem`] answers like Tandem Source: login chain, pumper, pump logs; it enforces what the real one enforces.
//! - [`nightscout::Nightscout`] answers like Nightscout's API v1, with the differences between its versions.
//! - [`history::History`] makes up a pump's history from a seed; its [`truth::Truth`] says what really happened.
//! - [`server::Server`] carries both services: it logs every request and plays the [`fault::Fault`]s a test asks for.
//!
//! Nothing here uses the crate under test: what the tests compare it with must not share its mistakes.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test topic and the demo use their own part"
)]

pub mod answer;
pub mod fault;
pub mod history;
pub mod nightscout;
pub mod request;
pub mod rng;
pub mod server;
pub mod tandem;
pub mod tconnectsync;
pub mod truth;
