//! What the pump's log says about basal delivery, in log order: reports, changes, stops and starts.
//!
//! Several events may describe one moment: in the second of a suspension (11) or a resumption (12) the pump also writes a rate
//! change (3), before or after it. Together they make one moment.

use chrono::{DateTime, Duration, Utc};

use crate::pump::clock::DatedEvent;
use crate::pump::event::{BasalRateChange, Bits, Detail, EventId, RateSource};
use crate::pump::quantity::MilliUnitsPerHour;

/// Events at most this far apart describe the same moment.
const AT_ONCE: Duration = Duration::seconds(2);

/// The pump reports its rate about every five minutes. If no report follows within this time, it has stopped.
const NEXT_REPORT: Duration = Duration::seconds(330);

/// The `alarmId` of a pump whose battery is empty.
const BATTERY_SHUTDOWN: i64 = 12;

/// Bits of `changeType`.
const TIMED_SEGMENT: u32 = 0;
const NEW_PROFILE: u32 = 1;
const TEMP_START: u32 = 2;
const TEMP_END: u32 = 3;
const SUSPENDED: u32 = 4;
const RESUMED: u32 = 5;
const SHUT_DOWN: u32 = 6;

/// A moment at which the log says something about basal delivery.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub id: EventId,
    pub at: DateTime<Utc>,
    pub tells: Tells,
}

/// What the log says at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tells {
    /// The rate that is being delivered, whenever it began.
    Rate(MilliUnitsPerHour, Option<RateSource>),
    /// The rate from this second on, if the next report agrees.
    Change(MilliUnitsPerHour, Option<RateSource>),
    /// Delivery stops at this second.
    Stop(Stop),
    /// Delivery starts at this second, with this rate if the log says so.
    Start(Option<MilliUnitsPerHour>),
    /// The empty-battery alarm, and whether delivery seems to have stopped at this second.
    EmptyBattery { stops: bool },
}

/// Why delivery stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Suspension,
    ShutDown,
}

/// How a pump reports its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// About every five minutes (279).
    Reports,
    /// At changes (3) and at midnight (90) only, as pumps before Control-IQ do.
    Changes,
}

impl Telling {
    pub(super) fn of(events: &[DatedEvent]) -> Telling {
        let reports = |event: &DatedEvent| matches!(event.event.detail, Detail::BasalDelivery(_));
        if events.iter().any(reports) {
            Telling::Reports
        } else {
            Telling::Changes
        }
    }
}

/// The moments of a history at which the log says something about delivery.
pub(super) fn moments(events: &[DatedEvent], telling: Telling) -> Vec<Moment> {
    let tells = |(index, event): (usize, &DatedEvent)| {
        Some(Moment {
            id: event.event.id,
            at: event.at,
            tells: tells(events, index, telling)?,
        })
    };
    events.iter().enumerate().filter_map(tells).collect()
}

fn tells(events: &[DatedEvent], index: usize, telling: Telling) -> Option<Tells> {
    match &events[index].event.detail {
        Detail::BasalDelivery(report) => Some(Tells::Rate(report.commanded, report.source)),
        Detail::PumpingSuspended(_) => Some(Tells::Stop(Stop::Suspension)),
        Detail::PumpingResumed(_) => Some(Tells::Start(rate_of_start(events, index))),
        Detail::BasalRateChange(change) => {
            let at_once = |wanted: fn(&Detail) -> bool| {
                at_once_with(events, index).any(|event| wanted(&event.event.detail))
            };
            let suspended = at_once(|detail| matches!(detail, Detail::PumpingSuspended(_)));
            let resumed = at_once(|detail| matches!(detail, Detail::PumpingResumed(_)));
            change_tells(change, suspended, resumed, telling)
        }
        Detail::NewDay(day) if telling == Telling::Changes => {
            Some(Tells::Rate(day.commanded?, None))
        }
        Detail::AlarmActivated(alarm)
            if alarm.id == BATTERY_SHUTDOWN && telling == Telling::Reports =>
        {
            let stops = !is_told_of_soon(events, index);
            let mut at_once = at_once_with(events, index);
            (!at_once.any(|event| shuts_down(&event.event.detail)))
                .then_some(Tells::EmptyBattery { stops })
        }
        _ => None,
    }
}

/// What a rate change says, which may come with a suspension or a resumption in the same moment.
fn change_tells(
    change: &BasalRateChange,
    suspended: bool,
    resumed: bool,
    telling: Telling,
) -> Option<Tells> {
    let bits = change.change;
    if bits.has(SHUT_DOWN) {
        return Some(Tells::Stop(Stop::ShutDown));
    }
    if bits.has(SUSPENDED) {
        return (!suspended).then_some(Tells::Stop(Stop::Suspension));
    }
    if resumed || suspended && !bits.has(RESUMED) {
        return None;
    }
    let rate = change.commanded?;
    Some(match telling {
        _ if bits.has(RESUMED) => Tells::Start(Some(rate)),
        Telling::Reports => Tells::Change(rate, source_of(bits)),
        Telling::Changes => Tells::Rate(rate, source_of(bits)),
    })
}

fn shuts_down(detail: &Detail) -> bool {
    matches!(detail, Detail::BasalRateChange(change) if change.change.has(SHUT_DOWN))
}

/// The other events of the moment of an event.
fn at_once_with(events: &[DatedEvent], index: usize) -> impl Iterator<Item = &DatedEvent> {
    let at = events[index].at;
    let near = move |event: &&DatedEvent| (event.at - at).abs() <= AT_ONCE;
    let before = events[..index].iter().rev().take_while(near);
    before.chain(events[index + 1..].iter().take_while(near))
}

/// The rate in the rate change that comes with a resumption.
fn rate_of_start(events: &[DatedEvent], index: usize) -> Option<MilliUnitsPerHour> {
    let changes = || {
        at_once_with(events, index).filter_map(|event| match &event.event.detail {
            Detail::BasalRateChange(change) => Some(change),
            _ => None,
        })
    };
    let resumes = |change: &&BasalRateChange| change.change.has(RESUMED);
    let stops =
        |change: &BasalRateChange| change.change.has(SUSPENDED) || change.change.has(SHUT_DOWN);
    let chosen = changes()
        .find(resumes)
        .or_else(|| changes().find(|change| !stops(change)));
    chosen.and_then(|change| change.commanded)
}

/// Whether the pump reports delivery soon after an empty-battery alarm: then it goes on for now.
fn is_told_of_soon(events: &[DatedEvent], index: usize) -> bool {
    let until = events[index].at + NEXT_REPORT;
    let soon = events[index + 1..]
        .iter()
        .map_while(|event| (event.at <= until).then_some(&event.event.detail));
    soon.into_iter()
        .any(|detail| matches!(detail, Detail::BasalDelivery(_)) || shuts_down(detail))
}

/// The source of a rate change, if its bits show it.
fn source_of(change: Bits) -> Option<RateSource> {
    let any = |bits: [u32; 3]| bits.into_iter().any(|bit| change.has(bit));
    if change.has(TEMP_START) {
        Some(RateSource::TempRate)
    } else if any([TEMP_END, TIMED_SEGMENT, NEW_PROFILE]) {
        Some(RateSource::Profile)
    } else {
        None
    }
}
