//! Pump histories made up from a seed: the events as Tandem Source sends them, and the truth behind them.

mod basal;
mod bolus;
pub mod calendar;
mod cgm;
mod chance;
mod clock;
mod daily;
mod delivery;
mod event;
mod modes;
mod notices;
mod oddities;
mod plan;
mod settings;
mod suspension;
mod world;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::rng::Rng;
use super::truth::Truth;
pub use clock::{ClockStory, Movement, PumpClock, Step};
pub use event::Event;
pub use plan::{EVERY_FEATURE, Feature, Features, Model, Plan, Profile, Segment, Sensor};
pub use settings::settings;
use world::World;

/// A pump's history.
#[derive(Clone, Debug)]
pub struct History {
    /// What it was made from.
    pub plan: Plan,
    /// All events in order of true time, which is the order of their groups and numbers.
    pub events: Vec<Event>,
    /// What really happened.
    pub truth: Truth,
    /// The pump's clock.
    pub clock: PumpClock,
    /// The events' places in order of wall clock.
    by_wall: Vec<u32>,
}

impl History {
    /// Makes the history of a plan.
    pub fn generate(plan: &Plan) -> Self {
        let since = plan.clock_since.unwrap_or(plan.start).min(plan.start);
        let clock = PumpClock::tell(
            &plan.clock,
            plan.zone,
            since.timestamp(),
            plan.end.timestamp(),
        );
        let mut world = World::new(plan, &clock);
        clock.record(&mut world.recorder);
        suspension::gaps(&mut world);
        suspension::shut_downs(&mut world);
        suspension::suspend(&mut world);
        basal::deliver(&mut world);
        let orders = bolus::orders(&mut world);
        delivery::record(&mut world, &orders);
        cgm::wear(&mut world);
        notices::ring(&mut world);
        modes::switch(&mut world);
        settings::switch(&mut world);
        daily::tick(&mut world);
        oddities::strew(&mut world);
        let World {
            recorder,
            mut truth,
            ..
        } = world;
        let restart = plan.restart.map(|at| at.timestamp());
        let rng = &mut Rng::new(plan.seed, 99);
        let (events, numbers) = recorder.finish(plan.first_number, restart, rng);
        truth.renumber(&numbers);
        truth.sort();
        let mut by_wall: Vec<u32> = (0..events.len() as u32).collect();
        by_wall.sort_by_key(|index| events[*index as usize].wall);
        Self {
            plan: plan.clone(),
            events,
            truth,
            clock,
            by_wall,
        }
    }

    /// The true instant of an event.
    pub fn instant_of(&self, number: u64) -> Option<DateTime<Utc>> {
        self.event(number).map(|event| calendar::instant(event.at))
    }

    /// An event by its number.
    pub fn event(&self, number: u64) -> Option<&Event> {
        let restart = self
            .events
            .partition_point(|event| event.group == self.plan.group);
        let (before, after) = self.events.split_at(restart);
        [before, after].into_iter().find_map(|events| {
            let found = events.binary_search_by_key(&number, |event| event.number);
            found.ok().map(|index| &events[index])
        })
    }

    /// The newest event at or before a true instant (of all, without one).
    pub fn newest(&self, until: Option<DateTime<Utc>>) -> Option<&Event> {
        let until = until.map_or(i64::MAX, |until| until.timestamp());
        self.events[..self.events.partition_point(|event| event.at <= until)].last()
    }

    /// The event at or before a true instant (of all, without one) that shows the greatest time.
    pub fn greatest(&self, until: Option<DateTime<Utc>>) -> Option<&Event> {
        let until = until.map_or(i64::MAX, |until| until.timestamp());
        let known = self.events.iter().filter(|event| event.at <= until);
        known.max_by_key(|event| event.wall)
    }

    /// The events whose wall clock lies in `from..=to` (seconds) and whose true instant is at most `until`.
    pub fn select(
        &self,
        from: i64,
        to: i64,
        until: Option<DateTime<Utc>>,
    ) -> impl Iterator<Item = &Event> {
        let until = until.map_or(i64::MAX, |until| until.timestamp());
        let wall = |index: &u32| self.events[*index as usize].wall;
        let low = self.by_wall.partition_point(|index| wall(index) < from);
        let high = self
            .by_wall
            .partition_point(|index| wall(index) <= to)
            .max(low);
        let chosen = self.by_wall[low..high]
            .iter()
            .map(|index| &self.events[*index as usize]);
        chosen.filter(move |event| event.at <= until)
    }

    /// The records of the clock's movements, at most `until`.
    pub fn clock_changes(&self, until: Option<DateTime<Utc>>) -> impl Iterator<Item = &Event> {
        let until = until.map_or(i64::MAX, |until| until.timestamp());
        // Few, but anywhere: at the movements' own seconds.
        self.clock.movements().iter().flat_map(move |movement| {
            let at = movement.at.timestamp();
            let from = self.events.partition_point(|event| event.at < at);
            let records = self.events[from..]
                .iter()
                .take_while(move |event| event.at == at && at <= until);
            records.filter(|event| matches!(event.code, 13 | 14))
        })
    }

    /// The whole history as one answer of `pump-logs`.
    pub fn pump_logs_json(&self) -> Value {
        let assignment = &self.plan.assignment;
        let events: Vec<Value> = self
            .events
            .iter()
            .map(|event| event.json(assignment))
            .collect();
        let changes: Vec<Value> = self
            .clock_changes(None)
            .map(|event| event.json(assignment))
            .collect();
        json!({"events": events, "clockChanges": changes})
    }
}
