//! Tandem Source's simulator: what it grants and what it refuses.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{client, json_of};
use crate::simulator::history::{History, Plan};
use crate::simulator::tandem::{Account, Region, Tandem};

const VERIFIER: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The login chain up to the code; a text that tells where the chain ended otherwise.
fn code(tandem: &Tandem, client: &Client, client_id: &str) -> Result<String, String> {
    let (base, account) = (tandem.url(), tandem.account());
    client
        .get(format!("{base}/"))
        .send()
        .expect("the login page");
    let credentials = json!({"username": account.email, "password": account.password});
    let login = client
        .post(format!("{base}/accounts/api/login"))
        .header("referer", format!("{base}/"))
        .json(&credentials);
    let login = login.send().expect("an answer");
    if login.status() != StatusCode::OK {
        return Err(json_of(login)["error"].to_string());
    }
    let redirect_uri = format!("{base}/auth/callback");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let query = [
        ("client_id", client_id),
        ("response_type", "code"),
        ("scope", "openid profile email"),
        ("redirect_uri", &redirect_uri),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let mut hop = client
        .get(format!("{base}/accounts/api/connect/authorize"))
        .query(&query)
        .send()
        .expect("a hop");
    let mut hops = 0;
    loop {
        if hop.status() != StatusCode::FOUND {
            return Err(format!("{} after {hops} hops", hop.url().path()));
        }
        hops += 1;
        let location = hop.headers()["location"]
            .to_str()
            .expect("a location")
            .to_owned();
        let location = hop.url().join(&location).expect("an address");
        if location.path() == "/auth/callback" {
            assert!(hops >= 2);
            return Ok(location
                .query_pairs()
                .find(|(key, _)| key == "code")
                .expect("a code")
                .1
                .into_owned());
        }
        hop = client.get(location).send().expect("a hop");
    }
}

fn exchange(tandem: &Tandem, client: &Client, code: &str, verifier: &str) -> Response {
    let base = tandem.url();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", tandem.account().region.client_id()),
        ("code", code),
        ("redirect_uri", &format!("{base}/auth/callback")),
        ("code_verifier", verifier),
    ];
    client
        .post(format!("{base}/accounts/api/connect/token"))
        .form(&form)
        .send()
        .expect("an answer")
}

/// A data call with everything the firewall wants.
fn data(tandem: &Tandem, client: &Client, token: &str, path_and_query: &str) -> Response {
    let base = tandem.url();
    let call = client.get(format!("{base}/api/reports/bff/{path_and_query}"));
    let call = call
        .header("origin", &base)
        .header("referer", format!("{base}/"))
        .header("user-agent", "Mozilla/5.0");
    call.bearer_auth(token).send().expect("an answer")
}

fn day_query(tandem: &Tandem, history: &History) -> String {
    let (assignment, pumper) = (&history.plan.assignment, tandem.account().pumper_id);
    format!(
        "pump-logs/{assignment}?pumperId={pumper}&startDate=2026-05-14T00:00:00Z&endDate=2026-05-14T23:59:59Z"
    )
}

