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
const ONE_MINUTE: i64 = 5;

/// `rate` where the sensor gives none.
const NO_RATE: i64 = 127;

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

/// Changes of the sensor, and the times that the pump found it again; gives the spans without readings.
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
        // Where the pump does not start it, the next sensor may run for hours before the last one ends.
        let early = codes.start.is_none() && rng.chance(30);
        let start = if early {
            stop - rng.between(1, 14) * HOUR
        } else {
            stop + rng.between(300, 1800)
        };
        let join = start.max(stop) + rng.between(5, 300);
        session(world, codes.stop, stop, SessionKind::Stop, None);
        if let Some(code) = codes.start {
            session(world, code, start, SessionKind::Start, Some(start));
        }
        session(world, codes.join, join, SessionKind::Join, Some(start));
        for _ in 0..rng.between(0, 3) {
            let again = join + rng.between(HOUR, 5 * DAY);
            let known = !rng.chance(10);
            session(
                world,
                codes.join,
                again,
                SessionKind::Join,
                known.then_some(start),
            );
        }
        // A new sensor warms up for half an hour to two hours.
        pauses.push((stop, join.max(start + rng.pick(&[1800, 3600, 7200]))));
    }
    pauses
}

/// What the pump writes for a time that it does not know.
const NOT_KNOWN: i64 = 0xFFFF_FFFF;

/// A session's event: each sensor tells its age in its own way, counted in seconds of its own.
fn session(world: &mut World<'_>, code: u32, at: i64, kind: SessionKind, start: Option<i64>) {
    let stop = kind == SessionKind::Stop;
    let age = start.map_or(0, |start| at - start);
    let known = start.is_some() || stop;
    let properties = Properties::new();
    let properties = match (world.plan.sensor, stop) {
        (Sensor::DexcomG7, false) => properties
            .int("cgmTimestamp", if known { age } else { NOT_KNOWN })
            .int("sessionSignature", 61 + at % 50),
        (Sensor::DexcomG6 | Sensor::DexcomG7, _) => {
            let started = if world.plan.sensor == Sensor::DexcomG7 {
                68
            } else {
                2_345_678
            };
            let lasted = if stop { 10 * DAY } else { age };
            let properties = properties
                .int("currentTransmitterTime", started + lasted)
                .int("sessionStartTime", if known { started } else { NOT_KNOWN });
            let properties = match stop {
                true => properties.int("sessionStopTime", started + lasted - 7),
                false => properties,
            };
            properties.int("sessionDuration", 10)
        }
        (Sensor::Libre2 | Sensor::Libre3, _) => {
            let started = 581_000_000;
            let properties =
                properties.int("sessionStartTime", if known { started } else { NOT_KNOWN });
            let properties = match kind {
                SessionKind::Start => properties,
                SessionKind::Join => properties.int("sessionJoinTime", started + age),
                SessionKind::Stop => properties.int("sessionStopTime", started + 14 * DAY),
            };
            properties.int("sessionDuration", 14)
        }
    };
    let properties = match (world.plan.sensor, kind) {
        (_, SessionKind::Start) | (Sensor::DexcomG7, SessionKind::Join) => properties,
        (_, SessionKind::Join) => properties.int("sessionJoinReason", 10),
        (Sensor::DexcomG7, SessionKind::Stop) => properties
            .int("sessionStopReason", 5)
            .int("stopSessionCode", 1),
        (_, SessionKind::Stop) => properties.int("sessionStopReason", 5),
    };
    if let Some(number) = world.push(code, at, properties) {
        let at = world.instant(at);
        world.truth.sessions.push(Session {
            number,
            code,
            at,
            kind,
            started: start.map(|start| world.instant(start)),
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
            minute_by_minute(world, &sample, &mut rng);
        }
        at += FIVE_MINUTES;
    }
}

/// A Libre sends a few readings a minute apart now and then.
fn minute_by_minute(world: &mut World<'_>, sample: &Sample, rng: &mut Rng) {
    let libre = matches!(world.plan.sensor, Sensor::Libre2 | Sensor::Libre3);
    if !libre || sample.status != IS_VALUE || sample.value == 0 || !rng.chance(3) {
        return;
    }
    for minute in 1..=rng.between(1, 4) {
        let between = Sample {
            at: sample.at + minute * 60,
            data_type: ONE_MINUTE,
            ..*sample
        };
        record(world, &between, between.at + 5, false);
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
        sample.rate = 0;
        record(world, &sample, at - 60 + index as i64 / 4, true);
    }
}

fn sample(world: &World<'_>, at: i64, glucose: i64, delta: i64, rng: &mut Rng) -> Sample {
    let g7 = world.plan.sensor == Sensor::DexcomG7;
    // Tenths of mg/dL a minute, on every sensor.
    let rate = if rng.chance(1) {
        NO_RATE
    } else {
        (delta * 2).clamp(-80, 80)
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
        // Beyond its range a G7 sends a number all the same, a G6 and a Libre 0.
        0 => Sample {
            value: if g7 { rng.between(400, 1200) } else { 0 },
            status: IS_HIGH,
            ..plain
        },
        1 => Sample {
            value: if g7 { rng.between(20, 39) } else { 0 },
            status: IS_LOW,
            ..plain
        },
        2 if g7 => Sample {
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
        (NOT_SHOWN, _) => Glucose::Nothing,
        (IS_HIGH, _) => Glucose::High,
        (IS_LOW, _) => Glucose::Low,
        (_, 0) => Glucose::Nothing,
        (_, 401..) => Glucose::High,
        (_, ..40) => Glucose::Low,
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
            let known = rng.pick(&[
                1, 2, 3, 8, 11, 12, 13, 14, 20, 22, 25, 26, 27, 31, 39, 40, 45, 48,
            ]);
            let id = if world.has(Feature::UnknownEnums) && rng.chance(20) {
                222
            } else {
                known
            };
            // The generic events, a G6's, do not name the sensor.
            let properties = || {
                let properties = Properties::new().int("dalertId", id);
                match world.plan.sensor {
                    Sensor::DexcomG6 => properties,
                    Sensor::DexcomG7 => properties.int("sensorType", 3),
                    Sensor::Libre2 | Sensor::Libre3 => properties.int("sensorType", 2),
                }
            };
            let (raised, cleared) = (properties(), properties());
            notice(
                world,
                (NoticeKind::Cgm, codes.alert),
                at,
                id,
                raised
                    .int("faultLocatorData", 4119)
                    .int("param1", 0)
                    .int("param2", 0),
            );
            world.push(codes.alert_cleared, at + rng.between(10, 900), cleared);
        }
    }
}
