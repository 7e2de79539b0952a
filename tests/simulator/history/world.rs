//! What the subjects of a history share while it is made: the plan, the clock, the recorder, the truth, and a diary that
//! keeps things apart which cannot happen at once.

use chrono::{DateTime, Utc};

use super::super::rng::Rng;
use super::super::truth::Truth;
use super::calendar::{DAY, instant};
use super::clock::PumpClock;
use super::event::{Properties, Recorder};
use super::plan::{Feature, Plan};

pub(super) struct World<'a> {
    pub plan: &'a Plan,
    pub clock: &'a PumpClock,
    pub recorder: Recorder<'a>,
    pub truth: Truth,
    /// Spans that are taken, in order.
    busy: Vec<(i64, i64)>,
    /// Completions of boluses, for a plausible IOB: second, mU.
    given: Vec<(i64, i64)>,
}

impl<'a> World<'a> {
    pub fn new(plan: &'a Plan, clock: &'a PumpClock) -> Self {
        let days = (plan.end - plan.start).num_days().max(0) as usize + 1;
        let recorder = Recorder::new(clock, plan.group, days * 700);
        Self {
            plan,
            clock,
            recorder,
            truth: Truth::default(),
            busy: Vec::new(),
            given: Vec::new(),
        }
    }

    /// A source of numbers for one subject, so that switching one subject leaves the others as they are.
    pub fn rng(&self, purpose: u64) -> Rng {
        Rng::new(self.plan.seed, purpose)
    }

    pub fn has(&self, feature: Feature) -> bool {
        self.plan.features.has(feature)
    }

    pub fn start(&self) -> i64 {
        self.plan.start.timestamp()
    }

    pub fn end(&self) -> i64 {
        self.plan.end.timestamp()
    }

    /// The seconds at which the history's days begin; a day is 24 hours from the history's start.
    pub fn days(&self) -> impl Iterator<Item = i64> + use<> {
        let (start, end) = (self.start(), self.end());
        (0..)
            .map(move |day| start + day * DAY)
            .take_while(move |from| *from < end)
    }

    /// The first second at or after `from` at which the pump shows this time of day (seconds since midnight).
    pub fn at_time_of_day(&self, from: i64, second: i64) -> i64 {
        from + (second - self.clock.wall(from)).rem_euclid(DAY)
    }

    /// Takes a span for one thing, if it lies in the history and nothing else is in it.
    pub fn reserve(&mut self, from: i64, to: i64) -> bool {
        if from < self.start() || to >= self.end() {
            return false;
        }
        let index = self.busy.partition_point(|(_, end)| *end < from);
        if self.busy.get(index).is_some_and(|(begin, _)| *begin <= to) {
            return false;
        }
        self.busy.insert(index, (from, to));
        true
    }

    /// Whether the pump logs nothing at this second: data is lost, or it is off.
    pub fn in_gap(&self, at: i64) -> bool {
        let mut off = self.truth.shut_downs.iter();
        if off.any(|off| off.from.timestamp() < at && at < off.to.timestamp()) {
            return true;
        }
        let index = self
            .truth
            .gaps
            .partition_point(|(_, to)| to.timestamp() <= at);
        self.truth
            .gaps
            .get(index)
            .is_some_and(|(from, _)| from.timestamp() <= at)
    }

    /// Records an event unless the history has ended or has a gap there; gives its provisional number.
    pub fn push(&mut self, code: u32, at: i64, properties: Properties) -> Option<u64> {
        let inside = at >= self.start() && at < self.end() && !self.in_gap(at);
        inside.then(|| self.recorder.push(code, at, properties))
    }

    pub fn instant(&self, at: i64) -> DateTime<Utc> {
        instant(at)
    }

    /// Remembers insulin given.
    pub fn give(&mut self, at: i64, milliunits: i64) {
        let index = self.given.partition_point(|(when, _)| *when <= at);
        self.given.insert(index, (at, milliunits));
    }

    /// Insulin on board, mU: every bolus fades evenly over five hours.
    pub fn iob(&self, at: i64) -> i64 {
        let fading = 5 * 3600;
        let until = self.given.partition_point(|(when, _)| *when <= at);
        let recent = self.given[..until]
            .iter()
            .rev()
            .take_while(|(when, _)| at - when < fading);
        recent
            .map(|(when, given)| given * (fading - (at - when)) / fading)
            .sum()
    }
}
