//! Nothing secret or personal is in any capture, wherever the services say it and however they write it.

use std::sync::Arc;

use base64::Engine;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::stories::captured;
use crate::arrangement::Arrangement;
use crate::hostile::canaries::encodings;
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{Feature, Features, History, Plan};
use crate::simulator::nightscout::Nightscout;
use crate::simulator::tandem::Tandem;

/// Beside the secrets of the configuration. The number passes for one of the pump's.
const PERSONAL: [&str; 6] = [
    "Maria Canary",
    "1984-03-17",
    "maria.canary@example.net",
    "c00kie7",
    "/home/maria-canary/.env",
    "mongodb://maria:canary@cluster0.example",
];

const PASSWORD: &str = "4815162342";

struct Stage {
    history: Arc<History>,
    now: DateTime<Utc>,
}

impl Stage {
    fn new() -> Stage {
        let features = [
            Feature::Basal,
            Feature::Cgm,
            Feature::Meals,
            Feature::ProfileSwitches,
            Feature::Status,
        ];
        let plan = Plan::day(3).with_features(Features::only(&features));
        let start = plan.end - Duration::hours(3);
        Stage {
            history: Arc::new(History::generate(&plan.clone().between(start, plan.end))),
            now: plan.end + Duration::minutes(20),
        }
    }

    /// Both services; the site holds what an earlier run wrote.
    fn arrange(&self) -> Arrangement {
        let tandem = Tandem::with_history(Arc::clone(&self.history));
        let mut arrangement = Arrangement::joining(tandem, Nightscout::start());
        let features = "BASAL,BOLUS,CGM,DEVICE_STATUS,IOB,PROFILES";
        arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", features);
        arrangement.set("TCONNECT_PASSWORD", PASSWORD);
        (arrangement.tandem).change_account(|account| account.password = PASSWORD.to_owned());
        arrangement
    }

    /// What no capture of a run in this arrangement may hold.
    fn secrets(&self, arrangement: &Arrangement) -> Vec<String> {
        let mut secrets = arrangement.secrets();
        secrets.extend(PERSONAL.map(str::to_owned));
        secrets.push(self.history.plan.serial.clone());
        secrets.push(self.history.plan.assignment.clone());
        secrets.push(arrangement.tandem.account().pumper_id);
        secrets.push(arrangement.tandem.account().account_id);
        secrets.push("127.0.0.1".to_owned());
        secrets.push(self.now.format("%Y-%m-%d").to_string());
        secrets.push("New_York".to_owned());
        secrets.extend(
            self.history
                .plan
                .profiles
                .iter()
                .map(|profile| profile.name.clone()),
        );
        secrets.retain(|secret| secret.len() > 4);
        secrets
    }

    /// A capture of a run, searched for all of them.
    #[track_caller]
    fn capture_holds_none(&self, arrangement: &Arrangement, about: &str) -> String {
        let (_, capture) = captured(arrangement, self.now, &[]);
        let claims = claims(&capture);
        let shown = format!("{capture}{claims}").to_lowercase();
        for secret in self.secrets(arrangement) {
            for form in encodings(&secret).into_iter().filter(|form| form.len() > 4) {
                assert!(
                    !shown.contains(&form.to_lowercase()),
                    "{about}: {form} ({secret}) is in the capture: {}",
                    around(&shown, &form.to_lowercase())
                );
            }
        }
        capture
    }
}

fn around(text: &str, part: &str) -> String {
    let at = text.find(part).unwrap_or(0);
    let characters = text.char_indices().map(|(index, _)| index);
    let from = characters
        .filter(|index| index + 120 >= at)
        .min()
        .unwrap_or(0);
    text[from..].chars().take(300).collect()
}

/// What the logins of a capture say, decoded.
fn claims(capture: &str) -> String {
    let tokens = capture.split("\"e30.").skip(1);
    let payloads = tokens.filter_map(|token| token.split('.').next());
    let decoded = payloads.map(|payload| {
        let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
        String::from_utf8(decoded.expect("base64")).expect("text")
    });
    decoded.collect()
}

/// The places of all texts in an answer; of a list's elements only the first three are looked at.
fn texts(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(values) => {
            for (index, value) in values.iter().take(3).enumerate() {
                texts(value, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                texts(value, &format!("{at}/{}", name.replace('/', "~1")), found);
            }
        }
        _ => {}
    }
}

