//! The stories of the search, each made from its seed.

use chrono::{DateTime, Duration, TimeZone, Utc};
use chrono_tz::Tz;

use crate::simulator::history::calendar::{transitions, zone_offset};
use crate::simulator::history::{ClockStory, Feature, Features, Plan, Step};
use crate::simulator::rng::Rng;

const HOUR: i64 = 3600;
const MINUTE: i64 = 60;

const ZONES: [Tz; 10] = [
    chrono_tz::Pacific::Chatham,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::America::New_York,
    chrono_tz::Europe::London,
    chrono_tz::Australia::Adelaide,
    chrono_tz::Pacific::Auckland,
    chrono_tz::America::St_Johns,
    chrono_tz::Europe::Berlin,
    chrono_tz::America::Los_Angeles,
    chrono_tz::America::Phoenix,
];

/// What befalls a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It follows its zone by itself.
    Follows,
    /// Nobody moves it when the zone changes.
    NeverMoved,
    /// Its owner moves it, some hours late.
    ByHand,
    /// Its owner moves it the wrong way, and mends that hours later.
    WrongWay,
    /// A journey there and back.
    Journey,
    /// A pump that lost its clock, set right.
    Lost,
    /// A pump that lost its clock, set to AM for PM or the other way round, and corrected.
    LostHalfADay,
    /// A wrong month or year, corrected.
    WrongDate,
    /// A small movement.
    Small,
    /// It follows its zone by itself, 13 to 20 hours late.
    FollowsLate,
    /// Set to AM for PM or the other way round, and corrected.
    HalfADay,
    /// It runs fast or slow, and is put right.
    Drift,
    /// A journey there, or there and back, while no run could do anything for days.
    JourneyInAnOutage,
    /// The pump's numbers begin again, in a new group; and a journey before or after that.
    NewGroup,
    /// A second pump: the first one goes on logging in a drawer, and the second may begin before the first one stops.
    TwoPumps,
    /// Some of a bolus's events come hours later than others.
    Piecemeal,
    /// Boluses that come more than a day after everything else.
    Late,
}

const KINDS: [Kind; 17] = [
    Kind::Follows,
    Kind::NeverMoved,
    Kind::ByHand,
    Kind::WrongWay,
    Kind::Journey,
    Kind::Lost,
    Kind::LostHalfADay,
    Kind::WrongDate,
    Kind::Small,
    Kind::FollowsLate,
    Kind::HalfADay,
    Kind::Drift,
    Kind::JourneyInAnOutage,
    Kind::NewGroup,
    Kind::TwoPumps,
    Kind::Piecemeal,
    Kind::Late,
];

/// The fixed seeds: one of each kind.
pub const FIXED: u64 = KINDS.len() as u64;

/// The events that tell of boluses.
const BOLUS_CODES: [u32; 6] = [64, 65, 66, 55, 280, 20];

