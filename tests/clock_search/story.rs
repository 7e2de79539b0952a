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
}

const KINDS: [Kind; 10] = [
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
];

/// An upload: when, and until when the pump's history is in it.
#[derive(Clone, Copy, Debug)]
pub struct Upload {
    pub at: DateTime<Utc>,
    pub until: DateTime<Utc>,
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
    cadence: i64,
    /// Whether another uploader brings the same sensor's glucose.
    pub witness: bool,
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
            cadence: 0,
            witness: rng.chance(50),
        };
        story.cadence = match rng.between(0, 9) {
            // As a scheduler starts it; the fixed seeds are to be cheap.
            0 if seed >= 10 => 10 * MINUTE,
            0..=2 if seed >= 10 => HOUR,
            0..=5 => 2 * HOUR,
            6 | 7 => 4 * HOUR,
            _ => 6 * HOUR,
        };
        let shift = zone_offset(zone, middle) - zone_offset(zone, middle - 1);
        let mut step = |at: i64, shift: i64, recorded: bool| {
            story.steps.push(Step {
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
        }
        story
    }

    pub fn name(&self) -> String {
        let steps: Vec<String> = self
            .steps
            .iter()
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

    pub fn plan(&self) -> Plan {
        Plan::day(self.seed)
            .in_zone(self.zone)
            .between(self.start, self.end)
            .with_clock(ClockStory::Steps(self.steps.clone()))
            .with_features(Features::only(&[
                Feature::Basal,
                Feature::ControlIq,
                Feature::Meals,
                Feature::AutomaticCorrections,
                Feature::Cgm,
            ]))
    }

    /// Whether a document may stay off by so many seconds: two truths fit all that was sent.
    pub fn may_stay_off(&self, error: i64) -> bool {
        // Whether the clock was right before a small movement or after it only a witness can tell.
        self.kind == Kind::Small && !self.witness && error.abs() <= 1380
    }

    /// The runs, each with what was uploaded by then.
    pub fn runs(&self) -> Vec<(DateTime<Utc>, Upload)> {
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
        let mut runs = Vec::new();
        let mut now = self.start + Duration::hours(3);
        while now < self.end {
            let came = uploads.iter().rev().find(|upload| upload.at <= now);
            if let Some(upload) = came.filter(|_| !rng.chance(15)) {
                runs.push((now, *upload));
            }
            now += Duration::seconds(self.cadence + rng.between(0, 120));
        }
        for minutes in [5, 20, 40] {
            let last = Upload {
                at: self.end,
                until: self.end,
            };
            runs.push((self.end + Duration::minutes(minutes), last));
        }
        runs
    }
}
