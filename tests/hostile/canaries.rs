//! Secrets and personal data that answers repeat, in whatever form: none of them is ever shown.

use std::sync::{Mutex, Once};

use tconnectsync_heroku::failure::message;

use crate::arrangement::Arrangement;
use crate::simulator::fault::{Fault, Kind};
use crate::simulator::history::{Feature, Features, History, Plan};

/// What the library logs, at every level: what `-vv` would print.
static LOG: Mutex<String> = Mutex::new(String::new());

struct Collector;

impl log::Log for Collector {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("tconnectsync_heroku")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let mut log = LOG
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            log.push_str(&record.args().to_string());
            log.push('\n');
        }
    }

    fn flush(&self) {}
}

fn collect() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Collector).expect("no other logger in the tests");
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// In the answers, beside the secrets of the configuration.
const PERSONAL: [&str; 6] = [
    "Maria Canary",
    "1984-03-17",
    "Maria's pump page",
    "c00kie7",
    "/home/maria-canary/.env",
    "mongodb://maria:canary@cluster0.example",
];

/// A value as servers repeat it.
fn encodings(value: &str) -> Vec<String> {
    use base64::Engine;
    let hex = |byte: u8| format!("{byte:02x}");
    vec![
        value.to_owned(),
        value.to_uppercase(),
        value.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        url::form_urlencoded::byte_serialize(value.as_bytes()).collect(),
        value.chars().map(|c| format!("&#{};", c as u32)).collect(),
        value
            .chars()
            .map(|c| format!("&#x{:x};", c as u32))
            .collect(),
        value.replace('\'', "&#39;").replace('&', "&amp;"),
        value
            .chars()
            .map(|c| format!("\\u{:04x}", c as u32))
            .collect(),
        base64::engine::general_purpose::STANDARD.encode(value),
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value),
        value.bytes().map(hex).collect(),
        value.chars().rev().collect(),
    ]
}

#[test]
fn nothing_that_an_answer_repeats_is_shown() {
    collect();
    let plan = Plan::day(3).with_features(Features::only(&[Feature::Basal, Feature::Cgm]));
    let start = plan.end - chrono::Duration::hours(2);
    let history = std::sync::Arc::new(History::generate(&plan.clone().between(start, plan.end)));
    let now = plan.end + chrono::Duration::minutes(20);
    let tandem = [
        "/",
        "/accounts/api/login",
        "/accounts/api/connect/authorize",
        "/accounts/api/connect/token",
        "/api/reports/bff/pumper/",
        "/api/reports/bff/pump-logs/",
    ];
    let site = [
        ("GET", "/api/v1/status"),
        ("GET", "/api/v1/treatments"),
        ("POST", "/api/v1/treatments"),
        ("GET", "/api/v1/entries"),
        ("GET", "/api/v1/devicestatus"),
        ("GET", "/api/v1/profile"),
    ];
    let endpoints = (tandem.iter().map(|path| (false, "", *path)))
        .chain(site.iter().map(|(method, path)| (true, *method, *path)));
    let mut runs = 0;
    for (of_site, method, path) in endpoints {
        for status in [
            200, 302, 400, 401, 403, 404, 407, 408, 413, 418, 422, 425, 429, 500, 502, 503, 504,
        ] {
            for kind in 0..3 {
                let mut arrangement = Arrangement::joining(
                    crate::simulator::tandem::Tandem::with_history(std::sync::Arc::clone(&history)),
                    crate::simulator::nightscout::Nightscout::start(),
                );
                arrangement.set(
                    "TCONNECTSYNC_HEROKU_FEATURES",
                    "BASAL,CGM,DEVICE_STATUS,PROFILES",
                );
                arrangement.set("TCONNECT_PASSWORD", "p&ss 'word' <canary>");
                let account = |account: &mut crate::simulator::tandem::Account| {
                    account.password = "p&ss 'word' <canary>".to_owned();
                };
                arrangement.tandem.change_account(account);
                let mut secrets = arrangement.secrets();
                secrets.extend(PERSONAL.map(str::to_owned));
                secrets.push(arrangement.variables["TCONNECT_EMAIL"].clone());
                secrets.push("p&ss 'word' <canary>".to_owned());
                secrets.retain(|secret| secret.len() > 4);
                let said: Vec<String> = secrets
                    .iter()
                    .flat_map(|secret| encodings(secret))
                    .collect();
                let all = said.join(" ; ");
                let body = match kind {
                    0 => format!("<html><title>{all}</title><body>{all}</body></html>"),
                    1 => {
                        serde_json::json!({"error": all, "message": said, "code": all, "name": all})
                            .to_string()
                    }
                    _ => all,
                };
                let headers = vec![
                    ("set-cookie".to_owned(), "sid=c00kie7".to_owned()),
                    (
                        "location".to_owned(),
                        "https://maria-canary.example/?c00kie7".to_owned(),
                    ),
                ];
                let mut fault = Fault::always(Kind::Status(status, headers, body));
                fault.path = path.to_owned();
                if of_site {
                    fault.method = Some(method.to_owned());
                    arrangement.nightscout.inject(fault);
                } else {
                    arrangement.tandem.inject(fault);
                }
                let outcome = arrangement.pass(now, &[]);
                runs += 1;
                let mut shown = outcome.report.to_json(outcome.failure.as_ref()).to_string();
                shown += &outcome.report.summary();
                shown += &outcome.failure.as_ref().map(message).unwrap_or_default();
                shown += &std::mem::take(
                    &mut *LOG
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner),
                );
                let shown = shown.to_lowercase();
                for said in said.iter().filter(|said| said.len() > 4) {
                    assert!(
                        !shown.contains(&said.to_lowercase()),
                        "{said} of {status} at {path} in: {shown}"
                    );
                }
            }
        }
    }
    println!("{runs} runs, 0 shown");
}
