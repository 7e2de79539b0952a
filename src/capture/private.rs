//! The values that are known to be secret or personal, in every form in which they may be repeated: the last check before a text
//! goes into a capture.

use serde_json::Value;

use crate::http::forms;
use crate::tandem::claims;

/// Shorter values are parts of ordinary words and numbers.
const SHORTEST: usize = 4;

/// Values that no text of a capture may hold.
#[derive(Debug, Default)]
pub(super) struct Private {
    values: Vec<String>,
    forms: Vec<String>,
    /// Names that persons gave to profiles and the like, often ordinary words.
    names: Vec<String>,
}

/// The properties of a login or an account whose texts are personal.
const PERSONAL: [&str; 14] = [
    "firstName",
    "lastName",
    "name",
    "dateOfBirth",
    "email",
    "given_name",
    "family_name",
    "preferred_username",
    "birthdate",
    "sub",
    "access_token",
    "id_token",
    "refresh_token",
    "username",
];

impl Private {
    /// Adds a value.
    pub(super) fn add(&mut self, value: &str) {
        let value = value.trim();
        if value.chars().count() < SHORTEST || self.values.iter().any(|known| known == value) {
            return;
        }
        self.values.push(value.to_owned());
        let forms = forms(value);
        let forms = forms.iter().map(|form| form.to_lowercase());
        let reversed: String = value.to_lowercase().chars().rev().collect();
        self.forms.extend(forms.chain([reversed]));
    }

    /// Adds the personal texts at the top of an answer, and of the login in it.
    pub(super) fn add_of(&mut self, answer: &Value) {
        for name in PERSONAL {
            match answer.get(name) {
                Some(Value::String(text)) => {
                    self.add(text);
                    if let Some(claims) = claims(text) {
                        self.add_of(&claims);
                    }
                }
                Some(Value::Number(number)) => self.add(&number.to_string()),
                _ => {}
            }
        }
    }

    /// Adds a name that a person gave.
    pub(super) fn add_name(&mut self, name: &str) {
        self.names.push(name.trim().to_lowercase());
    }

    /// Whether the name of a property is such a name, or holds such a value.
    pub(super) fn is_in_name(&self, name: &str) -> bool {
        self.names.contains(&name.to_lowercase()) || self.is_in(name)
    }

    /// Whether a text is such a value.
    pub(super) fn is(&self, text: &str) -> bool {
        self.values.iter().any(|value| value == text)
    }

    /// Whether a text holds such a value in any form.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.forms.iter().any(|form| text.contains(form.as_str()))
    }
}
