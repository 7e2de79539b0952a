//! What Nightscout should hold against what it holds: a plan of creations and updates.
//!
//! A document of ours is found again by its identifier. Documents without one that name this program may be
//! tconnectsync's: what they tell of the same event of the pump is there already and is left as it is, so that a site
//! which changes over gets no second copy of any delivery; what they leave out of it (`told`) is written beside them.
//! Documents of other tools are never touched, not even by a document of ours that falls on the same millisecond, which
//! older Nightscouts would put in their place.
//!
//! Two things are removed, and nothing else: the younger of two documents with one identifier of ours ([`twins`]), and,
//! where the owner asks for it, what tconnectsync wrote of a delivery that stands there twice ([`doubles`]).

pub(crate) mod doubles;
pub mod entries;
pub(crate) mod profile;
mod sessions;
mod told;
pub(crate) mod twins;

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::nightscout::document::{Conventions, EventType, Existing, FIELDS, Occasion, Treatment};
use crate::nightscout::stored::is_stored_alike;
use crate::pump::event::EventId;
use crate::translate::minutes;
use crate::window::Window;
use sessions::{Sessions, Start};

pub(crate) use told::is_rest;

/// How far a document may lie from the event whose number it has: tconnectsync may have been run with another zone.
const SAME_EVENT_WITHIN: Duration = Duration::days(1);

/// Times that differ by less are the same: tconnectsync writes whole seconds.
const SAME_INSTANT_WITHIN: Duration = Duration::seconds(1);

/// What has to be written, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Documents that Nightscout lacks.
    pub create: Vec<Treatment>,
    /// Documents of ours that have to change.
    pub update: Vec<Update>,
    /// What is there already.
    pub(crate) already: Vec<Treatment>,
}

impl Plan {
    /// Limits the plan to a span of time, except that documents of ours around it are still updated: the pump's clock may
    /// have been judged otherwise when they were written.
    ///
    /// Where one of these now ends earlier than it did, what goes on from there is created too.
    pub(crate) fn within(mut self, window: Window) -> Plan {
        let ends = self
            .update
            .iter()
            .filter_map(|update| end(&update.treatment));
        let mut goes_on: HashSet<i64> = ends.collect();
        self.create.retain(|treatment| {
            let follows = end(treatment).filter(|_| goes_on.contains(&treatment.at.timestamp()));
            goes_on.extend(follows);
            treatment.is_due(|at| window.contains(at)) || follows.is_some()
        });
        self.already
            .retain(|treatment| treatment.is_due(|at| window.contains(at)));
        self
    }

    /// Which documents it is about.
    pub(crate) fn identifiers(&self) -> HashSet<Uuid> {
        let updated = self.update.iter().map(|update| &update.treatment);
        let all = self.create.iter().chain(&self.already).chain(updated);
        all.map(|treatment| treatment.identity.identifier).collect()
    }

    /// Leaves out what an earlier plan of the same run was about: it is counted, and where the run only pretends it is not there.
    pub(crate) fn leave_out(&mut self, earlier: &HashSet<Uuid>) {
        let is_new = |treatment: &Treatment| !earlier.contains(&treatment.identity.identifier);
        self.create.retain(is_new);
        self.already.retain(is_new);
    }
}

/// A document of ours that has to change.
#[derive(Clone, Debug)]
pub struct Update {
    /// Nightscout's `_id` of it, where it gave one.
    pub id: Option<String>,
    /// Its event type as it stands.
    pub(crate) stands_as: String,
    /// The instant that it is filed under as it stands.
    pub(crate) stands_at: Option<DateTime<Utc>>,
    /// What it should say.
    pub(crate) treatment: Treatment,
    /// The whole document to put in its place, without `_id`: our fields, and whatever others added.
    pub document: Map<String, Value>,
}

/// The second in which a basal rate ends.
fn end(treatment: &Treatment) -> Option<i64> {
    let is_basal = treatment.event_type == EventType::TempBasal;
    let minutes = treatment.content.duration.filter(|_| is_basal)?;
    Some(treatment.at.timestamp() + (minutes * 60.0).round() as i64)
}

