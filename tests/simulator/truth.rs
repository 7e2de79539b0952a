//! What really happened in a generated history: true instants and exact amounts, from which a test computes by itself which
//! documents belong into Nightscout. Every `number` is a sequence number in the history's one sequence group.

use chrono::{DateTime, Utc};

/// The whole truth; every list is in order of time.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Basal rates as they were delivered, whatever the pump told of them.
    pub basal: Vec<BasalSegment>,
    /// Basal rates as event 279 tells them.
    pub reports: Vec<RateReport>,
    /// Every rate that the pump told by event 279 or 3, mU/h, in order of time.
    pub told: Vec<(DateTime<Utc>, i64)>,
    /// Boluses, by completion of the part given now (of the request, where nothing was given now).
    pub boluses: Vec<Bolus>,
    /// Suspensions, events 11 and 12.
    pub suspensions: Vec<Suspension>,
    /// Times at which the pump was off, and known to be.
    pub shut_downs: Vec<ShutDown>,
    /// Cartridge, tubing and cannula fills.
    pub fills: Vec<Fill>,
    /// Alarms, malfunctions, alerts and CGM alerts, as they were raised.
    pub notices: Vec<Notice>,
    /// Activations of profiles.
    pub switches: Vec<ProfileSwitch>,
    /// Sleep and exercise.
    pub modes: Vec<Mode>,
    /// Sensor sessions' starts, joins and stops.
    pub sessions: Vec<Session>,
    /// CGM readings, by the instant of the record (a backfilled one is recorded hours after it was measured).
    pub readings: Vec<Reading>,
    /// Event 16.
    pub bg_checks: Vec<BgCheck>,
    /// Events 9, 34, 35 and 81.
    pub statuses: Vec<Status>,
    /// How many events have a code without a meaning for Nightscout (of those strewn in on purpose).
    pub unknown_codes: usize,
    /// How many elements are no events that can be read.
    pub malformed: usize,
    /// Spans without any event.
    pub gaps: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

/// One rate, from the second at which the pump began it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasalSegment {
    /// The first second.
    pub from: DateTime<Utc>,
    /// The first second of something else, or of a gap; none for the last.
    pub to: Option<DateTime<Utc>>,
    /// mU/h.
    pub rate: i64,
    /// Whether the pump is suspended or off.
    pub suspended: bool,
}

/// One event 279.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateReport {
    /// The event.
    pub number: u64,
    /// Its instant.
    pub at: DateTime<Utc>,
    /// mU/h.
    pub rate: i64,
    /// Whether pumping is suspended.
    pub suspended: bool,
}

/// One bolus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bolus {
    /// The pump's `bolusId`.
    pub id: i64,
    /// Events 64, 65 and 66; none where they were lost.
    pub requests: Option<[u64; 3]>,
    /// Event 20; none where no part was to be given at once, or where it was lost.
    pub completed: Option<u64>,
    /// The event 280 that says that the part given at once is complete.
    pub reported: Option<u64>,
    /// The instant of the request.
    pub requested_at: DateTime<Utc>,
    /// The instant of event 20 (of event 59 without one).
    pub at: DateTime<Utc>,
    /// What was asked for in all, mU.
    pub requested: i64,
    /// What was to be given at once, mU.
    pub requested_now: i64,
    /// What was given at once, mU.
    pub delivered_now: i64,
    /// Grams; 0 is none.
    pub carbs: i64,
    /// mg/dL; 0 is none.
    pub bg: i64,
    /// Event 16 just before, if there is one.
    pub bg_check: Option<u64>,
    /// The food part proposed, mU.
    pub food: i64,
    /// The correction part proposed, mU.
    pub correction: i64,
    /// `bolusType` of 64.
    pub request_type: i64,
    /// `options` of 65.
    pub options: i64,
    /// `bolusSource` of 280.
    pub source: i64,
    /// `completionStatus` of 20.
    pub status: i64,
    /// `userOverride` of 65.
    pub overridden: bool,
    /// `declinedCorrection` of 65.
    pub declined_correction: bool,
    /// Whether the algorithm gave it.
    pub automatic: bool,
    /// The part given later.
    pub extended: Option<Extended>,
}

impl Bolus {
    /// All that was delivered, mU.
    pub fn delivered(&self) -> i64 {
        self.delivered_now + self.extended.as_ref().map_or(0, |later| later.delivered)
    }
}

