//! Moves the times of a capture once more, so that they fit a zone that changed its offset on the same days.

use serde_json::{Map, Value};

use super::aliases::Aliases;
use super::anonymous::{THE_ZONE, about};
use super::dates::Shift;
use super::names::{self, Holds};

/// Moves answers.
#[derive(Debug)]
pub(super) struct Mover {
    pub shift: Shift,
    /// The name of the zone.
    pub zone: &'static str,
    /// Takes the pumps' aliases for the pumps.
    pub aliases: Aliases,
}

impl Mover {
    pub(super) fn json(&mut self, service: &str, value: &mut Value) {
        match value {
            Value::Array(values) => {
                values
                    .iter_mut()
                    .for_each(|value| self.json(service, value));
            }
            Value::Object(object) => self.object(service, object),
            _ => {}
        }
    }

    fn object(&mut self, service: &str, object: &mut Map<String, Value>) {
        let about = about(object);
        for (name, value) in object.iter_mut() {
            let moved = match (names::holds(service, name), &*value) {
                (Some(Holds::Time), Value::String(text)) => self.shift.text(text),
                (Some(Holds::Millis), Value::Number(number)) => {
                    if let Some(millis) = number.as_i64() {
                        *value = self.shift.millis(millis).into();
                    }
                    continue;
                }
                (Some(Holds::OurText), Value::String(text)) => Some(self.shift.within(text)),
                (Some(Holds::Zone), Value::String(text)) if text == THE_ZONE => {
                    Some(self.zone.to_owned())
                }
                (Some(Holds::ObjectId), Value::String(id)) => self.aliases.moved_object(id),
                (Some(Holds::Identifier), Value::String(alias)) => {
                    self.aliases.moved_identifier(alias, &about)
                }
                (_, Value::Array(_) | Value::Object(_)) => {
                    self.json(service, value);
                    continue;
                }
                _ => continue,
            };
            if let Some(moved) = moved {
                *value = moved.into();
            }
        }
    }
}
