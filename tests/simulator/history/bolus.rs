//! Boluses of every kind: who asks for which, when.

use super::super::rng::Rng;
use super::calendar::DAY;
use super::plan::{Feature, Model};
use super::world::World;

/// `options` of 65.
pub(super) const STANDARD: i64 = 0;
pub(super) const EXTENDED: i64 = 1;
pub(super) const QUICK: i64 = 2;
pub(super) const AUTOMATIC: i64 = 3;
pub(super) const PHONE_STANDARD: i64 = 4;
pub(super) const PHONE_EXTENDED: i64 = 5;

/// `completionStatus`.
const ABORTED: i64 = 0;
const BY_ALARM: i64 = 1;
const COMPLETED: i64 = 3;
const REJECTED: i64 = 5;
const BY_LOW_GLUCOSE: i64 = 6;

/// A bolus as it is to happen; amounts in mU.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// The second of its request.
    pub at: i64,
    pub options: i64,
    /// `bolusType` of 64.
    pub request_type: i64,
    /// `bolusSource` of 280.
    pub source: i64,
    pub carbs: i64,
    pub bg: i64,
    pub food: i64,
    pub correction: i64,
    /// To be given at once.
    pub now: i64,
    pub delivered_now: i64,
    pub status: i64,
    pub overridden: bool,
    pub declined: bool,
    pub lost_requests: bool,
    /// Whether 20 and 21 are missing.
    pub lost_completions: [bool; 2],
    /// Whether a BG is entered just before, and if so, by hand.
    pub bg_check: Option<bool>,
    pub later: Option<Later>,
}

/// The part to be given later.
#[derive(Clone, Debug)]
pub(super) struct Later {
    pub minutes: i64,
    pub requested: i64,
    pub delivered: i64,
    pub status: i64,
    /// How long it really takes, seconds.
    pub seconds: i64,
    pub standard_percent: i64,
}

impl Order {
    /// The second at which delivery starts.
    pub fn starts(&self) -> i64 {
        self.at + if self.options == AUTOMATIC { 2 } else { 15 }
    }

    /// The second at which the part given at once is complete: 1.5 s for every 0.05 U.
    pub fn completes(&self) -> i64 {
        self.starts() + (self.delivered_now * 30 / 1000).max(1)
    }
}

/// All boluses of the history, in order of time.
pub(super) fn orders(world: &mut World<'_>) -> Vec<Order> {
    let mut rng = world.rng(4);
    let mut orders = Vec::new();
    for day in world.days() {
        if world.has(Feature::MidnightBoluses) && rng.chance(50) {
            let midnight = world.at_time_of_day(day + DAY / 2, 0);
            add(world, meal(midnight - 30, &mut rng), &mut orders, &mut rng);
        }
        if world.has(Feature::Meals) {
            for hour in [7, 12, 15, 19] {
                let at = world.at_time_of_day(day, hour * 3600 + rng.between(0, 3599));
                add(world, meal(at, &mut rng), &mut orders, &mut rng);
            }
        }
        for _ in 0..rng.between(1, 3) {
            let at = day + rng.between(0, DAY - 1);
            if world.has(Feature::Corrections) {
                add(world, correction(at, &mut rng), &mut orders, &mut rng);
            }
        }
        if world.has(Feature::QuickBoluses) && rng.chance(60) {
            let units = rng.between(1, 8) * 500;
            let quick = Order {
                options: QUICK,
                source: 0,
                now: units,
                delivered_now: units,
                ..plain(day + rng.between(0, DAY - 1))
            };
            add(world, quick, &mut orders, &mut rng);
        }
        if world.has(Feature::ExtendedBoluses) && rng.chance(60) {
            let at = day + rng.between(0, DAY - 1);
            let order = extended(world, at, &mut rng);
            add(world, order, &mut orders, &mut rng);
        }
        if world.has(Feature::AutomaticCorrections) {
            for _ in 0..rng.between(0, 5) {
                let amount = rng.between(90, 6_000);
                let order = Order {
                    options: AUTOMATIC,
                    request_type: 2,
                    source: 7,
                    bg: rng.between(181, 320),
                    correction: amount,
                    now: amount,
                    delivered_now: amount,
                    ..plain(day + rng.between(0, DAY - 1))
                };
                add(world, order, &mut orders, &mut rng);
            }
        }
    }
    orders.sort_by_key(|order| order.at);
    orders
}

