//! Gaps without data, a pump that is off, suspensions of every reason, and the cartridge change, which is one of them.

use super::super::rng::Rng;
use super::super::truth::{Fill, FillKind, Notice, NoticeKind, ShutDown, Suspension};
use super::event::Properties;
use super::plan::{Feature, Model};
use super::world::World;

/// Longer than it takes until the next report of the basal rate: nothing else happens to delivery meanwhile.
const NEXT_REPORT: i64 = 330;

/// The alarm of a pump whose battery is empty.
const BATTERY_SHUTDOWN: i64 = 12;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

/// `suspendReason`.
const BY_USER: i64 = 0;
const BY_ALARM: i64 = 1;
const BY_MALFUNCTION: i64 = 2;
const BY_LOW_GLUCOSE: i64 = 6;

/// Completed, in every `completionStatus`.
pub(super) const COMPLETED: i64 = 3;

/// Spans in which the pump logs nothing: switched off, or its log was lost.
pub(super) fn gaps(world: &mut World<'_>) {
    if !world.has(Feature::Gaps) {
        return;
    }
    let mut rng = world.rng(2);
    for day in world.days() {
        let (from, length) = (
            day + rng.between(0, 20) * HOUR,
            rng.between(35, 240) * MINUTE,
        );
        if rng.chance(40) && world.reserve(from, from + length) {
            let gap = (world.instant(from), world.instant(from + length));
            world.truth.gaps.push(gap);
        }
    }
}

/// Hours of the night in which the pump is off: it sounds its alarm, and goes on by itself or is resumed.
pub(super) fn shut_downs(world: &mut World<'_>) {
    if !world.has(Feature::ShutDowns) {
        return;
    }
    let mut rng = world.rng(13);
    for day in world.days() {
        let (after_midnight, length) = (rng.between(3_600, 12_600), rng.between(20, 120) * MINUTE);
        let (shuts_down, by_hand) = (rng.chance(30), rng.chance(50));
        let at = world.at_time_of_day(day, after_midnight);
        let to = at + length + rng.between(0, 59);
        if !shuts_down || !world.reserve(at - NEXT_REPORT, to + NEXT_REPORT) {
            continue;
        }
        alarm(world, at, BATTERY_SHUTDOWN);
        let resumed = by_hand.then(|| {
            let properties = Properties::new()
                .int("preResumeState", 100)
                .int("insulinAmount", 80);
            world.push(12, to, properties)
        });
        world.truth.shut_downs.push(ShutDown {
            from: world.instant(at),
            to: world.instant(to),
            resumed: resumed.flatten(),
        });
    }
}

/// All suspensions, in order of time as the basal rates need them.
pub(super) fn suspend(world: &mut World<'_>) {
    let mut rng = world.rng(3);
    for (index, day) in world.days().enumerate() {
        if world.has(Feature::CartridgeChanges) && index % 3 == (world.plan.seed % 3) as usize {
            cartridge_change(
                world,
                day + rng.between(7, 21) * HOUR + rng.between(0, 3599),
                &mut rng,
            );
        }
        let kinds = [
            (Feature::UserSuspensions, 60, BY_USER),
            (Feature::AlarmSuspensions, 15, BY_ALARM),
            (Feature::AlarmSuspensions, 4, BY_MALFUNCTION),
            (Feature::LowGlucoseSuspensions, 25, BY_LOW_GLUCOSE),
        ];
        for (feature, percent, reason) in kinds {
            let (at, length) = (
                day + rng.between(0, 86_399),
                rng.between(3, 80) * MINUTE + rng.between(0, 59),
            );
            if world.has(feature)
                && rng.chance(percent)
                && world.reserve(at - 5, at + length + NEXT_REPORT)
            {
                one(world, at, at + length, reason, &mut rng);
            }
        }
    }
    world.truth.sort();
}

fn one(world: &mut World<'_>, at: i64, to: i64, reason: i64, rng: &mut Rng) {
    match reason {
        BY_ALARM => alarm(world, at, rng.pick(&[2, 26, 8, 21])),
        BY_MALFUNCTION => malfunction(world, at, rng.between(1, 40)),
        _ => {}
    }
    let reason = if world.has(Feature::UnknownEnums) && rng.chance(20) {
        9
    } else {
        reason
    };
    stop_and_go(world, at, to, reason);
    // The pump reminds its owner a quarter of an hour after a suspension by hand.
    if reason == BY_USER && to - at > 15 * MINUTE + 1 {
        alarm(world, at + 15 * MINUTE, 18);
    }
}

