//! `BASAL`: what the pump delivered over time, as temp basals without gap or overlap.
//!
//! The pump reports its rate about every five minutes (279), and each report begins a document. Between two reports other
//! events date a change to the second (`basal::marks`): a suspension (11), a resumption (12), a rate change (3). Such a
//! document begins there, and the report after it that says the same begins none.
//!
//! An event that has a document keeps it, whatever later events say of it, since nothing is ever deleted: where the next
//! report does not agree with a rate change, the change's document goes on with the rate of before.
//!
//! The newest document written has no end yet and lasts half an hour: Nightscout would show the profile's rate as the pump's
//! after it, and cuts a temp basal itself where the next one begins. Once the end is known, the document is corrected.
//!
//! A rest without delivery that no report tells of is one document from the event that began it, and grows as long as that
//! event is among those fetched. When it is not, days without any report of a rate may as well be days whose data is
//! missing: nothing tells them apart, nor which document a rest goes on in. Such days are left without a document, and the
//! rest ends where it was last seen, until a run covers all of it.

mod marks;

use chrono::{DateTime, Duration, Utc};

use crate::nightscout::document::{Cause, Content, EventType, Identity, Subject, Treatment};
use crate::pump::event::{EventId, RateSource};
use crate::pump::quantity::MilliUnitsPerHour;

use super::{History, TranslateOptions, minutes};
use marks::{Mark, Stop, Telling, Tells};

/// What a rate lasts where nothing tells: the pump's clock went back and its record does not account for it.
const NOBODY_KNOWS: Duration = Duration::minutes(5);

/// A rate that is not reported again for this long is not known any more: data is missing. And so long lasts the newest
/// rate, as closed loops write theirs.
const AT_MOST: Duration = Duration::minutes(30);

/// A pump that tells only changes tells its rate at every midnight too, on a clock that may be set back then.
const BETWEEN_CHANGES: Duration = Duration::hours(26);

/// A temp basal for each rate that the pump told, and for each rest without delivery.
pub(crate) fn treatments(history: &History<'_>, options: &TranslateOptions<'_>) -> Vec<Treatment> {
    let Some(newest) = history.newest() else {
        return Vec::new();
    };
    let telling = Telling::of(history.events);
    let marks = marks::marks(history.events, telling);
    let mut records = Records::new(telling, newest);
    for (index, mark) in marks.iter().enumerate() {
        records.take(mark, &marks[index + 1..]);
    }
    let mut records = records.end();
    last_until_the_next_is_there(&mut records, options);
    let wanted = |record: &&Ended| {
        !(options.ignore_zero_unit_basal && record.rate == MilliUnitsPerHour::ZERO)
    };
    let wanted = records.iter().filter(wanted);
    wanted.map(|record| record.treatment(history)).collect()
}

/// Lets the newest record that is not held back last as if nothing were known of the next one.
fn last_until_the_next_is_there(records: &mut [Ended], options: &TranslateOptions<'_>) {
    let held_back = |record: &Ended| record.at > options.written_until;
    let last_written = records
        .windows(2)
        .rposition(|pair| !held_back(&pair[0]) && held_back(&pair[1]));
    let Some(index) = last_written else { return };
    let left_out =
        options.ignore_zero_unit_basal && records[index + 1].rate == MilliUnitsPerHour::ZERO;
    if !left_out {
        records[index].end = records[index].end.max(records[index].end_unless_known);
    }
}

/// The records of a history, as far as its marks are taken.
struct Records {
    telling: Telling,
    newest: DateTime<Utc>,
    ended: Vec<Ended>,
    open: Option<Open>,
    resting: bool,
    /// The rate told last, whether or not it is believed.
    told: Option<MilliUnitsPerHour>,
    /// The rate delivered last, before a rest too.
    delivered: Option<(MilliUnitsPerHour, Option<RateSource>)>,
}

impl Records {
    fn new(telling: Telling, newest: DateTime<Utc>) -> Records {
        Records {
            telling,
            newest,
            ended: Vec::new(),
            open: None,
            resting: false,
            told: None,
            delivered: None,
        }
    }

    fn take(&mut self, mark: &Mark, later: &[Mark]) {
        match mark.tells {
            Tells::Rate(rate, source) => self.take_rate(mark, rate, source),
            Tells::Change(rate, source) => self.take_change(mark, (rate, source), later),
            Tells::Stop(stop) => {
                self.resting = true;
                self.begin(mark, Subject::SuspendedBasal, Rate::rest(stop));
            }
            Tells::Start(told) => self.take_start(mark, told, later),
            Tells::EmptyBattery { stops } => self.take_empty_battery(mark, stops),
        }
    }

    fn take_rate(&mut self, mark: &Mark, rate: MilliUnitsPerHour, source: Option<RateSource>) {
        // The pump's own word for a rest, or another for it where that is not known.
        let rests = source == Some(RateSource::Suspended)
            || (self.resting && rate == MilliUnitsPerHour::ZERO);
        if self.telling == Telling::Changes && self.resting && !rests && source.is_some() {
            // What a rest is to be followed by.
            return;
        }
        self.resting = rests;
        self.told = Some(rate);
        let rate = Rate {
            rate,
            reason: source.map(source_name),
            rests,
        };
        if !rests {
            self.delivered = Some((rate.rate, source));
        }
        match &mut self.open {
            Some(open) if open.is_confirmed_by(mark, &rate) => {
                open.reported = mark.at;
                open.restated = Some((mark.id, mark.at));
                open.dated = false;
                open.rate.reason = rate.reason.or(open.rate.reason);
            }
            _ => self.begin(mark, Subject::Basal, rate),
        }
    }

