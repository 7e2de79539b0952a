//! Basal delivery, second by second, and what the pump tells of it: event 279 every five minutes on a grid of its own, and
//! event 3 in the second of a change.
//!
//! Insulin stops at event 11 and starts at 12; 279 tells up to five minutes later. So it is captured: 11 at 10:01:49, 279
//! with source 0 at 10:04:05, 12 at 10:16:31.

use super::super::rng::Rng;
use super::super::truth::{BasalSegment, RateReport};
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

/// Bits of event 3's `changeType`.
const BY_SEGMENT: i64 = 0;
const BY_PROFILE: i64 = 1;
const BY_TEMP_START: i64 = 2;
const BY_TEMP_END: i64 = 3;
const BY_SUSPENSION: i64 = 4;
const BY_RESUMPTION: i64 = 5;
const BY_SHUT_DOWN: i64 = 6;

/// What happens to delivery; of one second, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    /// The log falls silent: nobody knows what is delivered from here on.
    Lost,
    ShutsDown,
    Stops,
    Starts,
    TempEnds,
    TempStarts(i64),
    SegmentChanges,
    Tick,
}

pub(super) fn deliver(world: &mut World<'_>) {
    if !world.has(Feature::Basal) {
        return;
    }
    let mut rng = world.rng(1);
    let moments = moments(world, &mut rng);
    let mut pump = Pump::new(world, rng);
    for (index, (at, moment)) in moments.iter().enumerate() {
        let next = moments.get(index + 1);
        let report_follows = next.is_some_and(|(at, next)| {
            *next == Moment::Tick && *at < pump.world.end() && !pump.world.in_gap(*at)
        });
        pump.pass(*at, *moment, report_follows);
    }
}

