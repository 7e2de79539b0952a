//! The signals that end a run early.

use crate::http::Stop;

/// A stop that SIGTERM (a scheduler's, a system that shuts down) and SIGINT (Ctrl-C) request: the run then ends before its
/// next request. The second such signal ends the process at once.
#[cfg(unix)]
pub fn stop() -> Stop {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;

    let stop = Stop::new();
    for signal in [SIGTERM, SIGINT] {
        // In this order, so that the first signal finds the flag not set yet. Where a handler cannot be installed, the
        // signal ends the process at once, which does no harm either.
        let _ = flag::register_conditional_default(signal, stop.flag())
            .and_then(|_| flag::register(signal, stop.flag()));
    }
    stop
}

/// A stop that nothing requests: this system has no such signals.
#[cfg(not(unix))]
pub(crate) fn stop() -> Stop {
    Stop::new()
}
