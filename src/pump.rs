//! The pump's history: typed events, how they are decoded, and which instants its clock readings stand for.
//!
//! Nothing here talks to a service. Tandem Source's answers come in as wire events, become [`event::Event`]s in
//! [`decode`] and get their instants in [`dating`], by [`clock`]. The profiles come from [`settings`].

pub mod clock;
pub mod dating;
pub mod decode;
pub mod event;
pub mod quantity;
pub(crate) mod settings;
