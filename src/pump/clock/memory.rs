//! What our own documents remember of the clock: each holds an event and the instant that an earlier pass gave it, and so
//! the offset that was used. Between two movements that offset stands.

use std::collections::HashMap;

use chrono::{DateTime, Duration, NaiveDateTime, Timelike, Utc};
use chrono_tz::Tz;

use super::judgement::Rule;
use super::movement::{self, Movement};
use super::{overlap, segment, zone};
use crate::pump::event::EventId;

/// More stretches than these between two movements are no memory but a muddle.
const MOST_RUNS: usize = 4;

/// An event that has a document, and the instant which that document gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Remembered {
    /// The event.
    pub id: EventId,
    /// What the pump's clock showed.
    pub reading: NaiveDateTime,
    /// The instant by the document.
    pub at: DateTime<Utc>,
    /// Whether it is an entry: these stay where they were first written, however the clock is judged later.
    pub is_entry: bool,
}

impl Remembered {
    /// The offset that was used. Documents of one second lie milliseconds apart.
    pub(super) fn offset(&self) -> Duration {
        let at = self.at.with_nanosecond(0).unwrap_or(self.at);
        self.reading - at.naive_utc()
    }

    /// Whether the zone had that offset at that instant.
    pub(super) fn agrees_with(&self, zone: Tz) -> bool {
        self.offset() == zone::offset_at(zone, self.at)
    }
}

/// What is remembered of the time between two movements.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// The newest event remembered.
    pub(crate) newest: Remembered,
    /// The offset there.
    pub(crate) offset: Duration,
    /// Whether the clock is remembered to have followed its zone through a change.
    pub(crate) follows: bool,
    /// Whether it had the zone's offset all along.
    pub(crate) agrees: bool,
    /// The offsets that were used, each from an event on.
    pub(crate) runs: Vec<(EventId, Duration)>,
    /// Whether it is too little to go by alone: one or two documents at an offset that is no zone's.
    pub(crate) is_weak: bool,
}

/// What is remembered of each stretch between two movements: one more than there are movements.
pub(super) fn by_stretch(
    zone: Tz,
    movements: &[Movement],
    remembered: &[Remembered],
) -> Vec<Option<Held>> {
    let mut held = vec![None; movements.len() + 1];
    let stretch = |document: &Remembered| segment(movements, document.id);
    for documents in remembered.chunk_by(|one, other| stretch(one) == stretch(other)) {
        held[stretch(&documents[0])] = Held::of(zone, documents);
    }
    held
}

impl Held {
    /// Reads what the documents of one stretch say, in the order of their events; `None` where that is a muddle.
    ///
    /// Treatments tell it where there are any, since entries may stand where a wrong offset put them; but one or two may have
    /// been moved by a person, and need an entry that says the same.
    pub(super) fn of(zone: Tz, documents: &[Remembered]) -> Option<Held> {
        let (entries, treatments): (Vec<&Remembered>, Vec<&Remembered>) =
            documents.iter().partition(|document| document.is_entry);
        let mut kept = told_often(&treatments);
        kept.extend(told_often(&since_a_change(zone, &treatments, &entries)));
        let confirmed = |held: &Held| {
            let mut entries = entries.iter();
            treatments.len() > FEW || entries.any(|entry| entry.offset() == held.offset)
        };
        Held::by(zone, &kept)
            .filter(confirmed)
            .or_else(|| Held::by(zone, &told_often(&documents.iter().collect::<Vec<_>>())))
            .or_else(|| Held::weak(zone, documents))
    }

    /// What one or two documents say that others do not confirm: the record may.
    fn weak(zone: Tz, documents: &[Remembered]) -> Option<Held> {
        let held = Held::by(zone, &documents.iter().collect::<Vec<_>>())?;
        let is_one = documents.len() <= FEW && held.runs.len() == 1;
        is_one.then_some(Held {
            is_weak: true,
            ..held
        })
    }

