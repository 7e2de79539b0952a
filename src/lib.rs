//! tconnectsync-heroku.