fn stop_and_go(world: &mut World<'_>, at: i64, to: i64, reason: i64) {
    let insulin = insulin_left(world, at);
    let properties = Properties::new()
        .int("preSuspendState", 106)
        .int("insulinAmount", insulin)
        .int("suspendReason", reason)
        .int("rpaTimeout", 15);
    let Some(number) = world.push(11, at, properties) else {
        return;
    };
    control_mode(world, at, true);
    let properties = Properties::new()
        .int("preResumeState", 100)
        .int("insulinAmount", insulin);
    let resumed = world.push(12, to, properties);
    control_mode(world, to, false);
    let (from, to) = (world.instant(at), resumed.map(|_| world.instant(to)));
    world.truth.suspensions.push(Suspension {
        number,
        resumed,
        from,
        to,
        reason,
    });
}

/// Event 230 in the same second: the loop opens at a suspension and closes at its end.
fn control_mode(world: &mut World<'_>, at: i64, suspended: bool) {
    if !world.has(Feature::ControlMode) {
        return;
    }
    let (current, previous) = if suspended { (0, 3) } else { (3, 0) };
    let properties = Properties::new()
        .int("currentPcm", current)
        .int("previousPcm", previous)
        .int("pumpSuspended", i64::from(suspended))
        .int("calculationAvailable", 1)
        .int("cgmAvailable", 1)
        .int("closedLoopPreferred", 1)
        .int("sufficientClosedLoopParams", 1);
    world.push(230, at, properties);
}

fn cartridge_change(world: &mut World<'_>, at: i64, rng: &mut Rng) {
    let (filled, cannula) = (at + rng.between(90, 400), at + rng.between(500, 1400));
    let to = cannula + rng.between(5, 60);
    if !world.reserve(at - 5, to + NEXT_REPORT) {
        return;
    }
    stop_and_go(world, at, to, BY_USER);
    let units = rng.between(90, 300);
    let properties = Properties::new()
        .int("insulinVolume", units)
        .int("v2Volume", 0);
    fill(
        world,
        33,
        filled,
        (FillKind::Cartridge, units as f64, COMPLETED),
        properties,
    );
    // A Mobi does not measure its tubing fill; its record comes with the cartridge's.
    let mobi = world.plan.model == Model::Mobi;
    let (tubing_at, prime) = if mobi {
        (filled, -1.0)
    } else {
        (filled + 60, rng.between(100, 220) as f64 / 10.0)
    };
    let properties = Properties::new()
        .float("primeSize", prime)
        .int("completionStatus", COMPLETED)
        .int("position", rng.between(400_000, 600_000));
    fill(
        world,
        63,
        tubing_at,
        (FillKind::Tubing, prime, COMPLETED),
        properties,
    );
    let prime = rng.pick(&[0.3, 0.5, 0.7]);
    let status = if rng.chance(10) { 0 } else { COMPLETED };
    let properties = Properties::new()
        .float("primeSize", prime)
        .int("completionStatus", status)
        .int("infusionSetType", 0);
    fill(
        world,
        61,
        cannula,
        (FillKind::Cannula, prime, status),
        properties,
    );
}

fn fill(
    world: &mut World<'_>,
    code: u32,
    at: i64,
    what: (FillKind, f64, i64),
    properties: Properties,
) {
    let (kind, units, status) = what;
    if let Some(number) = world.push(code, at, properties) {
        let at = world.instant(at);
        world.truth.fills.push(Fill {
            number,
            at,
            kind,
            units,
            status,
        });
    }
}

/// Units in the cartridge: 45 a day go out of the latest fill.
pub(super) fn insulin_left(world: &World<'_>, at: i64) -> i64 {
    let fills = world.truth.fills.iter().rev();
    let fill = fills
        .filter(|fill| fill.kind == FillKind::Cartridge)
        .find(|fill| fill.at.timestamp() <= at);
    let (from, units) = fill.map_or((world.start(), 200), |fill| {
        (fill.at.timestamp(), fill.units as i64)
    });
    (units - (at - from) * 45 / 86_400).max(0)
}

/// Event 5.
pub(super) fn alarm(world: &mut World<'_>, at: i64, id: i64) {
    let properties = Properties::new()
        .int("alarmId", id)
        .int("faultLocatorData", 8311)
        .int("param1", 5_228_339)
        .int("param2", 0);
    notice(world, (NoticeKind::Alarm, 5), at, id, properties);
}

/// Event 6.
pub(super) fn malfunction(world: &mut World<'_>, at: i64, id: i64) {
    let properties = Properties::new()
        .int("malfId", id)
        .int("faultLocatorData", 12_303)
        .int("param1", 0)
        .int("param2", 0);
    notice(world, (NoticeKind::Malfunction, 6), at, id, properties);
}

/// Any event that gives notice.
pub(super) fn notice(
    world: &mut World<'_>,
    what: (NoticeKind, u32),
    at: i64,
    id: i64,
    properties: Properties,
) {
    let (kind, code) = what;
    if let Some(number) = world.push(code, at, properties) {
        let at = world.instant(at);
        world.truth.notices.push(Notice {
            number,
            code,
            at,
            kind,
            id,
            cleared: None,
        });
    }
}