/// An upload: when, and until when the pump's history is in it.
#[derive(Clone, Copy, Debug)]
pub struct Upload {
    pub at: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// One run.
#[derive(Clone, Debug)]
pub struct Run {
    pub now: DateTime<Utc>,
    /// What was uploaded by then.
    pub upload: Upload,
    /// What the account's answer is from: the phone may upload before the next call.
    pub answer: Upload,
    /// The kinds of events that have not come since an instant.
    pub hidden: Option<(DateTime<Utc>, Vec<u32>)>,
}

/// A span in which some kinds of events do not come.
#[derive(Clone, Debug)]
struct Hidden {
    span: (i64, i64),
    codes: Vec<u32>,
}

/// One story.
#[derive(Clone, Debug)]
pub struct Story {
    seed: u64,
    zone: Tz,
    kind: Kind,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    steps: Vec<Step>,
    /// By how much it is put right, where it drifts.
    drift: Vec<(DateTime<Utc>, i64)>,
    /// When the pump's numbers begin again.
    restart: Option<DateTime<Utc>>,
    /// When the second pump begins.
    second: Option<DateTime<Utc>>,
    /// What befalls the second pump's clock, where the two do not follow the zone.
    second_steps: Option<Vec<Step>>,
    /// Without a run.
    outage: Option<(i64, i64)>,
    hidden: Vec<Hidden>,
    cadence: i64,
    /// Whether another uploader brings the same sensor's glucose.
    pub witness: bool,
    /// Whether the account means the greatest time that a clock showed by the one of its newest event.
    pub newest_is_greatest: bool,
}

fn instant(second: i64) -> DateTime<Utc> {
    Utc.timestamp_opt(second, 0).single().expect("an instant")
}

impl Story {
    pub fn of(seed: u64) -> Story {
        let mut rng = Rng::new(seed, 4711);
        let kind = KINDS[(seed % KINDS.len() as u64) as usize];
        let mut zone = rng.pick(&ZONES);
        let year = Utc
            .with_ymd_and_hms(2026, 1, 5, 0, 0, 0)
            .single()
            .expect("a day")
            .timestamp();
        let around_a_change = matches!(
            kind,
            Kind::Follows | Kind::NeverMoved | Kind::ByHand | Kind::WrongWay | Kind::FollowsLate
        ) || rng.chance(15);
        let mut changes = transitions(zone, year, year + 355 * 24 * HOUR);
        if around_a_change && changes.is_empty() {
            zone = chrono_tz::America::New_York;
            changes = transitions(zone, year, year + 355 * 24 * HOUR);
        }
        let middle = match around_a_change {
            true => rng.pick(&changes),
            false => year + rng.between(10, 340) * 24 * HOUR,
        };
        let start = middle - rng.between(14, 60) * HOUR;
        let end = middle + rng.between(50, 80) * HOUR;
        let mut story = Story {
            seed,
            zone,
            kind,
            start: instant(start),
            end: instant(end),
            steps: Vec::new(),
            drift: Vec::new(),
            restart: None,
            second: None,
            second_steps: None,
            outage: None,
            hidden: Vec::new(),
            cadence: 0,
            witness: rng.chance(50),
            newest_is_greatest: Rng::new(seed, 4714).chance(30),
        };
        story.cadence = match rng.between(0, 9) {
            // As a scheduler starts it; the fixed seeds are to be cheap.
            0 if seed >= FIXED => 10 * MINUTE,
            0..=2 if seed >= FIXED => HOUR,
            0..=5 if seed >= FIXED => 2 * HOUR,
            6 | 7 => 4 * HOUR,
            _ => 6 * HOUR,
        };
        let shift = zone_offset(zone, middle) - zone_offset(zone, middle - 1);
        let mut steps = Vec::new();
        let mut step = |at: i64, shift: i64, recorded: bool| {
            steps.push(Step {
                at: instant(at),
                shift,
                recorded,
            });
        };
        let during = middle + rng.between(-10, 20) * HOUR + rng.between(0, 3599);
        match kind {
            Kind::Follows => step(middle, shift, false),
            Kind::NeverMoved => {}
            Kind::ByHand => step(middle + rng.between(20 * MINUTE, 55 * HOUR), shift, true),
            Kind::WrongWay => {
                let at = middle + rng.between(HOUR, 20 * HOUR);
                step(at, -shift, true);
                step(at + rng.between(2 * HOUR, 20 * HOUR), 2 * shift, true);
            }
            Kind::Journey => {
                let hours = rng.between(1, 9) * rng.pick(&[-1, 1]);
                step(during, hours * HOUR, true);
                step(during + rng.between(10, 30) * HOUR, -hours * HOUR, true);
            }
            Kind::Lost | Kind::LostHalfADay => {
                let fall = Step::to_2008(during, zone_offset(zone, start));
                step(during, fall, false);
                let set = during + rng.between(2 * MINUTE, 3 * HOUR);
                let wrong = match kind {
                    Kind::LostHalfADay => rng.pick(&[-12, 12]) * HOUR,
                    _ => 0,
                };
                step(set, wrong - fall, true);
                if wrong != 0 {
                    step(set + rng.between(3 * HOUR, 30 * HOUR), -wrong, true);
                }
            }
            Kind::WrongDate => {
                let days = rng.pick(&[-365, -31, -30, -1, 1, 30, 31, 365]);
                step(during, days * 24 * HOUR, true);
                step(
                    during + rng.between(2 * HOUR, 20 * HOUR),
                    -days * 24 * HOUR,
                    true,
                );
            }
            Kind::Small => {
                let size = rng.pick(&[450, 720, 960, 1380]) * rng.pick(&[-1, 1]);
                step(during, size, true);
            }
            Kind::FollowsLate => step(middle + rng.between(13, 20) * HOUR, shift, false),
            Kind::HalfADay => {
                let shift = rng.pick(&[-12, 12]) * HOUR;
                step(during, shift, true);
                step(during + rng.between(3 * HOUR, 30 * HOUR), -shift, true);
            }
            Kind::Drift => {
                // In days a clock drifts by half a minute at the most, in weeks by minutes.
                let sign = rng.pick(&[-1, 1]);
                if rng.chance(50) {
                    story.drift = vec![(instant(during), rng.between(10, 30) * sign)];
                } else {
                    let size = rng.between(40, 300) * sign;
                    step(start - HOUR, -size, false);
                    step(during, size, true);
                }
            }
            Kind::JourneyInAnOutage => {
                let hours = rng.between(1, 9) * rng.pick(&[-1, 1]);
                step(during, hours * HOUR, true);
                let mut last = during;
                if rng.chance(60) {
                    last += rng.between(10, 50) * HOUR;
                    step(last, -hours * HOUR, true);
                }
                let until = last + rng.between(1, 20) * HOUR;
                story.outage = Some((during - rng.between(1, 9) * HOUR, until));
                story.end = instant(until + rng.between(30, 50) * HOUR);
            }
            Kind::NewGroup => {
                let hours = rng.between(1, 9) * rng.pick(&[-1, 1]);
                step(during, hours * HOUR, true);
                story.restart = Some(instant(during + rng.between(-9 * HOUR, 20 * HOUR)));
            }
            Kind::TwoPumps => story.second = Some(instant(middle)),
            Kind::Piecemeal => {
                let mut from = start + rng.between(2, 12) * HOUR;
                while from < end - 12 * HOUR {
                    let mut codes = BOLUS_CODES.to_vec();
                    rng.shuffle(&mut codes);
                    codes.truncate(rng.between(1, 5) as usize);
                    let until = from + rng.between(HOUR, 9 * HOUR);
                    let span = (from, until);
                    story.hidden.push(Hidden { span, codes });
                    from = until + rng.between(HOUR, 20 * HOUR);
                }
            }
            Kind::Late => {
                let from = start + rng.between(4, 20) * HOUR;
                let until = from + rng.between(28, 60) * HOUR;
                let codes = BOLUS_CODES.to_vec();
                story.hidden.push(Hidden {
                    span: (from, until),
                    codes,
                });
                // Until the next look back is done, whatever the hour.
                story.end = instant(until + rng.between(36, 50) * HOUR);
            }
        }
        story.steps = steps;
        if kind == Kind::TwoPumps && seed >= FIXED {
            story.two_clocks((start, middle), shift);
        }
        story
    }