fn moments(world: &World<'_>, rng: &mut Rng) -> Vec<(i64, Moment)> {
    let (start, end) = (world.start(), world.end());
    let mut moments = Vec::new();
    let mut at = start + rng.between(0, FIVE_MINUTES - 1);
    let mut before: Option<i64> = None;
    while at < end {
        moments.push((at, Moment::Tick));
        if let Some(before) = before {
            moments.extend(segment_change(world, before, at));
        }
        before = Some(at);
        at += FIVE_MINUTES + rng.between(0, 1);
    }
    for day in world.days() {
        // Each draw happens whether or not it is used, so that a feature leaves the other's times alone.
        for _ in 0..3 {
            let (from, length, percent) = (
                day + rng.between(0, 28_800),
                rng.between(100, 9_000),
                rng.between(0, 20) * 10,
            );
            let from = from + rng.between(0, 2) * 28_800;
            let alone = !moments.iter().any(|(at, moment)| {
                matches!(moment, Moment::TempStarts(_) | Moment::TempEnds)
                    && (from - 10_000..from + 10_000).contains(at)
            });
            if world.has(Feature::TempRates) && alone && rng.chance(40) {
                moments.push((from, Moment::TempStarts(percent)));
                moments.push((from + length, Moment::TempEnds));
            }
        }
    }
    for suspension in &world.truth.suspensions {
        moments.push((suspension.from.timestamp(), Moment::Stops));
        let resumed = suspension.to.map(|to| (to.timestamp(), Moment::Starts));
        moments.extend(resumed);
    }
    for shut_down in &world.truth.shut_downs {
        moments.push((shut_down.from.timestamp(), Moment::ShutsDown));
        let by_hand = shut_down.resumed.is_some();
        let moment = if by_hand {
            Moment::Starts
        } else {
            Moment::Tick
        };
        moments.push((shut_down.to.timestamp(), moment));
    }
    for (from, _) in &world.truth.gaps {
        moments.push((from.timestamp(), Moment::Lost));
    }
    moments.retain(|(at, _)| *at < end);
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// The second between two others at which the profile's rate changes on the pump's clock.
fn segment_change(world: &World<'_>, before: i64, at: i64) -> Option<(i64, Moment)> {
    let rate = |second: i64| world.plan.segment_at(world.clock.wall(second)).basal;
    if rate(before) == rate(at) {
        return None;
    }
    let (mut old, mut new) = (before, at);
    while new - old > 1 {
        let middle = old + (new - old) / 2;
        if rate(middle) == rate(before) {
            old = middle;
        } else {
            new = middle;
        }
    }
    Some((new, Moment::SegmentChanges))
}

/// The pump at work.
struct Pump<'w, 'a> {
    world: &'w mut World<'a>,
    rng: Rng,
    /// Percent of the profile's rate.
    temp: Option<i64>,
    stopped: bool,
    /// What it delivers unless stopped, mU/h.
    rate: i64,
    /// The next report has to say this rate.
    settled: bool,
    /// The next report must not say this rate: a rate change said so, and was wrong.
    denied: Option<i64>,
    /// Whether the log tells of the rate right now.
    known: bool,
    dates_changes: bool,
    reports: bool,
    looped: bool,
}

impl<'w, 'a> Pump<'w, 'a> {
    fn new(world: &'w mut World<'a>, rng: Rng) -> Self {
        let reports = !world.has(Feature::ChangesOnly);
        Pump {
            temp: None,
            stopped: false,
            rate: world.plan.segment_at(world.clock.wall(world.start())).basal,
            settled: false,
            denied: None,
            known: false,
            dates_changes: world.has(Feature::RateChanges) || !reports,
            reports,
            looped: world.has(Feature::ControlIq) && reports,
            world,
            rng,
        }
    }

    fn pass(&mut self, at: i64, moment: Moment, report_follows: bool) {
        match moment {
            Moment::Lost => {
                self.known = false;
                self.end_segment(at);
            }
            Moment::ShutsDown => {
                self.stopped = true;
                self.delivers(at, 0);
                // Some only sound the alarm.
                let tells = self.rng.chance(60) || !self.reports;
                if tells {
                    self.record_change(at, BY_SHUT_DOWN, 0);
                }
            }
            Moment::Stops => {
                self.stopped = true;
                self.delivers(at, 0);
                if self.dates_changes {
                    self.record_change(at, BY_SUSPENSION, 0);
                }
            }
            Moment::Starts => {
                self.stopped = false;
                self.rate = self.asked_for(at);
                // Without a rate change, the next report tells since when.
                self.settled = !self.dates_changes || self.rng.chance(60);
                self.delivers(at, self.rate);
                if self.dates_changes {
                    self.record_change(at, BY_RESUMPTION, self.rate);
                }
            }
            Moment::TempStarts(percent) => {
                self.temp = Some(percent);
                self.changes(at, BY_TEMP_START);
            }
            Moment::TempEnds => {
                self.temp = None;
                self.changes(at, BY_TEMP_END);
            }
            Moment::SegmentChanges => {
                let asked_for = self.asked_for(at);
                let may_mislead = self.looped && self.temp.is_none() && report_follows;
                let misleads = may_mislead && self.known && self.rng.chance(50);
                if misleads && self.dates_changes && !self.stopped && asked_for != self.rate {
                    // The algorithm goes on as it did. Whether a pump ever writes this is not known.
                    self.denied = Some(asked_for);
                    self.record_change(at, BY_SEGMENT, asked_for);
                } else {
                    self.changes(at, BY_SEGMENT);
                }
            }
            Moment::Tick => self.tick(at),
        }
    }

    /// What temp rate and profile ask for.
    fn asked_for(&self, at: i64) -> i64 {
        let profile = self.profile(at);
        self.temp.map_or(profile, |percent| profile * percent / 100)
    }

    fn profile(&self, at: i64) -> i64 {
        self.world.plan.segment_at(self.world.clock.wall(at)).basal
    }

    /// The rate becomes what is asked for in this very second, if the pump dates changes.
    fn changes(&mut self, at: i64, why: i64) {
        if self.stopped || !self.dates_changes || self.world.in_gap(at) {
            return;
        }
        self.rate = self.asked_for(at);
        self.settled = true;
        self.delivers(at, self.rate);
        self.record_change(at, why, self.rate);
    }

    fn tick(&mut self, at: i64) {
        // A pump that was shut down goes on by itself.
        let off = self.world.truth.shut_downs.iter();
        let mut woken = off.filter(|off| off.to.timestamp() == at && off.resumed.is_none());
        if woken.next().is_some() {
            self.stopped = false;
        }
        let quiet = self.stopped && self.world.has(Feature::QuietSuspensions);
        if quiet || self.world.in_gap(at) {
            return;
        }
        if !self.reports {
            if !self.known {
                self.changes(at, BY_PROFILE);
            }
            return;
        }
        let profile = self.profile(at);
        let (denied, settled) = (self.denied.take(), self.settled);
        if !self.stopped {
            self.settled = false;
        }
        if !self.stopped && !settled {
            self.rate = match self.temp {
                None if self.looped => self.vary(profile),
                _ => self.asked_for(at),
            };
            if denied == Some(self.rate) {
                self.rate += 5;
            }
        }
        let rate = if self.stopped { 0 } else { self.rate };
        let source = match (self.stopped, self.temp, self.looped) {
            (true, ..) => SUSPENDED,
            (false, Some(_), false) => TEMP,
            (false, Some(_), true) => TEMP_AND_ALGORITHM,
            (false, None, true) => ALGORITHM,
            (false, None, false) => PROFILE,
        };
        let odd = self.world.has(Feature::UnknownEnums) && !self.stopped && self.rng.chance(2);
        let source = if odd { 9 } else { source };
        let applies = |rate: i64, when: bool| if when { rate } else { NO_RATE };
        let properties = Properties::new()
            .int("commandedRateSource", source)
            .int("reservedA2", source)
            .int("spareA3", 0)
            .int("commandedRate", rate)
            .int("profileBasalRate", profile)
            .int("algorithmRate", applies(rate, self.looped && !self.stopped))
            .int("tempRate", applies(self.asked_for(at), self.temp.is_some()));
        let Some(number) = self.world.push(279, at, properties) else {
            return;
        };
        self.delivers(at, rate);
        self.world.truth.told.push((self.world.instant(at), rate));
        self.world.truth.reports.push(RateReport {
            number,
            at: self.world.instant(at),
            rate,
            suspended: self.stopped,
        });
    }

    /// The algorithm's rate: often unchanged, sometimes the profile's, sometimes nothing, else a step away from the last.
    fn vary(&mut self, profile: i64) -> i64 {
        match self.rng.between(0, 99) {
            0..35 => self.rate,
            35..45 => profile,
            45..52 => 0,
            _ => {
                let step = self.rng.between(-profile / 3, profile / 3);
                (self.rate + step).clamp(0, profile * 3)
            }
        }
    }

    /// The truth: this rate from this second on.
    fn delivers(&mut self, at: i64, rate: i64) {
        self.known = true;
        let suspended = self.stopped;
        let last = self.world.truth.basal.last();
        let goes_on = |last: &BasalSegment| {
            last.to.is_none() && (last.rate, last.suspended) == (rate, suspended)
        };
        if last.is_some_and(goes_on) {
            return;
        }
        self.end_segment(at);
        let from = self.world.instant(at);
        self.world.truth.basal.push(BasalSegment {
            from,
            to: None,
            rate,
            suspended,
        });
    }

    fn end_segment(&mut self, at: i64) {
        let at = self.world.instant(at);
        let basal = &mut self.world.truth.basal;
        if let Some(last) = basal.last_mut()
            && last.to.is_none()
        {
            last.to = Some(at);
            if last.from == at {
                basal.pop();
            }
        }
    }

    /// Event 3.
    fn record_change(&mut self, at: i64, why: i64, rate: i64) {
        let properties = Properties::new()
            .units("commandedBasalRate", rate)
            .units("baseBasalRate", self.profile(at))
            .int("maxBasalRate", 3)
            .int("idp", 0)
            .bits("changeType", &[why]);
        if self.world.push(3, at, properties).is_some() {
            let at = self.world.instant(at);
            self.world.truth.told.push((at, rate));
        }
    }
}