/// What the services answer of themselves, by path.
fn answers(stage: &Stage) -> Vec<(bool, &'static str, Value)> {
    let arrangement = stage.arrange();
    arrangement.good_pass(stage.now, &[]);
    let client = reqwest::blocking::Client::builder()
        .cookie_store(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let of_site = |path: &str| -> Value {
        let url = format!("{}{path}", arrangement.nightscout.url());
        let secret = crate::arrangement::sha1_hex(Nightscout::API_SECRET);
        let answer = client.get(url).header("api-secret", secret).send();
        answer.expect("the site answers").json().expect("JSON")
    };
    let pump = json!({
        "assignmentId": stage.history.plan.assignment, "serialNumber": "90001234", "modelName": "Tandem Mobi™ System",
        "softwareVersion": "7.8.0.0", "algorithm": "Control-IQ", "partNumber": "1", "lastUploadClientType": "phone",
        "maxDateOfEvents": "2026-05-14T23:59:00", "lastUploadDate": "2026-05-15T04:00:00Z",
        "availableDataRange": {"start": "2026-05-14T20:00:00", "end": "2026-05-14T23:59:00"},
        "settings": {"id": "x", "uploadId": "y", "details": {"profiles": {"activeIdp": 0, "profile": [
            {"idp": 0, "name": "Everyday", "carbEntry": "1", "insulinDuration": 300, "timeDependentSegments": [
                {"startTime": 0, "basalRate": 700, "carbRatio": 10000, "isf": 55, "targetBg": 110, "status": ["a"]}]}]}}},
    });
    let event = |code: u32, properties: Value| {
        json!({"eventCode": code, "sequenceGroup": "0", "sequenceNumber": 77, "pumpDateTime": "2026-05-14T22:00:00",
            "estimatedDateTime": "2026-05-14T22:00:00Z", "deviceAssignmentId": "x", "eventProperties": properties})
    };
    let treatments = of_site("/api/v1/treatments.json?find[created_at][$gte]=2000-01-01&count=3");
    let entries = of_site("/api/v1/entries.json?find[date][$gte]=0&count=2");
    let statuses = of_site("/api/v1/devicestatus.json?find[created_at][$gte]=2000-01-01&count=1");
    let mut others = treatments.as_array().expect("a list").clone();
    others.push(json!({"_id": "6b037647fa007d1d112fda60", "eventType": "Note", "enteredBy": "Tante Inge", "reason": "r",
        "notes": "n", "created_at": "2026-05-14T22:00:00Z", "identifier": "x", "profile": "p", "glucoseType": "Finger"}));
    vec![
        (
            false,
            "/accounts/api/login",
            json!({"redirectUrl": "/", "status": "SUCCESS", "user": {"display": "x"}}),
        ),
        (
            false,
            "/accounts/api/connect/token",
            json!({"access_token": "at", "expires_in": "3600", "token_type": "Bearer",
            "id_token": "e30.eyJwdW1wZXJJZCI6ImMifQ.x", "scope": "openid"}),
        ),
        (
            false,
            "/api/reports/bff/pumper/",
            json!({"firstName": "a", "lastName": "b", "name": "c", "dateOfBirth": "d",
            "country": "US", "pumps": [pump]}),
        ),
        (
            false,
            "/api/reports/bff/pump-logs/",
            json!({
                "events": [
                    event(279, json!({"commandedRate": "700", "commandedRateSource": 1, "spareA3": "x", "label": "x"})),
                    event(69, json!({"status": 3, "name0": "E", "name1": "v"})),
                    event(313, json!({"weight": "80", "weightUnit": "kg", "sensorType": "1"})),
                    event(9999, json!({"label": "x", "list": ["x"], "nested": {"label": "x"}})),
                ],
                "clockChanges": [event(13, json!({"timePrior": "1", "timeAfter": "2", "label": "x"}))],
                "meta": {"requestId": "x"},
            }),
        ),
        (true, "/api/v1/status", of_site("/api/v1/status.json")),
        (true, "/api/v1/treatments", others.into()),
        (true, "/api/v1/entries", entries),
        (true, "/api/v1/devicestatus", statuses),
        (
            true,
            "/api/v1/profile",
            of_site("/api/v1/profile.json?count=2"),
        ),
    ]
}

#[test]
fn nothing_of_any_text_property_is_in_a_capture() {
    let stage = Stage::new();
    let mut planted = 0;
    for (of_site, path, answer) in answers(&stage) {
        let mut places = Vec::new();
        texts(&answer, "", &mut places);
        assert!(!places.is_empty(), "{path}");
        for (index, place) in places.iter().enumerate() {
            let arrangement = stage.arrange();
            let secrets = stage.secrets(&arrangement);
            let all: Vec<String> = secrets
                .iter()
                .flat_map(|secret| encodings(secret))
                .collect();
            let canary = match index % 3 {
                0 => all.join(" ; "),
                1 => PASSWORD.to_owned(),
                _ => PERSONAL[index / 3 % PERSONAL.len()].to_owned(),
            };
            // The other kinds where the first says little: a property that takes numbers or names.
            for canary in [canary, PASSWORD.to_owned()] {
                let mut answer = answer.clone();
                *answer.pointer_mut(place).expect("a place") = canary.as_str().into();
                let fault = Fault::on(
                    if path.ends_with("login") || path.ends_with("token") {
                        "POST"
                    } else {
                        "GET"
                    },
                    path,
                    Times::Always,
                    Kind::Json(answer),
                );
                let arrangement = stage.arrange();
                match of_site {
                    true => arrangement.nightscout.inject(fault),
                    false => arrangement.tandem.inject(fault),
                }
                stage.capture_holds_none(&arrangement, &format!("{path}{place}"));
                planted += 1;
            }
        }
    }
    assert!(planted > 150, "{planted}");
}

#[test]
fn nothing_of_a_name_a_header_or_an_error_page_is_in_a_capture() {
    let stage = Stage::new();
    let endpoints = [
        (false, "GET", "/"),
        (false, "POST", "/accounts/api/login"),
        (false, "GET", "/accounts/api/connect/authorize"),
        (false, "POST", "/accounts/api/connect/token"),
        (false, "GET", "/api/reports/bff/pumper/"),
        (false, "GET", "/api/reports/bff/pump-logs/"),
        (true, "GET", "/api/v1/status"),
        (true, "GET", "/api/v1/treatments"),
    ];
    for (of_site, method, path) in endpoints {
        for status in [200, 302, 400, 404, 500] {
            for kind in 0..4 {
                let arrangement = stage.arrange();
                let secrets = stage.secrets(&arrangement);
                let said: Vec<String> = secrets
                    .iter()
                    .flat_map(|secret| encodings(secret))
                    .collect();
                let all = said.join(" ; ");
                let body = match kind {
                    0 => format!("<html><title>{all}</title><body>{all}</body></html>"),
                    1 => {
                        json!({"error": all, "message": said, "code": all, "name": all}).to_string()
                    }
                    2 => {
                        let names = said.iter().map(|said| (said.clone(), json!(said)));
                        Value::Object(names.collect()).to_string()
                    }
                    _ => all.clone(),
                };
                let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
                let headers = vec![
                    header("set-cookie", "sid=c00kie7"),
                    header("content-type", "text/maria-canary; c00kie7"),
                    header(
                        "location",
                        "https://maria-canary.example/Maria%20Canary?c00kie7=c00kie7&error=c00kie7",
                    ),
                ];
                let mut fault = Fault::always(Kind::Status(status, headers, body));
                fault.path = path.to_owned();
                fault.method = Some(method.to_owned());
                match of_site {
                    true => arrangement.nightscout.inject(fault),
                    false => arrangement.tandem.inject(fault),
                }
                let capture =
                    stage.capture_holds_none(&arrangement, &format!("{status} of {path}"));
                assert!(!capture.contains("maria"), "{status} of {path}");
            }
        }
    }
}

/// The calls of a capture.
fn calls(capture: &str) -> Vec<Value> {
    let capture: Value = serde_json::from_str(capture).expect("JSON");
    capture["calls"].as_array().expect("a list").clone()
}

#[test]
fn no_name_of_a_profile_on_the_site_is_in_a_capture() {
    let stage = Stage::new();
    let arrangement = stage.arrange();
    let profile = json!({"dia": 5, "units": "mg/dl", "basal": [{"time": "00:00", "value": "0.8"}]});
    let mut larger = profile.clone();
    larger["delay"] = 20.into();
    // The last is also the name of a property that is known.
    let store = json!({"default": profile, "emmaline": larger, "carbs": profile});
    let answer = json!([{"_id": "6b037647fa007d1d112fda60", "defaultProfile": "default", "store": store.clone(),
        "startDate": "2026-05-14T22:00:00Z", "former": {"emmaline": {"store": [store]}}}]);
    let kind = Kind::Json(answer);
    let fault = Fault::on("GET", "/api/v1/profile", Times::Always, kind);
    arrangement.nightscout.inject(fault);
    let capture = stage.capture_holds_none(&arrangement, "profiles");
    assert!(!capture.contains("emmaline"), "{capture}");
    let calls = calls(&capture);
    let mut shapes = calls.iter().filter(|call| {
        let path = call["path"].as_str().expect("a path");
        path.starts_with("/api/v1/profile")
    });
    let shape = &shapes.next().expect("the call")["shape"];
    let one = json!({"dia": "number", "units": "text", "basal": [{"time": "text", "value": "text"}], "delay?": "number"});
    assert_eq!(shape[0]["store"], json!({"(name)": one}));
}

#[test]
fn no_size_in_a_capture_tells_how_long_the_password_is() {
    let stage = Stage::new();
    let capture = stage.capture_holds_none(&stage.arrange(), "sizes");
    let calls = calls(&capture);
    let to_tandem = calls
        .iter()
        .filter(|call| call["service"] == "Tandem Source");
    let logins: Vec<_> = to_tandem.filter(|call| call["method"] == "POST").collect();
    assert_eq!(logins.len(), 2, "{logins:?}");
    for call in logins {
        assert_eq!(call.get("sent_bytes"), None, "{call}");
    }
    let of_others = calls.iter().filter(|call| call["sent_bytes"].is_u64());
    assert!(of_others.count() > 0);
}
