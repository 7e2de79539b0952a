//! The pump's events in a capture, without unknown values, as tables. As objects, the events of a day take a megabyte, most of it
//! repeated names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::anonymous::{Anonymous, LEFT_OUT};
use crate::foreign;
use crate::pump::decode::{Inspected, inspect};
use crate::tandem;

/// The lists of an answer of pump logs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Logs {
    pub events: Option<Events>,
    #[serde(rename = "clockChanges")]
    pub clock_changes: Option<Events>,
}

/// A list of events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Events {
    /// Events with the same code and the same properties.
    tables: Vec<Table>,
    /// Elements that are no events.
    others: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Table {
    code: i64,
    properties: Vec<String>,
    /// Each with its group, number and time, and then the values of its properties.
    rows: Vec<Vec<Value>>,
}

/// What the events of one table have in common: their code, and the names of their properties.
type Columns = (i64, Vec<String>);

/// The parts of every event.
const PARTS: [&str; 3] = ["sequenceGroup", "sequenceNumber", "pumpDateTime"];

/// Properties that are personal, and times that this program does not read.
const PERSONAL: [&str; 8] = [
    "weight",
    "weightUnit",
    "currentTdIpop",
    "sessionSignature",
    "sessionStartTimeStamp",
    "sessionStopTime",
    "rawRtcTime",
    "transmitterId",
];

/// Numbers below this are seconds on a sensor's own clock: five years.
const OWN_CLOCK: i64 = 5 * 366 * 86_400;

/// A profile's name, letter by letter.
const LETTERS: [&str; 16] = [
    "name0", "name1", "name2", "name3", "name4", "name5", "name6", "name7", "name8", "name9",
    "name10", "name11", "name12", "name13", "name14", "name15",
];

/// The code of events that hold a profile's name.
const PROFILE: i64 = 69;

impl Logs {
    /// The logs in an answer.
    pub(super) fn of(answer: &Value, anonymous: &mut Anonymous) -> Logs {
        let mut list = |name: &str| {
            let list = answer.get(name)?.as_array()?;
            Some(Events::of(list, anonymous))
        };
        Logs {
            events: list("events"),
            clock_changes: list("clockChanges"),
        }
    }

    /// The answer.
    pub(super) fn to_answer(&self) -> Value {
        let mut answer = Map::new();
        for (name, list) in [
            ("events", &self.events),
            ("clockChanges", &self.clock_changes),
        ] {
            if let Some(list) = list {
                answer.insert(name.to_owned(), list.to_list().into());
            }
        }
        answer.into()
    }
}

impl Events {
    fn of(list: &[Value], anonymous: &mut Anonymous) -> Events {
        let mut tables: BTreeMap<Columns, Vec<Vec<Value>>> = BTreeMap::new();
        let mut others = Vec::new();
        for element in list {
            match row(element, anonymous) {
                Some((table, row)) => tables.entry(table).or_default().push(row),
                None => others.push(anonymous.json(tandem::NAME, false, element)),
            }
        }
        let tables = tables.into_iter().map(|((code, properties), mut rows)| {
            // The service promises no order. In order, equal answers are equal tables.
            rows.sort_by_key(|row| (row[0].as_i64(), row[1].as_i64()));
            Table {
                code,
                properties,
                rows,
            }
        });
        Events {
            tables: tables.collect(),
            others,
        }
    }

    fn to_list(&self) -> Vec<Value> {
        let events = self.tables.iter().flat_map(|table| {
            table.rows.iter().map(|row| {
                let mut values = row.iter().cloned();
                let mut event: Map<String, Value> = (PARTS.iter())
                    .zip(values.by_ref())
                    .map(|(name, value)| ((*name).to_owned(), value))
                    .collect();
                let names = table.properties.iter().cloned();
                let properties: Map<String, Value> = names.zip(values).collect();
                event.insert("eventCode".to_owned(), table.code.into());
                event.insert("eventProperties".to_owned(), properties.into());
                event.into()
            })
        });
        events.chain(self.others.iter().cloned()).collect()
    }

    /// For each table its code, its number of events, and what this version knows of the properties.
    pub(super) fn inspected(&self) -> Vec<(i64, usize, Inspected)> {
        let tables = self.tables.iter();
        let looked = tables.map(|table| {
            // Somebody may have cut a row short.
            let first = (table.rows.first()).and_then(|row| row.get(PARTS.len()..));
            let first = first.unwrap_or_default();
            let properties: Map<String, Value> = (table.properties.iter().cloned())
                .zip(first.iter().cloned())
                .collect();
            let text = Value::from(properties).to_string();
            (table.code, table.rows.len(), inspect(table.code, &text))
        });
        looked.collect()
    }

