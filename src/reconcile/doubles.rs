//! Deliveries that are on the site twice because tconnectsync wrote them too.
//!
//! tconnectsync's documents have the same author as ours and carry the pump's event numbers, but no identifier. If a
//! document of ours records the same delivery, theirs is the wrong one: it is rounded, never corrected, and may be hours off.
//! Clock errors of tconnectsync can leave two of its own documents for one event; then the one nearest to the pump's time
//! stays. A document that says more than the one that would stay is left alone: somebody may have edited it.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::told::{ROUNDED, amount, is_rest};
use super::twins::is_our_identifier;
use super::{Family, SAME_EVENT_WITHIN, is_near};
use crate::foreign;
use crate::nightscout::ObjectId;
use crate::nightscout::document::Existing;

/// tconnectsync cuts carbs to whole grams.
const CUT_TO_GRAMS: f64 = 1.0;

/// What happens to a duplicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is removed: another document says everything that it says.
    Goes,
    /// It stays: it says more than the other.
    TellsMore,
    /// It stays: both are tconnectsync's, and the pump's history, which would show the right one, was not fetched or does not
    /// reach back that far.
    Undecided,
}

/// A document of tconnectsync's that records what another document records too.
#[derive(Clone, Debug)]
pub struct Double {
    /// Its `_id`.
    pub(crate) id: ObjectId,
    /// The document.
    pub(crate) document: Existing,
    /// The insulin that is counted twice because of it, in U. Not basal insulin: a temp basal ends where the next begins.
    pub(crate) insulin: f64,
    /// The carbs that are counted twice because of it, in g.
    pub(crate) carbs: f64,
    /// The event type of the other document.
    pub(crate) other_type: String,
    /// When the other is filed.
    pub(crate) other_at: Option<DateTime<Utc>>,
    /// Whether this program wrote the other.
    pub(crate) other_is_ours: bool,
    /// What happens to it.
    pub(crate) fate: Fate,
}

impl Double {
    fn new(document: &Existing, id: ObjectId, other: &Existing, fate: Fate) -> Self {
        Double {
            id,
            document: document.clone(),
            insulin: both(document, other, "insulin"),
            carbs: both(document, other, "carbs"),
            other_type: other.event_type.clone(),
            other_at: other.at,
            other_is_ours: other.identifier.is_some(),
            fate,
        }
    }

    /// Whether it is of a bolus, whatever the event type.
    pub(crate) fn is_bolus(&self) -> bool {
        is_bolus(&self.document)
    }

    /// Whether it is to be removed.
    pub(crate) fn goes(&self) -> bool {
        self.fate == Fate::Goes
    }
}

