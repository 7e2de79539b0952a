//! How a bolus reads in the pump's log: 64, 65, 66 in one second, 55 and 280 when it starts, 280 and 20 when it is complete.
//!
//! Of an extended bolus, 20, 59 and 280 come in the second in which the part given at once is complete. As captured, 280
//! then says "started" every five minutes, with all that was delivered so far, and "completed" only beside 21.

use super::super::rng::Rng;
use super::super::truth::{BgCheck, Bolus, Extended};
use super::bolus::{AUTOMATIC, Order, PHONE_EXTENDED, PHONE_STANDARD};
use super::calendar::DAY;
use super::event::Properties;
use super::plan::Feature;
use super::world::World;

/// `bolusDeliveryStatus`.
const COMPLETED: i64 = 0;
const STARTED: i64 = 1;

pub(super) fn record(world: &mut World<'_>, orders: &[Order]) {
    let mut rng = world.rng(5);
    let mut id = 1_000 + (world.plan.seed % 500) as i64;
    for order in orders {
        id += rng.between(1, 2);
        one(world, order, id, &mut rng);
    }
    if world.has(Feature::FingerBg) {
        for day in world.days() {
            let (at, bg) = (day + rng.between(0, DAY - 1), rng.between(55, 320));
            enter_bg(world, at, bg, true);
        }
    }
}

fn one(world: &mut World<'_>, order: &Order, id: i64, rng: &mut Rng) {
    let bg_check = order
        .bg_check
        .and_then(|typed| enter_bg(world, order.at - 2, order.bg, typed));
    let requests = if order.lost_requests {
        None
    } else {
        request(world, order, id)
    };
    let (starts, completes) = (order.starts(), order.completes());
    let iob = world.iob(starts);
    // What nobody knows is only the source: everything else decides what belongs into Nightscout.
    let odd = world.has(Feature::UnknownEnums) && rng.chance(10);
    let source = if odd { 42 } else { order.source };
    if order.now > 0 {
        let properties = Properties::new()
            .int("bolusId", id)
            .int("selectedIob", 1)
            .int("spareA3", 0);
        world.push(
            55,
            starts,
            properties
                .units_f32("iob", iob)
                .units("bolusSize", order.now),
        );
    }
    world.push(280, starts, status(order, id, source, (STARTED, 0)));
    let (mut completed, mut reported) = (None, None);
    if order.now > 0 {
        world.give(completes, order.delivered_now);
        if order.later.is_none() {
            let properties = status(order, id, source, (COMPLETED, order.delivered_now));
            reported = world.push(280, completes, properties);
        }
        if !order.lost_completions[0] {
            let amounts = (order.delivered_now, order.now);
            completed = completion(world, 20, completes, (id, order.status), amounts, rng);
        }
    }
    let extended = extend(world, order, (id, source), &mut reported, rng);
    world.truth.boluses.push(Bolus {
        id,
        requests,
        completed,
        reported,
        requested_at: world.instant(order.at),
        at: match &extended {
            Some(later) if order.now == 0 => later.from,
            _ => world.instant(completes),
        },
        requested: order.now + order.later.as_ref().map_or(0, |later| later.requested),
        requested_now: order.now,
        delivered_now: order.delivered_now,
        carbs: order.carbs,
        bg: order.bg,
        bg_check,
        food: order.food,
        correction: order.correction,
        request_type: order.request_type,
        options: order.options,
        source,
        status: order.status,
        overridden: order.overridden,
        declined_correction: order.declined,
        automatic: order.options == AUTOMATIC,
        extended,
    });
}

/// Events 64, 65 and 66.
fn request(world: &mut World<'_>, order: &Order, id: i64) -> Option<[u64; 3]> {
    let from_phone = matches!(order.options, PHONE_STANDARD | PHONE_EXTENDED);
    let segment = world.plan.segment_at(world.clock.wall(order.at));
    let known = |value| if from_phone { 0 } else { value };
    let total = order.now + order.later.as_ref().map_or(0, |later| later.requested);
    let iob = world.iob(order.at);
    let properties = Properties::new()
        .int("bolusId", id)
        .int("bolusType", order.request_type)
        .int("correctionBolusIncluded", i64::from(order.correction > 0))
        .int("carbAmount", order.carbs)
        .int("bg", order.bg)
        .units("iob", iob)
        .int("carbRatio", known(segment.carb_ratio));
    let first = world.push(64, order.at, properties)?;
    let (percent, minutes) = order
        .later
        .as_ref()
        .map_or((100, 0), |later| (later.standard_percent, later.minutes));
    let properties = Properties::new()
        .int("bolusId", id)
        .int("options", order.options)
        .int("standardPercent", percent)
        .int("duration", minutes)
        .int("spareB6", 0)
        .int("isf", known(segment.isf))
        .int("targetBg", known(segment.target))
        .int("userOverride", i64::from(order.overridden))
        .int("declinedCorrection", i64::from(order.declined))
        .int("selectedIob", 1);
    let second = world.push(65, order.at, properties)?;
    let properties = Properties::new()
        .int("bolusId", id)
        .int("spareA2", 0)
        .units("foodBolusSize", order.food)
        .units("correctionBolusSize", order.correction)
        .units("totalBolusSize", total);
    let third = world.push(66, order.at, properties)?;
    Some([first, second, third])
}

