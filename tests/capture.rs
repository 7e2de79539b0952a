//! `--capture` and `--replay`: what the services answered, without whose it is, and the same pass against it.

mod private;
mod stories;
mod told;
