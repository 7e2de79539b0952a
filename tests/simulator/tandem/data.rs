//! The data calls: pumper and pump logs, behind the firewall and the bearer token.

use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::history::calendar::{DAY, parse_stamp_z};
use super::super::server::Request;
use super::login::blocked;
use super::state::State;

const LONGEST_SPAN: i64 = 28 * DAY;

const PUMPER: &str = "/api/reports/bff/pumper/";
const GUARDIAN: &str = "/api/pumpers/pumpers/";
const PUMP_LOGS: &str = "/api/reports/bff/pump-logs/";

/// Answers a data call, or nothing if the path is none.
pub(super) fn answer(state: &mut State, request: &Request) -> Option<Answer> {
    let pumper = request.path.strip_prefix(PUMPER);
    let pump_logs = request.path.strip_prefix(PUMP_LOGS);
    let guardian = request.path.strip_prefix(GUARDIAN);
    let none = pumper.is_none() && pump_logs.is_none() && guardian.is_none();
    if none || request.method != "GET" {
        return None;
    }
    if !passes_firewall(state, request) {
        return Some(blocked());
    }
    if !has_token(state, request) {
        let answer = Answer::new(401, "text/plain", "")
            .with("www-authenticate", "Bearer error=\"invalid_token\"");
        return Some(answer);
    }
    let answer = match (pumper, pump_logs) {
        (Some(_), _) if state.behaviour.guardian.is_some() => not_found(),
        (Some(id), _) => self::pumper(state, id, request),
        (_, Some(assignment)) => self::pump_logs(state, assignment, request),
        _ => self::guardian(state, guardian.unwrap_or_default()),
    };
    Some(if state.behaviour.gzip {
        compressed(answer, request)
    } else {
        answer
    })
}

fn passes_firewall(state: &State, request: &Request) -> bool {
    let origin = request.header("origin") == Some(state.base.as_str());
    let referer = request.header("referer") == Some(format!("{}/", state.base).as_str());
    let agent = request
        .header("user-agent")
        .is_some_and(|agent| !agent.trim().is_empty());
    origin && referer && agent
}

fn has_token(state: &mut State, request: &Request) -> bool {
    let token = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    let Some(uses) = token.and_then(|token| state.tokens.get_mut(token)) else {
        return false;
    };
    match uses {
        None => true,
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
    }
}

fn pumper(state: &State, id: &str, request: &Request) -> Answer {
    if let Some(raw) = &state.raw_pumper {
        return Answer::json(200, raw);
    }
    if let Some(refusal) = unknown_keys(request, &[]) {
        return refusal;
    }
    if id != state.pumper_id() {
        return Answer::json(403, &json!({"message": "Forbidden"}));
    }
    let account = &state.account;
    let pumps: Vec<Value> = state
        .pumps
        .iter()
        .map(|pump| pump.entry(state.uploaded_until))
        .collect();
    Answer::json(
        200,
        &json!({
            "firstName": account.first_name,
            "lastName": account.last_name,
            "name": format!("{} {}", account.first_name, account.last_name),
            "dateOfBirth": account.date_of_birth,
            "lowGlucoseThreshold": 70,
            "highGlucoseThreshold": 180,
            "country": account.country,
            "pumps": pumps,
        }),
    )
}

fn not_found() -> Answer {
    Answer::json(404, &json!({"message": "Not Found"}))
}

/// The account of a guardian, whose pumps are devices.
fn guardian(state: &State, id: &str) -> Answer {
    if state.behaviour.guardian.is_none() || id != state.pumper_id() {
        return not_found();
    }
    let pumps = state.pumps.iter();
    let devices: Vec<Value> = pumps.map(|pump| pump.entry(state.uploaded_until)).collect();
    let account = &state.account;
    Answer::json(
        200,
        &json!({
            "account": {
                "role": "personal_guardian",
                "firstName": account.first_name,
                "lastName": account.last_name,
            },
            "devices": devices,
        }),
    )
}

