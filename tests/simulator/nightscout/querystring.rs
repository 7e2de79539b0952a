//! Query strings with brackets as Express reads them: `a[b][$gte]=1` nests, `a[]=1` lists.

use serde_json::{Map, Value};

/// The tree of a query string.
pub(super) fn tree(query: &str) -> Map<String, Value> {
    let mut tree = Map::new();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let (head, rest) = key
            .split_once('[')
            .map_or((&*key, ""), |(head, rest)| (head, rest));
        let mut path = vec![head];
        if !rest.is_empty() {
            path.extend(rest.trim_end_matches(']').split("]["));
        }
        let slot = tree.entry(path[0].to_owned()).or_insert(Value::Null);
        put(slot, &path[1..], &value);
    }
    tree
}

fn put(slot: &mut Value, path: &[&str], value: &str) {
    let Some((first, rest)) = path.split_first() else {
        match slot {
            Value::Null => *slot = Value::from(value),
            Value::Array(items) => items.push(Value::from(value)),
            // The same key twice makes a list.
            other => *other = Value::Array(vec![other.take(), Value::from(value)]),
        }
        return;
    };
    // Indices up to 20 make a list; greater ones make an object with numbers for keys, which no operator takes.
    let index = first.parse::<usize>().ok();
    if first.is_empty() || index.is_some_and(|index| index <= 20) && !slot.is_object() {
        if slot.is_null() {
            *slot = Value::Array(Vec::new());
        }
        if let Value::Array(items) = slot {
            let place = index.unwrap_or(items.len()).min(items.len());
            if place == items.len() {
                items.push(Value::Null);
            }
            put(&mut items[place], rest, value);
            return;
        }
    }
    if let Value::Array(items) = slot {
        let members = items
            .drain(..)
            .enumerate()
            .map(|(index, item)| (index.to_string(), item))
            .collect();
        *slot = Value::Object(members);
    }
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    if let Value::Object(members) = slot {
        put(
            members.entry((*first).to_owned()).or_insert(Value::Null),
            rest,
            value,
        );
    }
}
