//! The pump's history: typed events, their decoding, and the instants of its clock readings.
//!
//! Nothing here talks to a service. [`decode`] turns Tandem Source's wire events into [`event::Event`]s, and [`dating`] gives
//! them their instants with the help of [`clock`]. [`settings`] reads the profiles.

pub mod clock;
pub mod dating;
pub mod decode;
pub mod event;
pub mod quantity;
pub(crate) mod settings;
