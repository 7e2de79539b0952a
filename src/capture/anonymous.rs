//! Makes answers anonymous: copies what a capture may hold ([`super::names`]), instead of removing what it may not.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::aliases::{About, Aliases};
use super::dates::Shift;
use super::names::{self, Holds};
use super::private::Private;
use crate::http::excerpt_masking;
use crate::nightscout::document::ENTERED_BY;
use crate::nightscout::parse_created_at;
use crate::tandem::claims;

/// Stands for a text that is left out. An empty text would mean something else.
pub(super) const LEFT_OUT: &str = "(text)";

/// Stand for the name of the run's time zone, and for that of any other zone.
pub(super) const THE_ZONE: &str = "(zone)";
const ANOTHER_ZONE: &str = "(another zone)";

/// Rewrites the answers of one run.
#[derive(Debug)]
pub(super) struct Anonymous {
    pub shift: Shift,
    pub aliases: Aliases,
    pub private: Private,
    pub zone: Option<&'static str>,
}

/// Where a value comes from.
#[derive(Clone, Copy)]
struct Place<'a> {
    service: &'a str,
    /// Whether the call failed. Then known phrases in the answer's texts are kept.
    failed: bool,
}

impl Anonymous {
    /// A JSON answer of a service.
    pub(super) fn json(&mut self, service: &str, failed: bool, value: &Value) -> Value {
        self.properties(Place { service, failed }, value)
    }

    /// The known phrases of a text that is not JSON.
    pub(super) fn phrases(&self, text: &str) -> String {
        let known = excerpt_masking(text, &[] as &[&str]);
        if self.private.is_in(&known) {
            return String::new();
        }
        known
    }

    fn properties(&mut self, place: Place<'_>, value: &Value) -> Value {
        match value {
            Value::Array(values) => values
                .iter()
                .map(|value| self.properties(place, value))
                .collect(),
            Value::Object(object) => self.object(place, object).into(),
            other => self.blank(place, other),
        }
    }

    fn object(&mut self, place: Place<'_>, object: &Map<String, Value>) -> Map<String, Value> {
        let about = about(object);
        let ours = object.get("enteredBy").and_then(Value::as_str) == Some(ENTERED_BY);
        let may_be_told = self.names_properties(object);
        let mut written = Map::new();
        for (name, value) in object {
            let holds = names::holds(place.service, name);
            let value = match holds {
                Some(Holds::Identifier) if !place.failed => match value {
                    Value::String(text) => self.aliases.identifier(text, &about).into(),
                    other => self.blank(place, other),
                },
                Some(Holds::OurText) if !ours && name != "reservoir_display_override" => {
                    self.blank(place, value)
                }
                Some(holds) => self.value(place, name, holds, value),
                None => self.blank(place, value),
            };
            let name = match holds {
                Some(_) => name.clone(),
                None => self.property(name, may_be_told, &written),
            };
            written.insert(name, value);
        }
        written
    }

    /// Whether the unknown properties of an object may be named: if it also has known ones, or if all look like a programmer's.
    /// Otherwise they may be persons' names.
    pub(super) fn names_properties(&self, object: &Map<String, Value>) -> bool {
        let is_variable = |name: &String| {
            name.starts_with(|c: char| c.is_ascii_lowercase()) && names::is_a_programmers(name)
        };
        object.keys().any(|name| names::is_known_anywhere(name)) || object.keys().all(is_variable)
    }

    /// The name of an unknown property, or a number in its place.
    pub(super) fn property(
        &self,
        name: &str,
        may_be_told: bool,
        taken: &Map<String, Value>,
    ) -> String {
        if may_be_told && names::is_a_programmers(name) && !self.private.is_in_name(name) {
            return name.to_owned();
        }
        let numbered = (1..).map(|number| format!("(property {number})"));
        let mut free = numbered.filter(|name| !taken.contains_key(name));
        free.next().unwrap_or_default()
    }

    /// The same for a property that may be a known one.
    pub(super) fn shown_property(
        &self,
        name: &str,
        may_be_told: bool,
        taken: &Map<String, Value>,
    ) -> String {
        match names::is_known_anywhere(name) {
            true => name.to_owned(),
            false => self.property(name, may_be_told, taken),
        }
    }

