//! `find[...]`: how Nightscout reads a query string, and which documents it matches. Every error here becomes the answer
//! `null` (treatments, devicestatus) with status 200.

use std::cmp::Ordering;
use std::ops::Bound;

use serde_json::{Map, Value};

use super::dates;
use super::pattern::Pattern;
use super::values::{Doc, parse_int};

/// What differs between the collections.
#[derive(Clone, Copy)]
pub(super) struct Schema {
    /// The field that the implicit window of four days is on.
    pub date: &'static str,
    /// Whether bounds of that field are normalised as dates and compared as text (else they are numbers).
    pub date_is_text: bool,
    /// Fields whose values are read by `parseInt`.
    pub numbers: &'static [&'static str],
    /// Fields whose values may be a `/regular expression/`.
    pub patterns: &'static [&'static str],
}

pub(super) const TREATMENTS: Schema = Schema {
    date: "created_at",
    date_is_text: true,
    numbers: &["insulin", "carbs", "glucose"],
    patterns: &["notes", "eventType", "enteredBy"],
};
pub(super) const DEVICESTATUS: Schema = Schema {
    date: "created_at",
    date_is_text: true,
    numbers: &[],
    patterns: &[],
};
pub(super) const PROFILES: Schema = Schema {
    date: "startDate",
    date_is_text: true,
    numbers: &[],
    patterns: &[],
};
pub(super) const ENTRIES: Schema = Schema {
    date: "date",
    date_is_text: false,
    numbers: &[
        "date",
        "sgv",
        "filtered",
        "unfiltered",
        "rssi",
        "noise",
        "mbg",
    ],
    patterns: &[],
};

const FOUR_DAYS: i64 = 4 * 86_400_000;

enum Test {
    Equal(Value),
    NotEqual(Value),
    Compare(&'static [Ordering], Value),
    In(Vec<Value>),
    NotIn(Vec<Value>),
    Exists,
    Match(Pattern),
    NoMatch(Pattern),
    InPatterns(Vec<Result<Pattern, Value>>),
    Any(Vec<Vec<Condition>>),
}

struct Condition {
    field: String,
    test: Test,
}

/// A query, ready to be asked of documents.
pub(super) struct Find {
    conditions: Vec<Condition>,
    schema: Schema,
}

impl Find {
    /// Reads the `find` of a query string's tree.
    pub fn read(tree: &Map<String, Value>, schema: Schema, now: i64) -> Result<Self, ()> {
        let empty = Map::new();
        let find = match tree.get("find") {
            None => &empty,
            Some(Value::Object(find)) => find,
            Some(_) => return Err(()),
        };
        let mut conditions = conditions(find, schema)?;
        let named = |field: &str| find.contains_key(field);
        if !(named(schema.date) || named("dateString") || named("_id")) {
            let from = if schema.date_is_text {
                Value::from(dates::iso(now - FOUR_DAYS))
            } else {
                Value::from(now - FOUR_DAYS)
            };
            let test = Test::Compare(&[Ordering::Greater, Ordering::Equal], from);
            conditions.push(Condition {
                field: schema.date.to_owned(),
                test,
            });
        }
        Ok(Self { conditions, schema })
    }

    pub fn matches(&self, doc: &Doc) -> bool {
        all(&self.conditions, doc)
    }

