//! The two clients against the simulators: what they send, what they make of every answer, and how they fail.

mod http;
mod nightscout;
mod private_authority;
mod pump_logs;
mod tandem;
mod writes;

use std::time::Duration;

use anyhow::Result;
use serde_json::{Map, Value, json};
use tconnectsync_heroku::config::{self, RegionChoice, Secret};
use tconnectsync_heroku::failure::{self, ExitStatus};
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::nightscout::{Collection, Site, Written};
use tconnectsync_heroku::tandem::{Memory, Session, client};

use crate::simulator::nightscout::Nightscout;
use crate::simulator::tandem::Tandem;

/// An hour that passes in no time: pauses are left out.
fn limits() -> RunLimits {
    RunLimits::without_pauses(Deadline::after(Duration::from_secs(3600)), Stop::new())
}

fn secret(text: &str) -> Secret {
    Secret::new(text).expect("a secret that is not empty")
}

/// The configuration of the simulated account.
fn account(cloud: &Tandem) -> config::Tandem {
    let account = cloud.account();
    config::Tandem {
        email: secret(&account.email),
        password: secret(&account.password),
        region: RegionChoice::Us,
        base_url: Some(cloud.url().parse().expect("the simulator's address")),
        pump_serial: None,
    }
}

fn log_in(config: &config::Tandem) -> Result<Session> {
    log_in_with(config, limits())
}

fn log_in_with(config: &config::Tandem, limits: RunLimits) -> Result<Session> {
    let client = client(config, None, limits)?;
    Session::open_anew(client, config, Memory::none())
}

/// Writes documents, of which all have to be sent.
fn write(site: &Site, collection: Collection, documents: &[Map<String, Value>]) -> Result<Written> {
    let (written, ended) = site.write(collection, documents);
    ended.map(|()| written)
}

/// The configuration of a simulated site.
fn site_config(nightscout: &Nightscout, key: &str) -> config::Nightscout {
    config::Nightscout {
        url: format!("{}/", nightscout.url())
            .parse()
            .expect("the simulator's address"),
        secret: secret(key),
        skip_tls_verify: false,
        ca_file: None,
    }
}

fn site(nightscout: &Nightscout) -> Site {
    site_with(nightscout, limits())
}

fn site_with(nightscout: &Nightscout, limits: RunLimits) -> Site {
    let config = site_config(nightscout, Nightscout::API_SECRET);
    Site::new(&config, None, limits).expect("a site")
}

/// A treatment as JSON: a temporary basal at this minute of 2026-11-20.
fn basal(minute: usize) -> Map<String, Value> {
    let (hours, minutes) = (minute / 60 % 24, minute % 60);
    let document = json!({
        "eventType": "Temp Basal",
        "created_at": format!("2026-11-{:02}T{hours:02}:{minutes:02}:00.000Z", 20 + minute / 1440),
        "absolute": 1.25,
        "duration": 5,
        "enteredBy": "Pump (tconnectsync)",
        "identifier": format!("basal-{minute}"),
        "pump_event_id": minute.to_string(),
    });
    match document {
        Value::Object(document) => document,
        other => panic!("{other} is no object"),
    }
}

/// The failure of something that must fail, with this status; says nothing that it should not.
#[track_caller]
fn fails<T>(outcome: Result<T>, status: ExitStatus) -> String {
    let Err(error) = outcome else {
        panic!("succeeded instead of failing with {status:?}");
    };
    let text = failure::message(&error);
    assert_eq!(failure::status(&error), status, "{text}");
    for kept in [
        "127.0.0.1",
        Nightscout::API_SECRET,
        "Quillfeather",
        "ada.example",
    ] {
        assert!(!text.contains(kept), "{kept} in: {text}");
    }
    assert!(!text.contains('\n'), "{text}");
    text
}
