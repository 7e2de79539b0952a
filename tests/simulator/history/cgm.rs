//! CGM: readings, late readings, sessions and alerts.

use super::super::rng::Rng;
use super::super::truth::{Glucose, NoticeKind, Reading, Session, SessionKind};
use super::calendar::{DAY, EPOCH_2008};
use super::event::Properties;
use super::plan::{Feature, Sensor};
use super::suspension::notice;
use super::world::World;

const FIVE_MINUTES: i64 = 300;
const HOUR: i64 = 3600;

/// `glucoseValueStatus`.
const IS_VALUE: i64 = 0;
const IS_HIGH: i64 = 1;
const IS_LOW: i64 = 2;
const NOT_SHOWN: i64 = 6;

/// `cgmDataType`.
const LIVE: i64 = 0;
const BACKFILL: i64 = 1;
const NONE: i64 = 4;

/// The event codes of a sensor.
struct Codes {
    reading: u32,
    start: Option<u32>,
    join: u32,
    stop: u32,
    alert: u32,
    alert_cleared: u32,
}

fn codes(sensor: Sensor) -> Codes {
    let codes = |reading, start, join, stop, alert, alert_cleared| Codes {
        reading,
        start,
        join,
        stop,
        alert,
        alert_cleared,
    };
    match sensor {
        Sensor::DexcomG6 => codes(256, Some(212), 213, 214, 171, 172),
        Sensor::DexcomG7 => codes(399, None, 394, 447, 369, 370),
        Sensor::Libre2 => codes(372, Some(404), 406, 405, 460, 461),
        Sensor::Libre3 => codes(480, None, 477, 486, 460, 461),
    }
}

pub(super) fn wear(world: &mut World<'_>) {
    let pauses = sessions(world);
    if world.has(Feature::Cgm) {
        readings(world, &pauses);
    }
    if world.has(Feature::CgmAlerts) {
        alerts(world);
    }
}

/// Changes of the sensor; gives the spans without readings.
fn sessions(world: &mut World<'_>) -> Vec<(i64, i64)> {
    if !world.has(Feature::CgmSessions) {
        return Vec::new();
    }
    let mut rng = world.rng(6);
    let codes = codes(world.plan.sensor);
    let mut pauses = Vec::new();
    for (index, day) in world.days().enumerate() {
        if index % 10 != (world.plan.seed % 3) as usize {
            continue;
        }
        let stop = day + rng.between(8 * HOUR, 20 * HOUR);
        let start = stop + rng.between(300, 1800);
        let join = start + rng.between(5, 120);
        session(world, codes.stop, stop, SessionKind::Stop);
        if let Some(code) = codes.start {
            session(world, code, start, SessionKind::Start);
        }
        session(world, codes.join, join, SessionKind::Join);
        // A new sensor warms up for half an hour to two hours.
        pauses.push((stop, join + rng.pick(&[1800, 3600, 7200])));
    }
    pauses
}

fn session(world: &mut World<'_>, code: u32, at: i64, kind: SessionKind) {
    let wall = world.clock.wall(at) - EPOCH_2008;
    let properties = Properties::new()
        .int("currentTransmitterTime", 1_000_000 + at % 700_000)
        .int("sessionStartTime", wall)
        .int(
            "sessionStopTime",
            if kind == SessionKind::Stop { wall } else { 0 },
        )
        .int("sessionDuration", 864_000);
    if let Some(number) = world.push(code, at, properties) {
        let at = world.instant(at);
        world.truth.sessions.push(Session {
            number,
            code,
            at,
            kind,
        });
    }
}

/// One reading before it is sent.
struct Sample {
    at: i64,
    value: i64,
    status: i64,
    rate: i64,
    data_type: i64,
}

fn readings(world: &mut World<'_>, pauses: &[(i64, i64)]) {
    let mut rng = world.rng(7);
    let late = backfills(world, &mut rng);
    let mut late = late.into_iter().peekable();
    let mut held: Vec<Sample> = Vec::new();
    let mut at = world.start() + rng.between(0, FIVE_MINUTES - 1);
    let mut glucose = rng.between(90, 180);
    while at < world.end() {
        let before = glucose;
        glucose = (glucose + rng.between(-9, 9) + (140 - glucose) / 30).clamp(45, 395);
        let sample = sample(world, at, glucose, glucose - before, &mut rng);
        let paused = pauses.iter().any(|(from, to)| (*from..*to).contains(&at));
        while late.next_if(|(_, to)| *to <= at).is_some() {
            deliver_late(world, &mut held, at);
        }
        let stretch = late
            .peek()
            .is_some_and(|(from, to)| (*from..*to).contains(&at));
        if stretch && !paused && !world.in_gap(at) {
            held.push(sample);
        } else if !paused {
            record(world, &sample, at + rng.between(1, 16), false);
        }
        at += FIVE_MINUTES;
    }
}

