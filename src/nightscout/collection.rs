//! What each collection is called, and how its documents are found by their time.

use chrono::{DateTime, Utc};

use super::queries::Document;
use super::time::{instant_of, parse_created_at};
use crate::config::Collection;

/// A collection's names.
#[derive(Clone, Copy)]
pub(super) struct Names {
    /// Its name in permissions and paths.
    name: &'static str,
    /// Its path below `api/v1`, with the suffix that makes every answer JSON.
    pub(super) path: &'static str,
    /// What failures call reading it.
    pub(super) read: &'static str,
    /// What failures call writing to it.
    pub(super) write: &'static str,
    /// What failures call removing from it.
    pub(super) remove: &'static str,
}

macro_rules! names {
    ($name:literal) => {
        Names {
            name: $name,
            path: concat!($name, ".json"),
            read: concat!("read ", $name),
            write: concat!("write ", $name),
            remove: concat!("remove from ", $name),
        }
    };
}

impl Collection {
    pub(super) fn names(self) -> Names {
        match self {
            Collection::Treatments => names!("treatments"),
            Collection::Entries => names!("entries"),
            Collection::DeviceStatus => names!("devicestatus"),
            Collection::Profile => names!("profile"),
        }
    }

    /// Its name in permissions.
    pub(crate) fn name(self) -> &'static str {
        self.names().name
    }

    /// Whether sending a document twice leaves two.
    pub(super) fn only_adds(self) -> bool {
        matches!(self, Collection::DeviceStatus | Collection::Profile)
    }

    /// The instant that a document is filed under. Profiles are not asked for by time.
    pub(crate) fn instant(self, document: &Document) -> Option<DateTime<Utc>> {
        match self {
            Collection::Treatments | Collection::DeviceStatus => {
                parse_created_at(document.get("created_at")?.as_str()?)
            }
            Collection::Entries => instant_of(document.get("date")?),
            Collection::Profile => None,
        }
    }
}