/// Compares what should be there with what is.
pub fn reconcile(wanted: Vec<Treatment>, existing: &[Existing], conventions: Conventions) -> Plan {
    let index = Index::new(existing);
    let wanted: Vec<Treatment> = wanted
        .into_iter()
        .flat_map(|treatment| index.with_restated(treatment))
        .collect();
    let mut plan = Plan::default();
    let mut missing_or_ours = Vec::new();
    let mut sessions = Sessions::new(existing, &wanted);
    for mut treatment in wanted {
        if let Occasion::WhenTold(_) = treatment.identity.occasion {
            match sessions.compare(&treatment) {
                Start::Changes(found) if found.identifier.is_some() => {
                    treatment.identity.keep(found);
                    missing_or_ours.push((treatment, Some(found)));
                }
                Start::There | Start::Changes(_) => plan.already.push(treatment),
                Start::Missing => missing_or_ours.push((treatment, None)),
            }
            continue;
        }
        let ours = index.find_ours(&treatment);
        let theirs = index.find_theirs(&treatment);
        // What we wrote before tconnectsync did stays whole: the delivery stands twice, and the owner is told.
        let whole = theirs.is_empty() || ours.is_some_and(|ours| !told::is_rest(ours));
        let only_corrects = treatment.identity.occasion == Occasion::OnlyCorrects;
        let left = match whole {
            true => Some(treatment.clone()),
            false => told::rest(&treatment, &theirs),
        };
        match left {
            // What was left to tell of a rate or a mode turned out to be nothing: our document says the same as theirs.
            None if ours.is_some() && treatment.content.insulin.is_none() => {
                missing_or_ours.push((told::no_rest(&treatment), ours));
            }
            None => plan.already.push(treatment),
            Some(_) if ours.is_none() && only_corrects => {}
            Some(left) => missing_or_ours.push((left, ours)),
        }
    }
    // The rest of a delivery begins later than all of it.
    missing_or_ours.sort_by_key(|(treatment, _)| treatment.at);
    let mut slots = Slots::taken_by(existing, &missing_or_ours);
    for (mut treatment, found) in missing_or_ours {
        slots.place(&mut treatment);
        // Who a document is stays, also when more of its events have come since: newer sites find it by that.
        if let Some(found) = found {
            treatment.identity.keep(found);
            keep_known_end(&mut treatment, found);
        }
        let document = treatment.to_json(conventions);
        match found {
            None => plan.create.push(treatment),
            Some(found) if same(&found.document, &document) => {
                plan.already.push(treatment);
            }
            Some(found) => plan.update.push(Update {
                id: found.id.clone(),
                stands_as: found.event_type.clone(),
                stands_at: found.at,
                document: with_fields_of_others(document, &found.document),
                treatment,
            }),
        }
    }
    plan
}

/// A page that ends before a rest, a mode or an alert does tells less of it than the run that saw its end.
fn keep_known_end(treatment: &mut Treatment, found: &Existing) {
    let lasts = told::amount(found, "duration");
    let known = treatment.content.duration.unwrap_or_default();
    if !treatment.content.open_ended || lasts <= known {
        return;
    }
    let text = |field: &str| found.document.get(field).and_then(Value::as_str);
    treatment.content.duration = Some(lasts);
    treatment.content.notes = text("notes").map(str::to_owned);
    let main = treatment.identity.events[0];
    let numbers = text("pump_event_id").unwrap_or_default().split(',');
    let numbers = numbers.filter_map(|number| number.trim().parse().ok());
    let others = numbers.filter(|number| *number != main.number);
    let others = others.map(|number| EventId { number, ..main });
    treatment.identity.events = [main].into_iter().chain(others).collect();
}

/// Event types between which a tool may choose for the same delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Family<'a> {
    Basal,
    Bolus,
    Other(&'a str),
}

impl<'a> Family<'a> {
    fn of(event_type: &'a str) -> Self {
        match event_type {
            "Temp Basal" => Family::Basal,
            "Combo Bolus" | "Meal Bolus" | "Snack Bolus" | "Correction Bolus"
            | "Carb Correction" | "Bolus" | "Bolus Wizard" => Family::Bolus,
            other => Family::Other(other),
        }
    }
}