    /// The part of the collection's order that can contain matches.
    pub fn range(&self) -> (Bound<String>, Bound<String>) {
        let (mut low, mut high) = (Bound::Unbounded, Bound::Unbounded);
        for condition in self
            .conditions
            .iter()
            .filter(|condition| condition.field == self.schema.date)
        {
            let text = |value: &Value| match value {
                Value::String(text) => text.clone(),
                value => order_of_number(value),
            };
            match &condition.test {
                Test::Equal(value) => {
                    low = Bound::Included(text(value));
                    high = Bound::Included(text(value));
                }
                Test::Compare(orders, value) if orders.contains(&Ordering::Greater) => {
                    low = Bound::Included(text(value))
                }
                Test::Compare(_, value) => high = Bound::Included(text(value)),
                _ => {}
            }
        }
        (low, high)
    }
}

/// A number as a text that sorts like it.
pub(super) fn order_of_number(value: &Value) -> String {
    format!("{:020}", value.as_f64().unwrap_or_default().max(0.0) as i64)
}

fn conditions(find: &Map<String, Value>, schema: Schema) -> Result<Vec<Condition>, ()> {
    let mut found = Vec::new();
    for (field, value) in find {
        if field == "$or" {
            let Value::Array(branches) = value else {
                return Err(());
            };
            let branch = |branch: &Value| {
                branch
                    .as_object()
                    .ok_or(())
                    .and_then(|branch| conditions(branch, schema))
            };
            let branches = branches.iter().map(branch).collect::<Result<_, _>>()?;
            found.push(Condition {
                field: field.clone(),
                test: Test::Any(branches),
            });
            continue;
        }
        let is_date = schema.date_is_text && field == schema.date;
        match value {
            Value::String(_) if is_date => return Err(()),
            Value::String(text) => found.push(Condition {
                field: field.clone(),
                test: plain(field, text, schema)?,
            }),
            Value::Object(operators) => {
                for (operator, operand) in operators {
                    let test = operator_test(field, operator, operand, schema)?;
                    found.push(Condition {
                        field: field.clone(),
                        test,
                    });
                }
            }
            _ => return Err(()),
        }
    }
    Ok(found)
}

fn plain(field: &str, text: &str, schema: Schema) -> Result<Test, ()> {
    if schema.patterns.contains(&field)
        && let Some(pattern) = slashed(text)?
    {
        return Ok(Test::Match(pattern));
    }
    Ok(Test::Equal(typed(field, text, schema)))
}

/// The pattern of a value that contains two slashes.
fn slashed(text: &str) -> Result<Option<Pattern>, ()> {
    let Some((_, rest)) = text.split_once('/') else {
        return Ok(None);
    };
    let Some((pattern, flags)) = rest.rsplit_once('/') else {
        return Ok(None);
    };
    Pattern::new(pattern, flags.contains('i')).map(Some)
}

fn typed(field: &str, text: &str, schema: Schema) -> Value {
    if schema.numbers.contains(&field) {
        parse_int(text).map_or(Value::Null, Value::from)
    } else {
        Value::from(text)
    }
}

fn operator_test(field: &str, operator: &str, operand: &Value, schema: Schema) -> Result<Test, ()> {
    let is_date = schema.date_is_text && field == schema.date;
    if let ("$in" | "$nin", Value::Array(items)) = (operator, operand) {
        if is_date {
            return Err(());
        }
        let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
        if operator == "$in"
            && schema.patterns.contains(&field)
            && texts.iter().any(|text| text.matches('/').count() > 1)
        {
            let item = |text: &&str| {
                slashed(text).map(|pattern| pattern.ok_or_else(|| Value::from(*text)))
            };
            return Ok(Test::InPatterns(
                texts.iter().map(item).collect::<Result<_, _>>()?,
            ));
        }
        let values = texts
            .iter()
            .map(|text| typed(field, text, schema))
            .collect();
        return Ok(if operator == "$in" {
            Test::In(values)
        } else {
            Test::NotIn(values)
        });
    }
    let Value::String(text) = operand else {
        return Err(());
    };
    let value = || {
        if is_date {
            dates::bound(text).map(Value::from)
        } else {
            Ok(typed(field, text, schema))
        }
    };
    Ok(match operator {
        "$gte" => Test::Compare(&[Ordering::Greater, Ordering::Equal], value()?),
        "$gt" => Test::Compare(&[Ordering::Greater], value()?),
        "$lte" => Test::Compare(&[Ordering::Less, Ordering::Equal], value()?),
        "$lt" => Test::Compare(&[Ordering::Less], value()?),
        "$eq" => Test::Equal(value()?),
        "$ne" => match slashed(text)?.filter(|_| schema.patterns.contains(&field)) {
            Some(pattern) => Test::NoMatch(pattern),
            None => Test::NotEqual(value()?),
        },
        "$exists" => Test::Exists,
        "$regex" if !is_date => Test::Match(Pattern::new(text, false)?),
        // `$in=a` without brackets, unknown operators: the database refuses them.
        _ => return Err(()),
    })
}

fn all(conditions: &[Condition], doc: &Doc) -> bool {
    conditions.iter().all(|condition| {
        let value =
            condition
                .field
                .split('.')
                .try_fold(None, |at: Option<&Value>, part| match at {
                    None => doc.get(part).map(Some),
                    Some(value) => value.get(part).map(Some),
                });
        holds(&condition.test, value.flatten(), doc)
    })
}

fn holds(test: &Test, value: Option<&Value>, doc: &Doc) -> bool {
    let text = value.and_then(Value::as_str);
    match test {
        Test::Equal(wanted) => value.is_some_and(|value| same(value, wanted)),
        Test::NotEqual(wanted) => !value.is_some_and(|value| same(value, wanted)),
        Test::Compare(orders, bound) => value
            .and_then(|value| compare(value, bound))
            .is_some_and(|order| orders.contains(&order)),
        Test::In(values) => {
            value.is_some_and(|value| values.iter().any(|wanted| same(value, wanted)))
        }
        Test::NotIn(values) => {
            !value.is_some_and(|value| values.iter().any(|wanted| same(value, wanted)))
        }
        Test::Exists => value.is_some(),
        Test::Match(pattern) => text.is_some_and(|text| pattern.matches(text)),
        Test::NoMatch(pattern) => !text.is_some_and(|text| pattern.matches(text)),
        Test::InPatterns(items) => items.iter().any(|item| match item {
            Ok(pattern) => text.is_some_and(|text| pattern.matches(text)),
            Err(wanted) => value.is_some_and(|value| same(value, wanted)),
        }),
        Test::Any(branches) => branches.iter().any(|branch| all(branch, doc)),
    }
}

fn same(one: &Value, other: &Value) -> bool {
    one == other || compare(one, other) == Some(Ordering::Equal)
}

/// Only values of one type compare, as in MongoDB.
fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        _ => None,
    }
}
