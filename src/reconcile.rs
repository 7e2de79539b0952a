//! Compares the documents that Nightscout should hold with those it holds, and plans what to create and update.
//!
//! Our documents are found by their identifier. Documents of our author without an identifier come from tconnectsync. They
//! stay as they are, so that a site that switches to this program gets no second copy of a delivery. Whatever they leave out
//! (`told`) is written in a document beside them. Documents of other tools are never touched: a document of ours that falls
//! on the same millisecond moves, because older Nightscouts would overwrite theirs.
//!
//! Only two kinds of document are removed: the younger of two documents with the same identifier of ours ([`twins`]), and,
//! on request, tconnectsync's copy of a delivery that is recorded twice ([`doubles`]).

pub(crate) mod doubles;
pub mod entries;
pub(crate) mod profile;
mod sessions;
mod slots;
mod told;
pub(crate) mod twins;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::foreign;
use crate::nightscout::document::{
    Conventions, EventType, Existing, FIELDS, Occasion, Treatment, event_numbers,
};
use crate::nightscout::stored::is_stored_alike;
use crate::pump::event::EventId;
use crate::translate::minutes;
use crate::window::Window;
use sessions::{Sessions, Start};
use slots::Slots;

pub(crate) use told::is_rest;

/// A document may be this far from the event whose number it carries: tconnectsync may have run with another time zone.
const SAME_EVENT_WITHIN: Duration = Duration::days(1);

/// Times less than a second apart are the same: tconnectsync writes whole seconds.
const SAME_INSTANT_WITHIN: Duration = Duration::milliseconds(999);

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
    /// Limits the plan to a span of time. Our documents around it are still updated: when they were written, the pump's
    /// clock may have been judged differently.
    ///
    /// If one of these now ends earlier, the basal rate that follows it is created too.
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

    /// Plans a document that is missing, or that is ours already.
    fn add(
        &mut self,
        mut treatment: Treatment,
        found: Option<&Existing>,
        conventions: Conventions,
    ) {
        let Some(found) = found else {
            self.create.push(treatment);
            return;
        };
        // A document keeps its identifier when more of its events have arrived: newer sites look it up by that.
        treatment.identity.keep(found);
        keep_known_end(&mut treatment, found);
        let document = treatment.to_json(conventions);
        if same(&found.document, &document) {
            self.already.push(treatment);
            return;
        }
        self.update.push(Update {
            id: found.id.clone(),
            stands_as: found.event_type.clone(),
            stands_at: found.at,
            document: with_fields_of_others(document, &found.document),
            treatment,
        });
    }

    /// Leaves out what an earlier plan of the same run contained: it is counted already, and a pretended write is not stored.
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

/// Compares the wanted treatments with the stored ones.
pub fn reconcile(wanted: Vec<Treatment>, existing: &[Existing], conventions: Conventions) -> Plan {
    let index = Index::new(existing);
    let wanted: Vec<Treatment> = wanted
        .into_iter()
        .flat_map(|treatment| index.with_restated(treatment))
        .collect();
    let mut plan = Plan::default();
    let mut missing_or_ours = Vec::new();
    let mut sessions = Sessions::new(existing, &wanted);
    for treatment in wanted {
        if let Occasion::WhenTold(_) = treatment.identity.occasion {
            match sessions.compare(&treatment) {
                Start::There => plan.already.push(treatment),
                Start::Changes(found) => missing_or_ours.push((treatment, Some(found))),
                Start::Missing => missing_or_ours.push((treatment, None)),
            }
            continue;
        }
        let ours = index.find_ours(&treatment);
        let only_corrects = treatment.identity.occasion == Occasion::OnlyCorrects;
        match index.left_to_tell(&treatment, ours) {
            // What was left to tell of a rate or a mode turned out to be nothing: our document says the same as theirs. A run
            // that does not see its end knows nothing of what is left.
            Left::Nothing
                if ours.is_some()
                    && treatment.content.insulin.is_none()
                    && !treatment.content.open_ended =>
            {
                missing_or_ours.push((told::no_rest(&treatment), ours));
            }
            Left::Nothing => plan.already.push(treatment),
            _ if ours.is_none() && only_corrects => {}
            Left::Whole => missing_or_ours.push((treatment, ours)),
            Left::Rest(rest) => missing_or_ours.push((*rest, ours)),
        }
    }
    // The rest of a delivery starts later than the delivery itself.
    missing_or_ours.sort_by_key(|(treatment, _)| treatment.at);
    let mut slots = Slots::taken_by(existing, &missing_or_ours);
    for (mut treatment, found) in missing_or_ours {
        slots.place(&mut treatment);
        plan.add(treatment, found, conventions);
    }
    plan
}

/// A page that ends before a rest, a mode or an alert does shows less of it than the run that saw its end.
fn keep_known_end(treatment: &mut Treatment, found: &Existing) {
    let lasts = told::amount(found, "duration");
    // A rest of what is to be told as a whole again ends where it did, and begins later.
    let was_rest = is_rest(found) && !told::tells_rest(&treatment.content);
    let later = found.at.map(|at| at - treatment.at).filter(|_| was_rest);
    let lasts = lasts + later.map_or(0.0, minutes);
    let known = treatment.content.duration.unwrap_or_default();
    if !treatment.content.open_ended || lasts <= known {
        return;
    }
    let text = |field: &str| foreign::text_in(&found.document, field);
    treatment.content.duration = Some(lasts);
    if !was_rest {
        treatment.content.notes = text("notes").map(str::to_owned);
    }
    let main = treatment.identity.events[0];
    let numbers = event_numbers(text("pump_event_id").unwrap_or_default());
    let others = numbers.filter(|number| *number != main.number);
    let others = others.map(|number| EventId { number, ..main });
    treatment.identity.events = [main].into_iter().chain(others).collect();
}

