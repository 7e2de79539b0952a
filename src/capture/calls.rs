//! Calls as a capture has them: what was asked, without anything personal, and what was answered.

use serde_json::Value;
use url::Url;

use super::anonymous::Anonymous;
use super::dates::Shift;
use super::events::Logs;
use super::file::{Answer, Call};
use super::mover::Mover;
use super::{names, shape};
use crate::http::{Asked, Heard};
use crate::tandem::{self, PUMP_LOGS};

/// Hosts of this domain are named; others are not.
const TANDEM: &str = "tandemdiabetes.com";

/// Where a call went.
pub(super) fn host(asked: &Asked) -> String {
    match asked.url.host_str() {
        Some(host) if is_tandems(host) => host.to_owned(),
        _ if asked.service == tandem::NAME => "tandem".to_owned(),
        _ => "site".to_owned(),
    }
}

fn is_tandems(host: &str) -> bool {
    let before = host.strip_suffix(TANDEM);
    let known = [
        "",
        "sso.",
        "tdcservices.",
        "tdcservices.eu.",
        "source.",
        "source.eu.",
    ];
    before.is_some_and(|before| known.contains(&before))
}

/// The path, without the site's own part, which may be a person's name.
fn below_the_site<'u>(asked: &Asked, url: &'u Url) -> &'u str {
    let path = url.path();
    match path.find("/api/v1/") {
        Some(at) if asked.service != tandem::NAME => &path[at..],
        _ => path,
    }
}

/// The key of a query, if it is known.
fn shown(key: &str) -> String {
    match names::QUERY_KEYS.contains(&key) {
        true => key.to_owned(),
        false => "(key)".to_owned(),
    }
}

/// How the values of a query are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chosen {
    Id,
    Time,
    Millis,
    Kept,
    /// Left out: it differs in each run, or the service chose it.
    LeftOut,
}

/// What the value of a query's key is.
fn chosen(key: &str, value: &str) -> Chosen {
    let by_this_program = key.starts_with("find[") || matches!(key, "count" | "eventCodes");
    if key == "pumperId" {
        Chosen::Id
    } else if matches!(key, "startDate" | "endDate")
        || by_this_program && Shift(0).text(value).is_some()
    {
        Chosen::Time
    } else if by_this_program && value.len() > 11 && value.bytes().all(|byte| byte.is_ascii_digit())
    {
        Chosen::Millis
    } else if by_this_program {
        Chosen::Kept
    } else {
        Chosen::LeftOut
    }
}

/// A time in a query, moved.
fn moved(chosen: Chosen, value: &str, shift: Shift) -> String {
    let moved = match chosen {
        Chosen::Millis => (value.parse().ok()).map(|millis| shift.millis(millis).to_string()),
        _ => shift.text(value),
    };
    moved.unwrap_or_default()
}

/// The query of a call, without the values that a login brings.
pub(super) fn query_as_asked(url: &Url) -> Vec<(String, String)> {
    let pairs = url.query_pairs().map(|(key, value)| {
        let value = match chosen(&key, &value) {
            Chosen::LeftOut => String::new(),
            _ => value.into_owned(),
        };
        (key.into_owned(), value)
    });
    pairs.collect()
}

/// The path of a call as it is.
pub(super) fn path_as_asked(asked: &Asked) -> &str {
    below_the_site(asked, &asked.url)
}

impl Anonymous {
    /// A call that was heard, made anonymous.
    pub(super) fn call(&mut self, heard: &Heard) -> Call {
        let Heard { asked, body, .. } = heard;
        let path = below_the_site(asked, &asked.url).to_owned();
        let (shape, answer) = self.answer(heard);
        Call {
            service: asked.service.to_owned(),
            call: asked.call.to_owned(),
            method: asked.method.clone(),
            host: host(asked),
            path: self.path(&path),
            query: self.query(&asked.url),
            sent_bytes: (asked.service != tandem::NAME).then_some(asked.sent),
            status: heard.status,
            content_type: (heard.content_type.as_deref())
                .map(|header| names::content_type(header).to_owned()),
            location: (heard.location.as_deref()).map(|location| self.location(asked, location)),
            bytes: body.len(),
            milliseconds: u64::try_from(heard.took.as_millis()).unwrap_or(u64::MAX),
            shape,
            answer,
        }
    }