/// Event 280: its status, and the mU given so far.
fn status(order: &Order, id: i64, source: i64, (status, delivered): (i64, i64)) -> Properties {
    let parts = [
        (0, order.now > 0),
        (1, order.later.is_some()),
        (2, order.overridden),
        (3, order.correction > 0),
        (4, order.carbs > 0),
    ];
    let bits: Vec<i64> = parts
        .iter()
        .filter(|(_, set)| *set)
        .map(|(bit, _)| *bit)
        .collect();
    let later = order.later.as_ref();
    Properties::new()
        .int("bolusId", id)
        .int("bolusDeliveryStatus", status)
        .bits("bolusType", &bits)
        .int("bolusSource", source)
        .int("remoteId", if source == 8 { 47 } else { 0 })
        .int("requestedNow", order.now)
        .int("requestedLater", later.map_or(0, |later| later.requested))
        .int("correction", order.correction)
        .int(
            "extendedDurationRequested",
            later.map_or(0, |later| later.minutes),
        )
        .int("deliveredTotal", delivered)
}

/// Events 20 and 21.
fn completion(
    world: &mut World<'_>,
    code: u32,
    at: i64,
    (id, status): (i64, i64),
    (delivered, requested): (i64, i64),
    rng: &mut Rng,
) -> Option<u64> {
    let iob = world.iob(at);
    let properties = Properties::new()
        .int("completionStatus", status)
        .int("bolusId", id)
        .units_f32("iob", iob);
    // Both have been seen: the decimal fraction, and the single-precision number behind it.
    let properties = if rng.chance(35) {
        properties
            .units_f32("insulinDelivered", delivered)
            .units_f32("insulinRequested", requested)
    } else {
        properties
            .units("insulinDelivered", delivered)
            .units("insulinRequested", requested)
    };
    world.push(code, at, properties)
}

/// Events 59 and 21, with the 280s beside them and every five minutes in between.
fn extend(
    world: &mut World<'_>,
    order: &Order,
    (id, source): (i64, i64),
    reported: &mut Option<u64>,
    rng: &mut Rng,
) -> Option<Extended> {
    let later = order.later.as_ref()?;
    let from = order.completes();
    let to = from + later.seconds;
    let iob = world.iob(from);
    let properties = Properties::new()
        .int("bolusId", id)
        .int("selectedIob", 1)
        .int("spareA3", 0);
    let started = world.push(
        59,
        from,
        properties
            .units_f32("iob", iob)
            .units("bolexSize", later.requested),
    )?;
    let so_far = |at: i64| later.delivered * (at - from) / later.seconds.max(1);
    for at in (from..to).step_by(300) {
        let delivered = order.delivered_now + so_far(at);
        let number = world.push(280, at, status(order, id, source, (STARTED, delivered)));
        if order.now > 0 {
            *reported = reported.or(number);
        }
    }
    let lost = order.lost_completions[1];
    let amounts = (later.delivered, later.requested);
    let completed = match lost {
        true => None,
        false => completion(world, 21, to, (id, later.status), amounts, rng),
    };
    let total = order.delivered_now + later.delivered;
    let closed = world.push(280, to, status(order, id, source, (COMPLETED, total)));
    world.give(to, later.delivered);
    Some(Extended {
        started,
        completed,
        from: world.instant(from),
        to: closed.map(|_| world.instant(to)),
        minutes: later.minutes,
        standard_percent: later.standard_percent,
        requested: later.requested,
        delivered: closed.map_or(0, |_| later.delivered),
        status: later.status,
    })
}

/// Event 16.
pub(super) fn enter_bg(world: &mut World<'_>, at: i64, bg: i64, typed: bool) -> Option<u64> {
    let segment = world.plan.segment_at(world.clock.wall(at));
    let iob = world.iob(at);
    let properties = Properties::new()
        .int("bg", bg)
        .int("cgmCalibration", 0)
        .int("bgEntryType", i64::from(!typed))
        .units_f32("iob", iob)
        .int("targetBg", segment.target)
        .int("isf", segment.isf)
        .int("selectedIob", 1)
        .int("bgSourceType", 1);
    let number = world.push(16, at, properties)?;
    let at = world.instant(at);
    world.truth.bg_checks.push(BgCheck {
        number,
        at,
        bg,
        typed,
    });
    Some(number)
}
