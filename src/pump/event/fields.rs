//! Lenient reading of `eventProperties`.
//!
//! Properties go missing, turn `null`, change between numbers and texts, gain neighbours, and take values that nobody
//! has seen before; of their names, schemas and answers differ in upper and lower case. A [`Fields`] hands out what can be read, and notes what it met and did not know.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::Bits;
use crate::pump::quantity::{MgDl, MilliUnits, MilliUnitsPerHour};

/// A property's value, as far as any property of an event goes.
#[derive(Clone, Debug, PartialEq)]
enum Scalar<'a> {
    Null,
    Integer(i64),
    Decimal(f64),
    Text(Cow<'a, str>),
    Bits(Bits),
    Other,
}

/// The properties of one event, and what was not understood while reading them.
#[derive(Debug, Default)]
pub(in crate::pump) struct Fields<'a> {
    fields: Vec<(Cow<'a, str>, Scalar<'a>)>,
    read: u64,
    not_used: &'static [&'static str],
    unknown_values: Vec<(&'static str, i64)>,
}

/// A property without which the event means nothing is missing or unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pump) struct Missing(pub &'static str);

impl<'a> Fields<'a> {
    fn get(&mut self, name: &str) -> Option<&Scalar<'a>> {
        let index = self
            .fields
            .iter()
            .position(|(key, _)| key.eq_ignore_ascii_case(name))?;
        self.read |= 1u64.checked_shl(index as u32).unwrap_or(0);
        Some(&self.fields[index].1)
    }

    /// An integer; a decimal without fraction and a text of digits count too.
    pub(super) fn integer(&mut self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Scalar::Integer(value) => Some(*value),
            Scalar::Decimal(value) => integral(*value),
            Scalar::Text(text) => text.trim().parse().ok(),
            Scalar::Null | Scalar::Bits(_) | Scalar::Other => None,
        }
    }

    /// A finite number.
    pub(super) fn decimal(&mut self, name: &str) -> Option<f64> {
        let value = match self.get(name)? {
            Scalar::Integer(value) => *value as f64,
            Scalar::Decimal(value) => *value,
            Scalar::Text(text) => text.trim().parse().ok()?,
            Scalar::Null | Scalar::Bits(_) | Scalar::Other => return None,
        };
        value.is_finite().then_some(value)
    }

    /// A yes or no, which the wire writes as 1 or 0.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.integer(name).is_some_and(|value| value != 0)
    }

    /// A part of a text: as a text, or as the code of one letter. 0 and an empty text end it, as if nothing were there.
    pub(super) fn letters(&mut self, name: &str) -> Option<String> {
        match self.get(name)? {
            Scalar::Integer(code) => {
                let code = u32::try_from(*code).ok().filter(|code| *code != 0)?;
                char::from_u32(code).map(String::from)
            }
            Scalar::Text(text) if !text.is_empty() => Some(text.clone().into_owned()),
            _ => None,
        }
    }

    /// A bit mask: a list of the bits that are set, or an integer.
    pub(super) fn bits(&mut self, name: &str) -> Bits {
        match self.get(name) {
            Some(Scalar::Bits(bits)) => *bits,
            Some(Scalar::Integer(mask)) => Bits(*mask as u64),
            _ => Bits::default(),
        }
    }

    /// An amount of insulin that the wire gives in U; negative ones stand for "not recorded".
    pub(super) fn units(&mut self, name: &str) -> Option<MilliUnits> {
        self.decimal(name)
            .filter(|units| *units >= 0.0)
            .and_then(MilliUnits::from_units)
    }

    /// An amount of insulin that the wire gives in mU, within what is an amount in U.
    pub(super) fn milliunits(&mut self, name: &str) -> Option<MilliUnits> {
        self.integer(name)
            .filter(|value| (0..=MilliUnits::MOST).contains(value))
            .map(MilliUnits::new)
    }

    /// A rate that the wire gives in mU/h, where 65535 stands for none.
    pub(super) fn rate(&mut self, name: &str) -> Option<MilliUnitsPerHour> {
        const NONE: i64 = 65_535;
        self.integer(name)
            .filter(|value| (0..NONE).contains(value))
            .map(MilliUnitsPerHour::new)
    }

    /// A rate that the wire gives in U/h.
    pub(super) fn rate_in_units(&mut self, name: &str) -> Option<MilliUnitsPerHour> {
        self.units(name)
            .map(|amount| MilliUnitsPerHour::new(amount.milliunits()))
    }

    /// A glucose in mg/dL, where 0 stands for none.
    pub(super) fn glucose(&mut self, name: &str) -> Option<MgDl> {
        self.integer(name)
            .filter(|value| *value > 0)
            .and_then(|value| u16::try_from(value).ok())
            .map(MgDl)
    }

    /// One of the values that the table knows by number; another number is noted and read as none.
    pub(super) fn one_of<T: Copy>(&mut self, name: &'static str, table: &[(i64, T)]) -> Option<T> {
        let code = self.integer(name)?;
        let known = table.iter().find(|(number, _)| *number == code);
        if known.is_none() {
            self.unknown_values.push((name, code));
        }
        known.map(|(_, value)| *value)
    }

    /// How long something is to last, in minutes; nothing that a pump does by itself lasts a week.
    pub(super) fn minutes(&mut self, name: &str) -> Option<i64> {
        self.integer(name)
            .filter(|minutes| (0..=10_080).contains(minutes))
    }

    /// A share in percent.
    pub(super) fn percent(&mut self, name: &str) -> Option<i64> {
        self.integer(name).filter(|value| (0..=100).contains(value))
    }

    /// Properties that such events are known to have and that nothing here needs.
    pub(super) fn not_used(&mut self, names: &'static [&'static str]) {
        self.not_used = names;
    }

    /// Whatever else such events have, nothing here needs it.
    pub(super) fn rest_not_used(&mut self) {
        self.read = u64::MAX;
    }

    /// What has to be there.
    pub(super) fn required<T>(&self, name: &'static str, value: Option<T>) -> Result<T, Missing> {
        value.ok_or(Missing(name))
    }

    /// The properties that nobody knows, but for the pump's fillers (`spareA3`, `reservedD15`).
    pub(in crate::pump) fn left_over(&self) -> impl Iterator<Item = &str> {
        self.fields
            .iter()
            .enumerate()
            .filter(|(index, _)| self.read.checked_shr(*index as u32).unwrap_or(0) & 1 == 0)
            .map(|(_, (name, _))| name.as_ref())
            .filter(|name| {
                let mut known = self.not_used.iter();
                !known.any(|known| known.eq_ignore_ascii_case(name)) && !is_filler(name)
            })
    }

    /// The enum values met that no table knows: property and value.
    pub(in crate::pump) fn unknown_values(&self) -> &[(&'static str, i64)] {
        &self.unknown_values
    }
}

/// Whether a property only fills the pump's record up to its length.
fn is_filler(name: &str) -> bool {
    ["spare", "reserved"].iter().any(|filler| {
        let start = name.as_bytes().get(..filler.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(filler.as_bytes()))
    })
}

/// The integer that a decimal is, if it is one.
fn integral(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < 1e15).then_some(value as i64)
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of event properties")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(12);
                while let Some((Text(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Fields {
                    fields,
                    ..Fields::default()
                })
            }

            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(Fields::default())
            }
        }

        deserializer.deserialize_any(FieldsVisitor)
    }
}

/// A text, borrowed where it needs no unescaping.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Integer(i64::from(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(Scalar::Decimal(value as f64), Scalar::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Decimal(value))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut bits = Some(0u64);
        while let Some(element) = list.next_element::<Scalar<'de>>()? {
            let bit = match element {
                Scalar::Integer(index) => u32::try_from(index)
                    .ok()
                    .and_then(|index| 1u64.checked_shl(index)),
                _ => None,
            };
            bits = bits.zip(bit).map(|(set, bit)| set | bit);
        }
        Ok(bits.map_or(Scalar::Other, |bits| Scalar::Bits(Bits(bits))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}
