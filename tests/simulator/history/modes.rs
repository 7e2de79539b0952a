//! Sleep and exercise: event 229.

use super::super::truth::{Mode, ModeKind};
use super::event::Properties;
use super::plan::Feature;
use super::world::World;

const HOUR: i64 = 3600;

pub(super) fn switch(world: &mut World<'_>) {
    let mut rng = world.rng(10);
    for day in world.days() {
        // Each draw happens whether or not it is used, so that a feature leaves the other's times alone.
        let (asleep, awake) = (
            22 * HOUR + rng.between(1800, 6000),
            6 * HOUR + rng.between(0, 3600),
        );
        let by_hand = rng.chance(20);
        if world.has(Feature::Sleep) {
            let from = world.at_time_of_day(day, asleep);
            let to = world.at_time_of_day(from, awake);
            stretch(world, ModeKind::Sleep, (from, to), None, by_hand);
        }
        let (moves, timed) = (rng.chance(60), rng.chance(50));
        let (begin, minutes) = (9 * HOUR + rng.between(0, 10 * HOUR), rng.between(1, 8) * 15);
        if world.has(Feature::Exercise) && moves {
            let from = world.at_time_of_day(day, begin);
            let to = from + minutes * 60 + if timed { 0 } else { rng.between(0, 59) };
            stretch(
                world,
                ModeKind::Exercise,
                (from, to),
                timed.then_some(minutes),
                true,
            );
        }
    }
}

fn stretch(
    world: &mut World<'_>,
    kind: ModeKind,
    (from, to): (i64, i64),
    timed: Option<i64>,
    by_hand: bool,
) {
    let (mode, start) = match kind {
        ModeKind::Sleep => (1, 1),
        ModeKind::Exercise => (2, 3),
    };
    let change = |current, previous, action, by_timer| {
        Properties::new()
            .int("currentUserMode", current)
            .int("previousUserMode", previous)
            .int("requestedAction", action)
            .int("spareA3", 0)
            .int(
                "sleepStartedByGui",
                i64::from(by_hand && kind == ModeKind::Sleep),
            )
            .bits(
                "activeSleepSchedule",
                if kind == ModeKind::Sleep { &[0] } else { &[] },
            )
            .int("spareB6", 0)
            .int("exerciseStoppedByTimer", by_timer)
            .int("exerciseChoice", i64::from(timed.is_some()))
            // A continuous exercise keeps the minutes of the last timed one.
            .int("exerciseTime", timed.unwrap_or(45))
            .int("eatingSoonStoppedByTimer", 0)
    };
    let Some(number) = world.push(229, from, change(mode, 0, start, 0)) else {
        return;
    };
    let stopped = world.push(
        229,
        to,
        change(0, mode, start + 1, i64::from(timed.is_some())),
    );
    let (from, to) = (world.instant(from), stopped.map(|_| world.instant(to)));
    world.truth.modes.push(Mode {
        number,
        stopped,
        from,
        to,
        kind,
        timed,
    });
}
