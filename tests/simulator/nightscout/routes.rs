//! Which request goes where, and what all have in common: limits, bodies, permissions.

use std::io::Read;

use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Outcome};
use super::super::server::Request;
use super::query::{DEVICESTATUS, ENTRIES, PROFILES, TREATMENTS};
use super::site::Site;
use super::{auth, entries, others, querystring, reading, treatments, values};

/// Node's limit on the request line and headers.
const HEAD_LIMIT: usize = 16 * 1024;

pub(super) fn answer(site: &mut Site, request: &Request) -> Outcome {
    if site.crashed {
        return Outcome::Reset;
    }
    let penalty = site.guard.penalty();
    let headers: usize = request
        .headers
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    if request.path.len() + request.query.len() + headers > HEAD_LIMIT {
        return Answer::new(431, "text/plain", "").into();
    }
    match routed(site, request) {
        Outcome::Answer(mut answer) => {
            answer.delay += penalty;
            answer.into()
        }
        other => other,
    }
}

fn routed(site: &mut Site, request: &Request) -> Outcome {
    let not_found = || {
        Outcome::from(Answer::html(
            404,
            &format!("Cannot {} {}", request.method, request.path),
        ))
    };
    if site.settings.https_only && request.header("x-forwarded-proto") != Some("https") {
        return to_https(request).into();
    }
    if site.settings.boot_error {
        return match request.method.as_str() {
            "GET" => Answer::html(500, "Nightscout - Boot error").into(),
            _ => not_found(),
        };
    }
    let Some(path) = request.path.strip_prefix(site.settings.base_path.as_str()) else {
        return not_found();
    };
    if matches!(path, "" | "/") {
        return Answer::html(200, "Nightscout").into();
    }
    let Some(path) = path.strip_prefix("/api/v1/") else {
        return not_found();
    };
    let path = path.trim_end_matches('/').trim_end_matches(".json");
    let (collection, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    let tree = querystring::tree(&request.query);
    match (request.method.as_str(), collection) {
        ("GET", "status") => read(site, request, "status", |site| others::status(site, request)),
        ("GET", "verifyauth") => verify(site, request),
        ("GET", "adminnotifies") => {
            Answer::json(200, &json!({"status": 200, "message": {"notifies": [], "notifyCount": site.guard.failures}})).into()
        }
        ("GET", "treatments") if rest.is_empty() => read(site, request, "treatments", |site| get_treatments(site, &tree)),
        ("GET", "entries") => read(site, request, "entries", |site| entries::get(site, request, rest, &tree)),
        ("GET", "devicestatus") if rest.is_empty() => read(site, request, "devicestatus", |site| {
            let docs = reading::list(&site.devicestatus, &tree, (DEVICESTATUS, 10), site.now());
            docs.map_or_else(|()| null(), reading::plain)
        }),
        ("GET", "profile") => read(site, request, "profile", |site| others::get_profile(site, rest, &tree)),
        ("GET", "profiles") if rest.is_empty() => read(site, request, "profile", |site| {
            let docs = reading::list(&site.profiles, &tree, (PROFILES, 10), site.now());
            docs.map_or_else(|()| null(), reading::plain)
        }),
        ("POST" | "PUT" | "DELETE", _) => write(site, request, collection, rest, &tree),
        _ => not_found(),
    }
}

fn to_https(request: &Request) -> Answer {
    let (host, mark) = (
        request.header("host").unwrap_or_default(),
        if request.query.is_empty() { "" } else { "?" },
    );
    let location = format!("https://{host}{}{mark}{}", request.path, request.query);
    Answer::new(307, "text/plain", "").with("location", &location)
}

/// What a read of a database that is gone comes to: `null`, or nothing before 15.0.7.
fn no_database(site: &Site) -> Answer {
    match site.settings.version.is_modern() {
        true => null(),
        false => Answer::new(200, "application/json; charset=utf-8", ""),
    }
}

fn null() -> Answer {
    Answer::json(200, &Value::Null)
}

fn read(
    site: &mut Site,
    request: &Request,
    name: &str,
    answer: impl FnOnce(&Site) -> Answer,
) -> Outcome {
    match site.guard.identify(request, None, &site.settings) {
        Err(refused) => refused.into(),
        Ok(caller) if caller.may(&format!("api:{name}:read")) => {
            let gone = site.settings.database_gone;
            match name {
                "entries" if gone => treatments::refusal(500).into(),
                "treatments" | "devicestatus" | "profile" if gone => no_database(site).into(),
                _ => answer(site).into(),
            }
        }
        Ok(_) => auth::unauthorized().into(),
    }
}

fn verify(site: &mut Site, request: &Request) -> Outcome {
    let verdict = match site.guard.identify(request, None, &site.settings) {
        Ok(caller) => caller.verdict(),
        Err(_) => auth::no_verdict(),
    };
    Answer::json(200, &json!({"status": 200, "message": verdict})).into()
}

fn get_treatments(site: &Site, tree: &Map<String, Value>) -> Answer {
    let default_count = if tree.contains_key("find") { 1000 } else { 100 };
    match reading::list(
        &site.treatments,
        tree,
        (TREATMENTS, default_count),
        site.now(),
    ) {
        Ok(docs) => reading::treatments(docs, site.settings.de_normalize_dates),
        Err(()) => null(),
    }
}

fn write(
    site: &mut Site,
    request: &Request,
    collection: &str,
    rest: &str,
    tree: &Map<String, Value>,
) -> Outcome {
    let not_found = || {
        Outcome::from(Answer::html(
            404,
            &format!("Cannot {} {}", request.method, request.path),
        ))
    };
    let known = matches!(
        collection,
        "treatments" | "entries" | "devicestatus" | "profile"
    );
    if !known || collection == "treatments" && !site.settings.careportal {
        return not_found();
    }
    let body = if request.method == "DELETE" {
        Ok(Value::Null)
    } else {
        body(site, request, collection)
    };
    let mut body = match body {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    // The server looks into the first document for credentials before it knows who asks.
    if request.method != "DELETE"
        && body
            .as_array()
            .and_then(|items| items.first())
            .is_some_and(Value::is_null)
    {
        site.crashed = true;
        return Outcome::Reset;
    }
    let first = match &mut body {
        Value::Array(items) => items.first_mut(),
        Value::Object(_) => Some(&mut body),
        _ => None,
    };
    let caller = match site.guard.identify(request, first, &site.settings) {
        Ok(caller) => caller,
        Err(refused) => return refused.into(),
    };
    let action = match request.method.as_str() {
        "POST" => "create",
        "PUT" => "update",
        _ => "delete",
    };
    let may = |action: &str| caller.may(&format!("api:{collection}:{action}"));
    if !may("read") || !may(action) {
        return auth::unauthorized().into();
    }
    if site.settings.database_gone {
        return treatments::refusal(500).into();
    }
    match (request.method.as_str(), collection) {
        ("POST", "treatments") if rest.is_empty() => treatments::post(site, body),
        ("PUT", "treatments") if rest.is_empty() => treatments::put(site, body),
        ("POST", "entries") if rest.is_empty() => entries::post(site, body),
        ("POST", "entries") if rest == "/preview" => entries::preview(body),
        ("POST", "devicestatus") if rest.is_empty() => others::post_devicestatus(site, body),
        ("POST", "profile") if rest.is_empty() => others::post_profile(site, body),
        ("PUT", "profile") if rest.is_empty() => others::put_profile(site, body),
        ("DELETE", _) => delete(site, collection, rest.trim_start_matches('/'), tree),
        _ => not_found(),
    }
}

fn delete(site: &mut Site, name: &str, last: &str, tree: &Map<String, Value>) -> Outcome {
    let now = site.now();
    let (collection, schema) = match name {
        "treatments" => (&mut site.treatments, TREATMENTS),
        "entries" => (&mut site.entries, ENTRIES),
        "devicestatus" => (&mut site.devicestatus, DEVICESTATUS),
        _ => (&mut site.profiles, PROFILES),
    };
    let (count, mut answer) = reading::delete(collection, last, tree, (schema, now));
    site.deletions += count;
    if name == "profile" {
        answer = Answer::json(200, &json!({}));
    } else if answer.status == 200 && !site.settings.version.is_modern() {
        // The older database driver's own words.
        let result = json!({"n": count, "ok": 1});
        answer = Answer::json(
            200,
            &json!({"result": result, "connection": {}, "n": count, "ok": 1}),
        );
    }
    answer.into()
}

/// The body as Express's parsers give it: an empty object for what they do not read.
fn body(site: &Site, request: &Request, collection: &str) -> Result<Value, Answer> {
    let usual = if matches!(collection, "devicestatus" | "profile") {
        1 << 20
    } else {
        50 << 20
    };
    let bytes = request
        .plain_body()
        .map_err(|_| Answer::html(400, "Error: incorrect header check"))?;
    if bytes.len() > site.settings.body_limit.unwrap_or(usual) {
        return Err(Answer::html(
            413,
            "PayloadTooLargeError: request entity too large",
        ));
    }
    let kind = request.header("content-type").unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Ok(Value::Object(
            request
                .form()
                .into_iter()
                .map(|(key, value)| (key, Value::from(value)))
                .collect(),
        ));
    }
    if !kind.starts_with("application/json") || bytes.is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice(&bytes) {
        Ok(mut value @ (Value::Object(_) | Value::Array(_))) => {
            values::javascript(&mut value);
            Ok(value)
        }
        // The parser is strict: only objects and arrays.
        _ => Err(Answer::html(400, "SyntaxError: Unexpected token in JSON")),
    }
}