    /// Reads what these documents say.
    fn by(zone: Tz, kept: &[&Remembered]) -> Option<Held> {
        let mut runs: Vec<(EventId, Duration)> = Vec::new();
        for document in kept {
            if runs
                .last()
                .is_none_or(|(_, offset)| *offset != document.offset())
            {
                runs.push((document.id, document.offset()));
            }
        }
        let newest = **kept.last()?;
        let followed = || {
            let change = zone::latest_transition(zone, newest.at)?;
            let both =
                kept.iter().any(|document| document.at < change.at) && newest.at >= change.at;
            let all = kept.iter().all(|document| document.agrees_with(zone));
            let late = runs.iter().any(|(_, offset)| *offset == change.before)
                && newest.offset() == change.after;
            (runs.len() > 1 && both && (all || (late && runs.len() == 2))).then_some(())
        };
        let follows = followed().is_some();
        (follows || runs.len() <= MOST_RUNS).then(|| Held {
            newest,
            offset: newest.offset(),
            follows,
            agrees: kept.iter().all(|document| document.agrees_with(zone)),
            runs,
            is_weak: false,
        })
    }

    /// The rule that holds from the newest event remembered on, as long as the zone does not change.
    pub(super) fn rule(&self) -> Rule {
        if self.follows || self.agrees {
            Rule::FollowsZone
        } else {
            Rule::Kept(self.offset)
        }
    }
}

/// So few documents say little: each may have been moved by somebody else.
const FEW: usize = 2;

/// The documents whose offset is told often enough: one that somebody else moved tells nothing. The newest few, all of one
/// offset that a zone may have, tell of a clock that has changed since, if it stepped so far where they begin.
fn told_often<'d>(documents: &[&'d Remembered]) -> Vec<&'d Remembered> {
    let are_few = documents.len() <= FEW;
    let enough = (documents.len() / 10).max(if are_few { 1 } else { 2 });
    let mut told: HashMap<Duration, usize> = HashMap::new();
    for document in documents {
        *told.entry(document.offset()).or_default() += 1;
    }
    let changed = changed_last(documents);
    let often = |document: &&&Remembered| {
        let offset = document.offset();
        // Of a few documents some may have moved for another reason.
        let odd = are_few && !movement::is_a_zones(offset);
        !odd && (told[&offset] >= enough || Some(offset) == changed)
    };
    documents.iter().filter(often).copied().collect()
}

/// The offset of the newest few documents, where the clock is seen to have stepped to it.
fn changed_last(documents: &[&Remembered]) -> Option<Duration> {
    let newest = documents.last()?.offset();
    let of_newest = |document: &&&Remembered| document.offset() == newest;
    let in_a_row = documents.iter().rev().take_while(of_newest).count();
    let begins = documents.len() - in_a_row;
    let (last, first) = (documents.get(begins.checked_sub(1)?)?, documents[begins]);
    let stepped = overlap::joined_by(last.reading, first.reading, newest - last.offset());
    (in_a_row > FEW && movement::is_a_zones(newest) && stepped).then_some(newest)
}

/// The entries since the zone changed, where it changed after the newest treatment: only they tell whether the clock followed.
fn since_a_change<'d>(
    zone: Tz,
    treatments: &[&Remembered],
    entries: &[&'d Remembered],
) -> Vec<&'d Remembered> {
    let newest = |documents: &[&Remembered]| Some(*documents.last().copied()?);
    let (Some(treatment), Some(entry)) = (newest(treatments), newest(entries)) else {
        return Vec::new();
    };
    let change = zone::latest_transition(zone, entry.at).filter(|change| change.at > treatment.at);
    let since = |change: zone::Transition| {
        let since = entries.iter().filter(|entry| entry.at >= change.at);
        since.copied().collect()
    };
    change.map(since).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_YORK: Tz = chrono_tz::America::New_York;

    /// Ten documents of one stretch, at this offset in hours.
    fn documents(first: i64, hours: i64, is_entry: bool) -> Vec<Remembered> {
        let noon = DateTime::from_timestamp(1_780_660_800, 0)
            .unwrap()
            .naive_utc();
        let documents = (0..10).map(|index| {
            let reading = noon + Duration::minutes(10 * index);
            Remembered {
                id: EventId {
                    group: 0,
                    number: first + 10 * index,
                },
                reading,
                at: reading.and_utc() - Duration::hours(hours),
                is_entry,
            }
        });
        documents.collect()
    }

    #[test]
    fn entries_which_stay_where_they_were_first_written_count_only_without_treatments() {
        let mut both = documents(200, -7, false);
        both.extend(documents(205, -4, true));
        both.sort_by_key(|document| document.id);
        let held = Held::of(NEW_YORK, &both).expect("a memory");
        assert_eq!((held.offset, held.runs.len()), (Duration::hours(-7), 1));
        let alone = Held::of(NEW_YORK, &documents(205, -4, true)).expect("a memory");
        assert_eq!(alone.offset, Duration::hours(-4));
    }
}
