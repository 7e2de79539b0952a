//! The simulators themselves: what other tests rely on when they trust them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{ClockStory, Features, History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};
use crate::simulator::tandem::{Account, Region, Tandem};

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
fn faults_reach_the_client_as_they_are_named() {
    let (nightscout, client) = (Nightscout::start(), client());
    let url = format!("{}/api/v1/status.json", nightscout.url());
    let get = || client.get(&url).send();
    nightscout.inject(Fault::on(
        "GET",
        "/api/v1/status",
        Times::Nth(1),
        Kind::retry_after(503, 7),
    ));
    assert_eq!(get().expect("an answer").headers()["retry-after"], "7");
    assert_eq!(get().expect("an answer").status(), StatusCode::OK);
    nightscout.heal();
    for kind in [Kind::Drop, Kind::DropAfterHandling] {
        nightscout.inject(Fault::always(kind));
        assert!(get().is_err());
        nightscout.heal();
    }
    for kind in [Kind::Truncate, Kind::TruncateChunked] {
        nightscout.inject(Fault::always(kind));
        let answer = get().expect("the headers");
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.bytes().is_err());
        nightscout.heal();
    }
    let impatient = |kind| {
        nightscout.inject(Fault::at(nightscout.request_count() + 1, kind));
        let answer = client.get(&url).timeout(Duration::from_millis(60)).send();
        answer.and_then(Response::bytes)
    };
    for kind in [Kind::Stall, Kind::StallBody, Kind::Endless] {
        assert!(impatient(kind).expect_err("no whole answer").is_timeout());
    }
    assert_eq!(impatient(Kind::Empty200).expect("nothing"), "");
    assert_eq!(impatient(Kind::Json(json!([1]))).expect("JSON"), "[1]");
    assert_eq!(
        nightscout
            .requests()
            .last()
            .and_then(|request| request.status),
        Some(200)
    );
}

/// A POST or PUT with the right secret.
fn send(
    nightscout: &Nightscout,
    client: &Client,
    method: &str,
    path: &str,
    body: &Value,
) -> Response {
    let secret: String = Sha1::digest(Nightscout::API_SECRET)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    let method = method.parse().expect("a method");
    let call = client
        .request(method, format!("{}/api/v1/{path}", nightscout.url()))
        .header("api-secret", secret);
    call.json(body).send().expect("an answer")
}

fn get(nightscout: &Nightscout, client: &Client, path: &str) -> Value {
    json_of(
        client
            .get(format!("{}/api/v1/{path}", nightscout.url()))
            .send()
            .expect("an answer"),
    )
}

#[test]
fn nightscout_upserts_treatments_by_what_its_version_takes_for_a_key() {
    let client = client();
    for version in [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7] {
        let nightscout = Nightscout::version(version);
        let post = |body: Value| json_of(send(&nightscout, &client, "POST", "treatments", &body));
        let basal = json!({"eventType": "Temp Basal", "created_at": "2026-11-20T08:00:00-05:00", "absolute": 0.0, "insulin": 0, "x": "2"});
        let first = post(json!([basal]));
        assert_eq!(first[0]["created_at"], "2026-11-20T13:00:00.000Z");
        assert_eq!(
            (
                &first[0]["utcOffset"],
                &first[0]["absolute"],
                &first[0]["x"]
            ),
            (&json!(-300), &json!(0), &json!("2"))
        );
        assert!(first[0]["_id"].is_string() && first[0].get("insulin").is_none());
        let again = post(
            json!({"eventType": "Temp Basal", "created_at": "2026-11-20T13:00:00Z", "duration": "5"}),
        );
        assert!(again[0].get("_id").is_none() && again[0]["duration"] == 5);
        assert_eq!(nightscout.treatments().len(), 1);
        assert_eq!(nightscout.treatments()[0]["_id"], first[0]["_id"]);

        let named =
            json!({"eventType": "Note", "created_at": "2026-11-20T14:00:00Z", "identifier": "a"});
        post(named.clone());
        let mut moved = named;
        moved["created_at"] = json!("2026-11-20T14:30:00Z");
        let moved = post(moved);
        assert!(moved[0]["_id"].is_string());
        assert_eq!(
            nightscout.treatments().len(),
            if version == Version::V15_0_7 { 2 } else { 3 }
        );

        let mut changed = moved[0].clone();
        changed["eventType"] = json!("Alarm");
        send(&nightscout, &client, "PUT", "treatments", &changed);
        assert_eq!(
            nightscout.treatments().last().expect("one")["eventType"],
            "Alarm"
        );
        assert_eq!(nightscout.writes(), 5);
    }
}

