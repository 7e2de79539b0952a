//! Deliveries that stand on the site twice because tconnectsync wrote them too.
//!
//! Its documents have no identifier, name this program's author (it was tconnectsync's first) and carry the pump's event
//! numbers. Where a document of ours tells the same, theirs is the wrong one: it is rounded, is never corrected, and may lie
//! hours off. Of two of its own for one event, as its clock errors leave them, the one nearest to the pump's own time stays.
//! What tells more than the document that would stay is left alone: somebody may have changed it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::told::{amount, is_rest};
use super::{Family, SAME_EVENT_WITHIN};
use crate::nightscout::ObjectId;
use crate::nightscout::document::Existing;

/// tconnectsync rounds insulin to hundredths of a unit, and cuts carbs to whole grams.
const ROUNDED: (f64, f64) = (0.0051, 1.0);

/// What is to become of a document that tells again what another tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes: another tells all that it does.
    Goes,
    /// It stays: it tells more than the other.
    TellsMore,
    /// It stays: both are tconnectsync's, and the pump's history, which would tell the right one, has not been asked or does
    /// not reach there.
    Undecided,
}

/// A document of tconnectsync's that tells again what another document tells.
#[derive(Clone, Debug)]
pub(crate) struct Double<'a> {
    /// The document.
    pub(crate) document: &'a Existing,
    /// Its `_id`.
    pub(crate) id: ObjectId,
    /// The document that tells the same.
    pub(crate) other: &'a Existing,
    /// Whether the other is this program's.
    pub(crate) other_is_ours: bool,
    /// What is to become of it.
    pub(crate) fate: Fate,
}

impl Double<'_> {
    /// Whether it is of a bolus, whatever the event type.
    pub(crate) fn is_bolus(&self) -> bool {
        Family::of(&self.document.event_type) == Family::Bolus
    }

    /// The insulin that stands there twice because of it, in U; basal insulin not counted, since one rate ends where the
    /// next begins.
    pub(crate) fn insulin(&self) -> f64 {
        both(self.document, self.other, "insulin")
    }

    /// The carbs that stand there twice because of it, in g.
    pub(crate) fn carbs(&self) -> f64 {
        both(self.document, self.other, "carbs")
    }
}

/// Finds the doubles among documents, oldest first. `instant` gives the instant of a pump's event by its number, where that
/// is known.
pub(crate) fn find(
    existing: &[Existing],
    instant: impl Fn(i64) -> Option<DateTime<Utc>>,
) -> Vec<Double<'_>> {
    let ours = Ours::among(existing);
    let mut doubles = Vec::new();
    let mut theirs: BTreeMap<(i64, Kind), OfOneEvent<'_>> = BTreeMap::new();
    for document in existing {
        let Some((main, id)) = of_tconnectsync(document) else {
            continue;
        };
        if let Some(other) = ours.telling_the_same(document) {
            let fate = match covers(other, document) {
                true => Fate::Goes,
                false => Fate::TellsMore,
            };
            doubles.push(Double {
                document,
                id,
                other,
                other_is_ours: true,
                fate,
            });
        } else {
            let of_event = theirs.entry((main, kind(document))).or_default();
            of_event.push((document, id));
        }
    }
    for ((main, ..), documents) in theirs {
        doubles.extend(among_themselves(&documents, instant(main)));
    }
    doubles.sort_by_key(|double| (double.document.at, double.id.clone()));
    doubles
}

/// Whether the pump's history is needed to tell which of two documents is the right one.
pub(crate) fn needs_the_pump(doubles: &[Double<'_>]) -> bool {
    doubles.iter().any(|double| double.fate == Fate::Undecided)
}

/// The insulin (U) and carbs (g) in the boluses among documents that carry a pump's event numbers, but for those given.
pub(crate) fn totals(existing: &[Existing], without: &BTreeSet<ObjectId>) -> (f64, f64) {
    let of_pump = existing.iter().filter(|document| {
        let id = object_id(document);
        document.ours
            && !document.events.is_empty()
            && Family::of(&document.event_type) == Family::Bolus
            && id.is_none_or(|id| !without.contains(&id))
    });
    of_pump.fold((0.0, 0.0), |(insulin, carbs), document| {
        (
            insulin + amount(document, "insulin"),
            carbs + amount(document, "carbs"),
        )
    })
}

/// Whether a document is of a rate, and whether it is of a bolus.
type Kind = (bool, bool);

/// tconnectsync's documents of one event, with their `_id`.
type OfOneEvent<'a> = Vec<(&'a Existing, ObjectId)>;

/// tconnectsync's documents of one event. The one nearest to the event stays.
fn among_themselves<'a>(
    documents: &[(&'a Existing, ObjectId)],
    instant: Option<DateTime<Utc>>,
) -> Vec<Double<'a>> {
    let nearest = documents.iter().min_by_key(|(document, id)| {
        let off = instant
            .zip(document.at)
            .map(|(instant, at)| (at - instant).abs());
        // Without the pump's word the first is only the first.
        (off, id.clone())
    });
    let Some((stays, id_of_stays)) = nearest else {
        return Vec::new();
    };
    let others = documents.iter().filter(|(document, id)| {
        id != id_of_stays && near(document, stays) && tells_again(stays, document)
    });
    let doubles = others.map(|(document, id)| Double {
        document,
        id: id.clone(),
        other: stays,
        other_is_ours: false,
        fate: match instant {
            None => Fate::Undecided,
            Some(_) if covers(stays, document) => Fate::Goes,
            Some(_) => Fate::TellsMore,
        },
    });
    doubles.collect()
}

