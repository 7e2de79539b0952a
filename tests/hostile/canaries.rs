//! Secrets and personal data that answers repeat, in whatever form: none of them is ever shown.

use std::sync::{Arc, Mutex, Once};

use serde_json::json;
use tconnectsync_heroku::failure::message;

use crate::arrangement::{Arrangement, day_until_now};
use crate::simulator::answer::Answer;
use crate::simulator::fault::{Fault, Kind};
use crate::simulator::history::{Feature, Features, History, Plan};
use crate::simulator::nightscout::Nightscout;
use crate::simulator::server::{Request, Server};
use crate::simulator::tandem::Tandem;

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
pub fn encodings(value: &str) -> Vec<String> {
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

/// A password that every encoding changes.
const PASSWORD: &str = "p&ss 'word' <canary>";

/// Where an answer can be planted.
#[derive(Clone, Copy, Debug)]
struct Endpoint {
    of_site: bool,
    method: &'static str,
    path: &'static str,
}

fn endpoints() -> impl Iterator<Item = Endpoint> {
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
    let endpoint = |of_site, method, path| Endpoint {
        of_site,
        method,
        path,
    };
    let tandem = tandem.map(|path| endpoint(false, "", path));
    let site = site.map(|(method, path)| endpoint(true, method, path));
    tandem.into_iter().chain(site)
}

/// A cloud and a site, and all that no output may repeat.
struct Planted {
    arrangement: Arrangement,
    said: Vec<String>,
}

impl Planted {
    fn of(history: &Arc<History>) -> Planted {
        let tandem = Tandem::with_history(Arc::clone(history));
        let mut arrangement = Arrangement::joining(tandem, Nightscout::start());
        arrangement.set(
            "TCONNECTSYNC_HEROKU_FEATURES",
            "BASAL,CGM,DEVICE_STATUS,PROFILES",
        );
        arrangement.set("TCONNECT_PASSWORD", PASSWORD);
        arrangement
            .tandem
            .change_account(|account| account.password = PASSWORD.to_owned());
        let mut secrets = arrangement.secrets();
        secrets.extend(PERSONAL.map(str::to_owned));
        secrets.push(arrangement.variables["TCONNECT_EMAIL"].clone());
        secrets.push(PASSWORD.to_owned());
        let mut planted = Planted {
            arrangement,
            said: Vec::new(),
        };
        planted.also(&secrets);
        planted
    }

    /// These may be repeated by no output either.
    fn also(&mut self, secrets: &[String]) {
        let long = secrets.iter().filter(|secret| secret.len() > 4);
        self.said.extend(long.flat_map(|secret| encodings(secret)));
    }

    /// An answer that repeats all of it, as a page, as JSON or as text.
    fn answer(&self, status: u16, kind: usize) -> Kind {
        let all = self.said.join(" ; ");
        let body = match kind {
            0 => format!("<html><title>{all}</title><body>{all}</body></html>"),
            1 => {
                let said = &self.said;
                json!({"error": all, "message": said, "code": all, "name": all}).to_string()
            }
            _ => all,
        };
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = vec![
            header("set-cookie", "sid=c00kie7"),
            header("location", "https://maria-canary.example/?c00kie7"),
        ];
        Kind::Status(status, headers, body)
    }

    fn plant(&self, endpoint: Endpoint, answer: Kind) {
        let mut fault = Fault::always(answer);
        fault.path = endpoint.path.to_owned();
        if endpoint.of_site {
            fault.method = Some(endpoint.method.to_owned());
            self.arrangement.nightscout.inject(fault);
        } else {
            self.arrangement.tandem.inject(fault);
        }
    }

    #[track_caller]
    fn assert_not_in(&self, shown: &str, what: &dyn std::fmt::Debug) {
        let shown = shown.to_lowercase();
        for said in self.said.iter().filter(|said| said.len() > 4) {
            assert!(
                !shown.contains(&said.to_lowercase()),
                "{said} of {what:?} in: {shown}"
            );
        }
    }
}

#[test]
fn nothing_that_an_answer_repeats_is_shown() {
    collect();
    let plan = Plan::day(3).with_features(Features::only(&[Feature::Basal, Feature::Cgm]));
    let start = plan.end - chrono::Duration::hours(2);
    let history = Arc::new(History::generate(&plan.clone().between(start, plan.end)));
    let now = plan.end + chrono::Duration::minutes(20);
    let mut runs = 0;
    for endpoint in endpoints() {
        for status in [
            200, 302, 400, 401, 403, 404, 407, 408, 413, 418, 422, 425, 429, 500, 502, 503, 504,
        ] {
            for kind in 0..3 {
                let planted = Planted::of(&history);
                planted.plant(endpoint, planted.answer(status, kind));
                let outcome = planted.arrangement.pass(now, &[]);
                runs += 1;
                let mut shown = outcome.report.to_json(outcome.failure.as_ref()).to_string();
                shown += &outcome.report.summary();
                shown += &outcome.failure.as_ref().map(message).unwrap_or_default();
                shown += &std::mem::take(
                    &mut *LOG
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner),
                );
                planted.assert_not_in(&shown, &(status, endpoint));
            }
        }
    }
    println!("{runs} runs, 0 shown");
}

