//! The part of an answer that says what went wrong. Not redacted yet.

use serde_json::Value;

/// The values of JSON answers that say what went wrong, the most telling first. Any other value may be personal data.
const TELLING_KEYS: [&str; 10] = [
    "name",
    "code",
    "errorCode",
    "error",
    "title",
    "message",
    "error_description",
    "description",
    "detail",
    "reason",
];

/// The title of a page, or without one its text.
pub(super) fn page_title(html: &str) -> String {
    // ASCII lower case keeps every byte in its place.
    let lower = html.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|tag| {
        let begin = tag + lower[tag..].find('>')? + 1;
        let end = begin + lower[begin..].find("</title")?;
        Some(&html[begin..end])
    });
    match title {
        Some(title) if !title.trim().is_empty() => without_tags(title),
        _ => without_tags(html),
    }
}

/// Text between tags, without scripts and styles.
pub(super) fn without_tags(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let mut words = String::new();
    let mut at = 0;
    while let Some(tag) = lower[at..].find('<').map(|tag| at + tag) {
        words.push_str(&html[at..tag]);
        words.push(' ');
        let end = if lower[tag..].starts_with("<script") {
            "</script"
        } else if lower[tag..].starts_with("<style") {
            "</style"
        } else if lower[tag..].starts_with("<!--") {
            "-->"
        } else {
            ">"
        };
        let closed = lower[tag..].find(end).map(|end| tag + end);
        let after = closed.and_then(|end| Some(end + lower[end..].find('>')? + 1));
        at = after.unwrap_or(html.len());
    }
    words.push_str(&html[at..]);
    words
}

/// The telling values of a JSON text, in its order.
pub(super) fn json_words(json: &str) -> String {
    let mut words = Vec::new();
    if let Ok(value) = serde_json::from_str(json) {
        telling_values(&value, false, &mut words);
    }
    words.join(", ")
}

/// Adds a telling text. If it is JSON itself, as a ZodError's message is, adds that JSON's telling texts.
fn tell(text: &str, words: &mut Vec<String>) {
    match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Array(_) | Value::Object(_))) => telling_values(&value, false, words),
        _ if text.trim().is_empty() || words.iter().any(|word| word == text) => {}
        _ => words.push(text.to_owned()),
    }
}

fn telling_values(value: &Value, telling: bool, words: &mut Vec<String>) {
    match value {
        Value::String(text) if telling => tell(text, words),
        Value::Array(values) => {
            for value in values.iter().take(5) {
                telling_values(value, telling, words);
            }
        }
        Value::Object(values) => {
            for value in TELLING_KEYS.iter().filter_map(|key| values.get(*key)) {
                telling_values(value, true, words);
            }
            for (key, value) in values {
                if !TELLING_KEYS.contains(&key.as_str()) {
                    telling_values(value, false, words);
                }
            }
        }
        _ => {}
    }
}