/// Lets fate meddle with an order, and keeps it if there is room for it.
fn add(world: &mut World<'_>, mut order: Order, orders: &mut Vec<Order>, rng: &mut Rng) {
    if order.options != AUTOMATIC {
        phone_or_screen(world, &mut order, rng);
        check_bg(world, &mut order, rng);
        overrule(world, &mut order, rng);
    }
    // An extended bolus's now part is left whole: its own fate is decided in `extended`.
    if order.later.is_none() {
        cut_short(world, &mut order, rng);
    }
    order.lost_requests = world.has(Feature::LostRequests) && rng.chance(15);
    if world.has(Feature::LostCompletions) {
        order.lost_completions = [rng.chance(20), rng.chance(30)];
    }
    // Only the part given at once keeps other boluses away: a pump gives a standard bolus during an extension.
    let free = world.reserve(order.at - 4, order.completes() + 4);
    let extension_fits = order.later.as_ref().is_none_or(|later| {
        let (from, to) = (order.completes(), order.completes() + later.seconds);
        let stops = |from_: i64, to_: i64| from_ <= to && to_ >= from;
        let suspended = world.truth.suspensions.iter().any(|s| {
            stops(
                s.from.timestamp(),
                s.to.map_or(i64::MAX, |to| to.timestamp()),
            )
        });
        let silent = world
            .truth
            .gaps
            .iter()
            .any(|(a, b)| stops(a.timestamp(), b.timestamp()));
        let off = world.truth.shut_downs.iter();
        let off = off.map(|off| (off.from.timestamp(), off.to.timestamp()));
        let mut off = off.filter(|(from, to)| stops(*from, *to));
        to < world.end() && !suspended && !silent && off.next().is_none()
    });
    let alone = order.later.is_none() || !orders.iter().any(|other| overlaps(other, &order));
    if free && extension_fits && alone {
        orders.push(order);
    }
}

/// Whether two extensions would run at once.
fn overlaps(one: &Order, other: &Order) -> bool {
    let span = |order: &Order| {
        order
            .later
            .as_ref()
            .map(|later| (order.at, order.completes() + 5 + later.seconds))
    };
    matches!((span(one), span(other)), (Some((a, b)), Some((c, d))) if a <= d && c <= b)
}

/// A correction without anything special, of no insulin.
fn plain(at: i64) -> Order {
    Order {
        at,
        options: STANDARD,
        request_type: 0,
        source: 1,
        carbs: 0,
        bg: 0,
        food: 0,
        correction: 0,
        now: 0,
        delivered_now: 0,
        status: COMPLETED,
        overridden: false,
        declined: false,
        lost_requests: false,
        lost_completions: [false; 2],
        bg_check: None,
        later: None,
    }
}

/// Hundredths of a unit mostly; the calculator's thousandths now and then.
fn rounded(milliunits: i64, rng: &mut Rng) -> i64 {
    if rng.chance(85) {
        (milliunits + 5) / 10 * 10
    } else {
        milliunits
    }
}

fn meal(at: i64, rng: &mut Rng) -> Order {
    let carbs = rng.between(5, 110);
    let bg = if rng.chance(70) {
        rng.between(60, 300)
    } else {
        0
    };
    let food = rounded(carbs * 1000 / 8, rng);
    let correction = if bg > 120 {
        rounded((bg - 110) * 1000 / 45, rng)
    } else {
        0
    };
    let total = food + correction;
    Order {
        request_type: 1,
        carbs,
        bg,
        food,
        correction,
        now: total,
        delivered_now: total,
        ..plain(at)
    }
}

