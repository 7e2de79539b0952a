//! What the pump logs by itself: the new day, its status.

use super::super::truth::Status;
use super::calendar::{DAY, instant};
use super::event::Properties;
use super::plan::Feature;
use super::suspension::insulin_left;
use super::world::World;

pub(super) fn tick(world: &mut World<'_>) {
    let mut rng = world.rng(11);
    for day in world.days() {
        let midnight = world.at_time_of_day(day, 0);
        if world.has(Feature::NewDay) {
            // What is delivered then: 0 while the pump is suspended.
            let profile = world.plan.segment_at(world.clock.wall(midnight)).basal;
            let basal = world.truth.rate_at(instant(midnight)).unwrap_or(profile);
            world.push(
                90,
                midnight,
                Properties::new()
                    .units("commandedBasalRate", basal)
                    .bits("featuresBitmask", &[])
                    .bits("featureBitmaskIndex", &[]),
            );
            world.push(
                313,
                midnight + 1,
                Properties::new()
                    .int("pumpControlState", 3)
                    .int("usermode", 0)
                    .int("sensorType", 3)
                    .int("weightUnit", 0)
                    .int("weight", 0)
                    .int("currentTdIpop", 0),
            );
            let versions = Properties::new()
                .int("armPartNumber", 1_016_587)
                .int("armSwVersion", 1_108_201_743);
            let versions = versions
                .int("blePartNumber", 1_016_587)
                .int("bleSwVersion", 1_108_201_743);
            world.push(307, midnight + 6, versions);
        }
        if world.has(Feature::Status) {
            let before = midnight - 1;
            total(world, before);
            for hour in (1..24).step_by(3) {
                snapshot(world, day + hour * 3600 + rng.between(0, 3599));
            }
        }
    }
}

/// Percent: empties over four days, then is charged.
fn battery(at: i64) -> i64 {
    95 - at.rem_euclid(4 * DAY) * 60 / (4 * DAY)
}

/// Event 81.
fn total(world: &mut World<'_>, at: i64) {
    if at < world.start() {
        return;
    }
    let (iob, battery) = (world.iob(at), battery(at));
    let milliunit_seconds = world
        .truth
        .basal_milliunit_seconds(instant(at - DAY), instant(at));
    let basal = &world.truth.basal;
    let index = basal.partition_point(|segment| segment.from.timestamp() <= at);
    let rate = basal[..index].last().map_or(0, |segment| segment.rate);
    let properties = Properties::new()
        .units_f32("dailyTotalBasal", milliunit_seconds / 3600)
        .units_f32("lastBasalRate", rate)
        .units_f32("iob", iob)
        .int("finalEventForDay", 1)
        .int("batteryChargePercent", battery)
        .int("batteryLipoMilliVolts", 3_600 + battery * 5);
    let number = world.push(81, at, properties);
    status(world, number, (81, at), (None, Some(battery), Some(iob)));
}

/// Events 9, 34 and 35.
fn snapshot(world: &mut World<'_>, at: i64) {
    let (insulin, battery, iob) = (
        insulin_left(world, at),
        battery(at),
        world.iob(at) / 10 * 10,
    );
    let properties = Properties::new()
        .int("insulin", insulin)
        .int("abc", battery)
        .int("ibc", (battery + 4).min(100))
        .int("iob", iob / 10);
    let number = world.push(9, at, properties);
    status(
        world,
        number,
        (9, at),
        (Some(insulin), Some(battery), Some(iob)),
    );
    let code = if at % 2 == 0 { 34 } else { 35 };
    let number = world.push(
        code,
        at + 40,
        Properties::new().int("ibc", battery).int("usbPower", 0),
    );
    status(world, number, (code, at + 40), (None, Some(battery), None));
}

type Levels = (Option<i64>, Option<i64>, Option<i64>);

fn status(
    world: &mut World<'_>,
    number: Option<u64>,
    (code, at): (u32, i64),
    (reservoir, battery, iob): Levels,
) {
    if let Some(number) = number {
        world.truth.statuses.push(Status {
            number,
            code,
            at: instant(at),
            reservoir,
            battery,
            iob,
        });
    }
}
