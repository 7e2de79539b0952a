//! Basal deliveries: event 279 every five minutes, at suspensions and resumes, and event 3 beside them.

use super::super::rng::Rng;
use super::super::truth::BasalSegment;
use super::event::Properties;
use super::plan::Feature;
use super::world::World;

/// `commandedRateSource`.
const SUSPENDED: i64 = 0;
const PROFILE: i64 = 1;
const TEMP: i64 = 2;
const ALGORITHM: i64 = 3;
const TEMP_AND_ALGORITHM: i64 = 4;

/// How the pump says that a rate does not apply.
const NO_RATE: i64 = 65_535;

const FIVE_MINUTES: i64 = 300;

/// What a rate follows from.
struct Regime {
    profile: i64,
    temp: bool,
    suspended: bool,
}

/// A temporary rate in force.
struct Temp {
    until: i64,
    percent: i64,
}

pub(super) fn deliver(world: &mut World<'_>) {
    if !world.has(Feature::Basal) {
        return;
    }
    let mut rng = world.rng(1);
    let mut algorithm = None;
    let mut temp: Option<Temp> = None;
    let mut last: Option<Regime> = None;
    for (at, suspended) in ticks(world, &mut rng) {
        let wall = world.clock.wall(at);
        let profile = world.plan.segment_at(wall).basal;
        if world.has(Feature::TempRates) && temp.is_none() && !suspended && rng.chance(1) {
            let percent = rng.between(0, 20) * 10;
            temp = Some(Temp {
                until: at + rng.between(6, 30) * FIVE_MINUTES,
                percent,
            });
        }
        temp = temp.filter(|temp| temp.until > at);
        let temp_rate = temp.as_ref().map(|temp| profile * temp.percent / 100);
        let looped = world.has(Feature::ControlIq);
        let algorithm_rate = if looped {
            vary(&mut algorithm, profile, &mut rng)
        } else {
            NO_RATE
        };
        let (rate, source) = match (suspended, temp_rate, looped) {
            (true, ..) => (0, SUSPENDED),
            (false, Some(rate), false) => (rate, TEMP),
            (false, Some(rate), true) => (rate, TEMP_AND_ALGORITHM),
            (false, None, true) => (algorithm_rate, ALGORITHM),
            (false, None, false) => (profile, PROFILE),
        };
        let odd = world.has(Feature::UnknownEnums) && !suspended && rng.chance(2);
        let source = if odd { 9 } else { source };
        let now = Regime {
            profile,
            temp: temp.is_some(),
            suspended,
        };
        if world.has(Feature::RateChanges) {
            record_change(world, at, rate, last.as_ref(), &now);
        }
        last = Some(now);
        let properties = Properties::new()
            .int("commandedRateSource", source)
            .int("reservedA2", source)
            .int("spareA3", 0)
            .int("commandedRate", rate)
            .int("profileBasalRate", profile)
            .int(
                "algorithmRate",
                if suspended { NO_RATE } else { algorithm_rate },
            )
            .int("tempRate", temp_rate.unwrap_or(NO_RATE));
        let Some(number) = world.push(279, at, properties) else {
            continue;
        };
        let from = world.instant(at);
        if let Some(before) = world.truth.basal.last_mut() {
            before.to = Some(from);
        }
        world.truth.basal.push(BasalSegment {
            number,
            from,
            to: None,
            rate,
            profile_rate: profile,
            source,
            suspended,
        });
    }
}

/// The seconds of the 279s and whether pumping is suspended then.
fn ticks(world: &World<'_>, rng: &mut Rng) -> Vec<(i64, bool)> {
    let (start, end) = (world.start(), world.end());
    let quiet = world.has(Feature::QuietSuspensions);
    let suspensions = &world.truth.suspensions;
    let edges = suspensions.iter().map(|s| {
        (
            s.from.timestamp(),
            s.to.map_or(i64::MAX, |to| to.timestamp()),
        )
    });
    let mut edges = edges.peekable();
    let mut ticks =
        Vec::with_capacity(((end - start) / FIVE_MINUTES) as usize + 2 * suspensions.len() + 2);
    let mut at = start + rng.between(0, FIVE_MINUTES - 1);
    while at < end {
        while let Some((from, to)) = edges.next_if(|(from, _)| *from <= at) {
            ticks.push((from, true));
            // The pump keeps its grid through a suspension, and adds one 279 where it begins and one where it ends.
            if at == from {
                at += FIVE_MINUTES;
            }
            while at < to.min(end) {
                if !quiet {
                    ticks.push((at, true));
                }
                at += FIVE_MINUTES;
            }
            if to < end && at != to {
                ticks.push((to, false));
            }
        }
        if at < end {
            ticks.push((at, false));
        }
        at += FIVE_MINUTES;
    }
    for (from, to) in edges.filter(|(from, _)| *from < end) {
        ticks.push((from, true));
        if to < end {
            ticks.push((to, false));
        }
    }
    ticks
}

/// The algorithm's rate: often unchanged, sometimes the profile's, sometimes nothing, else a step away from the last.
fn vary(last: &mut Option<i64>, profile: i64, rng: &mut Rng) -> i64 {
    let before = last.unwrap_or(profile);
    let rate = match rng.between(0, 99) {
        0..35 => before,
        35..45 => profile,
        45..52 => 0,
        _ => (before + rng.between(-profile / 3, profile / 3)).clamp(0, profile * 3),
    };
    *last = Some(rate);
    rate
}

/// Event 3, where what the rate follows from has changed.
fn record_change(world: &mut World<'_>, at: i64, rate: i64, last: Option<&Regime>, now: &Regime) {
    let Some(last) = last else { return };
    let changes = [
        (0, last.profile != now.profile),
        (2, !last.temp && now.temp),
        (3, last.temp && !now.temp),
        (4, !last.suspended && now.suspended),
        (5, last.suspended && !now.suspended),
    ];
    let bits: Vec<i64> = changes
        .iter()
        .filter(|(_, is)| *is)
        .map(|(bit, _)| *bit)
        .collect();
    if bits.is_empty() {
        return;
    }
    let properties = Properties::new()
        .units("commandedBasalRate", rate)
        .units("baseBasalRate", now.profile)
        .int("maxBasalRate", 3)
        .int("insulinDeliveryProfile", 0)
        .bits("changeType", &bits);
    world.push(3, at, properties);
}