fn correction(at: i64, rng: &mut Rng) -> Order {
    let bg = rng.between(150, 330);
    let total = rounded((bg - 110) * 1000 / 45, rng);
    Order {
        bg,
        correction: total,
        now: total,
        delivered_now: total,
        ..plain(at)
    }
}

fn extended(world: &World<'_>, at: i64, rng: &mut Rng) -> Order {
    let meal = meal(at, rng);
    let percent = rng.pick(&[10, 30, 40, 50, 60, 75]);
    let nothing_now = world.has(Feature::AllLater) && rng.chance(40);
    let percent = if nothing_now { 0 } else { percent };
    let now = if nothing_now {
        0
    } else {
        (meal.now * percent / 100 / 10 * 10).max(10)
    };
    let requested = meal.now - now;
    let minutes = rng.pick(&[30, 60, 90, 120, 180, 240]);
    let aborted = world.has(Feature::AbortedExtensions) && rng.chance(35);
    let seconds = if aborted {
        rng.between(60, minutes * 60 - 60)
    } else {
        minutes * 60
    };
    let delivered = if aborted {
        requested * seconds / (minutes * 60)
    } else {
        requested
    };
    let status = if aborted { ABORTED } else { COMPLETED };
    let later = Later {
        minutes,
        requested,
        delivered,
        status,
        seconds,
        standard_percent: percent,
    };
    Order {
        options: EXTENDED,
        now,
        delivered_now: now,
        later: Some(later),
        ..meal
    }
}

fn phone_or_screen(world: &World<'_>, order: &mut Order, rng: &mut Rng) {
    let mobi = world.plan.model == Model::Mobi && order.options != QUICK;
    if !(mobi || world.has(Feature::PhoneBoluses) && order.options != QUICK && rng.chance(35)) {
        return;
    }
    order.source = 8;
    order.options = if order.later.is_some() {
        PHONE_EXTENDED
    } else {
        PHONE_STANDARD
    };
    if order.carbs > 0 {
        order.request_type = 3;
    }
}

fn check_bg(world: &World<'_>, order: &mut Order, rng: &mut Rng) {
    if order.bg == 0 {
        return;
    }
    if world.has(Feature::FingerBg) && rng.chance(35) {
        order.bg_check = Some(true);
    } else if world.has(Feature::CgmBg) && rng.chance(60) {
        order.bg_check = Some(false);
    }
}

/// Overrides and declined corrections.
fn overrule(world: &World<'_>, order: &mut Order, rng: &mut Rng) {
    if !world.has(Feature::Overrides) || order.later.is_some() || order.options == QUICK {
        return;
    }
    if rng.chance(15) {
        order.overridden = true;
        order.now = (order.now + rng.between(-8, 12) * 100).max(50);
    } else if order.carbs > 0 && order.correction > 0 && rng.chance(25) {
        order.declined = true;
        order.correction = 0;
        order.now = order.food;
    }
    order.delivered_now = order.now;
}

/// Boluses that end early, or before they begin.
fn cut_short(world: &World<'_>, order: &mut Order, rng: &mut Rng) {
    if world.has(Feature::NothingDelivered) && rng.chance(5) {
        order.delivered_now = 0;
        order.status = rng.pick(&[ABORTED, BY_ALARM, REJECTED]);
    } else if world.has(Feature::AbortedBoluses) && rng.chance(10) {
        order.delivered_now = (order.now * rng.between(5, 95) / 100 / 50 * 50).max(10);
        order.status = if order.options == AUTOMATIC {
            BY_ALARM
        } else {
            rng.pick(&[ABORTED, ABORTED, BY_ALARM, BY_LOW_GLUCOSE])
        };
    }
}
