//! tconnectsync-heroku.

pub mod cli;
pub mod config;
pub mod failure;
pub mod http;
pub mod logging;
pub mod nightscout;
pub mod tandem;