    /// Lets the clocks of two pumps have stories of their own: the zone's changes made up for late, on one or on both; a
    /// journey, on which the old pump may not be moved; or drift that is put right on one or the other.
    fn two_clocks(&mut self, (start, middle): (i64, i64), change: i64) {
        let mut rng = Rng::new(self.seed, 4713);
        let recorded = |at: i64, shift: i64| Step {
            at: instant(at),
            shift,
            recorded: true,
        };
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let on_both = rng.chance(60);
        match rng.between(0, 3) {
            0 if change == 0 => return,
            0 | 1 if change != 0 => {
                let late = middle + rng.between(20 * MINUTE, 30 * HOUR);
                // A new pump is set up at the zone's time.
                first.extend(on_both.then(|| recorded(late, change)));
            }
            0..=2 => {
                let hours = rng.between(1, 9) * rng.pick(&[-1, 1]);
                let there = middle + rng.between(-10, 20) * HOUR + rng.between(0, 3599);
                let back = there + rng.between(10, 30) * HOUR;
                for (at, shift) in [(there, hours * HOUR), (back, -hours * HOUR)] {
                    let is_old = at > middle;
                    if !is_old || on_both {
                        first.push(recorded(at, shift));
                    }
                    // One that is set up abroad begins at that time.
                    let minutes = rng.between(1, 50) * MINUTE;
                    let at = if is_old { at + minutes } else { middle - HOUR };
                    second.push(Step {
                        recorded: is_old,
                        ..recorded(at, shift)
                    });
                }
            }
            _ => {
                for steps in [&mut first, &mut second] {
                    let size = rng.between(40, 300) * rng.pick(&[-1, 1]);
                    let during = middle + rng.between(2, 20) * HOUR;
                    if on_both || rng.chance(50) {
                        steps.push(Step {
                            recorded: false,
                            ..recorded(start - HOUR, -size)
                        });
                        steps.push(recorded(during, size));
                    }
                }
            }
        }
        self.steps = first;
        self.second_steps = Some(second);
    }

    pub fn name(&self) -> String {
        let second = self.second_steps.iter().flatten();
        let steps: Vec<String> = (self.steps.iter().chain(second))
            .map(|step| format!("{} {}", step.at.format("%d %H:%M:%S"), step.shift))
            .collect();
        format!(
            "{:?} in {} from {}, a run every {} minutes, witness {}; {}",
            self.kind,
            self.zone.name(),
            self.start.format("%Y-%m-%d %H:%M"),
            self.cadence / MINUTE,
            self.witness,
            steps.join(", ")
        )
    }