/// The later part of an extended bolus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extended {
    /// Event 59.
    pub started: u64,
    /// Event 21; none when the history ends before, or where it was lost.
    pub completed: Option<u64>,
    /// The instant of 59.
    pub from: DateTime<Utc>,
    /// The instant of 21, or of the 280 beside it; none when the history ends before.
    pub to: Option<DateTime<Utc>>,
    /// Minutes asked for.
    pub minutes: i64,
    /// `standardPercent` of 65.
    pub standard_percent: i64,
    /// mU asked for.
    pub requested: i64,
    /// mU given by then; 0 when the history ends before.
    pub delivered: i64,
    /// `completionStatus` of 21.
    pub status: i64,
}

/// One suspension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// Event 11.
    pub number: u64,
    /// Event 12; none when the history ends before.
    pub resumed: Option<u64>,
    /// The instant of 11.
    pub from: DateTime<Utc>,
    /// The instant of 12.
    pub to: Option<DateTime<Utc>>,
    /// `suspendReason`.
    pub reason: i64,
}

/// One time at which the pump was off because its battery was empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutDown {
    /// The instant of the alarm.
    pub from: DateTime<Utc>,
    /// The instant at which it delivers again.
    pub to: DateTime<Utc>,
    /// Event 12, where somebody resumed it.
    pub resumed: Option<u64>,
}

/// What was filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillKind {
    /// Event 33.
    Cartridge,
    /// Event 63.
    Tubing,
    /// Event 61.
    Cannula,
}

/// One fill.
#[derive(Clone, Debug, PartialEq)]
pub struct Fill {
    /// The event.
    pub number: u64,
    /// Its instant.
    pub at: DateTime<Utc>,
    /// What was filled.
    pub kind: FillKind,
    /// Units; -1 is not recorded.
    pub units: f64,
    /// `completionStatus`; 3 for a cartridge, which has none.
    pub status: i64,
}

/// What gave notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Event 5.
    Alarm,
    /// Event 6.
    Malfunction,
    /// Event 4.
    Alert,
    /// Event 171, 369 or 460.
    Cgm,
}

/// One alarm, malfunction or alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The event.
    pub number: u64,
    /// Its code.
    pub code: u32,
    /// Its instant.
    pub at: DateTime<Utc>,
    /// What gave notice.
    pub kind: NoticeKind,
    /// `alarmId`, `malfId`, `alertId` or `dalertId`.
    pub id: i64,
    /// Of an alert, event 26 and its instant; none when the history ends before.
    pub cleared: Option<(u64, DateTime<Utc>)>,
}

/// One event 69 with status 3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileSwitch {
    /// The event.
    pub number: u64,
    /// Its instant.
    pub at: DateTime<Utc>,
    /// The profile that became the active one.
    pub name: String,
}

/// A user mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeKind {
    /// Sleep.
    Sleep,
    /// Exercise.
    Exercise,
}

/// One stretch of sleep or exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mode {
    /// The event 229 that starts it.
    pub number: u64,
    /// The event 229 that stops it; none when the history ends before.
    pub stopped: Option<u64>,
    /// The start's instant.
    pub from: DateTime<Utc>,
    /// The stop's instant.
    pub to: Option<DateTime<Utc>>,
    /// Which mode.
    pub kind: ModeKind,
    /// Minutes, of a timed exercise.
    pub timed: Option<i64>,
}

/// What happened to a sensor session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// Events 212, 404.
    Start,
    /// Events 213, 394, 406, 477.
    Join,
    /// Events 214, 447, 405, 486.
    Stop,
}

/// One start, join or stop of a sensor session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The event.
    pub number: u64,
    /// Its code.
    pub code: u32,
    /// Its instant.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: SessionKind,
    /// When the session was started, where the event tells it.
    pub started: Option<DateTime<Utc>>,
}

/// What a reading says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glucose {
    /// mg/dL, 40 to 400.
    Value(i64),
    /// Above the sensor's range.
    High,
    /// Below it.
    Low,
    /// Not to be shown.
    Nothing,
}

/// One CGM reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The event.
    pub number: u64,
    /// Its code, which tells the sensor.
    pub code: u32,
    /// When the pump recorded it.
    pub recorded_at: DateTime<Utc>,
    /// When it was measured.
    pub at: DateTime<Utc>,
    /// What it says.
    pub glucose: Glucose,
    /// `rate` as sent: tenths of mg/dL/min, 127 for none.
    pub rate: i64,
    /// Whether it came late.
    pub backfilled: bool,
}