/// This program's documents, by the pump's event numbers.
struct Ours<'a> {
    existing: &'a [Existing],
    by_event: HashMap<i64, Vec<usize>>,
}

impl<'a> Ours<'a> {
    fn among(existing: &'a [Existing]) -> Self {
        let mut by_event: HashMap<i64, Vec<usize>> = HashMap::new();
        for (position, document) in existing.iter().enumerate() {
            if document.ours && has_our_identifier(document) {
                for number in &document.events {
                    by_event.entry(*number).or_default().push(position);
                }
            }
        }
        Ours { existing, by_event }
    }

    /// A document of ours that tells what this one of tconnectsync's does.
    fn telling_the_same(&self, theirs: &Existing) -> Option<&'a Existing> {
        let positions = theirs
            .events
            .iter()
            .filter_map(|number| self.by_event.get(number));
        positions
            .flatten()
            .map(|position| &self.existing[*position])
            .find(|ours| {
                let (basal, bolus) = kind(theirs);
                // An event may end a sleep and begin an exercise.
                let about_the_same = bolus || ours.main_event() == theirs.main_event();
                kind(ours) == (basal, bolus)
                    && about_the_same
                    && near(ours, theirs)
                    && tells_again(ours, theirs)
            })
    }
}

/// The first event number and the `_id` of a document that tconnectsync wrote; `None` for any other.
fn of_tconnectsync(document: &Existing) -> Option<(i64, ObjectId)> {
    if !document.ours || document.identifier.is_some() {
        return None;
    }
    Some((document.main_event()?, object_id(document)?))
}

fn object_id(document: &Existing) -> Option<ObjectId> {
    ObjectId::parse(document.id.as_deref()?)
}

fn has_our_identifier(document: &Existing) -> bool {
    let identifier = document.identifier.as_deref();
    identifier.is_some_and(|identifier| Uuid::try_parse(identifier).is_ok())
}

/// A rate, a bolus, and what else is told of one event are different things.
fn kind(document: &Existing) -> Kind {
    let family = Family::of(&document.event_type);
    (family == Family::Basal, family == Family::Bolus)
}

fn near(one: &Existing, other: &Existing) -> bool {
    let apart = one.at.zip(other.at).map(|(one, other)| (one - other).abs());
    apart.is_some_and(|apart| apart <= SAME_EVENT_WITHIN)
}

/// Whether the second tells anything again that the first tells of the same event.
fn tells_again(one: &Existing, other: &Existing) -> bool {
    let amounts = ["insulin", "carbs", "relative"];
    let tells_amounts = || amounts.iter().any(|field| both(one, other, field) > 0.0);
    let is_bolus = Family::of(&other.event_type) == Family::Bolus;
    !is_rest(one) && (!is_bolus || tells_amounts())
}

/// Whether the first tells all that the second does.
fn covers(one: &Existing, other: &Existing) -> bool {
    if !has_its_own_notes(other) && text(one, "notes") != text(other, "notes") {
        return false;
    }
    let as_much = |field: &str, rounded: f64| amount(one, field) + rounded > amount(other, field);
    match Family::of(&other.event_type) {
        Family::Bolus => {
            as_much("insulin", ROUNDED.0)
                && as_much("carbs", ROUNDED.1)
                && as_much("relative", ROUNDED.0)
        }
        Family::Basal => as_much("absolute", ROUNDED.0),
        Family::Other(_) => true,
    }
}

/// How a bolus was given, in tconnectsync's words (`eventparser/events.py` and `process_bolus.py`, seen in 2026).
const BOLUS_OPTIONS: [&str; 8] = [
    "Standard Bolus",
    "Extended Bolus",
    "Quick Bolus",
    "Automatic Bolus",
    "BLE Standard Bolus",
    "BLE Extended Bolus",
    "Eating Soon Automatic Bolus",
    "Late Bolus",
];

/// Whether the notes are tconnectsync's own: of a bolus how it was given, of anything else a copy of the reason. Other notes
/// are a person's.
fn has_its_own_notes(theirs: &Existing) -> bool {
    let notes = text(theirs, "notes").trim();
    let option = ["(Declined Correction)", "(Override)"]
        .iter()
        .fold(notes, |notes, suffix| {
            notes.strip_suffix(suffix).unwrap_or(notes).trim_end()
        });
    option.is_empty() || BOLUS_OPTIONS.contains(&option) || notes == text(theirs, "reason").trim()
}

fn both(one: &Existing, other: &Existing, field: &str) -> f64 {
    amount(one, field).min(amount(other, field))
}

/// What a document says in a field, as text.
fn text<'a>(document: &'a Existing, field: &str) -> &'a str {
    let value = document.document.get(field);
    value.and_then(Value::as_str).unwrap_or_default()
}