    /// The first pump's history.
    pub fn plan(&self) -> Plan {
        let follows = match self.kind {
            Kind::TwoPumps => self.second_steps.is_none(),
            kind => matches!(kind, Kind::Piecemeal | Kind::Late),
        };
        let clock = match self.drift.as_slice() {
            [] if follows => ClockStory::FollowsZone,
            [] => ClockStory::Steps(self.steps.clone()),
            drift => ClockStory::Drift(drift.to_vec()),
        };
        let mut plan = Plan::day(self.seed)
            .in_zone(self.zone)
            .between(self.start, self.end)
            .with_clock(clock)
            .with_features(Features::only(&[
                Feature::Basal,
                Feature::ControlIq,
                Feature::Meals,
                Feature::AutomaticCorrections,
                Feature::Cgm,
            ]));
        plan.restart = self.restart;
        plan
    }

    /// The second pump's, where there is one.
    pub fn second(&self) -> Option<Plan> {
        let mut plan = (self.plan())
            .between(self.second?, self.end)
            .of_another_pump();
        plan.seed += 1_000_000;
        if let Some(steps) = &self.second_steps {
            plan = plan.with_clock(ClockStory::Steps(steps.clone()));
        }
        Some(plan)
    }

    /// Whether a document may stay off by so many seconds: two truths fit all that was sent.
    pub fn may_stay_off(&self, error: i64) -> bool {
        let error = error.abs();
        match self.kind {
            // Whether the clock was right before a small movement or after it only a witness can tell.
            Kind::Small => !self.witness && error <= 1380,
            // How far it had drifted by when, likewise; what two clocks may differ by counts for nothing.
            Kind::Drift if self.witness => error <= 30 && !self.drift.is_empty(),
            Kind::Drift => error <= 300,
            Kind::TwoPumps => self.second_steps.is_some() && !self.witness && error <= 300,
            _ => false,
        }
    }

    /// By how much an older pump's rates may last into the newer one's time: by what the two clocks may be off, one of
    /// them until glucose tells it: a rate that stands then is not removed.
    pub fn may_overlap(&self) -> Duration {
        Duration::seconds(if self.drifts() { 600 } else { 1 })
    }

    /// How long before the newer pump's first delivery the older one's rates may end: by what the two clocks may be off.
    pub fn may_be_cut(&self) -> Duration {
        Duration::seconds(if self.drifts() && !self.witness {
            600
        } else {
            0
        })
    }

    fn drifts(&self) -> bool {
        let mut steps = self.steps.iter().chain(self.second_steps.iter().flatten());
        steps.any(|step| step.shift.abs() <= 300)
    }

    /// The runs, each with what was uploaded by then.
    pub fn runs(&self) -> Vec<Run> {
        let mut rng = Rng::new(self.seed, 4712);
        let mut uploads = Vec::new();
        let mut at = self.start + Duration::hours(2);
        while at < self.end {
            uploads.push(Upload { at, until: at });
            at += Duration::seconds(match rng.between(0, 11) {
                // The phone was away.
                0 => rng.between(2, 9) * HOUR,
                1 => rng.between(HOUR, 9 * HOUR),
                _ => HOUR + rng.between(-300, 300),
            });
            // The phone is online, and the pump is not with it.
            if rng.chance(6) && at < self.end {
                let hours = rng.between(1, 5);
                let until = uploads
                    .last()
                    .expect("one")
                    .at
                    .max(at - Duration::hours(hours));
                uploads.push(Upload { at, until });
            }
        }
        let mut between_calls = Rng::new(self.seed, 4713);
        let mut runs = Vec::new();
        let mut now = self.start + Duration::hours(3);
        while now < self.end {
            let came = uploads.iter().rposition(|upload| upload.at <= now);
            let is_out = self
                .outage
                .is_some_and(|(from, until)| (from..until).contains(&now.timestamp()));
            // The first run copies one day: it comes before that is over.
            let is_first = runs.is_empty();
            if let Some(came) = came.filter(|_| (!rng.chance(15) && !is_out) || is_first) {
                let answered = match between_calls.chance(8) {
                    true => came.saturating_sub(1),
                    false => came,
                };
                runs.push(self.run(now, uploads[came], uploads[answered]));
            }
            now += Duration::seconds(self.cadence + rng.between(0, 120));
        }
        for minutes in [5, 20, 40] {
            let last = Upload {
                at: self.end,
                until: self.end,
            };
            runs.push(self.run(self.end + Duration::minutes(minutes), last, last));
        }
        runs
    }

    fn run(&self, now: DateTime<Utc>, upload: Upload, answer: Upload) -> Run {
        let second = now.timestamp();
        let hidden = self.hidden.iter().find(|hidden| {
            let (from, until) = hidden.span;
            (from..until).contains(&second)
        });
        Run {
            now,
            upload,
            answer,
            hidden: hidden.map(|hidden| (instant(hidden.span.0), hidden.codes.clone())),
        }
    }
}
