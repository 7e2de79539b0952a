//! Every request of a pass meets every fault, once and from there on.

use serde_json::json;
use tconnectsync_heroku::failure::ExitStatus::{self, *};

use super::{NEW, OLD, Side, Story, pass_within};
use crate::simulator::fault::{Fault, Kind};
use crate::simulator::request::Request;
use crate::simulator::tandem::Tandem;

/// Every kind of fault but those without an end, and this elsewhere.
fn kinds(elsewhere: &str) -> Vec<Kind> {
    let statuses = [400, 401, 403, 404, 413, 429, 500, 502, 503, 504];
    let mut kinds: Vec<Kind> = statuses.map(Kind::status).into();
    kinds.extend([
        Kind::retry_after(429, 30),
        Kind::retry_after(503, 30),
        Kind::Drop,
        Kind::DropAfterHandling,
        Kind::AfterHandling(Box::new(Kind::status(504))),
        Kind::Truncate,
        Kind::TruncateChunked,
        Kind::Html200,
        Kind::Empty200,
        Kind::Json(json!(null)),
        Kind::Json(json!([])),
        Kind::Json(json!([null])),
        Kind::Json(json!({})),
        Kind::Json(json!("text")),
        Kind::Redirect(format!("{elsewhere}/auth/callback?code=stolen")),
        Kind::Latency(3),
    ]);
    kinds
}

/// The statuses that a run may end with when this request meets a fault, once or always. Without any, the request does not
/// mind it.
fn ends(request: &Request, kind: &Kind, once: bool) -> &'static [ExitStatus] {
    let path = request.path.as_str();
    let is_write = matches!(request.method.as_str(), "POST" | "PUT") && path.starts_with("/api");
    match kind {
        Kind::Latency(_) => &[],
        Kind::Status(429 | 500 | 502 | 503 | 504, ..)
        | Kind::Drop
        | Kind::DropAfterHandling
        | Kind::AfterHandling(_)
        | Kind::Truncate
        | Kind::TruncateChunked
            if once =>
        {
            &[]
        }
        Kind::Status(429, ..) => &[TryLater],
        Kind::Status(500 | 502 | 503 | 504, ..)
        | Kind::Drop
        | Kind::DropAfterHandling
        | Kind::AfterHandling(_)
        | Kind::Truncate
        | Kind::TruncateChunked => &[Unavailable],
        Kind::Endless => &[NotUnderstood],
        // The login page is asked for its cookies only; the simulated service then misses them.
        _ if path == "/" && !once => &[],
        _ if path == "/" => &[NotUnderstood],
        Kind::Status(401, ..) if path.ends_with("/login") => &[CredentialsRejected],
        Kind::Status(401, ..) if path.starts_with("/api/reports") && once => &[],
        Kind::Status(401, ..) if path.starts_with("/api") => &[CredentialsRejected],
        // Asked again with a list of event codes.
        Kind::Status(400, ..) if path.contains("pump-logs") && once => &[],
        // A document is at fault, or the array is too large: it is split, which a single document cannot be.
        Kind::Status(400 | 413, ..) if is_write && once && documents(request) > 1 => &[],
        Kind::Status(400 | 413, ..) if is_write => &[Refused, NotUnderstood],
        // A firewall on the way may let the same pass uncompressed.
        Kind::Status(403, ..) if is_write && once => &[Done, NotUnderstood],
        Kind::Json(null) if null.is_null() && path.starts_with("/api/v1") => &[Unavailable],
        // What a site before 15.0.7 answers whose database fails.
        Kind::Empty200
            if request.method == "GET"
                && path.starts_with("/api/v1")
                && !path.contains("status.json") =>
        {
            &[Unavailable]
        }
        // An empty site is a site, and what is there already is replaced by the same.
        Kind::Json(list)
            if list.is_array() && request.method == "GET" && !path.contains("status") =>
        {
            if path.starts_with("/api/v1") {
                &[]
            } else {
                &[NotUnderstood]
            }
        }
        // The site says that it took the document.
        Kind::Json(value) if is_write && (value.is_object() || request.method == "PUT") => {
            &[Done, NotUnderstood]
        }
        Kind::Json(list) if is_write && list.is_array() => &[Done, NotUnderstood],
        _ => &[NotUnderstood],
    }
}

/// How many documents a request writes.
fn documents(request: &Request) -> usize {
    let body = request.json().unwrap_or_default();
    body.as_array().map_or(1, Vec::len)
}

fn try_every_request(story: &Story, side: Side, once: bool) {
    let elsewhere = Tandem::start();
    let requests = side.requests(story);
    for number in 1..=requests.len() {
        let endless = (!once).then_some(Kind::Endless);
        for kind in kinds(&elsewhere.url()).into_iter().chain(endless) {
            let what = format!(
                "{kind:?} at {side:?} {number} ({} {}), once: {once}, {:?}",
                requests[number - 1].method,
                requests[number - 1].path,
                story.version
            );
            let arrangement = story.begin();
            let fault = if once {
                Fault::at(number, kind.clone())
            } else {
                Fault::from(number, kind.clone())
            };
            side.inject(&arrangement, fault);
            let (outcome, _) = pass_within(&arrangement, story.now, None);
            let concerned = if once {
                &requests[number - 1..number]
            } else {
                &requests[number - 1..]
            };
            let mut ends = concerned.iter().map(|request| ends(request, &kind, once));
            let allowed = ends.find(|ends| !ends.is_empty()).unwrap_or(&[Done]);
            assert!(
                allowed.contains(&outcome.status()),
                "{what}: {:?}, not {allowed:?}",
                outcome.failure
            );
            story.heals(&arrangement, &what);
        }
    }
    assert_eq!(elsewhere.request_count(), 0, "nothing goes to another site");
}

#[test]
fn tandem_fails_once() {
    try_every_request(&NEW, Side::Tandem, true);
}

#[test]
fn tandem_fails_from_some_request_on() {
    try_every_request(&NEW, Side::Tandem, false);
}

#[test]
fn a_new_site_fails_once() {
    try_every_request(&NEW, Side::Site, true);
}

#[test]
fn a_new_site_fails_from_some_request_on() {
    try_every_request(&NEW, Side::Site, false);
}

#[test]
fn an_old_site_fails_once() {
    try_every_request(&OLD, Side::Site, true);
}

#[test]
fn an_old_site_fails_from_some_request_on() {
    try_every_request(&OLD, Side::Site, false);
}
