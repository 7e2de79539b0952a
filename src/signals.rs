//! The signals that end a run early.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::http::Stop;

/// A stop that SIGTERM (a scheduler's, a system that shuts down) and SIGINT (Ctrl-C) request: the run then ends before its
/// next request. The second such signal ends the process at once.
pub fn stop() -> Stop {
    let stop = Stop::new();
    for signal in [SIGTERM, SIGINT] {
        // In this order, so that the first signal finds the flag not set yet. Where a handler cannot be installed, the
        // signal ends the process at once, which does no harm either.
        let _ = flag::register_conditional_default(signal, stop.flag())
            .and_then(|_| flag::register(signal, stop.flag()));
    }
    stop
}
