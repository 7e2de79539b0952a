//! Reads JSON as it arrives, and limits how much of it is in memory at once.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::marker::PhantomData;
use std::rc::Rc;

use anyhow::Result;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::de::IoRead;
use serde_json::value::RawValue;

use super::answer::{Service, not_json};

/// How much is read ahead, in bytes, beyond what is allowed.
const AHEAD: usize = 32 * 1024;

/// How much may be skipped at once, in bytes. Skipping keeps only a byte for each level of nesting.
const SKIPPED: u64 = 8 * 1024 * 1024;

/// How many bytes may be read until the reader allows more, for each element of a list anew. Clones share the allowance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowance(Rc<Cell<u64>>);

impl Allowance {
    /// Allows this many bytes to be read from here on, whatever was left of the last allowance.
    pub(crate) fn grant(&self, bytes: u64) {
        self.0.set(bytes);
    }

    /// Allows a value to be skipped.
    pub(crate) fn grant_skipping(&self) {
        self.grant(SKIPPED);
    }
}

/// What reads a text's values.
type Json<'r> = serde_json::Deserializer<IoRead<BufReader<Metered<Box<dyn Read + 'r>>>>>;

/// A JSON text as it comes.
pub(crate) struct JsonText<'r> {
    reader: Box<dyn Read + 'r>,
    service: &'static Service,
    call: &'static str,
}

impl fmt::Debug for JsonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.service.name, self.call)
    }
}

impl<'r> JsonText<'r> {
    pub(crate) fn new(
        reader: impl Read + 'r,
        service: &'static Service,
        call: &'static str,
    ) -> JsonText<'r> {
        JsonText {
            reader: Box::new(reader),
            service,
            call,
        }
    }

    /// Reads the whole text with `read`. Until that allows more, `bytes` may be read.
    pub(crate) fn read<T>(
        self,
        bytes: u64,
        read: impl FnOnce(&mut Json<'r>, &Allowance) -> serde_json::Result<T>,
    ) -> Result<T> {
        let allowance = Allowance::default();
        allowance.grant(bytes);
        let metered = Metered {
            reader: self.reader,
            allowance: allowance.clone(),
        };
        let mut reader = BufReader::with_capacity(AHEAD, metered);
        let empty = reader.fill_buf().is_ok_and(<[u8]>::is_empty);
        let mut json = serde_json::Deserializer::from_reader(reader);
        let value = read(&mut json, &allowance);
        allowance.grant_skipping();
        value
            .and_then(|value| json.end().map(|()| value))
            .map_err(|error| not_json(self.service, self.call, empty, &error).into())
    }

    /// Gives each element of a list to `each`, one after the other. The text of an element may have this many bytes.
    pub(crate) fn each<E: DeserializeOwned>(self, bytes: u64, each: impl FnMut(E)) -> Result<()> {
        let list = |json: &mut Json<'r>, allowance: &Allowance| {
            json.deserialize_seq(List {
                allowance,
                bytes,
                each,
                element: PhantomData,
            })
        };
        self.read(bytes, list).map(drop)
    }

    /// Passes each element of an object's lists with these names to `each`, with the index of its list. Returns which of the lists
    /// the object has: it may have null instead. Everything else in the object is skipped.
    pub(crate) fn lists<const N: usize>(
        self,
        names: [&str; N],
        bytes: u64,
        each: impl FnMut(usize, Box<RawValue>),
    ) -> Result<[bool; N]> {
        self.read(bytes, |json, allowance| {
            json.deserialize_map(Lists {
                names,
                allowance,
                bytes,
                each,
            })
        })
    }
}

/// A reader that stops where no more is allowed.
pub(crate) struct Metered<R> {
    reader: R,
    allowance: Allowance,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowed = self.allowance.0.get();
        if allowed == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let length = self.reader.read(buffer)?;
        self.allowance.grant(allowed.saturating_sub(length as u64));
        Ok(length)
    }
}

/// Reads a list element by element; yields whether there was one.
struct List<'a, E, F> {
    allowance: &'a Allowance,
    bytes: u64,
    each: F,
    element: PhantomData<E>,
}

impl<'de, E: DeserializeOwned, F: FnMut(E)> DeserializeSeed<'de> for List<'_, E, F> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E: DeserializeOwned, F: FnMut(E)> Visitor<'de> for List<'_, E, F> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E2>(self) -> Result<bool, E2> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<bool, A::Error> {
        loop {
            self.allowance.grant(self.bytes);
            match elements.next_element::<E>()? {
                Some(element) => (self.each)(element),
                None => return Ok(true),
            }
        }
    }
}

/// Reads an object with lists; yields which of them there were.
struct Lists<'a, F, const N: usize> {
    names: [&'a str; N],
    allowance: &'a Allowance,
    bytes: u64,
    each: F,
}

impl<'de, F: FnMut(usize, Box<RawValue>), const N: usize> Visitor<'de> for Lists<'_, F, N> {
    type Value = [bool; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<[bool; N], A::Error> {
        let mut found = [false; N];
        while let Some(key) = map.next_key::<String>()? {
            let index = self.names.iter().position(|name| *name == key);
            match index.filter(|index| !found[*index]) {
                Some(index) => {
                    found[index] = map.next_value_seed(List {
                        allowance: self.allowance,
                        bytes: self.bytes,
                        // The text of an element first: one odd value must not end the whole list.
                        each: |element| (self.each)(index, element),
                        element: PhantomData,
                    })?;
                }
                None => {
                    self.allowance.grant_skipping();
                    map.next_value::<IgnoredAny>()?;
                }
            }
            self.allowance.grant(self.bytes);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: Service = Service {
        name: "Service",
        when_unavailable: "",
        when_untrusted: "",
        when_not_understood: "",
    };

    fn count(json: impl Read) -> std::result::Result<usize, String> {
        let mut elements = 0;
        JsonText::new(json, &SERVICE, "call")
            .each(64, |_: IgnoredAny| elements += 1)
            .map_err(|error| crate::failure::what(&error))?;
        Ok(elements)
    }

    #[test]
    fn a_list_may_be_long_but_no_element_of_it() {
        let long = format!("[{}0]", "0,".repeat(500_000));
        assert_eq!(count(long.as_bytes()), Ok(500_001));
        let large = format!("[0,\"{}\"]", "x".repeat(200_000));
        assert!(count(large.as_bytes()).is_err_and(|what| what.contains("more at once")));
    }

    #[test]
    fn a_text_without_end_is_not_read_to_its_end() {
        for text in ["[", "{\"a\":", "\"", "[\"", " "] {
            let endless = text.as_bytes().chain(io::repeat(text.as_bytes()[0]));
            assert!(count(endless).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_list_is_said_to_be_that() {
        for (text, said) in [
            ("", "nothing"),
            ("{}", "unexpected shape"),
            ("null", "unexpected shape"),
            ("[1", "cut off"),
            ("[1] x", "not JSON"),
            ("[1 2]", "not JSON"),
        ] {
            let what = count(text.as_bytes()).expect_err(text);
            assert!(what.contains(said), "{text}: {what}");
        }
    }
}
