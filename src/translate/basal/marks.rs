//! What the pump's log tells of its delivery, in the order in which it wrote it: reports, changes, stops and starts.
//!
//! Several events tell of one moment: beside a suspension (11) or a resumption (12) the pump writes a rate change (3) in the
//! same second, before or after it. They make one mark.

use chrono::{DateTime, Duration, Utc};

use crate::pump::clock::DatedEvent;
use crate::pump::event::{BasalRateChange, Bits, Detail, EventId, RateSource};
use crate::pump::quantity::MilliUnitsPerHour;

/// Events that lie no further apart tell of the same moment.
const MOMENT: Duration = Duration::seconds(2);

/// The pump reports its rate about every five minutes. Where no report follows within this time, it has stopped.
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

/// A moment at which the log tells something of the delivery.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(crate) id: EventId,
    pub(crate) at: DateTime<Utc>,
    pub(crate) tells: Tells,
}

/// What a mark tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tells {
    /// The rate that is being delivered, however long it has been.
    Rate(MilliUnitsPerHour, Option<RateSource>),
    /// The rate that is delivered from this second on, if the next report agrees.
    Change(MilliUnitsPerHour, Option<RateSource>),
    /// Delivery stops at this second.
    Stop(Stop),
    /// Delivery starts at this second, with this rate where the log tells it.
    Start(Option<MilliUnitsPerHour>),
    /// The alarm of an empty battery: whether delivery stopped at this second, as far as is known.
    EmptyBattery { stops: bool },
}

/// Why delivery stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Suspension,
    ShutDown,
}

/// How a pump tells its rate.
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

/// The marks of a history.
pub(super) fn marks(events: &[DatedEvent], telling: Telling) -> Vec<Mark> {
    let tells = |(index, event): (usize, &DatedEvent)| {
        Some(Mark {
            id: event.event.id,
            at: event.at,
            tells: tells(events, index, telling)?,
        })
    };
    events.iter().enumerate().filter_map(tells).collect()
}

fn tells(events: &[DatedEvent], index: usize, telling: Telling) -> Option<Tells> {
    let at_once = |wanted: fn(&Detail) -> bool| {
        moment(events, index).any(|event| wanted(&event.event.detail))
    };
    match &events[index].event.detail {
        Detail::BasalDelivery(report) => Some(Tells::Rate(report.commanded, report.source)),
        Detail::PumpingSuspended(_) => Some(Tells::Stop(Stop::Suspension)),
        Detail::PumpingResumed(_) => Some(Tells::Start(rate_of_start(events, index))),
        Detail::BasalRateChange(change) if change.change.has(SHUT_DOWN) => {
            Some(Tells::Stop(Stop::ShutDown))
        }
        Detail::BasalRateChange(change) if change.change.has(SUSPENDED) => {
            let told = at_once(|detail| matches!(detail, Detail::PumpingSuspended(_)));
            (!told).then_some(Tells::Stop(Stop::Suspension))
        }
        Detail::BasalRateChange(change) => {
            let told = at_once(|detail| matches!(detail, Detail::PumpingResumed(_)));
            let stops = at_once(|detail| matches!(detail, Detail::PumpingSuspended(_)));
            if told || stops && !change.change.has(RESUMED) {
                return None;
            }
            let rate = change.commanded?;
            Some(match telling {
                _ if change.change.has(RESUMED) => Tells::Start(Some(rate)),
                Telling::Reports => Tells::Change(rate, source_of(change.change)),
                Telling::Changes => Tells::Rate(rate, source_of(change.change)),
            })
        }
        Detail::NewDay(day) if telling == Telling::Changes => {
            Some(Tells::Rate(day.commanded?, None))
        }
        Detail::AlarmActivated(alarm)
            if alarm.id == BATTERY_SHUTDOWN && telling == Telling::Reports =>
        {
            let shuts_down = |detail: &Detail| match detail {
                Detail::BasalRateChange(change) => change.change.has(SHUT_DOWN),
                _ => false,
            };
            let stops = !is_told_of_soon(events, index);
            (!at_once(shuts_down)).then_some(Tells::EmptyBattery { stops })
        }
        _ => None,
    }
}

/// The other events of the same moment as one of them.
fn moment(events: &[DatedEvent], index: usize) -> impl Iterator<Item = &DatedEvent> {
    let at = events[index].at;
    let near = move |event: &&DatedEvent| (event.at - at).abs() <= MOMENT;
    let before = events[..index].iter().rev().take_while(near);
    before.chain(events[index + 1..].iter().take_while(near))
}

/// The rate that the change beside a resumption tells.
fn rate_of_start(events: &[DatedEvent], index: usize) -> Option<MilliUnitsPerHour> {
    let changes = || {
        moment(events, index).filter_map(|event| match &event.event.detail {
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

/// Whether a pump that sounded the alarm of an empty battery tells of its delivery soon after: it goes on for now.
fn is_told_of_soon(events: &[DatedEvent], index: usize) -> bool {
    let until = events[index].at + NEXT_REPORT;
    let soon = events[index + 1..]
        .iter()
        .take_while(|event| event.at <= until);
    let tells = |event: &DatedEvent| match &event.event.detail {
        Detail::BasalDelivery(_) => true,
        Detail::BasalRateChange(change) => change.change.has(SHUT_DOWN),
        _ => false,
    };
    soon.into_iter().any(tells)
}

/// What a change of the rate comes from, where its bits tell.
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
