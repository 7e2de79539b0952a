//! Lenient reading of `eventProperties`.
//!
//! Properties go missing, become `null`, change between numbers and texts, and take values never seen before; new ones appear,
//! and schemas and answers differ in the capitals of some names. [`Fields`] returns what can be read and notes what it does
//! not know.

use std::ops::RangeInclusive;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Bits;
use crate::foreign;
use crate::pump::quantity::{MgDl, MilliUnits, MilliUnitsPerHour};

/// An enum of the known values of a property, with their numbers on the wire.
pub(super) trait Coded: Copy + 'static {
    const CODES: &'static [(i64, Self)];
}

/// Defines a [`Coded`] enum, each value with its number.
macro_rules! coded {
    ($(#[$doc:meta])* $visible:vis enum $name:ident { $($(#[$of:meta])* $value:ident = $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visible enum $name { $($(#[$of])* $value,)+ }

        impl $crate::pump::event::fields::Coded for $name {
            const CODES: &'static [(i64, $name)] = &[$(($code, $name::$value),)+];
        }
    };
}
pub(super) use coded;

/// Defines the type of an event and its reader: a row for each field says what it is read from. The properties listed as not
/// used are known, and nothing here needs them.
macro_rules! event {
    (
        $(#[$doc:meta])*
        pub struct $name:ident, $read:ident($f:ident $(, $given:ident: $of:ty)?), not used: $unused:tt {
            $($(#[$about:meta])* $visible:vis $field:ident: $type:ty = $value:expr,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $($(#[$about])* $visible $field: $type,)+ }

        pub(super) fn $read(
            $f: &mut $crate::pump::event::fields::Fields
            $(, $given: $of)?
        ) -> Option<$name> {
            $f.not_used(&$unused);
            Some($name { $($field: $value,)+ })
        }
    };
}
pub(super) use event;

/// The properties of one event that have not been read yet, and the values that were not understood.
#[derive(Debug)]
pub(in crate::pump) struct Fields {
    unread: Map<String, Value>,
    /// Numbers that no [`Coded`] enum has, with their property.
    pub(in crate::pump) unknown_values: Vec<(&'static str, i64)>,
    /// What was asked for, where somebody wants to know.
    pub(in crate::pump) asked: Option<Asked>,
}

/// What was asked of an event's properties.
#[derive(Debug, Default)]
pub(in crate::pump) struct Asked {
    /// The properties that are known: they were asked for, or are known not to be needed.
    pub(in crate::pump) found: Vec<String>,
    /// Those that were asked for and are not there, the last one last.
    pub(in crate::pump) absent: Vec<String>,
    /// What is taken to be there with a number, so that what comes after it is asked for too.
    pub(in crate::pump) pretended: Vec<String>,
}

impl Fields {
    /// The properties of an event; `None` if they are neither an object nor `null`.
    pub(in crate::pump) fn parse(properties: &RawValue) -> Option<Fields> {
        let properties: Option<Map<String, Value>> = serde_json::from_str(properties.get()).ok()?;
        Some(Fields {
            unread: properties.unwrap_or_default(),
            unknown_values: Vec::new(),
            asked: None,
        })
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let value = self.take_known(name).or_else(|| {
            let asked = self.asked.as_mut()?;
            asked.absent.push(name.to_owned());
            let pretended = asked.pretended.iter().any(|pretended| pretended == name);
            pretended.then(|| 1.into())
        })?;
        Some(match value {
            Value::Bool(yes) => u8::from(yes).into(),
            value => value,
        })
    }

    fn take_known(&mut self, name: &str) -> Option<Value> {
        let (key, value) = match self.unread.remove_entry(name) {
            Some(found) => found,
            None => {
                let mut names = self.unread.keys();
                let other_case = names.find(|key| key.eq_ignore_ascii_case(name))?.clone();
                self.unread.remove_entry(&other_case)?
            }
        };
        if let Some(asked) = &mut self.asked {
            asked.found.push(key);
        }
        Some(value)
    }

    /// An integer; a decimal without fraction and a text of digits count too.
    pub(super) fn integer(&mut self, name: &str) -> Option<i64> {
        foreign::whole(&self.take(name)?)
    }

    /// A finite number.
    pub(super) fn decimal(&mut self, name: &str) -> Option<f64> {
        foreign::number(&self.take(name)?)
    }

    /// A yes or no, which the wire writes as 1 or 0.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.integer(name).is_some_and(|value| value != 0)
    }

    /// Part of a text, see [`foreign::letters`].
    pub(super) fn letters(&mut self, name: &str) -> Option<String> {
        foreign::letters(&self.take(name)?)
    }

    /// A bit mask: a list of the bits that are set, or an integer.
    pub(super) fn bits(&mut self, name: &str) -> Bits {
        let bits = self.take(name).and_then(|value| match value {
            Value::Array(set) => set.iter().try_fold(0, |bits, bit| {
                let bit = u32::try_from(bit.as_u64()?).ok()?;
                Some(bits | 1u64.checked_shl(bit)?)
            }),
            mask => foreign::whole(&mask).map(|mask| mask as u64),
        });
        Bits(bits.unwrap_or_default())
    }

    /// An amount of insulin given in U; a negative one means "not recorded".
    pub(super) fn units(&mut self, name: &str) -> Option<MilliUnits> {
        self.decimal(name)
            .filter(|units| *units >= 0.0)
            .and_then(MilliUnits::from_units)
    }

    /// An amount of insulin given in mU.
    pub(super) fn milliunits(&mut self, name: &str) -> Option<MilliUnits> {
        self.within(name, 0..=MilliUnits::MOST).map(MilliUnits::new)
    }

    /// A rate given in mU/h; 65535 means none.
    pub(super) fn rate(&mut self, name: &str) -> Option<MilliUnitsPerHour> {
        self.within(name, 0..=65_534).map(MilliUnitsPerHour::new)
    }

    /// A rate given in U/h.
    pub(super) fn rate_in_units(&mut self, name: &str) -> Option<MilliUnitsPerHour> {
        self.units(name)
            .map(|amount| MilliUnitsPerHour::new(amount.milliunits()))
    }

    /// A glucose in mg/dL; 0 means none.
    pub(super) fn glucose(&mut self, name: &str) -> Option<MgDl> {
        let value = u16::try_from(self.integer(name)?).ok()?;
        (value > 0).then_some(MgDl(value))
    }

    /// One of the known values of a property; another number is noted and gives `None`.
    pub(super) fn one_of<T: Coded>(&mut self, name: &'static str) -> Option<T> {
        let code = self.integer(name)?;
        let known = T::CODES.iter().find(|(number, _)| *number == code);
        if known.is_none() {
            self.unknown_values.push((name, code));
        }
        known.map(|(_, value)| *value)
    }

    /// An integer, if it is in the possible range.
    pub(super) fn within(&mut self, name: &str, possible: RangeInclusive<i64>) -> Option<i64> {
        self.integer(name).filter(|value| possible.contains(value))
    }

    /// A planned duration in minutes. Nothing that a pump does lasts more than a week.
    pub(super) fn minutes(&mut self, name: &str) -> Option<i64> {
        self.within(name, 0..=10_080)
    }

    /// A share in percent.
    pub(super) fn percent(&mut self, name: &str) -> Option<i64> {
        self.within(name, 0..=100)
    }

    /// Marks known properties that nothing here needs.
    pub(super) fn not_used(&mut self, names: &[&str]) {
        for name in names {
            self.take_known(name);
        }
    }

    /// Marks all other properties as not needed.
    pub(super) fn rest_not_used(&mut self) {
        self.unread.clear();
    }

    /// The unknown properties, without the pump's fillers (`spareA3`, `reservedD15`).
    pub(in crate::pump) fn left_over(&self) -> impl Iterator<Item = &str> {
        let names = self.unread.keys().map(String::as_str);
        names.filter(|name| !is_filler(name))
    }
}

/// Whether a property only pads the pump's record.
fn is_filler(name: &str) -> bool {
    ["spare", "reserved"].iter().any(|filler| {
        let start = name.as_bytes().get(..filler.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(filler.as_bytes()))
    })
}