/// One event 16.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BgCheck {
    /// The event.
    pub number: u64,
    /// Its instant.
    pub at: DateTime<Utc>,
    /// mg/dL.
    pub bg: i64,
    /// Typed in by hand, not taken from the CGM.
    pub typed: bool,
}

/// One status event; what it does not say is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The event.
    pub number: u64,
    /// Its code.
    pub code: u32,
    /// Its instant.
    pub at: DateTime<Utc>,
    /// Units in the cartridge.
    pub reservoir: Option<i64>,
    /// Percent.
    pub battery: Option<i64>,
    /// Insulin on board, mU.
    pub iob: Option<i64>,
}

impl Truth {
    /// All boluses' delivered insulin, mU.
    pub fn bolus_milliunits(&self) -> i64 {
        self.boluses.iter().map(Bolus::delivered).sum()
    }

    /// Basal insulin between two instants as rate times time: mU/h times seconds (divide by 3600 for mU). The last rate
    /// counts until `to`.
    pub fn basal_milliunit_seconds(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
        let span = |segment: &BasalSegment| {
            let end = segment.to.unwrap_or(to).min(to);
            (end - segment.from.max(from)).num_seconds().max(0)
        };
        let low = self
            .basal
            .partition_point(|segment| segment.to.is_some_and(|end| end <= from));
        let high = self
            .basal
            .partition_point(|segment| segment.from < to)
            .max(low);
        self.basal[low..high]
            .iter()
            .map(|segment| segment.rate * span(segment))
            .sum()
    }

    /// The basal rate at an instant, mU/h; none where nobody knows.
    pub fn rate_at(&self, at: DateTime<Utc>) -> Option<i64> {
        let begun = self.basal.partition_point(|segment| segment.from <= at);
        let segment = self.basal[..begun].last()?;
        segment.to.is_none_or(|to| at < to).then_some(segment.rate)
    }

    /// Turns provisional numbers into final ones.
    pub(super) fn renumber(&mut self, numbers: &[u64]) {
        let map = |number: &mut u64| *number = numbers[*number as usize];
        let maybe = |number: &mut Option<u64>| {
            if let Some(number) = number {
                map(number);
            }
        };
        self.reports
            .iter_mut()
            .for_each(|item| map(&mut item.number));
        for shut_down in &mut self.shut_downs {
            maybe(&mut shut_down.resumed);
        }
        for bolus in &mut self.boluses {
            bolus.requests.iter_mut().flatten().for_each(map);
            maybe(&mut bolus.completed);
            maybe(&mut bolus.reported);
            maybe(&mut bolus.bg_check);
            if let Some(extended) = &mut bolus.extended {
                map(&mut extended.started);
                maybe(&mut extended.completed);
            }
        }
        for suspension in &mut self.suspensions {
            map(&mut suspension.number);
            maybe(&mut suspension.resumed);
        }
        self.fills.iter_mut().for_each(|item| map(&mut item.number));
        for notice in &mut self.notices {
            map(&mut notice.number);
            if let Some((number, _)) = &mut notice.cleared {
                map(number);
            }
        }
        self.switches
            .iter_mut()
            .for_each(|item| map(&mut item.number));
        for mode in &mut self.modes {
            map(&mut mode.number);
            maybe(&mut mode.stopped);
        }
        self.sessions
            .iter_mut()
            .for_each(|item| map(&mut item.number));
        self.readings
            .iter_mut()
            .for_each(|item| map(&mut item.number));
        self.statuses
            .iter_mut()
            .for_each(|item| map(&mut item.number));
        self.bg_checks
            .iter_mut()
            .for_each(|item| map(&mut item.number));
    }

    /// Puts every list in order of time.
    pub(super) fn sort(&mut self) {
        self.boluses.sort_by_key(|item| item.at);
        self.suspensions.sort_by_key(|item| item.from);
        self.shut_downs.sort_by_key(|item| item.from);
        self.fills.sort_by_key(|item| item.at);
        self.notices.sort_by_key(|item| item.at);
        self.switches.sort_by_key(|item| item.at);
        self.modes.sort_by_key(|item| item.from);
        self.sessions.sort_by_key(|item| item.at);
        self.readings.sort_by_key(|item| item.recorded_at);
        self.bg_checks.sort_by_key(|item| item.at);
        self.statuses.sort_by_key(|item| item.at);
    }
}