    fn answer(&mut self, heard: &Heard) -> (Option<Value>, Answer) {
        let text = String::from_utf8_lossy(&heard.body);
        let text = text.trim_start_matches('\u{feff}').trim();
        if heard.status.is_some() && !heard.complete {
            return (None, Answer::TooLarge);
        }
        let service = heard.asked.service;
        let failed = !heard.went_well();
        let json = serde_json::from_str::<Value>(text).ok();
        let answer = match (json, text.chars().next()) {
            (_, None) => Answer::Nothing,
            (Some(json), _) => {
                let shape = shape::of(&json, self);
                let logs = heard.asked.call == PUMP_LOGS && json.is_object() && !failed;
                let answer = match logs {
                    true => Answer::Logs(Logs::of(&json, self)),
                    false => Answer::Json(self.json(service, failed, &json)),
                };
                return (Some(shape), answer);
            }
            (None, Some('<')) => Answer::Page(self.phrases(text)),
            (None, Some('{' | '[')) => Answer::BrokenJson,
            (None, Some(_)) => Answer::Text(self.phrases(text)),
        };
        (None, answer)
    }

    /// A path whose parts are known or have an alias.
    fn path(&mut self, path: &str) -> String {
        let parts = path.split('/').map(|part| match part {
            "" => String::new(),
            part if names::IN_PATHS.contains(&part) => part.to_owned(),
            part => self.aliases.id(part),
        });
        parts.collect::<Vec<_>>().join("/")
    }

    fn query(&mut self, url: &Url) -> Vec<(String, String)> {
        let mut query = Vec::new();
        for (key, value) in url.query_pairs() {
            let value = match chosen(&key, &value) {
                Chosen::Id => self.aliases.id(&value),
                chosen @ (Chosen::Time | Chosen::Millis) => moved(chosen, &value, self.shift),
                Chosen::Kept if !self.private.is_in(&value) => value.into_owned(),
                Chosen::Kept | Chosen::LeftOut => String::new(),
            };
            let key = match key.starts_with("find[") {
                true => key.into_owned(),
                false => shown(&key),
            };
            query.push((key, value));
        }
        query
    }

    /// The target of a redirect: a host of Tandem's, the same host, or some other one.
    fn location(&mut self, asked: &Asked, location: &str) -> String {
        let Ok(to) = asked.url.join(location) else {
            return String::new();
        };
        let same = to.host() == asked.url.host();
        let origin = match to.host_str() {
            Some(host) if to.scheme() == "https" && to.port().is_none() && is_tandems(host) => {
                format!("https://{host}")
            }
            _ if to.origin() == asked.url.origin() => String::new(),
            _ if same && to.scheme() == "https" => format!("https://{}.invalid", host(asked)),
            _ => "https://elsewhere.invalid".to_owned(),
        };
        let path = self.path(below_the_site(asked, &to));
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in to.query_pairs() {
            let value = match &*key {
                "code" => "code".to_owned(),
                "error" => self.phrases(&value),
                _ => String::new(),
            };
            pairs.append_pair(&shown(&key), &value);
        }
        let query = pairs.finish();
        match query.is_empty() {
            true => format!("{origin}{path}"),
            false => format!("{origin}{path}?{query}"),
        }
    }
}

impl Call {
    /// Moves the call's times once more.
    pub(super) fn shift(&mut self, mover: &mut Mover) {
        let shift = mover.shift;
        for (key, value) in &mut self.query {
            if let chosen @ (Chosen::Time | Chosen::Millis) = chosen(key, value) {
                *value = moved(chosen, value, shift);
            }
        }
        match &mut self.answer {
            Answer::Json(json) => mover.json(&self.service, json),
            Answer::Logs(logs) => {
                let lists = [&mut logs.events, &mut logs.clock_changes];
                lists
                    .into_iter()
                    .flatten()
                    .for_each(|list| list.shift(shift));
            }
            _ => {}
        }
    }
}