    /// Every `pumpDateTime`, to change it.
    pub(super) fn shift(&mut self, shift: super::dates::Shift) {
        for table in &mut self.tables {
            let columns: Vec<(usize, &str)> = (table.properties.iter())
                .enumerate()
                .map(|(index, name)| (PARTS.len() + index, name.as_str()))
                .collect();
            for row in &mut table.rows {
                if let Some(text) = row.get(2).and_then(Value::as_str) {
                    row[2] = shift.text(text).map_or(Value::Null, Value::from);
                }
                for (index, name) in &columns {
                    let number = row.get(*index).and_then(Value::as_i64);
                    if let Some(number) = number {
                        row[*index] = moved(name, number, shift).into();
                    }
                }
            }
        }
    }
}

/// A number in a property of an event, moved if it is a time.
fn moved(name: &str, number: i64, shift: super::dates::Shift) -> i64 {
    let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is(&["egvTimeStamp"]) {
        shift.pump_seconds(number)
    } else if is(&["datePrior", "dateAfter"]) {
        shift.pump_days(number)
    } else if is(&[
        "sessionStartTime",
        "sessionJoinTime",
        "currentTransmitterTime",
    ]) {
        // Small numbers are on the sensor's own clock, others on the pump's; all ones means none.
        match number {
            OWN_CLOCK..0xFFFF_FFFF => shift.pump_seconds(number),
            _ => number,
        }
    } else {
        number
    }
}

/// A regular event, and the table that it belongs to.
fn row(element: &Value, anonymous: &mut Anonymous) -> Option<(Columns, Vec<Value>)> {
    let whole = |name: &str| {
        let number = foreign::whole(element.get(name)?)?;
        Some(number).filter(|number| !anonymous.private.is(&number.to_string()))
    };
    let code = whole("eventCode")?;
    let group = whole("sequenceGroup")?;
    let number = whole("sequenceNumber")?;
    let time = anonymous
        .shift
        .text(element.get("pumpDateTime")?.as_str()?)?;
    let nothing = Map::new();
    let properties = match element.get("eventProperties") {
        Some(Value::Object(properties)) => properties,
        None | Some(Value::Null) => &nothing,
        Some(_) => return None,
    };
    let known = inspect(code, &Value::from(properties.clone()).to_string()).known;
    let may_be_told = !known.is_empty() || anonymous.names_properties(properties);
    let mut names = Vec::new();
    let mut row = vec![group.into(), number.into(), time.into()];
    let mut taken = Map::new();
    for (name, value) in properties {
        let value = match known.contains(name) {
            true => property(code, name, value, properties, anonymous),
            false => type_of(value),
        };
        let name = match known.contains(name) {
            true => name.clone(),
            false => anonymous.property(name, may_be_told, &taken),
        };
        taken.insert(name.clone(), Value::Null);
        names.push(name);
        row.push(value);
    }
    Some(((code, names), row))
}

/// The value of a known property.
fn property(
    code: i64,
    name: &str,
    value: &Value,
    all: &Map<String, Value>,
    anonymous: &mut Anonymous,
) -> Value {
    let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is(&PERSONAL) {
        return type_of(value);
    }
    if code == PROFILE && is(&LETTERS) {
        return match name {
            "name0" => match profile_name(all) {
                Some(whole) => anonymous.aliases.name(&whole).into(),
                None => type_of(value),
            },
            _ => 0.into(),
        };
    }
    match value {
        Value::Number(number) if anonymous.private.is(&number.to_string()) => 0.into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => moved(name, number, anonymous.shift).into(),
            None => value.clone(),
        },
        Value::Bool(_) | Value::Null => value.clone(),
        Value::String(text) => match text.parse::<i64>() {
            Ok(number) => {
                let written = property(code, name, &number.into(), all, anonymous);
                written.to_string().into()
            }
            Err(_) if is_decimal(text) && !anonymous.private.is_in(text) => value.clone(),
            Err(_) => type_of(value),
        },
        Value::Array(values) if values.iter().all(Value::is_number) => value.clone(),
        _ => type_of(value),
    }
}

/// The name of a profile, put together from its letters.
fn profile_name(properties: &Map<String, Value>) -> Option<String> {
    let letters = LETTERS
        .iter()
        .map_while(|name| foreign::letters(properties.get(*name)?));
    let name: String = letters.collect();
    let name = name.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

/// A value of the same type without its content.
fn type_of(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => false.into(),
        Value::Number(_) => 0.into(),
        Value::String(text) if text.is_empty() => value.clone(),
        Value::String(_) => LEFT_OUT.into(),
        Value::Array(_) => json!([]),
        Value::Object(_) => json!({}),
    }
}

fn is_decimal(text: &str) -> bool {
    text.len() <= 20 && text.parse::<f64>().is_ok_and(f64::is_finite)
}