/// The documents there, by what they can be found by.
struct Index<'a> {
    existing: &'a [Existing],
    by_identifier: HashMap<&'a str, usize>,
    by_event: HashMap<i64, Vec<usize>>,
    by_instant: HashMap<i64, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(existing: &'a [Existing]) -> Self {
        let mut index = Index {
            existing,
            by_identifier: HashMap::new(),
            by_event: HashMap::new(),
            by_instant: HashMap::new(),
        };
        for (position, document) in existing.iter().enumerate() {
            if let Some(identifier) = &document.identifier {
                index.by_identifier.entry(identifier).or_insert(position);
                continue;
            }
            if !document.ours {
                continue;
            }
            for number in &document.events {
                index.by_event.entry(*number).or_default().push(position);
            }
            if let Some(at) = document.at {
                index
                    .by_instant
                    .entry(at.timestamp())
                    .or_default()
                    .push(position);
            }
        }
        index
    }

    fn find_ours(&self, wanted: &Treatment) -> Option<&'a Existing> {
        let identity = &wanted.identity;
        std::iter::once(&identity.identifier)
            .chain(&identity.earlier)
            .find_map(|identifier| self.by_identifier.get(identifier.to_string().as_str()))
            .map(|position| &self.existing[*position])
    }

    /// What tconnectsync wrote of the same event.
    fn find_theirs(&self, wanted: &Treatment) -> Vec<&'a Existing> {
        let by_event = self.find_by_event(wanted);
        if by_event.is_empty() {
            self.find_by_instant(wanted)
        } else {
            by_event
        }
    }

    /// A treatment, and what is there beside it although it says nothing more: the one ends where the other begins.
    fn with_restated(&self, mut treatment: Treatment) -> impl Iterator<Item = Treatment> + use<> {
        let restated = treatment.restated.take();
        let there = restated.filter(|restated| {
            self.find_ours(restated).is_some() || !self.find_theirs(restated).is_empty()
        });
        if let Some(restated) = &there {
            treatment.content.duration = Some(minutes(restated.at - treatment.at));
        }
        [Some(treatment), there.map(|restated| *restated)]
            .into_iter()
            .flatten()
    }

    /// Whatever the event type, so that tconnectsync's combo bolus counts as the meal bolus that it is; but a temp basal
    /// and what else is told of the same event are two things, and so are a sleep that an event ends and the exercise that
    /// it begins.
    fn find_by_event(&self, wanted: &Treatment) -> Vec<&'a Existing> {
        let family = Family::of(wanted.event_type.name());
        let main = wanted.identity.events.first().map(|id| id.number);
        let candidates = wanted
            .identity
            .events
            .iter()
            .filter_map(|id| self.by_event.get(&id.number));
        let positions: BTreeSet<usize> = candidates.flatten().copied().collect();
        positions
            .into_iter()
            .map(|position| &self.existing[position])
            .filter(|document| {
                let near = document
                    .at
                    .is_some_and(|at| (at - wanted.at).abs() <= SAME_EVENT_WITHIN);
                let about_the_same = family == Family::Bolus || document.main_event() == main;
                let both_basal = Family::of(&document.event_type) == Family::Basal;
                near && about_the_same && both_basal == (family == Family::Basal)
            })
            .collect()
    }

    fn find_by_instant(&self, wanted: &Treatment) -> Vec<&'a Existing> {
        let second = wanted.at.timestamp();
        let candidates = [second - 1, second, second + 1]
            .into_iter()
            .filter_map(|second| self.by_instant.get(&second));
        candidates
            .flatten()
            .map(|position| &self.existing[*position])
            .filter(|document| {
                let near = document
                    .at
                    .is_some_and(|at| (at - wanted.at).abs() < SAME_INSTANT_WITHIN);
                let family = Family::of(wanted.event_type.name());
                near && Family::of(&document.event_type) == family
                    && (family != Family::Basal || same_rate(document, wanted))
            })
            .collect()
    }
}

/// Whether a temp basal there tells the rate that is wanted, as tconnectsync rounds it: where a suspension and a report share a
/// second, they are two things.
fn same_rate(document: &Existing, wanted: &Treatment) -> bool {
    /// tconnectsync writes two decimals at least.
    const ROUNDED: f64 = 0.0051;
    let told = document.document.get("absolute").and_then(Value::as_f64);
    let rate = wanted.content.absolute;
    match (told, rate) {
        (Some(told), Some(rate)) => (told - rate.units_per_hour()).abs() <= ROUNDED,
        _ => true,
    }
}

/// The milliseconds in which a document of a type lies already, each with the next one that may be free. Two documents in
/// one would become one.
struct Slots(HashMap<String, HashMap<i64, i64>>);

impl Slots {
    /// The slots of all documents there but those that are about to be compared: these keep or change their place.
    fn taken_by(existing: &[Existing], compared: &[(Treatment, Option<&Existing>)]) -> Slots {
        let compared: HashSet<&str> = compared
            .iter()
            .filter_map(|(_, found)| found.and_then(|found| found.identifier.as_deref()))
            .collect();
        let others = existing.iter().filter(|document| {
            !document
                .identifier
                .as_deref()
                .is_some_and(|id| compared.contains(id))
        });
        let mut slots = Slots(HashMap::new());
        for document in others {
            if let Some(at) = document.at {
                let at = at.timestamp_millis();
                slots.of(&document.event_type).insert(at, at + 1);
            }
        }
        slots
    }

    fn of(&mut self, event_type: &str) -> &mut HashMap<i64, i64> {
        self.0.entry(event_type.to_owned()).or_default()
    }

    /// Moves a document to the next free millisecond. Whatever was passed on the way there points behind it from then on, so
    /// that thousands of documents of one moment take no longer than others.
    fn place(&mut self, treatment: &mut Treatment) {
        let slots = self.of(treatment.event_type.name());
        let wanted = treatment.at.timestamp_millis();
        let mut passed = Vec::new();
        let mut free = wanted;
        while let Some(next) = slots.get(&free) {
            passed.push(free);
            free = *next;
        }
        passed.push(free);
        slots.extend(passed.into_iter().map(|slot| (slot, free + 1)));
        treatment.at += Duration::milliseconds(free - wanted);
    }
}

/// Whether a document says what it should, after what Nightscout does to documents when it stores them.
fn same(stored: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    FIELDS
        .iter()
        .filter(|field| **field != "utcOffset")
        .all(|field| is_stored_alike(field, stored.get(*field), wanted.get(*field)))
}

/// Our document with what somebody else added to the one in its place.
fn with_fields_of_others(
    mut ours: Map<String, Value>,
    stored: &Map<String, Value>,
) -> Map<String, Value> {
    for (name, value) in stored {
        let theirs = name != "_id" && !FIELDS.contains(&name.as_str()) && !value.is_null();
        if theirs {
            ours.insert(name.clone(), value.clone());
        }
    }
    ours
}
