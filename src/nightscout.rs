//! Nightscout over HTTP, by its API v1: authentication, queries, batched writes.
//!
//! A [`Site`] is one Nightscout; several threads may use it. Unless a comment says otherwise, the facts were measured on
//! Nightscout 15.0.7 and are the same back to 14.2.

mod authentication;
mod collection;
mod compression;
pub mod document;
pub mod entry;
mod look;
mod object_id;
mod queries;
mod removal;
mod rights;
mod site;
mod status;
pub(crate) mod stored;
mod time;
mod writes;

use crate::http::Service;

pub use crate::config::Collection;
pub use queries::Document;
pub use site::Site;
pub use status::{GlucoseUnits, SiteVersion};
pub use writes::Written;

pub(crate) use object_id::ObjectId;
pub(crate) use removal::Removed;
pub(crate) use rights::SecretCheck;
pub(crate) use status::SiteStatus;
pub(crate) use time::{instant_of, parse_created_at};
pub(crate) use writes::{BATCH, Refused};

/// Nightscout, as failures speak of it.
const SERVICE: Service = Service {
    name: "Nightscout",
    when_unavailable: "Check that the address in NS_URL opens in a browser. If the site is starting or down, nothing is lost: the next \
                       run catches up by itself",
    when_untrusted: "Renew the site's certificate. If it is self-signed or comes from a private certificate authority, name the file of \
                     that certificate (PEM) in NS_CA_FILE; NS_SKIP_TLS_VERIFY=true would accept any certificate",
    when_not_understood: "Check NS_URL: it is the address of the site's start page, nothing after it. If it is right, the site may \
                          run a Nightscout that this version does not know",
};