    fn value(&mut self, place: Place<'_>, name: &str, holds: Holds, value: &Value) -> Value {
        match (holds, value) {
            (Holds::Properties, Value::Object(_) | Value::Array(_)) => {
                self.properties(place, value)
            }
            (Holds::Named, Value::Object(object)) => {
                let named = object.iter().map(|(name, value)| {
                    let alias = self.aliases.name(name);
                    (alias, self.properties(place, value))
                });
                Value::Object(named.collect())
            }
            // Nightscout uses these names for two things.
            (Holds::Word | Holds::Number, Value::Object(_)) if matches!(name, "status" | "iob") => {
                self.properties(place, value)
            }
            (Holds::Number | Holds::Flag, Value::Bool(_)) | (_, Value::Null) => value.clone(),
            (Holds::Id | Holds::Serial, Value::Number(number)) => {
                self.text(place, holds, &number.to_string())
            }
            (_, Value::Number(number)) if self.private.is(&number.to_string()) => 0.into(),
            (Holds::Number, Value::Number(_)) => value.clone(),
            (Holds::Millis, Value::Number(number)) => match number.as_i64() {
                Some(millis) => self.shift.millis(millis).into(),
                None => 0.into(),
            },
            (_, Value::String(text)) if text.is_empty() => value.clone(),
            // Of a failed call, only known phrases are kept.
            (_, Value::String(_)) if place.failed => self.blank(place, value),
            (_, Value::String(text)) => self.text(place, holds, text),
            _ => self.blank(place, value),
        }
    }

    fn text(&mut self, place: Place<'_>, holds: Holds, text: &str) -> Value {
        let kept = |keep: bool| keep.then(|| text.to_owned());
        let only = |allowed: &str| {
            text.chars()
                .all(|c| c.is_ascii_digit() || allowed.contains(c))
        };
        let written = match holds {
            Holds::Id => Some(self.aliases.id(text)),
            Holds::Serial => return self.serial(text),
            Holds::ObjectId => Some(self.aliases.object(text)),
            Holds::Name if names::UPLOADERS.contains(&text) => kept(true),
            Holds::Name => Some(self.aliases.name(text)),
            Holds::Jwt => self.jwt(place, text),
            Holds::Time => self.shift.text(text),
            Holds::Millis => {
                (text.parse().ok()).map(|millis| self.shift.millis(millis).to_string())
            }
            Holds::Zone if Some(text) == self.zone => Some(THE_ZONE.to_owned()),
            Holds::Zone => Some(ANOTHER_ZONE.to_owned()),
            Holds::Word => kept(names::is_word(text)),
            Holds::OurText => names::is_our_text(text).then(|| self.shift.within(text)),
            Holds::Version => {
                let version = text.split(['-', '+', ' ']).next().unwrap_or_default();
                let digits = version.trim_start_matches('v');
                let is_version = digits.len() <= 15
                    && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
                    && !digits.is_empty();
                is_version.then(|| version.to_owned())
            }
            Holds::Digits => kept(text.len() <= 80 && only(",: ")),
            Holds::Number => kept(text.len() <= 20 && only("+-.eE ")),
            Holds::Properties | Holds::Named | Holds::Flag | Holds::Identifier => None,
        };
        // These are recognised by their form alone, which a birth date may have too.
        let by_form = matches!(
            holds,
            Holds::OurText
                | Holds::Version
                | Holds::Digits
                | Holds::Number
                | Holds::Time
                | Holds::Millis
        );
        match written.filter(|_| !by_form || !self.private.is_in(text)) {
            Some(text) => text.into(),
            None => self.blank(place, &text.into()),
        }
    }

    fn serial(&mut self, serial: &str) -> Value {
        let digits = serial.trim();
        match digits.bytes().all(|byte| byte.is_ascii_digit()) {
            true => self.aliases.serial(digits).into(),
            false => LEFT_OUT.into(),
        }
    }

    /// The claims of a login, as an unsigned token.
    fn jwt(&mut self, place: Place<'_>, token: &str) -> Option<String> {
        let claims = claims(token)?;
        let known = self.properties(place, &claims).to_string();
        Some(format!("e30.{}.x", URL_SAFE_NO_PAD.encode(known)))
    }

    /// A value of the same type without its content, except for known phrases in a failed answer.
    fn blank(&mut self, place: Place<'_>, value: &Value) -> Value {
        match value {
            Value::Null => Value::Null,
            Value::Bool(_) => false.into(),
            Value::Number(_) => 0.into(),
            Value::String(text) if text.is_empty() => value.clone(),
            Value::String(text) if place.failed => match self.phrases(text).as_str() {
                "" => LEFT_OUT.into(),
                known => known.into(),
            },
            Value::String(_) => LEFT_OUT.into(),
            // One element shows what they are like.
            Value::Array(values) if !place.failed => {
                let first = values.first().into_iter();
                first.map(|value| self.blank(place, value)).collect()
            }
            Value::Array(values) => values
                .iter()
                .map(|value| self.blank(place, value))
                .collect(),
            Value::Object(object) => {
                let may_be_told = self.names_properties(object);
                let mut written = Map::new();
                for (name, value) in object {
                    let value = self.blank(place, value);
                    written.insert(self.property(name, may_be_told, &written), value);
                }
                written.into()
            }
        }
    }
}

/// What a document says beside its identifier.
pub(super) fn about(object: &Map<String, Value>) -> About {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let numbers = text("pump_event_id").unwrap_or_default().split(',');
    About {
        numbers: (numbers.take(20))
            .filter_map(|number| number.trim().parse().ok())
            .collect(),
        at: text("created_at").and_then(parse_created_at),
    }
}