#[test]
fn the_whole_tandem_chain_leads_to_the_generated_events() {
    let (tandem, client) = (Tandem::start(), client());
    let history = History::generate(&Plan::day(1));
    tandem.add_history(history.clone());
    let code = code(&tandem, &client, Region::Us.client_id()).expect("a code");
    assert_eq!(
        exchange(&tandem, &client, "another", VERIFIER).status(),
        StatusCode::BAD_REQUEST
    );
    let answer = json_of(exchange(&tandem, &client, &code, VERIFIER));
    let token = answer["access_token"].as_str().expect("a token");
    let again = exchange(&tandem, &client, &code, VERIFIER);
    assert_eq!(json_of(again)["error"], "invalid_grant");

    let pumper = json_of(data(
        &tandem,
        &client,
        token,
        &format!("pumper/{}", tandem.account().pumper_id),
    ));
    assert_eq!(
        pumper["pumps"][0]["serialNumber"],
        history.plan.serial.as_str()
    );
    let logs = json_of(data(&tandem, &client, token, &day_query(&tandem, &history)));
    let mut served: Vec<Value> = logs["events"].as_array().expect("events").clone();
    served.sort_by_key(|event| event["sequenceNumber"].as_u64());
    assert_eq!(Value::from(served), history.pump_logs_json()["events"]);

    tandem.expire_tokens();
    assert_eq!(
        data(&tandem, &client, token, &day_query(&tandem, &history)).status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(tandem.login_attempts(), 1);
}

#[test]
fn tandem_turns_away_what_the_real_one_turns_away() {
    let (tandem, client) = (Tandem::with_account(Account::european()), client());
    let history = History::generate(&Plan::day(1));
    tandem.add_history(history.clone());
    tandem.reject_first_logins(1);
    assert_eq!(
        code(&tandem, &client, Region::Eu.client_id()).unwrap_err(),
        "\"account/invalid_credentials\""
    );
    assert_eq!(
        code(&tandem, &client, Region::Us.client_id()).unwrap_err(),
        "/ after 1 hops"
    );
    let good = code(&tandem, &client, Region::Eu.client_id()).expect("a code");
    assert_eq!(
        json_of(exchange(&tandem, &client, &good, &VERIFIER.repeat(2)))["error"],
        "invalid_grant"
    );
    let good = code(&tandem, &client, Region::Eu.client_id()).expect("a code");
    let token = json_of(exchange(&tandem, &client, &good, VERIFIER))["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();

    let day = day_query(&tandem, &history);
    let bare = client
        .get(format!("{}/api/reports/bff/{day}", tandem.url()))
        .bearer_auth(&token)
        .send()
        .expect("an answer");
    assert_eq!(bare.status(), StatusCode::FORBIDDEN);
    let unknown = json_of(data(
        &tandem,
        &client,
        &token,
        &format!("{day}&eventIds=279"),
    ));
    assert_eq!(unknown["issues"][0]["code"], "unrecognized_keys");
    let long = day.replace("2026-05-14T23", "2026-06-11T23");
    assert_eq!(
        data(&tandem, &client, &token, &long).status(),
        StatusCode::BAD_REQUEST
    );
    let count = |query: String| {
        json_of(data(&tandem, &client, &token, &query))["events"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(
        count(format!("{day}&eventCodes=279&eventCodes=20")),
        Some(0)
    );
    assert!(count(format!("{day}&eventCodes=279,20")) > Some(280));
    tandem.configure(|behaviour| behaviour.event_codes_required = true);
    assert_eq!(
        data(&tandem, &client, &token, &day).status(),
        StatusCode::BAD_REQUEST
    );
}

#[test]
fn tandem_shows_only_what_was_uploaded_and_sends_it_twice_if_asked_to() {
    let (tandem, client) = (Tandem::start(), client());
    let history = History::generate(&Plan::day(2));
    tandem.add_history(history.clone());
    let good = code(&tandem, &client, Region::Us.client_id()).expect("a code");
    let token = json_of(exchange(&tandem, &client, &good, VERIFIER))["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let noon = history.plan.start + chrono::Duration::hours(12);
    tandem.set_uploaded_until(noon);
    let numbers = || {
        let logs = json_of(data(
            &tandem,
            &client,
            &token,
            &day_query(&tandem, &history),
        ));
        let events = logs["events"].as_array().expect("events").clone();
        events
            .iter()
            .map(|event| event["sequenceNumber"].as_u64().expect("a number"))
            .collect::<Vec<_>>()
    };
    let mut half = numbers();
    assert!(
        half.iter()
            .all(|number| history.instant_of(*number).expect("an event") <= noon)
    );
    assert_eq!(
        half.len(),
        history
            .events
            .iter()
            .filter(|event| event.at <= noon.timestamp())
            .count()
    );
    let pumper = json_of(data(
        &tandem,
        &client,
        &token,
        &format!("pumper/{}", tandem.account().pumper_id),
    ));
    assert_eq!(pumper["pumps"][0]["lastUploadDate"], "2026-05-14T16:00:00Z");
    assert_eq!(
        pumper["pumps"][0]["settings"]["details"]["profiles"]["profile"][0]["name"],
        "Everyday"
    );

    tandem.configure(|behaviour| (behaviour.duplicated, behaviour.gzip) = (100, true));
    let mut twice = numbers();
    half.extend(half.clone());
    half.sort_unstable();
    twice.sort_unstable();
    assert_eq!(half, twice);
}
