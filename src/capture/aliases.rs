//! Aliases for ids, names and serial numbers: the same one gets the same alias everywhere in a capture.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::dates::Shift;
use crate::config::PumpSerial;
use crate::failure::Failure;
use crate::nightscout::ObjectId;
use crate::nightscout::document;
use crate::nightscout::entry::is_a_bridge;
use crate::pump::event::EventId;
use crate::random;

/// The aliases of a capture.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    shift: Shift,
    /// Makes aliases that nobody can compute from what they stand for. It is not kept.
    salt: Uuid,
    ids: HashMap<String, String>,
    names: HashMap<String, String>,
    serials: Vec<String>,
    groups: BTreeSet<i64>,
    /// Every `_id` met, oldest first.
    objects: BTreeSet<ObjectId>,
    /// The aliases of the documents' identifiers.
    identifiers: HashMap<String, String>,
    features: String,
}

impl Aliases {
    /// No alias yet. `features` is part of the identifiers of the run's device statuses.
    pub(super) fn new(shift: Shift, features: String) -> Result<Aliases, Failure> {
        Ok(Aliases {
            shift,
            salt: Uuid::from_bytes(random::bytes()?),
            groups: BTreeSet::from([0, 1]),
            features,
            ..Aliases::default()
        })
    }

    /// Notes a pump before anything is written.
    pub(super) fn met_serial(&mut self, serial: &str) {
        if !self.serials.iter().any(|known| known == serial) {
            self.serials.push(serial.to_owned());
        }
    }

    pub(super) fn met_group(&mut self, group: i64) {
        // A handful is more than any account has.
        if self.groups.len() < 8 {
            self.groups.insert(group);
        }
    }

    pub(super) fn met_object(&mut self, id: &str) {
        self.objects.extend(ObjectId::parse(id));
    }

    /// Takes the aliases of this many pumps for real serial numbers, so that they stay as they are.
    pub(super) fn know_aliases(&mut self, pumps: usize) {
        self.serials = (0..pumps).map(alias_of).collect();
    }

    /// The alias of an id. It can be part of a path.
    pub(super) fn id(&mut self, id: &str) -> String {
        let next = self.ids.len() + 1;
        let alias = self.ids.entry(id.to_owned());
        alias.or_insert_with(|| format!("id-{next}")).clone()
    }

    /// The alias of a name that a person gave, whatever blanks surround it. If the name looks like a bridge from Tandem's cloud,
    /// so does its alias.
    pub(super) fn name(&mut self, name: &str) -> String {
        let next = self.names.len() + 1;
        let alias = self.names.entry(name.trim().to_owned());
        let new = || match is_a_bridge(name) {
            true => format!("name {next} (tandem)"),
            false => format!("name {next}"),
        };
        alias.or_insert_with(new).clone()
    }

    /// The alias of a serial number: another serial number.
    pub(super) fn serial(&mut self, serial: &str) -> String {
        self.met_serial(serial);
        let index = self.serials.iter().position(|known| known == serial);
        alias_of(index.unwrap_or_default())
    }

    /// The alias of an `_id`: its time is moved, and it sorts among the others as before.
    pub(super) fn object(&mut self, id: &str) -> String {
        let Some(parsed) = ObjectId::parse(id) else {
            return self.id(id);
        };
        let second = parsed.written_at().map_or(0, |at| at.timestamp());
        let second = u32::try_from(self.shift.seconds(second)).unwrap_or(u32::MAX);
        let rank = self.objects.range(..&parsed).count();
        format!("{second:08x}{rank:016x}")
    }

    /// The alias of a document's identifier. If this program made it from a pump's serial number, the alias is made from that
    /// pump's alias in the same way, so that a replay finds the document.
    pub(super) fn identifier(&mut self, identifier: &str, about: &About) -> String {
        if let Some(known) = self.identifiers.get(identifier) {
            return known.clone();
        }
        let alias = match Uuid::try_parse(identifier) {
            Ok(uuid) => (self.made_again(&uuid, about))
                .unwrap_or_else(|| self.made_up(&uuid))
                .to_string(),
            Err(_) => self.id(identifier),
        };
        self.identifiers
            .insert(identifier.to_owned(), alias.clone());
        alias
    }

    /// The alias after all times have moved once more. Only identifiers that are made from a time change.
    pub(super) fn moved_identifier(&mut self, alias: &str, about: &About) -> Option<String> {
        let uuid = Uuid::try_parse(alias).ok()?;
        Some(self.made_again(&uuid, about)?.to_string())
    }

    /// The same for an `_id`.
    pub(super) fn moved_object(&self, id: &str) -> Option<String> {
        let second = ObjectId::parse(id)?.written_at()?.timestamp();
        let second = u32::try_from(self.shift.seconds(second)).ok()?;
        Some(format!("{second:08x}{}", id.get(8..)?))
    }

    /// Another UUID: of version 5, as ours are, or random.
    fn made_up(&self, uuid: &Uuid) -> Uuid {
        let alias = Uuid::new_v5(&self.salt, uuid.as_bytes());
        match uuid.get_version_num() {
            5 => alias,
            _ => uuid::Builder::from_random_bytes(alias.into_bytes()).into_uuid(),
        }
    }

    fn made_again(&mut self, uuid: &Uuid, about: &About) -> Option<Uuid> {
        for serial in self.serials.clone() {
            let real = PumpSerial::new(serial.as_str())?;
            let alias = PumpSerial::new(self.serial(&serial))?;
            let events = about.numbers.iter().flat_map(|number| {
                let groups = self.groups.iter();
                groups.map(|group| EventId {
                    group: *group,
                    number: *number,
                })
            });
            for event in events {
                let subject = document::Subject::ALL
                    .iter()
                    .find(|subject| document::identifier(&real, **subject, event) == *uuid);
                if let Some(subject) = subject {
                    return Some(document::identifier(&alias, *subject, event));
                }
            }
            let names = about.at.into_iter().flat_map(|at| {
                let name = |serial: &PumpSerial, by: Shift| {
                    document::names_by_time(serial, by.instant(at), &self.features)
                };
                let names = name(&real, Shift(0)).into_iter();
                names.zip(name(&alias, self.shift)).collect::<Vec<_>>()
            });
            for (real, alias) in names {
                if document::identifier_of(&real) == *uuid {
                    return Some(document::identifier_of(&alias));
                }
            }
        }
        None
    }
}

/// The alias of a pump's serial number.
fn alias_of(index: usize) -> String {
    (90_000_001 + index).to_string()
}

/// What a document says beside its identifier.
#[derive(Debug, Default)]
pub(super) struct About {
    /// The pump's sequence numbers.
    pub numbers: Vec<i64>,
    /// Its time.
    pub at: Option<chrono::DateTime<chrono::Utc>>,
}
