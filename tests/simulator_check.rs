//! The simulators themselves: what other tests rely on when they trust them.

mod faults;
mod history;
mod nightscout;
mod tandem;

use std::time::Duration;

use reqwest::blocking::{Client, Response};
use serde_json::Value;

fn client() -> Client {
    // A second installation is refused, which is fine: the first one stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .cookie_store(true)
        .redirect(reqwest::redirect::Policy::none());
    builder
        .timeout(Duration::from_secs(5))
        .build()
        .expect("a client")
}

fn json_of(response: Response) -> Value {
    response.json().expect("JSON")
}