/// What the program and its check print, at most.
const MODES: [&[&str]; 3] = [&["-vv"], &["--check-login", "-vv"], &["--json", "-q"]];

#[test]
fn nor_is_it_by_the_program_and_its_check() {
    let history = Arc::new(day_until_now(87));
    let of_endpoint = |(number, endpoint): (usize, Endpoint)| {
        for (kind, status) in [200, 401, 407, 422].into_iter().enumerate() {
            for arguments in MODES {
                let planted = Planted::of(&history);
                planted.plant(endpoint, planted.answer(status, (kind + number) % 3));
                let said = planted.arrangement.program(arguments);
                planted.assert_not_in(&(said.out + &said.log), &(status, endpoint, arguments));
            }
        }
    };
    // The waits between tries side by side.
    std::thread::scope(|scope| {
        for endpoint in endpoints().enumerate() {
            scope.spawn(move || of_endpoint(endpoint));
        }
    });
}

#[test]
fn nor_what_a_proxy_repeats_of_its_own_credentials() {
    const USER: &str = "canary-user";
    const PROXY_PASSWORD: &str = "pr0xy p&ss:canary";
    let history = Arc::new(day_until_now(88));
    let of_address = |address: &'static str, status: u16| {
        for (kind, arguments) in MODES.into_iter().enumerate() {
            let mut planted = Planted::of(&history);
            let both = format!("{USER}:{PROXY_PASSWORD}");
            planted.also(&[both, PROXY_PASSWORD.to_owned(), USER.to_owned()]);
            planted.also(&["canary-site".to_owned()]);
            let proxy = repeating_proxy(planted.answer(status, kind));
            let credentials = "http://canary-user:pr0xy%20p%26ss%3Acanary@";
            let proxy_url = proxy.url().replace("http://", credentials);
            planted.arrangement.set("NS_URL", address);
            planted.arrangement.set("REQUESTS_PROXY", &proxy_url);
            let said = planted.arrangement.program(arguments);
            let sent = proxy.requests();
            let header = sent[0].header("proxy-authorization").expect("credentials");
            planted.also(&[header.replace("Basic ", "")]);
            planted.assert_not_in(&(said.out + &said.log), &(status, address, arguments));
        }
    };
    std::thread::scope(|scope| {
        // By plain http the proxy sees all of a request; for https it is asked for a tunnel.
        for address in ["http://canary-site", "https://canary-site.example"] {
            for status in [200, 302, 403, 407, 500] {
                let of_address = &of_address;
                scope.spawn(move || of_address(address, status));
            }
        }
    });
}

/// A proxy that answers this, and what it was sent.
fn repeating_proxy(answer: Kind) -> Server {
    let Kind::Status(status, headers, body) = answer else {
        unreachable!("an answer has a status")
    };
    Server::start(move |_| {
        Arc::new(move |request: &Request| {
            let sent = format!("{:?}", request.headers);
            let mut answer = Answer::new(status, "text/html", body.clone() + &sent);
            answer.headers.extend(headers.clone());
            answer.into()
        })
    })
}