/// Event types that different tools use for the same delivery.
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

/// What of a treatment is still to be written.
enum Left {
    /// Nothing: tconnectsync wrote all of it.
    Nothing,
    Whole,
    /// What tconnectsync left out.
    Rest(Box<Treatment>),
}

/// The stored documents, indexed by identifier, event number and second.
#[derive(Default)]
pub(crate) struct Index<'a> {
    by_identifier: HashMap<&'a str, &'a Existing>,
    by_event: HashMap<i64, Vec<&'a Existing>>,
    by_instant: HashMap<i64, Vec<&'a Existing>>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(existing: &'a [Existing]) -> Self {
        let mut index = Index::default();
        for document in existing {
            if let Some(identifier) = &document.identifier {
                index.by_identifier.entry(identifier).or_insert(document);
                continue;
            }
            if !document.ours {
                continue;
            }
            for number in &document.events {
                index.by_event.entry(*number).or_default().push(document);
            }
            if let Some(at) = document.at {
                let of_second = index.by_instant.entry(at.timestamp());
                of_second.or_default().push(document);
            }
        }
        index
    }

    pub(crate) fn find_ours(&self, wanted: &Treatment) -> Option<&'a Existing> {
        (wanted.identity.identifiers())
            .find_map(|identifier| self.by_identifier.get(identifier.to_string().as_str()))
            .copied()
    }

    /// What of a treatment is still to be written.
    fn left_to_tell(&self, wanted: &Treatment, ours: Option<&Existing>) -> Left {
        let theirs = self.find_theirs(wanted);
        // If we wrote it before tconnectsync did, our document stays complete; the owner is told of the duplicate.
        let whole = theirs.is_empty() || ours.is_some_and(|ours| !told::is_rest(ours));
        match whole {
            true => Left::Whole,
            false => {
                told::rest(wanted, &theirs).map_or(Left::Nothing, |rest| Left::Rest(Box::new(rest)))
            }
        }
    }

    /// What tconnectsync wrote of the same event, else of the same kind at the same time.
    ///
    /// The event type may differ: tconnectsync's combo bolus counts as the meal bolus that it is. But a temp basal and
    /// what else tells of the same event are two things, and so are a sleep that an event ends and the exercise that it
    /// begins.
    fn find_theirs(&self, wanted: &Treatment) -> Vec<&'a Existing> {
        let family = Family::of(wanted.event_type.name());
        let main = wanted.identity.events.first().map(|id| id.number);
        let of_event = |document: &&Existing| {
            let about_the_same = family == Family::Bolus || document.main_event() == main;
            let both_basal = Family::of(&document.event_type) == Family::Basal;
            is_near(document, wanted.at, SAME_EVENT_WITHIN)
                && about_the_same
                && both_basal == (family == Family::Basal)
        };
        let at_the_time = |document: &&Existing| {
            is_near(document, wanted.at, SAME_INSTANT_WITHIN)
                && Family::of(&document.event_type) == family
                && (family != Family::Basal || same_rate(document, wanted))
        };
        let numbers = wanted.identity.events.iter().map(|id| id.number);
        let found = among(&self.by_event, numbers, of_event);
        if !found.is_empty() {
            return found;
        }
        let second = wanted.at.timestamp();
        among(&self.by_instant, second - 1..=second + 1, at_the_time)
    }

    /// A treatment, and the stored document that only repeats it from some time on: the first ends where the second begins.
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
}

/// The documents under any of these keys for which `is_one` holds.
fn among<'a>(
    index: &HashMap<i64, Vec<&'a Existing>>,
    keys: impl IntoIterator<Item = i64>,
    is_one: impl Fn(&&'a Existing) -> bool,
) -> Vec<&'a Existing> {
    let found = keys.into_iter().filter_map(|key| index.get(&key));
    found.flatten().copied().filter(is_one).collect()
}

/// Whether a document is filed within this time before or after an instant.
fn is_near(document: &Existing, at: DateTime<Utc>, within: Duration) -> bool {
    (document.at).is_some_and(|filed| (filed - at).abs() <= within)
}

/// Whether a stored temp basal has the wanted rate, rounded as tconnectsync rounds it. A suspension and a report in the same
/// second are two different rates.
fn same_rate(document: &Existing, wanted: &Treatment) -> bool {
    let told = (document.document.get("absolute")).and_then(foreign::number);
    let rate = wanted.content.absolute;
    match (told, rate) {
        (Some(told), Some(rate)) => (told - rate.units_per_hour()).abs() <= told::ROUNDED,
        _ => true,
    }
}

/// Whether a stored document is what was wanted, allowing for the changes Nightscout makes when it stores one.
fn same(stored: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    let mut fields = FIELDS.iter().filter(|field| *field != "utcOffset");
    fields.all(|field| is_stored_alike(field, stored.get(field), wanted.get(field)))
}

/// Our document with the fields that others added to the stored one.
fn with_fields_of_others(
    mut ours: Map<String, Value>,
    stored: &Map<String, Value>,
) -> Map<String, Value> {
    for (name, value) in stored {
        let theirs = name != "_id" && !FIELDS.contains(name) && !value.is_null();
        if theirs {
            ours.insert(name.clone(), value.clone());
        }
    }
    ours
}
