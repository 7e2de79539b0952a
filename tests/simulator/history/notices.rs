//! Alarms, malfunctions and alerts that stop nothing.

use std::collections::HashMap;

use super::super::truth::NoticeKind;
use super::calendar::DAY;
use super::event::Properties;
use super::plan::Feature;
use super::suspension::{alarm, malfunction, notice};
use super::world::World;

pub(super) fn ring(world: &mut World<'_>) {
    let mut rng = world.rng(9);
    let mut shown: HashMap<i64, i64> = HashMap::new();
    for day in world.days() {
        if world.has(Feature::Alarms) && rng.chance(50) {
            let at = day + rng.between(0, DAY - 1);
            let known = rng.pick(&[3, 5, 7, 11, 18, 20, 21, 22, 23, 24, 25, 29]);
            let id = if world.has(Feature::UnknownEnums) && rng.chance(25) {
                200
            } else {
                known
            };
            alarm(world, at, id);
            let properties = Properties::new()
                .int("alarmId", id)
                .int("faultLocatorData", 8311);
            world.push(28, at + rng.between(5, 600), properties);
        }
        if world.has(Feature::Alarms) && rng.chance(3) {
            malfunction(world, day + rng.between(0, DAY - 1), rng.between(1, 40));
        }
        let mut alerts: Vec<i64> = (0..rng.between(0, 4))
            .map(|_| day + rng.between(0, DAY - 1))
            .collect();
        alerts.sort_unstable();
        for at in alerts {
            let known = rng.pick(&[0, 2, 3, 5, 11, 13, 14, 15, 17, 51, 27]);
            let id = if world.has(Feature::UnknownEnums) && rng.chance(20) {
                99
            } else {
                known
            };
            // Two alerts of one second would be one treatment in Nightscout if nobody took care.
            let again = rng.chance(20).then(|| rng.pick(&[27, 51]));
            let clears = at + rng.between(5, 1200);
            // What is shown already is not shown again.
            let mut alerts: Vec<i64> = [Some(id), again].into_iter().flatten().collect();
            alerts.dedup();
            alerts.retain(|id| shown.get(id).is_none_or(|until| *until < at));
            if world.has(Feature::Alerts) {
                for id in alerts {
                    alert(world, at, clears, id);
                    shown.insert(id, clears);
                }
            }
        }
    }
}

/// Events 4 and 26.
fn alert(world: &mut World<'_>, at: i64, clears: i64, id: i64) {
    let properties = || {
        Properties::new()
            .int("alertId", id)
            .int("faultLocatorData", 6201)
    };
    let began = world.instant(at);
    notice(
        world,
        (NoticeKind::Alert, 4),
        at,
        id,
        properties().int("param1", 0).int("param2", 0),
    );
    let cleared = world.push(26, clears, properties());
    let cleared_at = world.instant(clears);
    if let (Some(alert), Some(number)) = (world.truth.notices.last_mut(), cleared)
        && alert.code == 4
        && alert.id == id
        && alert.at == began
    {
        alert.cleared = Some((number, cleared_at));
    }
}
