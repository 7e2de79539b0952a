//! What is removed from a site: single documents, by their `_id`.

use anyhow::{Result, bail};
use reqwest::Method;

use super::object_id::ObjectId;
use super::site::Site;
use crate::config::Collection;
use crate::http::Call;

/// What became of a document that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    /// It is gone; perhaps it was before.
    Yes,
    /// This secret may not remove documents of the collection, or the site cannot.
    NotAllowed,
}

impl Site {
    /// Removes one document. Removing it twice does no harm.
    ///
    /// A token needs the permission `delete` for that, which no other call of this program asks for.
    pub(crate) fn remove(&self, collection: Collection, id: &ObjectId) -> Result<Removed> {
        let path = format!("{}/{id}", collection.name());
        let name = collection.names().remove;
        let mut call = Call::get(name, self.url(&path));
        call.method = Method::DELETE;
        let answer = self.ask(call)?;
        match answer.status() {
            200..=299 => Ok(Removed::Yes),
            // 404 and 405 are of services that imitate Nightscout without this call.
            401 | 403 | 404 | 405 => Ok(Removed::NotAllowed),
            _ => bail!(answer.failure()),
        }
    }
}