fn pump_logs(state: &mut State, assignment: &str, request: &Request) -> Answer {
    if let Some(raw) = &state.raw_pump_logs {
        return Answer::json(200, raw);
    }
    let codes_known = !state.behaviour.event_codes_unknown;
    let known: &[&str] = if codes_known {
        &["pumperId", "startDate", "endDate", "eventCodes"]
    } else {
        &["pumperId", "startDate", "endDate"]
    };
    if let Some(refusal) = unknown_keys(request, known) {
        return refusal;
    }
    let mut issues = Vec::new();
    let mut date = |key: &str| {
        let parsed = request.query_value(key).as_deref().and_then(parse_stamp_z);
        if parsed.is_none() {
            issues.push(
                json!({"code": "invalid_format", "path": [key], "message": "Invalid ISO datetime"}),
            );
        }
        parsed.unwrap_or_default()
    };
    let (from, to) = (date("startDate"), date("endDate"));
    if request.query_value("pumperId").is_none() {
        issues.push(json!({"code": "invalid_type", "path": ["pumperId"], "message": "Required"}));
    }
    let codes = request
        .query_pairs()
        .into_iter()
        .filter(|(key, _)| key == "eventCodes")
        .map(|(_, value)| value);
    let codes: Vec<String> = codes.collect();
    if state.behaviour.event_codes_required && codes.is_empty() {
        issues.push(json!({"code": "invalid_type", "path": ["eventCodes"], "message": "Required"}));
    }
    if to - from > LONGEST_SPAN {
        issues.push(json!({"code": "custom", "path": ["endDate"], "message": "Date range must not exceed 28 days"}));
    }
    if !issues.is_empty() {
        return zod(issues);
    }
    if request.query_value("pumperId") != Some(state.pumper_id()) {
        return Answer::json(403, &json!({"message": "Forbidden"}));
    }
    let Some(pump) = state
        .pumps
        .iter()
        .find(|pump| pump.assignment == assignment)
    else {
        return Answer::json(404, &json!({"message": "Device assignment not found"}));
    };
    let Some(history) = pump.history.clone() else {
        return Answer::json(200, &json!({"events": [], "clockChanges": []}));
    };
    let until = pump.uploaded_until.or(state.uploaded_until);
    let wanted: Option<HashSet<u32>> = codes.first().map(|list| {
        list.split(',')
            .filter_map(|code| code.trim().parse().ok())
            .collect()
    });
    let repeated = codes.len() > 1;
    let hidden = &state.behaviour.hidden_codes;
    let hidden_from = state
        .behaviour
        .hidden_from
        .map_or(i64::MIN, |from| from.timestamp());
    let serves = |event: &&super::super::history::Event| {
        let is_hidden = hidden.contains(&event.code) && event.at >= hidden_from;
        let is_wanted = |wanted: &HashSet<u32>| wanted.contains(&event.code);
        !repeated && !is_hidden && wanted.as_ref().is_none_or(is_wanted)
    };
    let chosen = history.select(from, to, until).filter(serves);
    let mut events: Vec<_> = chosen.collect();
    if state.behaviour.duplicated > 0 {
        let twice: Vec<_> = events
            .iter()
            .copied()
            .filter(|_| state.rng.chance(state.behaviour.duplicated))
            .collect();
        events.extend(twice);
    }
    if state.behaviour.shuffled {
        state.rng.shuffle(&mut events);
    }
    let mut text = String::with_capacity(events.len() * 430 + 200);
    let history = Arc::clone(&history);
    text.push_str("{\"events\":[");
    push_all(events.into_iter(), assignment, &mut text);
    text.push_str("],\"clockChanges\":[");
    push_all(history.clock_changes(until), assignment, &mut text);
    text.push_str("]}");
    Answer::new(200, "application/json; charset=utf-8", text)
}

fn push_all<'e>(
    events: impl Iterator<Item = &'e super::super::history::Event>,
    assignment: &str,
    out: &mut String,
) {
    for (index, event) in events.enumerate() {
        if index > 0 {
            out.push(',');
        }
        event.push_json(assignment, out);
    }
}

/// A 400 if the query has a key that is not among these.
fn unknown_keys(request: &Request, known: &[&str]) -> Option<Answer> {
    let pairs = request.query_pairs();
    let keys: Vec<&str> = pairs
        .iter()
        .map(|(key, _)| key.as_str())
        .filter(|key| !known.contains(key))
        .collect();
    let list = keys
        .iter()
        .map(|key| format!("\"{key}\""))
        .collect::<Vec<_>>()
        .join(", ");
    let issue = json!({"code": "unrecognized_keys", "keys": keys, "path": [], "message": format!("Unrecognized keys: {list}")});
    (!keys.is_empty()).then(|| zod(vec![issue]))
}

fn zod(issues: Vec<Value>) -> Answer {
    Answer::json(
        400,
        &json!({"name": "ZodError", "message": Value::from(issues.clone()).to_string(), "issues": issues}),
    )
}

fn compressed(answer: Answer, request: &Request) -> Answer {
    if !request
        .header("accept-encoding")
        .is_some_and(|accepted| accepted.contains("gzip"))
    {
        return answer;
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&answer.body).expect("writing to memory");
    let body = encoder.finish().expect("writing to memory");
    Answer { body, ..answer }
        .with("content-encoding", "gzip")
        .with("vary", "Accept-Encoding")
}
