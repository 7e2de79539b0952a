//! One event of the pump's log, and the recorder that puts events in order and numbers them.

use serde_json::Value;

use super::super::rng::Rng;
use super::calendar::push_stamp;
use super::clock::PumpClock;

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// What kind of event.
    pub code: u32,
    /// With `number`, its identity.
    pub group: i64,
    /// Rises with real time, with gaps.
    pub number: u64,
    /// The true instant, seconds since 1970. No answer of Tandem's contains it.
    pub at: i64,
    /// The pump's wall clock, seconds as if it were UTC.
    pub wall: i64,
    /// `eventProperties` as JSON text, in the pump's order of keys.
    pub properties: String,
    /// Further members of the event itself, as JSON text that begins with a comma; anything else is sent instead of the
    /// event: these are the malformed ones.
    pub odd: String,
}

impl Event {
    /// Appends the event as Tandem sends it.
    pub fn push_json(&self, assignment: &str, out: &mut String) {
        if !self.odd.is_empty() && !self.odd.starts_with(',') {
            out.push_str(&self.odd);
            return;
        }
        out.push_str("{\"deviceAssignmentId\":\"");
        out.push_str(assignment);
        out.push_str("\",\"eventCode\":");
        push_int(i64::from(self.code), out);
        out.push_str(",\"sequenceGroup\":");
        push_int(self.group, out);
        out.push_str(",\"sequenceNumber\":");
        push_int(self.number as i64, out);
        out.push_str(",\"pumpDateTime\":\"");
        push_stamp(self.wall, out);
        out.push_str("\",\"eventProperties\":");
        out.push_str(&self.properties);
        out.push_str(",\"estimatedDateTime\":\"");
        push_stamp(self.wall, out);
        out.push_str("Z\"");
        out.push_str(&self.odd);
        out.push('}');
    }

    /// The event as Tandem sends it.
    pub fn json(&self, assignment: &str) -> Value {
        let mut text = String::new();
        self.push_json(assignment, &mut text);
        serde_json::from_str(&text).expect("an event is JSON")
    }

    /// The `eventProperties`.
    pub fn properties_json(&self) -> Value {
        serde_json::from_str(&self.properties).expect("properties are JSON")
    }
}

/// Properties in the making: a JSON object whose keys keep their order.
#[derive(Clone, Debug)]
pub struct Properties(String);

impl Properties {
    /// None yet.
    pub fn new() -> Self {
        let mut text = String::with_capacity(240);
        text.push('{');
        Self(text)
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
    }

    /// An integer.
    pub fn int(mut self, key: &str, value: i64) -> Self {
        self.key(key);
        push_int(value, &mut self.0);
        self
    }

    /// A number as JavaScript prints it: no `.0`.
    pub fn float(mut self, key: &str, value: f64) -> Self {
        self.key(key);
        if value.fract() == 0.0 && value.abs() < 1e15 {
            push_int(value as i64, &mut self.0);
        } else {
            self.0.push_str(&value.to_string());
        }
        self
    }

    /// Units from milliunits, as a decimal fraction.
    pub fn units(self, key: &str, milliunits: i64) -> Self {
        self.float(key, milliunits as f64 / 1000.0)
    }

    /// Units from milliunits, as the pump's single-precision number looks when widened: 0.43299999833106995.
    pub fn units_f32(self, key: &str, milliunits: i64) -> Self {
        self.float(key, f64::from((milliunits as f64 / 1000.0) as f32))
    }

    /// A bit mask, as the list of its set bits.
    pub fn bits(mut self, key: &str, bits: &[i64]) -> Self {
        self.key(key);
        self.0.push('[');
        for (index, bit) in bits.iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            push_int(*bit, &mut self.0);
        }
        self.0.push(']');
        self
    }

    /// JSON text as it is.
    pub fn raw(mut self, key: &str, json: &str) -> Self {
        self.key(key);
        self.0.push_str(json);
        self
    }

    fn finish(mut self) -> String {
        self.0.push('}');
        self.0.shrink_to_fit();
        self.0
    }
}

fn push_int(value: i64, out: &mut String) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push('-');
    }
    out.push_str(std::str::from_utf8(&digits[at..]).expect("digits are UTF-8"));
}

/// Collects events in any order. Until `finish`, an event is known by its place here; the truth that refers to it is
/// renumbered then.
pub(super) struct Recorder<'a> {
    clock: &'a PumpClock,
    group: i64,
    events: Vec<Event>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(clock: &'a PumpClock, group: i64, capacity: usize) -> Self {
        Self {
            clock,
            group,
            events: Vec::with_capacity(capacity),
        }
    }

    /// Adds an event at a true second; gives its provisional number.
    pub(super) fn push(&mut self, code: u32, at: i64, properties: Properties) -> u64 {
        self.push_with_wall(code, at, self.clock.wall(at), properties)
    }

    /// As `push`, where the clock is being moved in that very second.
    pub(super) fn push_with_wall(
        &mut self,
        code: u32,
        at: i64,
        wall: i64,
        properties: Properties,
    ) -> u64 {
        let number = self.events.len() as u64;
        let properties = properties.finish();
        self.events.push(Event {
            code,
            group: self.group,
            number,
            at,
            wall,
            properties,
            odd: String::new(),
        });
        number
    }

    /// The events so far, for the oddities to be added.
    pub(super) fn events_mut(&mut self) -> &mut Vec<Event> {
        &mut self.events
    }

    pub(super) fn clock(&self) -> &PumpClock {
        self.clock
    }

    /// Orders the events by true time and numbers them from `first` on, with gaps; from the second `restart` on from 1 in the
    /// next group. The second value gives the number of each provisional one.
    pub(super) fn finish(
        self,
        first: u64,
        restart: Option<i64>,
        rng: &mut Rng,
    ) -> (Vec<Event>, Vec<u64>) {
        let mut events = self.events;
        // Events of one second keep the order in which they were recorded.
        events.sort_by_key(|event| event.at);
        let mut numbers = vec![0; events.len()];
        let (mut number, mut last) = (first, i64::MIN);
        let mut restart = restart.into_iter().peekable();
        for event in &mut events {
            if restart.next_if(|at| *at <= event.at).is_some() {
                number = 0;
            }
            // Events of one second are neighbours; between others the pump logs things that Tandem never shows.
            number += if event.at == last {
                1
            } else {
                rng.between(1, 24) as u64
            };
            last = event.at;
            numbers[event.number as usize] = number;
            event.number = number;
            event.group += i64::from(number < first);
        }
        (events, numbers)
    }
}