#[test]
fn nightscout_finds_by_its_own_rules() {
    let (nightscout, client) = (Nightscout::start(), client());
    nightscout.set_now("2026-11-22T12:00:00Z".parse().expect("an instant"));
    for day in 10..=22 {
        let at = format!("2026-11-{day}T08:00:00.000Z");
        nightscout.insert_treatment(
            json!({"eventType": "Note", "created_at": at, "enteredBy": "Pump (tconnectsync)"}),
        );
    }
    let count = |query: &str| {
        get(&nightscout, &client, &format!("treatments.json?{query}"))
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(count("find[enteredBy]=Pump%20(tconnectsync)"), Some(4));
    assert_eq!(
        count("find[enteredBy]=Pump+(tconnectsync)&find[created_at][$gte]=2000-01-01"),
        Some(13)
    );
    assert_eq!(
        count("find[created_at][$gte]=2026-11-20T03:00:00-05:00"),
        Some(3)
    );
    assert_eq!(
        count(
            "find[created_at][$gt]=2026-11-20T13:30:00+05:30&find[created_at][$lte]=2026-11-21T08:00:00Z"
        ),
        Some(1)
    );
    assert_eq!(count("find%5Bcreated_at%5D%5B%24gte%5D=garbage"), None);
    assert_eq!(count("find[created_at]=2026-11-20T08:00:00Z"), None);
    assert_eq!(count("find[created_at][$gte]=2000-01-01&count=5"), Some(5));
    let newest = get(
        &nightscout,
        &client,
        "treatments.json?find[created_at][$gte]=2000-01-01&count=1",
    );
    assert_eq!(newest[0]["created_at"], "2026-11-22T08:00:00.000Z");
    assert!(newest[0]["carbs"].is_null() && newest[0].get("carbs").is_some());
}

#[test]
fn a_history_is_a_function_of_its_plan_and_its_truth_adds_up() {
    for seed in 0..8 {
        let plan = Plan {
            features: Features::ALL,
            ..Plan::days(seed, 3)
        };
        let history = History::generate(&plan);
        assert_eq!(
            history.pump_logs_json(),
            History::generate(&plan).pump_logs_json()
        );
        assert!(
            history
                .events
                .windows(2)
                .all(|pair| pair[0].number < pair[1].number && pair[0].at <= pair[1].at)
        );
        for bolus in &history.truth.boluses {
            let Some(completed) = bolus.completed.and_then(|number| history.event(number)) else {
                continue;
            };
            let delivered = completed.properties_json()["insulinDelivered"]
                .as_f64()
                .expect("a number");
            assert_eq!((delivered * 1000.0).round() as i64, bolus.delivered_now);
            assert_eq!(completed.at, bolus.at.timestamp());
        }
        let rates: i64 = history
            .truth
            .basal
            .iter()
            .filter_map(|s| Some((s.to? - s.from).num_seconds() * s.rate))
            .sum();
        let last = history.truth.basal.last().expect("a segment").from;
        assert_eq!(
            history.truth.basal_milliunit_seconds(plan.start, last),
            rates
        );
    }
}

/// The offset of every event, found by going back through the records of the clock's movements.
fn offsets_by_records(history: &History) -> Vec<i64> {
    let moved = |event: &Value| {
        let number = |key: &str| event["eventProperties"][key].as_i64();
        let time = number("timeAfter")
            .zip(number("timePrior"))
            .map(|(after, prior)| (after - prior) / 1000);
        let date = number("dateAfter")
            .zip(number("datePrior"))
            .map(|(after, prior)| (after - prior) * 86_400);
        (
            event["sequenceNumber"].as_u64().expect("a number"),
            time.or(date).expect("a movement"),
        )
    };
    let logs = history.pump_logs_json();
    let records: Vec<(u64, i64)> = logs["clockChanges"]
        .as_array()
        .expect("records")
        .iter()
        .map(moved)
        .collect();
    let newest = history.events.last().expect("events");
    let later = |number: u64| {
        records
            .iter()
            .filter(|(record, _)| *record > number)
            .map(|(_, shift)| shift)
            .sum::<i64>()
    };
    history
        .events
        .iter()
        .map(|event| newest.wall - newest.at - later(event.number))
        .collect()
}

#[test]
fn the_clock_of_every_story_agrees_with_its_records() {
    let at = |text: &str| text.parse().expect("an instant");
    let plan = Plan::days(3, 10).between(at("2026-10-28T04:00:00Z"), at("2026-11-07T05:00:00Z"));
    let stories = [
        ClockStory::NeverChanged,
        ClockStory::ByHand(vec![9 * 3600]),
        ClockStory::Travel(vec![
            (at("2026-10-30T18:00:00Z"), -6 * 3600),
            (at("2026-11-04T01:00:00Z"), 6 * 3600),
        ]),
        ClockStory::DateChange(at("2026-11-01T12:00:00Z")),
        ClockStory::ResetTo2008 {
            at: at("2026-11-01T12:00:00Z"),
            set_at: at("2026-11-01T13:10:00Z"),
            recorded: true,
        },
    ];
    for story in stories {
        let history = History::generate(&plan.clone().with_clock(story.clone()));
        let told: Vec<i64> = history
            .events
            .iter()
            .map(|event| event.wall - event.at)
            .collect();
        // The records themselves are stamped half-way where time and date change together.
        let plain = history
            .events
            .iter()
            .map(|event| !matches!(event.code, 13 | 14))
            .collect::<Vec<_>>();
        let found = offsets_by_records(&history);
        let same = told
            .iter()
            .zip(&found)
            .zip(plain)
            .all(|((told, found), plain)| told == found || !plain);
        assert!(same, "{story:?}");
    }
    let followed = History::generate(&plan.clone().with_clock(ClockStory::FollowsZone));
    assert!(followed.clock_changes(None).next().is_none());
    let first_and_last = [&followed.events[0], followed.events.last().expect("events")];
    assert_eq!(
        first_and_last.map(|event| event.wall - event.at),
        [-4 * 3600, -5 * 3600]
    );
    let drifting = ClockStory::Drift(vec![(at("2026-11-05T12:00:00Z"), 40)]);
    let drifted = History::generate(&plan.with_clock(drifting));
    assert!(
        drifted
            .events
            .iter()
            .all(|event| (-40..=0).contains(&(event.wall - event.at + 4 * 3600)))
    );
}

#[test]
fn nightscout_fails_as_the_real_one_fails() {
    let client = client();
    let old = Nightscout::version(Version::V15_0_6);
    let bad = |doc: &Value| doc["notes"] == "bad";
    let note = |minute: u32, text: &str| json!({"eventType": "Note", "created_at": format!("2026-11-20T08:{minute:02}:00Z"), "notes": text});
    let docs = json!([note(1, "good"), note(2, "bad"), note(3, "good")]);
    let new = Nightscout::start();
    for (nightscout, stored) in [(&old, 1), (&new, 0)] {
        nightscout.refuse(bad);
        assert_eq!(
            send(nightscout, &client, "POST", "treatments", &docs).status(),
            500
        );
        assert_eq!(nightscout.treatments().len(), stored);
    }
    assert_eq!(
        json_of(send(&new, &client, "POST", "treatments", &json!([]))),
        json!([])
    );
    let secret = |secret: &str| {
        client
            .get(format!("{}/api/v1/treatments.json", new.url()))
            .header("api-secret", secret)
            .send()
    };
    assert_eq!(secret("0000").expect("an answer").status(), 401);
    assert_eq!(new.auth_failures(), 1);
    let token = new.add_token("tandem uploader", &["api:entries:create"]);
    assert!(token.starts_with("tandemuplo-") && token.len() == 27);
    assert_eq!(secret(&token).expect("an answer").status(), 200);
    new.configure(|settings| settings.readable = false);
    assert_eq!(secret(&token).expect("an answer").status(), 401);

    new.configure(|settings| settings.body_limit = Some(100));
    assert_eq!(
        send(&new, &client, "POST", "treatments", &docs).status(),
        413
    );
    assert!(!new.crashed());
    let url = format!("{}/api/v1/treatments", new.url());
    assert!(client.post(url).json(&json!([null])).send().is_err());
    assert!(new.crashed());
}

#[test]
fn nightscout_keeps_entries_by_time_and_type() {
    let client = client();
    for (version, direction) in [(Version::V15_0_6, None), (Version::V15_0_7, Some("Flat"))] {
        let nightscout = Nightscout::version(version);
        let entry = json!({"type": "sgv", "sgv": 120, "date": 1_795_382_853_000_i64, "dateString": "2026-11-22T16:27:33-05:00", "direction": "Flat"});
        let first = json_of(send(
            &nightscout,
            &client,
            "POST",
            "entries.json",
            &json!([entry]),
        ));
        assert_eq!(first[0]["sysTime"], "2026-11-22T21:27:33.000Z");
        let again = json!({"type": "sgv", "sgv": 121, "date": 1_795_382_853_000_i64});
        send(&nightscout, &client, "POST", "entries", &again);
        let found = get(
            &nightscout,
            &client,
            "entries.json?find[date][$gte]=1795382853000&find[date][$lt]=1795382853001",
        );
        assert_eq!(
            (found[0]["sgv"].as_i64(), found[0]["direction"].as_str()),
            (Some(121), direction)
        );
        assert_eq!(found.as_array().map(Vec::len), Some(1));
        let tsv = client
            .get(format!(
                "{}/api/v1/entries?find[date][$gte]=0",
                nightscout.url()
            ))
            .send()
            .expect("an answer");
        assert!(tsv.text().expect("text").contains("1795382853000\t121"));
    }
}
