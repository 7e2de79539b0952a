//! tconnectsync-heroku.

pub mod failure;