/// Finds the duplicates among documents, oldest first. `instant` gives the instant of a pump's event by its number, if known.
pub(crate) fn find(
    existing: &[Existing],
    instant: impl Fn(i64) -> Option<DateTime<Utc>>,
) -> Vec<Double> {
    let ours = ours_by_event(existing);
    let mut doubles = Vec::new();
    let mut theirs: BTreeMap<(i64, Kind), Vec<(&Existing, ObjectId)>> = BTreeMap::new();
    for document in existing {
        let Some((main, id)) = of_tconnectsync(document) else {
            continue;
        };
        if let Some(other) = telling_the_same(&ours, document) {
            doubles.push(Double::new(document, id, other, fate(document, other)));
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

/// Insulin (U) and carbs (g) of boluses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// U.
    pub insulin: f64,
    /// g.
    pub carbs: f64,
}

impl Totals {
    /// Counts the boluses among documents that carry a pump's event numbers.
    pub(crate) fn count<'e>(&mut self, existing: impl Iterator<Item = &'e Existing>) {
        let of_pump = existing.filter(|document| document.ours && !document.events.is_empty());
        for document in of_pump.filter(|document| is_bolus(document)) {
            self.insulin += amount(document, "insulin");
            self.carbs += amount(document, "carbs");
        }
    }
}

/// Whether a document is a basal rate, and whether it is a bolus.
type Kind = (bool, bool);

/// tconnectsync's documents of one event. The one nearest to the event stays.
fn among_themselves(
    documents: &[(&Existing, ObjectId)],
    instant: Option<DateTime<Utc>>,
) -> Vec<Double> {
    let nearest = documents.iter().min_by_key(|(document, id)| {
        let times = instant.zip(document.at);
        // If the event's time is unknown, the order only makes the result stable.
        (times.map(|(instant, at)| (at - instant).abs()), id)
    });
    let Some((stays, id_of_stays)) = nearest else {
        return Vec::new();
    };
    let others = documents.iter().filter(|(document, id)| {
        id != id_of_stays && near(document, stays) && tells_again(stays, document)
    });
    let doubles = others.map(|(document, id)| {
        let fate = instant.map_or(Fate::Undecided, |_| fate(document, stays));
        Double::new(document, id.clone(), stays, fate)
    });
    doubles.collect()
}

/// What happens to a document if another that records the same stays.
fn fate(document: &Existing, stays: &Existing) -> Fate {
    match covers(stays, document) {
        true => Fate::Goes,
        false => Fate::TellsMore,
    }
}

/// This program's documents, by the pump's event numbers.
fn ours_by_event(existing: &[Existing]) -> HashMap<i64, Vec<&Existing>> {
    let mut by_event: HashMap<i64, Vec<&Existing>> = HashMap::new();
    for document in existing {
        let identifier = document.identifier.as_deref();
        if document.ours && identifier.is_some_and(is_our_identifier) {
            for number in &document.events {
                by_event.entry(*number).or_default().push(document);
            }
        }
    }
    by_event
}

/// A document of ours that records the same as this one of tconnectsync's.
fn telling_the_same<'a>(
    ours: &HashMap<i64, Vec<&'a Existing>>,
    theirs: &Existing,
) -> Option<&'a Existing> {
    let numbers = theirs.events.iter();
    let mut candidates = numbers.filter_map(|number| ours.get(number)).flatten();
    let found = candidates.find(|ours| {
        // One event may end a sleep and begin an exercise.
        let about_the_same = is_bolus(theirs) || ours.main_event() == theirs.main_event();
        kind(ours) == kind(theirs)
            && about_the_same
            && near(ours, theirs)
            && tells_again(ours, theirs)
    });
    found.copied()
}

/// The first event number and the `_id` of a document that tconnectsync wrote; `None` for any other.
fn of_tconnectsync(document: &Existing) -> Option<(i64, ObjectId)> {
    if !document.ours || document.identifier.is_some() {
        return None;
    }
    let id = ObjectId::parse(document.id.as_deref()?)?;
    Some((document.main_event()?, id))
}

/// A basal rate, a bolus and anything else about one event are different things.
fn kind(document: &Existing) -> Kind {
    let family = Family::of(&document.event_type);
    (family == Family::Basal, family == Family::Bolus)
}

fn is_bolus(document: &Existing) -> bool {
    Family::of(&document.event_type) == Family::Bolus
}

fn near(one: &Existing, other: &Existing) -> bool {
    (other.at).is_some_and(|at| is_near(one, at, SAME_EVENT_WITHIN))
}

/// Whether the second repeats anything that the first says about the same event.
fn tells_again(one: &Existing, other: &Existing) -> bool {
    let amounts = ["insulin", "carbs", "relative"];
    let tells_amounts = || amounts.iter().any(|field| both(one, other, field) > 0.0);
    !is_rest(one) && (!is_bolus(other) || tells_amounts())
}

/// Whether the first says everything that the second says.
fn covers(one: &Existing, other: &Existing) -> bool {
    if !has_its_own_notes(other) && text(one, "notes") != text(other, "notes") {
        return false;
    }
    let as_much = |field: &str, rounded: f64| amount(one, field) + rounded > amount(other, field);
    match Family::of(&other.event_type) {
        Family::Bolus => {
            as_much("insulin", ROUNDED)
                && as_much("carbs", CUT_TO_GRAMS)
                && as_much("relative", ROUNDED)
        }
        Family::Basal => as_much("absolute", ROUNDED),
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
    foreign::text_in(&document.document, field).unwrap_or_default()
}