    fn take_change(
        &mut self,
        mark: &Mark,
        (told, source): (MilliUnitsPerHour, Option<RateSource>),
        later: &[Mark],
    ) {
        if self.resting || self.told == Some(told) {
            return;
        }
        self.told = Some(told);
        let believed = (told, source);
        let rate = match self.delivered {
            Some(before) if !agrees_with_next_report(told, later) => before,
            _ => believed,
        };
        self.delivered = Some(rate);
        self.begin(mark, Subject::Basal, Rate::delivered(rate));
    }

    fn take_start(&mut self, mark: &Mark, told: Option<MilliUnitsPerHour>, later: &[Mark]) {
        self.resting = false;
        self.told = told;
        let told = told.map(|rate| (rate, None));
        let reported = || match self.telling {
            Telling::Reports => first_report(later),
            Telling::Changes => None,
        };
        match told.or_else(reported).or(self.delivered) {
            Some(rate) => {
                self.delivered = Some(rate);
                self.begin(mark, Subject::Basal, Rate::delivered(rate));
            }
            None => self.close(mark.at),
        }
    }

    fn take_empty_battery(&mut self, mark: &Mark, stops: bool) {
        if self.resting {
            return;
        }
        if stops {
            self.resting = true;
            self.begin(mark, Subject::SuspendedBasal, Rate::rest(Stop::ShutDown));
        } else if let Some(rate) = self.open.as_ref().map(|open| open.rate) {
            self.begin(mark, Subject::SuspendedBasal, rate);
        }
    }

    fn begin(&mut self, mark: &Mark, subject: Subject, rate: Rate) {
        self.close(mark.at);
        self.open = Some(Open {
            subject,
            id: mark.id,
            at: mark.at,
            rate,
            reported: mark.at,
            dated: !matches!(mark.tells, Tells::Rate(..)),
            restated: None,
        });
    }

    /// Ends the open record at the next mark.
    fn close(&mut self, at: DateTime<Utc>) {
        if let Some(open) = self.open.take() {
            self.ended
                .push(open.ends_at(Some(at), self.telling, self.newest));
        }
    }

    /// The records of some length, in order: a duration of 0 would be Nightscout's mark for the end of a temp basal.
    fn end(mut self) -> Vec<Ended> {
        if let Some(open) = self.open.take() {
            self.ended
                .push(open.ends_at(None, self.telling, self.newest));
        }
        self.ended.retain(|record| record.end > record.at);
        self.ended
    }
}

/// Whether the report that follows a rate change without anything in between but more changes agrees with them; also where
/// none has come yet.
fn agrees_with_next_report(told: MilliUnitsPerHour, later: &[Mark]) -> bool {
    let mut told = told;
    for mark in later {
        match mark.tells {
            Tells::Change(rate, _) => told = rate,
            Tells::Rate(rate, _) => return rate == told,
            Tells::Stop(_) | Tells::Start(_) => return true,
            Tells::EmptyBattery { .. } => {}
        }
    }
    true
}

/// The rate of the first report after a start that told none.
fn first_report(later: &[Mark]) -> Option<(MilliUnitsPerHour, Option<RateSource>)> {
    match later.first()?.tells {
        Tells::Rate(rate, source) if source != Some(RateSource::Suspended) => Some((rate, source)),
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
    fn delivered((rate, source): (MilliUnitsPerHour, Option<RateSource>)) -> Rate {
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

/// A record whose end is not known yet.
struct Open {
    subject: Subject,
    id: EventId,
    at: DateTime<Utc>,
    rate: Rate,
    /// When the pump last said so.
    reported: DateTime<Utc>,
    /// Whether another event than a report began it, and no report has followed.
    dated: bool,
    /// The report that only repeats it.
    restated: Option<(EventId, DateTime<Utc>)>,
}

impl Open {
    /// Whether a later report says nothing beyond what the event told that began the record.
    fn is_confirmed_by(&self, report: &Mark, rate: &Rate) -> bool {
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
            // The next mark seems to come before this one.
            Some(next) if next < self.at => self.at + NOBODY_KNOWS,
            Some(next) => limited(next),
            None => limited(end_unless_known),
        };
        Ended {
            subject: self.subject,
            id: self.id,
            at: self.at,
            rate: self.rate.rate,
            reason: self.rate.reason,
            end,
            is_open: next.is_none(),
            end_unless_known: limited(end_unless_known),
            restated: self.restated.filter(|(_, at)| *at < end),
        }
    }
}

/// A record whose end is known, or taken for it.
struct Ended {
    subject: Subject,
    id: EventId,
    at: DateTime<Utc>,
    rate: MilliUnitsPerHour,
    reason: Option<&'static str>,
    end: DateTime<Utc>,
    /// Whether nothing tells of its end.
    is_open: bool,
    /// When it would end if nothing were known of the next one.
    end_unless_known: DateTime<Utc>,
    restated: Option<(EventId, DateTime<Utc>)>,
}

impl Ended {
    fn treatment(&self, history: &History<'_>) -> Treatment {
        let restated = self
            .restated
            .map(|(id, at)| Box::new(self.part(history, (Subject::Basal, id), at)));
        Treatment {
            restated,
            ..self.part(history, (self.subject, self.id), self.at)
        }
    }

    /// A document that tells of the record from an instant on.
    fn part(
        &self,
        history: &History<'_>,
        (subject, id): (Subject, EventId),
        at: DateTime<Utc>,
    ) -> Treatment {
        Treatment {
            identity: Identity::new(history.serial, subject, id, &[]),
            event_type: EventType::TempBasal,
            at,
            cause: Cause::Pump,
            content: Content {
                absolute: Some(self.rate),
                rate: Some(self.rate),
                duration: Some(minutes(self.end - at)),
                open_ended: self.is_open,
                reason: self.reason.map(str::to_owned),
                ..Content::default()
            },
            restated: None,
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
