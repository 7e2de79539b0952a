//! `BASAL`: the delivered basal rates as temp basals without gap or overlap.
//!
//! The pump reports its rate about every five minutes (279), and each report begins a document. Between reports, other events
//! date a change to the second (`basal::moments`): a suspension (11), a resumption (12), a rate change (3). A document begins
//! at that second, and the next report, if it only confirms the rate, begins none.
//!
//! Nothing is ever deleted, so an event that has a document keeps it whatever later events say. If the next report contradicts
//! a rate change, the document of the change continues the rate before it.
//!
//! The newest document written has no known end and lasts half an hour. Otherwise Nightscout would show the profile's rate as
//! the pump's; it cuts a temp basal where the next one begins. Once the end is known, the document is corrected.
//!
//! A suspension without reports is one document, from the event that began it. It grows as long as that event is among those
//! fetched. Without that event, days without a report could also be days of missing data, and the document that the suspension
//! continues in is unknown. Such days get no document, and the suspension ends where it was last seen, until a run covers all
//! of it.

mod moments;

use chrono::{DateTime, Duration, Utc};

use crate::nightscout::document::{Cause, Content, EventType, Subject, Treatment};
use crate::pump::event::{EventId, RateSource};
use crate::pump::quantity::MilliUnitsPerHour;

use super::{History, TranslateOptions, minutes, treatment_at};
use moments::{Moment, Stop, Telling, Tells};

/// How long a rate lasts if that cannot be known: the pump's clock went back and its record does not account for it.
const NOBODY_KNOWS: Duration = Duration::minutes(5);

/// If a rate is not reported again within this time, data is missing and the rate is unknown. The newest rate lasts this long,
/// as with closed loops.
const AT_MOST: Duration = Duration::minutes(30);

/// A pump that reports only changes also reports its rate at midnight, on a clock that may be set back meanwhile.
const BETWEEN_CHANGES: Duration = Duration::hours(26);

/// A temp basal for each reported rate and each time without delivery.
pub(crate) fn treatments(history: &History<'_>, options: &TranslateOptions<'_>) -> Vec<Treatment> {
    let Some(newest) = history.newest() else {
        return Vec::new();
    };
    let telling = Telling::of(history.events);
    let moments = moments::moments(history.events, telling);
    let mut records = Records {
        telling,
        newest,
        ended: Vec::new(),
        open: None,
        resting: false,
        told: None,
        delivered: None,
    };
    for (index, moment) in moments.iter().enumerate() {
        records.take(moment, &moments[index + 1..]);
    }
    let mut records = records.end();
    last_until_the_next_is_there(&mut records, options);
    let wanted = records.iter().filter(|record| record.is_wanted(options));
    wanted.map(|record| record.treatment(history)).collect()
}

/// Lets the newest record that is not held back last as if the next one were unknown.
fn last_until_the_next_is_there(records: &mut [Ended], options: &TranslateOptions<'_>) {
    let held_back = |ended: &Ended| ended.record.at > options.written_until;
    let last_written = records
        .windows(2)
        .rposition(|pair| !held_back(&pair[0]) && held_back(&pair[1]));
    let Some(index) = last_written else { return };
    if records[index + 1].is_wanted(options) {
        records[index].end = records[index].end.max(records[index].end_unless_known);
    }
}

/// The records of a history, as far as its moments have been processed.
struct Records {
    telling: Telling,
    newest: DateTime<Utc>,
    ended: Vec<Ended>,
    open: Option<Record>,
    resting: bool,
    /// The last rate told, whether believed or not.
    told: Option<MilliUnitsPerHour>,
    /// The last rate delivered; during a rest, the one before it.
    delivered: Option<Rate>,
}

impl Records {
    fn take(&mut self, moment: &Moment, later: &[Moment]) {
        match moment.tells {
            Tells::Rate(rate, source) => self.take_rate(moment, rate, source),
            Tells::Change(rate, source) => self.take_change(moment, Rate::of(rate, source), later),
            Tells::Stop(stop) => {
                self.resting = true;
                self.begin(moment, Subject::SuspendedBasal, Rate::rest(stop));
            }
            Tells::Start(told) => self.take_start(moment, told, later),
            Tells::EmptyBattery { stops } => self.take_empty_battery(moment, stops),
        }
    }

