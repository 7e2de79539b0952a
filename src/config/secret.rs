//! Values that must never be printed.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

/// A value that cannot be printed: a password, an API secret, an address that holds a key. Never empty. Its memory is
/// overwritten when it is no longer needed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a value verbatim; `None` for an empty one.
    pub fn new(value: impl Into<String>) -> Option<Secret> {
        let value = value.into();
        (!value.is_empty()).then_some(Secret(Zeroizing::new(value)))
    }

    /// The value itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

/// What was written for each variable, of which any may be a secret. Only the names are printed, and the memory of the values
/// is overwritten when they are no longer needed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<String, Zeroizing<String>>);

impl Values {
    /// The value of a variable, verbatim.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str())
    }

    /// Sets a variable, whatever it was before.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), Zeroizing::new(value.into()));
    }

    /// Unsets a variable.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The names of all variables that are set, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl From<BTreeMap<String, String>> for Values {
    fn from(values: BTreeMap<String, String>) -> Values {
        let values = values.into_iter();
        Values(values.map(|(name, value)| (name, value.into())).collect())
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A pump's serial number, digits only. Prints as its last three digits (`…043`), which tell a person's pumps apart
/// without naming the device to a stranger who reads the log.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PumpSerial(String);

impl PumpSerial {
    /// A serial number of 1 to 20 digits; `None` for anything else.
    pub fn new(digits: impl Into<String>) -> Option<PumpSerial> {
        let digits = digits.into();
        let valid = (1..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        valid.then_some(PumpSerial(digits))
    }

    /// All digits, for comparing and for deriving identifiers.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PumpSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.len().saturating_sub(3);
        write!(f, "…{}", &self.0[shown..])
    }
}

impl fmt::Debug for PumpSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