/// Spans whose readings reach the pump only at their end.
fn backfills(world: &World<'_>, rng: &mut Rng) -> Vec<(i64, i64)> {
    let mut spans = Vec::new();
    for day in world.days() {
        let (from, length) = (day + rng.between(0, DAY / 2), rng.between(20, 240) * 60);
        // What a sensor's own time becomes when the pump's clock moves in between is not known: such stretches are left out.
        let steady = (world.clock.offset(from) - world.clock.offset(from + length + 60)).abs() < 60;
        if world.has(Feature::CgmBackfill) && rng.chance(60) && steady {
            spans.push((from, from + length));
        }
    }
    spans
}

fn deliver_late(world: &mut World<'_>, held: &mut Vec<Sample>, at: i64) {
    for (index, mut sample) in held.drain(..).enumerate() {
        sample.data_type = BACKFILL;
        record(world, &sample, at - 60 + index as i64 / 4, true);
    }
}

fn sample(world: &World<'_>, at: i64, glucose: i64, delta: i64, rng: &mut Rng) -> Sample {
    let tenths = world.plan.sensor == Sensor::DexcomG7;
    let rate = if tenths {
        (delta * 2).clamp(-80, 80)
    } else {
        delta / 5
    };
    let plain = Sample {
        at,
        value: glucose,
        status: IS_VALUE,
        rate,
        data_type: LIVE,
    };
    if !world.has(Feature::CgmSentinels) || !rng.chance(6) {
        return plain;
    }
    match rng.between(0, 5) {
        0 => Sample {
            value: rng.between(401, 430),
            status: IS_HIGH,
            ..plain
        },
        1 => Sample {
            value: rng.between(20, 39),
            status: IS_LOW,
            ..plain
        },
        2 if tenths => Sample {
            status: NOT_SHOWN,
            ..plain
        },
        3 => Sample {
            value: 0,
            data_type: NONE,
            rate: 0,
            ..plain
        },
        4 => Sample {
            value: 401,
            ..plain
        },
        _ => Sample { value: 39, ..plain },
    }
}

fn record(world: &mut World<'_>, sample: &Sample, recorded: i64, backfilled: bool) {
    let code = codes(world.plan.sensor).reading;
    let measured = world.clock.wall(sample.at) - EPOCH_2008;
    let kind = sample.data_type;
    let properties = Properties::new()
        .int("glucoseValueStatus", sample.status)
        .bits("cgmDataType", &[kind])
        .int("rate", sample.rate)
        .int("algorithmState", 32)
        .int("rssi", -54 - sample.at % 40)
        .int("currentGlucoseDisplayValue", sample.value)
        .int("egvTimeStamp", measured)
        .bits("egvInfoBitmask", &[kind, 5, 6, 7, 8, 11, 12])
        .int("interval", i64::from(backfilled))
        .int("reservedD15", 0);
    let Some(number) = world.push(code, recorded, properties) else {
        return;
    };
    let glucose = match (sample.status, sample.value) {
        (NOT_SHOWN, _) | (_, 0) => Glucose::Nothing,
        (IS_HIGH, _) | (_, 401..) => Glucose::High,
        (IS_LOW, _) | (_, ..40) => Glucose::Low,
        (_, value) => Glucose::Value(value),
    };
    let (at, recorded_at) = (world.instant(sample.at), world.instant(recorded));
    world.truth.readings.push(Reading {
        number,
        code,
        recorded_at,
        at,
        glucose,
        rate: sample.rate,
        backfilled,
    });
}

fn alerts(world: &mut World<'_>) {
    let mut rng = world.rng(8);
    let codes = codes(world.plan.sensor);
    for day in world.days() {
        for _ in 0..rng.between(0, 5) {
            let at = day + rng.between(0, DAY - 1);
            let known = rng.pick(&[1, 2, 3, 8, 11, 12, 13, 14, 20, 25, 26, 27, 39, 40, 48]);
            let id = if world.has(Feature::UnknownEnums) && rng.chance(20) {
                222
            } else {
                known
            };
            let properties = || {
                Properties::new()
                    .int("dalertId", id)
                    .int("sensorType", 3)
                    .int("faultLocatorData", 4119)
            };
            notice(
                world,
                (NoticeKind::Cgm, codes.alert),
                at,
                id,
                properties().int("param1", 0).int("param2", 0),
            );
            world.push(codes.alert_cleared, at + rng.between(10, 900), properties());
        }
    }
}