    fn take_rate(&mut self, moment: &Moment, rate: MilliUnitsPerHour, source: Option<RateSource>) {
        // The pump says that it rests, or reports 0 during a rest with a source that is unknown.
        let rests = source == Some(RateSource::Suspended)
            || (self.resting && rate == MilliUnitsPerHour::ZERO);
        if self.telling == Telling::Changes && self.resting && !rests && source.is_some() {
            // The rate that will apply after the rest.
            return;
        }
        self.resting = rests;
        self.told = Some(rate);
        let rate = Rate {
            rests,
            ..Rate::of(rate, source)
        };
        if !rests {
            self.delivered = Some(rate);
        }
        match &mut self.open {
            Some(open) if open.is_confirmed_by(moment, &rate) => {
                open.reported = moment.at;
                open.restated = Some((moment.id, moment.at));
                open.dated = false;
                open.rate.reason = rate.reason.or(open.rate.reason);
            }
            _ => self.begin(moment, Subject::Basal, rate),
        }
    }

    fn take_change(&mut self, moment: &Moment, told: Rate, later: &[Moment]) {
        if self.resting || self.told == Some(told.rate) {
            return;
        }
        self.told = Some(told.rate);
        let rate = match self.delivered {
            Some(before) if !agrees_with_next_report(told.rate, later) => before,
            _ => told,
        };
        self.delivered = Some(rate);
        self.begin(moment, Subject::Basal, rate);
    }

    fn take_start(&mut self, moment: &Moment, told: Option<MilliUnitsPerHour>, later: &[Moment]) {
        self.resting = false;
        self.told = told;
        let told = told.map(|rate| Rate::of(rate, None));
        let reported = || match self.telling {
            Telling::Reports => first_report(later),
            Telling::Changes => None,
        };
        match told.or_else(reported).or(self.delivered) {
            Some(rate) => {
                self.delivered = Some(rate);
                self.begin(moment, Subject::Basal, rate);
            }
            None => self.close(Some(moment.at)),
        }
    }

    fn take_empty_battery(&mut self, moment: &Moment, stops: bool) {
        if self.resting {
            return;
        }
        if stops {
            self.resting = true;
            self.begin(moment, Subject::SuspendedBasal, Rate::rest(Stop::ShutDown));
        } else if let Some(rate) = self.open.as_ref().map(|open| open.rate) {
            self.begin(moment, Subject::SuspendedBasal, rate);
        }
    }

    fn begin(&mut self, moment: &Moment, subject: Subject, rate: Rate) {
        self.close(Some(moment.at));
        self.open = Some(Record {
            subject,
            id: moment.id,
            at: moment.at,
            rate,
            reported: moment.at,
            dated: !matches!(moment.tells, Tells::Rate(..)),
            restated: None,
        });
    }

    /// Ends the open record at the next moment, if there is one.
    fn close(&mut self, next: Option<DateTime<Utc>>) {
        let ended = self.open.take();
        let ended = ended.map(|record| record.ends_at(next, self.telling, self.newest));
        self.ended.extend(ended);
    }

    /// The records with a duration, in order: Nightscout takes duration 0 for the end of a temp basal.
    fn end(mut self) -> Vec<Ended> {
        self.close(None);
        self.ended.retain(|ended| ended.end > ended.record.at);
        self.ended
    }
}

/// Whether the next report agrees with a rate change, or with the last of the changes that follow it directly: Control-IQ may
/// have taken over at either. True if there is no report yet.
fn agrees_with_next_report(told: MilliUnitsPerHour, later: &[Moment]) -> bool {
    let mut last = told;
    for moment in later {
        match moment.tells {
            Tells::Change(rate, _) => last = rate,
            Tells::Rate(rate, _) => return rate == told || rate == last,
            Tells::Stop(_) | Tells::Start(_) => return true,
            Tells::EmptyBattery { .. } => {}
        }
    }
    true
}

