//! Nightscout's simulator: keys, queries and refusals of its versions.

use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::{client, json_of};
use crate::simulator::nightscout::{Nightscout, Version};

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

/// Each answer was measured on 14.2.6, 15.0.3 and 15.0.7 over a real mongod.
#[test]
fn nightscout_answers_what_each_version_was_seen_to_answer() {
    for version in [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7] {
        let client = Client::builder()
            .timeout(std::time::Duration::from_millis(300))
            .build()
            .expect("a client");
        let nightscout = Nightscout::version(version);
        let is_modern = version == Version::V15_0_7;
        let ask = |method: &str, path: &str, body: Value| {
            let secret: String = Sha1::digest(Nightscout::API_SECRET)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let url = format!("{}/api/v1/{path}", nightscout.url());
            let call = client.request(method.parse().expect("a method"), url);
            let answer = call.header("api-secret", secret).json(&body).send().ok()?;
            Some((answer.status().as_u16(), answer.text().ok()?))
        };
        let answered = |status: u16, text: &str| Some((status, text.to_owned()));

        let empty = ask("POST", "entries", json!([]));
        assert_eq!(empty, answered(200, "[]").filter(|_| is_modern));
        let preview = ask(
            "POST",
            "entries/preview.json",
            json!([{"type": "sgv", "date": 1}]),
        );
        assert_eq!(preview, answered(200, r#"[{"date":1,"type":"sgv"}]"#));
        assert_eq!(nightscout.entries().len(), 0);

        let nonsense = json!({"_id": "x"});
        let (status, text) = ask("PUT", "profile", nonsense.clone()).expect("an answer");
        assert_eq!(status, if is_modern { 400 } else { 500 });
        assert!(text.contains(if is_modern {
            "Invalid _id format"
        } else {
            "24 hex characters"
        }));
        if !is_modern {
            let (status, text) = ask("PUT", "treatments", nonsense).expect("an answer");
            assert!(
                status == 500 && text.contains("24 hex characters"),
                "{text}"
            );
        }
        assert_eq!(nightscout.writes(), 0);
        // On 15.0.7 the list itself becomes a document.
        let (status, _) = ask("PUT", "treatments", json!([])).expect("an answer");
        assert_eq!((status, nightscout.treatments().len()), (200, 1));

        let id = nightscout.insert_treatment(
            json!({"eventType": "Note", "created_at": "2026-11-20T08:00:00.000Z"}),
        );
        let (status, text) =
            ask("DELETE", &format!("treatments/{id}"), Value::Null).expect("an answer");
        let gone: Value = serde_json::from_str(&text).expect("JSON");
        let count = if is_modern {
            &gone["deletedCount"]
        } else {
            &gone["result"]["n"]
        };
        assert_eq!((status, count), (200, &json!(1)));

        let reading = json!({"type": "sgv", "sgv": 100, "date": 1_421_200_000_000_i64});
        let (_, text) = ask("POST", "entries", json!([reading])).expect("an answer");
        let time = "\"sysTime\":\"2015-01-14T01:46:40.000Z\"";
        assert_eq!(text.contains(time), version != Version::V14_2_6, "{text}");

        nightscout.configure(|settings| settings.database_gone = true);
        for path in ["treatments", "devicestatus", "profile"] {
            let nothing = answered(200, if is_modern { "null" } else { "" });
            assert_eq!(ask("GET", path, Value::Null), nothing);
        }
        assert_eq!(
            ask("GET", "entries", Value::Null).expect("an answer").0,
            500
        );
    }
}
