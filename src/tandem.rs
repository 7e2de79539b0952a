//! Tandem Source over HTTP: the login, the account's pumps, and their logs, as the service sends them.
//!
//! [`Session::open`] gives a [`Session`], whose calls are [`Session::pumper`] and [`Session::pump_logs`]. Nothing here
//! interprets an event: that is for `crate::pump`. Tandem documents none of this API; what public clients have
//! observed up to October 2026 is written beside each step.

mod event_codes;
mod login;
mod memory;
mod pump_logs;
mod pumper;
mod region;
mod rejections;
mod session;
mod token_cache;
mod tokens;

use std::time::Duration;

use anyhow::Result;

use crate::config;
use crate::failure::{ExitStatus, Failure};
use crate::http::{Answer, CONTINUES, Client, Options, RunLimits, Service};

pub use memory::Memory;
pub use pump_logs::{PumpLogs, WireEvent};
pub use region::Region;
pub use session::Session;

pub(crate) use pump_logs::PUMP_LOGS;
pub(crate) use pumper::{AccountSource, Pump, Pumper};
pub(crate) use session::MAX_DAYS;
pub(crate) use tokens::claims;

/// What failures and captures call the service.
pub(crate) const NAME: &str = "Tandem Source";

/// Tandem Source, as failures speak of it.
const SERVICE: Service = Service {
    name: NAME,
    when_unavailable: "Tandem's servers are sometimes down, even for hours; the next run catches up by itself. If it \
                       lasts, check this machine's network and whether source.tandemdiabetes.com opens in a browser",
    when_untrusted: "Check this machine's clock, its CA certificates and any proxy between it and Tandem",
    when_not_understood: "Tandem may have changed its API; look for a newer version of tconnectsync-heroku",
};

/// The failure of an account that has pumps of which none could be read.
pub(crate) fn none_readable(pumps: usize) -> Failure {
    let what = match pumps {
        1 => "told of a pump that could not be read".to_owned(),
        several => format!("told of {several} pumps, of which none could be read"),
    };
    SERVICE.not_understood("pumper", what)
}

/// The failure of a call that the firewall in front of the service stopped: a page that says "blocked".
fn blocked(name: &'static str, answer: &Answer) -> Failure {
    let says = answer.excerpt.to_ascii_lowercase();
    let too_often = says.contains("rate limit") || says.contains("too many requests");
    let (status, advice) = if too_often {
        (
            ExitStatus::TryLater,
            format!("{CONTINUES}. If it lasts, run less often"),
        )
    } else {
        (
            ExitStatus::NotUnderstood,
            "Tandem's firewall blocks this program or the network it runs in. If https://source.tandemdiabetes.com opens in a \
             browser on the same network, look for a newer version of tconnectsync-heroku"
                .to_owned(),
        )
    };
    SERVICE.failure(status, name, answer.described(), advice)
}

/// A client for Tandem Source: keeps cookies, and calls itself what the web app's users call themselves, because the
/// service's firewall is made for browsers. Fails with 78 as [`Client::new`] does.
pub fn client(
    config: &config::Tandem,
    proxy: Option<&config::Secret>,
    limits: RunLimits,
) -> Result<Client> {
    let origins = Region::Us.origins(config.base_url.as_ref());
    let options = Options {
        origin: &origins.source,
        user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
        cookies: true,
        skip_tls_verify: false,
        extra_roots: Vec::new(),
        idle: Duration::from_secs(60),
        proxy,
        secrets: vec![config.email.clone(), config.password.clone()],
    };
    Client::new(&SERVICE, options, limits)
}
