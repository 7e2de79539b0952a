//! The `_id` of a document in Nightscout's database.

use std::fmt;

use chrono::{DateTime, Utc};

/// A MongoDB ObjectId as Nightscout gives it: 24 hexadecimal digits, of which the first eight are the second in which the
/// document was written (MongoDB manual, "ObjectId"). They compare by age.
///
/// Whatever removes a document takes this type: with any other text in its place, Nightscout's `DELETE` takes the last four
/// days of a collection instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectId(String);

impl ObjectId {
    /// Reads an `_id`; `None` if it is not an ObjectId.
    pub(crate) fn parse(text: &str) -> Option<ObjectId> {
        let is_id = text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| ObjectId(text.to_ascii_lowercase()))
    }

    /// When the document was first written, by the clock of the site's database or server.
    pub(crate) fn written_at(&self) -> Option<DateTime<Utc>> {
        let seconds = u32::from_str_radix(self.0.get(..8)?, 16).ok()?;
        DateTime::from_timestamp(i64::from(seconds), 0)
    }

    /// The 24 digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_24_hexadecimal_digits_are_an_id() {
        let id = ObjectId::parse("6B037647fa007d1d112fda60").unwrap();
        assert_eq!(id.as_str(), "6b037647fa007d1d112fda60");
        assert_eq!(id.written_at(), "2026-11-22T23:09:59Z".parse().ok());
        for text in [
            "",
            "*",
            "6b037647fa007d1d112fda6",
            "6b037647fa007d1d112fda60a",
            "zz037647fa007d1d112fda60",
        ] {
            assert_eq!(ObjectId::parse(text), None, "{text}");
        }
        assert!(ObjectId::parse("6b037647fa007d1d112fda61").unwrap() > id);
    }
}
