//! `BASAL`: what the pump delivered over time, as temp basals without gap or overlap.
//!
//! A rest without delivery is one document from the event that began it, and grows as long as that event is among those
//! fetched. When it is not, days without any report of a rate may as well be days whose data is missing: nothing tells
//! them apart, nor which document a rest goes on in. Such days are left without a document, and the rest ends where it
//! was last seen, until a run covers all of it.

use chrono::{DateTime, Duration, Utc};

use crate::nightscout::document::{Cause, Content, EventType, Identity, Subject, Treatment};
use crate::pump::clock::DatedEvent;
use crate::pump::event::{BasalDelivery, Detail, RateSource};
use crate::pump::quantity::MilliUnitsPerHour;

use super::{History, TranslateOptions, minutes};

/// The pump reports its rate about every five minutes; the newest rate counts for at least this long.
const AT_LEAST: Duration = Duration::minutes(5);

/// A rate that is not reported again for this long is not known any more: data is missing.
const AT_MOST: Duration = Duration::minutes(30);

/// A suspension shows in the next report of the rate. Where none comes within this time, the suspension itself tells it.
const NEXT_REPORT: Duration = Duration::seconds(330);

/// A temp basal for each rate reported, and for each suspension that no report tells.
pub fn treatments(history: &History<'_>, options: &TranslateOptions<'_>) -> Vec<Treatment> {
    let Some(newest) = history.newest() else {
        return Vec::new();
    };
    let marks: Vec<Mark<'_>> = history.events.iter().filter_map(Mark::of).collect();
    let mut treatments = Vec::new();
    let mut suspended = false;
    for (index, mark) in marks.iter().enumerate() {
        let later = Later::after(&marks[index + 1..]);
        let (record, subject) = match mark.kind {
            MarkKind::Rate(delivery) => {
                suspended = delivery.source == Some(RateSource::Suspended)
                    || (suspended && delivery.commanded == MilliUnitsPerHour::ZERO);
                let end = if suspended {
                    later.end_of_rest(mark.at, newest)
                } else {
                    later.end_of_rate(mark.at, newest)
                };
                (
                    Record {
                        rate: delivery.commanded,
                        source: delivery.source,
                        end,
                    },
                    Subject::Basal,
                )
            }
            MarkKind::Suspended => {
                let already = std::mem::replace(&mut suspended, true);
                if already || later.is_reported(mark.at, newest) {
                    continue;
                }
                let end = later.end_of_rest(mark.at, newest);
                let source = Some(RateSource::Suspended);
                (
                    Record {
                        rate: MilliUnitsPerHour::ZERO,
                        source,
                        end,
                    },
                    Subject::SuspendedBasal,
                )
            }
            MarkKind::Resumed => {
                suspended = false;
                continue;
            }
        };
        // Where the pump's clock went back and its record does not account for it, the next report seems to come before
        // this one: nothing tells how long the rate lasted.
        let record = match later.report {
            Some(report) if report < mark.at => Record {
                end: mark.at + AT_LEAST,
                ..record
            },
            _ => record,
        };
        // A duration of 0 would be Nightscout's mark for the end of a temp basal.
        let empty = record.end <= mark.at;
        let unwanted = options.ignore_zero_unit_basal && record.rate == MilliUnitsPerHour::ZERO;
        if !empty && !unwanted {
            treatments.push(record.treatment(history, mark, subject));
        }
    }
    treatments
}

/// A point at which delivery changes or is reported.
struct Mark<'a> {
    event: &'a DatedEvent,
    at: DateTime<Utc>,
    kind: MarkKind<'a>,
}

#[derive(Clone, Copy)]
enum MarkKind<'a> {
    Rate(&'a BasalDelivery),
    Suspended,
    Resumed,
}

impl<'a> Mark<'a> {
    fn of(event: &'a DatedEvent) -> Option<Mark<'a>> {
        let kind = match &event.event.detail {
            Detail::BasalDelivery(delivery) => MarkKind::Rate(delivery),
            Detail::PumpingSuspended(_) => MarkKind::Suspended,
            Detail::PumpingResumed(_) => MarkKind::Resumed,
            _ => return None,
        };
        Some(Mark {
            event,
            at: event.at,
            kind,
        })
    }
}

/// What comes after a mark: the next report of a rate, and the first suspension and resumption before it.
struct Later {
    report: Option<DateTime<Utc>>,
    suspension: Option<DateTime<Utc>>,
    resumption: Option<DateTime<Utc>>,
}

impl Later {
    fn after(marks: &[Mark<'_>]) -> Later {
        let mut later = Later {
            report: None,
            suspension: None,
            resumption: None,
        };
        for mark in marks {
            match mark.kind {
                MarkKind::Rate(_) => {
                    later.report = Some(mark.at);
                    break;
                }
                MarkKind::Suspended => later.suspension = later.suspension.or(Some(mark.at)),
                MarkKind::Resumed => later.resumption = later.resumption.or(Some(mark.at)),
            }
        }
        later
    }

    /// Whether a suspension shows in a report of the rate, or may still do so.
    fn is_reported(&self, suspension: DateTime<Utc>, newest: DateTime<Utc>) -> bool {
        self.report.unwrap_or(newest) <= suspension + NEXT_REPORT
    }

    /// When a rate that is being delivered ends: at the next report; at a suspension that no report tells; and after
    /// half an hour at the latest.
    fn end_of_rate(&self, at: DateTime<Utc>, newest: DateTime<Utc>) -> DateTime<Utc> {
        let suspension = self
            .suspension
            .filter(|suspension| self.report.is_none() || !self.is_reported(*suspension, newest));
        match suspension.or(self.report) {
            Some(end) => end.min(at + AT_MOST),
            None => newest.min(at + AT_MOST).max(at + AT_LEAST),
        }
    }

    /// When a rest without delivery ends: at the next report of a rate, or where none comes in half an hour, at the
    /// resumption if that is earlier.
    fn end_of_rest(&self, at: DateTime<Utc>, newest: DateTime<Utc>) -> DateTime<Utc> {
        match (self.report, self.resumption) {
            (Some(report), _) if report <= at + AT_MOST => report,
            (Some(report), Some(resumption)) => report.min(resumption),
            (Some(end), None) | (None, Some(end)) => end,
            (None, None) => newest.max(at + AT_LEAST),
        }
    }
}

struct Record {
    rate: MilliUnitsPerHour,
    source: Option<RateSource>,
    end: DateTime<Utc>,
}

impl Record {
    fn treatment(&self, history: &History<'_>, mark: &Mark<'_>, subject: Subject) -> Treatment {
        Treatment {
            identity: Identity::new(history.serial, subject, mark.event.event.id, &[]),
            event_type: EventType::TempBasal,
            at: mark.at,
            cause: Cause::Pump,
            content: Content {
                absolute: Some(self.rate),
                rate: Some(self.rate),
                duration: Some(minutes(self.end - mark.at)),
                reason: self.source.map(|source| source_name(source).to_owned()),
                ..Content::default()
            },
        }
    }
}

fn source_name(source: RateSource) -> &'static str {
    match source {
        RateSource::Suspended => "Suspended",
        RateSource::Profile => "Profile",
        RateSource::TempRate => "Temp rate",
        RateSource::Algorithm => "Control-IQ",
        RateSource::TempRateAndAlgorithm => "Temp rate and Control-IQ",
    }
}
