//! Tells a monitoring service how a run ended: one GET, to one address after success and to another after failure.
//!
//! The addresses hold keys and are treated as secrets. What becomes of the call never changes the exit status.

use std::time::Duration;

use anyhow::Result;
use url::Url;

use crate::config::{Reading, Secret};
use crate::failure::{self, ExitStatus};
use crate::http::{Call, Client, Deadline, Options, Repeat, RunLimits, Service, Stop, USER_AGENT};

/// How long the call may take, in all. The run is over by then, and so may its deadline be.
const LIMIT: Duration = Duration::from_secs(10);

/// The same after a run that was asked to stop: whoever asked does not wait for long.
const LIMIT_AFTER_STOP: Duration = Duration::from_millis(500);

const SERVICE: Service = Service {
    name: "Heartbeat",
    when_unavailable: "The run itself is not affected. If it lasts, check HEARTBEAT_URL and HEARTBEAT_FAIL_URL",
    when_untrusted: "The run itself is not affected. Check HEARTBEAT_URL, HEARTBEAT_FAIL_URL and this machine's clock",
    when_not_understood: "The run itself is not affected. Copy HEARTBEAT_URL and HEARTBEAT_FAIL_URL anew from the service that \
                          made them",
};

/// Calls the address for this outcome, where one is configured. Of a configuration with problems elsewhere too: that is
/// when a run fails without anybody looking. A stop that was not requested before ends the call.
pub fn tell(reading: &Reading, status: ExitStatus, stop: &Stop) {
    let address = match status {
        ExitStatus::Done => &reading.heartbeat.success,
        _ => &reading.heartbeat.failure,
    };
    let proxy = reading.proxy.as_ref().and_then(Option::as_ref);
    let Some(address) = address else { return };
    let (limit, stop) = match stop.requested() {
        true => (LIMIT_AFTER_STOP, Stop::new()),
        false => (LIMIT, stop.clone()),
    };
    if let Err(error) = call(address, proxy, limit, stop) {
        log::warn!("{}", failure::message(&error));
    }
}

fn call(address: &Secret, proxy: Option<&Secret>, limit: Duration, stop: Stop) -> Result<()> {
    let url = Url::parse(address.expose())
        .map_err(|_| SERVICE.not_understood("call", "has no valid address"))?;
    let options = Options {
        origin: &url,
        user_agent: USER_AGENT,
        cookies: false,
        skip_tls_verify: false,
        extra_roots: Vec::new(),
        idle: Duration::ZERO,
        proxy,
        secrets: vec![address.clone()],
    };
    // The limit is the call's: the time of the run has nothing to do with it.
    let limits = RunLimits::new(Deadline::NONE, stop);
    let client = Client::new(&SERVICE, options, limits)?;
    let answer = client.send(Call {
        limit,
        repeat: Repeat::Never,
        ..Call::get("call", url)
    })?;
    if answer.is_success() {
        Ok(())
    } else {
        // Servers repeat the path that they do not know, which holds the key.
        Err(answer.without_excerpt().failure().into())
    }
}