/// The rate of the first report after a start without a rate.
fn first_report(later: &[Moment]) -> Option<Rate> {
    match later.first()?.tells {
        Tells::Rate(rate, source) if source != Some(RateSource::Suspended) => {
            Some(Rate::of(rate, source))
        }
        _ => None,
    }
}

/// A rate of delivery, or a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    rate: MilliUnitsPerHour,
    reason: Option<&'static str>,
    rests: bool,
}

impl Rate {
    fn of(rate: MilliUnitsPerHour, source: Option<RateSource>) -> Rate {
        Rate {
            rate,
            reason: source.map(source_name),
            rests: false,
        }
    }

    fn rest(stop: Stop) -> Rate {
        Rate {
            rate: MilliUnitsPerHour::ZERO,
            reason: Some(match stop {
                Stop::Suspension => source_name(RateSource::Suspended),
                Stop::ShutDown => "Shut down",
            }),
            rests: true,
        }
    }
}

/// What one document records: a rate from an instant on.
#[derive(Clone, Copy)]
struct Record {
    subject: Subject,
    id: EventId,
    at: DateTime<Utc>,
    rate: Rate,
    /// When the pump last reported it.
    reported: DateTime<Utc>,
    /// Whether an event other than a report began it and no report has followed.
    dated: bool,
    /// The report that only repeats it.
    restated: Option<(EventId, DateTime<Utc>)>,
}

impl Record {
    /// Whether a later report only confirms the event that began the record.
    fn is_confirmed_by(&self, report: &Moment, rate: &Rate) -> bool {
        self.dated
            && self.at < report.at
            && report.at <= self.at + AT_MOST
            && (self.rate.rate, self.rate.rests) == (rate.rate, rate.rests)
    }

    fn ends_at(
        self,
        next: Option<DateTime<Utc>>,
        telling: Telling,
        newest: DateTime<Utc>,
    ) -> Ended {
        let known = next.unwrap_or(newest).max(self.at);
        let (at_most, end_unless_known) = match telling {
            _ if self.rate.rests => (None, known + AT_MOST),
            Telling::Reports => (Some(self.reported + AT_MOST), self.reported + AT_MOST),
            Telling::Changes => (Some(self.at + BETWEEN_CHANGES), known + AT_MOST),
        };
        let limited = |end: DateTime<Utc>| at_most.map_or(end, |most| end.min(most));
        let end = match next {
            // The next moment seems to be before this one.
            Some(next) if next < self.at => self.at + NOBODY_KNOWS,
            Some(next) => limited(next),
            None => limited(end_unless_known),
        };
        Ended {
            record: Record {
                restated: self.restated.filter(|(_, at)| *at < end),
                ..self
            },
            end,
            is_open: next.is_none(),
            end_unless_known: limited(end_unless_known),
        }
    }
}

/// A record with its end, known or assumed.
struct Ended {
    record: Record,
    end: DateTime<Utc>,
    /// Whether its end is unknown.
    is_open: bool,
    /// When it would end if the next one were unknown.
    end_unless_known: DateTime<Utc>,
}

impl Ended {
    fn is_wanted(&self, options: &TranslateOptions<'_>) -> bool {
        !options.ignore_zero_unit_basal || self.record.rate.rate != MilliUnitsPerHour::ZERO
    }

    fn treatment(&self, history: &History<'_>) -> Treatment {
        let record = &self.record;
        let restated = (record.restated)
            .map(|(id, at)| Box::new(self.part(history, (Subject::Basal, id), at)));
        Treatment {
            restated,
            ..self.part(history, (record.subject, record.id), record.at)
        }
    }

    /// A document of the record from an instant on.
    fn part(
        &self,
        history: &History<'_>,
        (subject, id): (Subject, EventId),
        at: DateTime<Utc>,
    ) -> Treatment {
        let Rate { rate, reason, .. } = self.record.rate;
        let content = Content {
            absolute: Some(rate),
            rate: Some(rate),
            duration: Some(minutes(self.end - at)),
            open_ended: self.is_open,
            reason: reason.map(str::to_owned),
            ..Content::default()
        };
        let told = (subject, EventType::TempBasal, content);
        treatment_at(history, (id, at), Cause::Pump, told)
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
