//! Finds out what the configured secret may do on a site, without writing anything.
//!
//! After a wrong secret, Nightscout delays every further request from this address by five seconds. So the caller asks
//! [`Site::check_secret`] first and stops if the site does not know the secret.

use anyhow::{Result, bail};
use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::queries::Query;
use super::site::Site;
use super::status::{SiteStatus, SiteVersion};
use crate::config::Collection;
use crate::http::{Call, Repeat};

/// The oldest version whose answers are known, from its code.
const OLDEST_KNOWN: SiteVersion = SiteVersion(13, 0, 0);

/// A reading for the call that repeats what it is sent and stores nothing.
const PREVIEWED: &str = r#"[{"type":"sgv","date":1}]"#;

/// What a site thinks of the secret. A token may do what its roles allow, which only the calls themselves tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretCheck {
    /// It may do everything.
    Everything,
    /// It is an access token that the site knows.
    Token,
    /// The site does not tell.
    Unknown,
}

impl Site {
    /// The status as anybody may see it; `None` where the site tells nothing without a secret. Like [`Site::status`] it
    /// wakes a sleeping site.
    pub(crate) fn public_status(&self) -> Result<Option<SiteStatus>> {
        let answer = self.ask_as_visitor(self.status_call())?;
        match answer.status() {
            401 | 403 => Ok(None),
            _ => self.read_status(&answer).map(Some),
        }
    }

    /// What the site thinks of the secret. Fails with 77 when it does not know it.
    pub(crate) fn check_secret(&self) -> Result<SecretCheck> {
        const CALL: &str = "verifyauth";
        let answer = self.ask(Call::get(CALL, self.url(CALL)))?;
        match answer.status() {
            401 => bail!(self.credential.unknown()),
            429 | 500.. => bail!(answer.failure()),
            _ => {}
        }
        let Ok(Value::Object(answer)) = serde_json::from_slice(&answer.body) else {
            // Services that imitate Nightscout do not have this call.
            return Ok(SecretCheck::Unknown);
        };
        let verdict = answer.get("message").unwrap_or(&Value::Null);
        let says = |key: &str, word: &str| verdict.get(key).and_then(Value::as_str) == Some(word);
        if verdict.get("isAdmin") == Some(&Value::Bool(true)) {
            Ok(SecretCheck::Everything)
        } else if says("rolefound", "FOUND") || says("message", "OK") {
            Ok(SecretCheck::Token)
        } else if says("message", "UNAUTHORIZED") {
            Err(self.credential.unknown().into())
        } else {
            Ok(SecretCheck::Unknown)
        }
    }

    /// Whether the secret may read a collection.
    pub(crate) fn may_read(&self, collection: Collection) -> Result<bool> {
        self.allowed(self.asking(&Query::all(collection), 1))
    }

    /// Whether the secret may add to a collection, asked in a way that stores nothing. `None` where this version has no
    /// such way.
    pub(crate) fn may_create(
        &self,
        collection: Collection,
        version: SiteVersion,
    ) -> Result<Option<bool>> {
        let (path, body) = match collection {
            Collection::Treatments if version > SiteVersion::default() => {
                (collection.names().path, "[]")
            }
            // Up to 15.0.6 an empty list of entries or device statuses is never answered, and a profile was no list
            // (measured on 14.2.6, 15.0.3 and 15.0.7).
            _ if version >= SiteVersion::ANSWERS_EMPTY_LISTS => (collection.names().path, "[]"),
            Collection::Entries if version >= OLDEST_KNOWN => ("entries/preview.json", PREVIEWED),
            _ => return Ok(None),
        };
        let call = Call {
            url: self.url(path),
            ..self.sending(Method::POST, collection, body.into(), Repeat::Freely)
        };
        self.allowed(call).map(Some)
    }

    /// Whether the secret may replace documents of a collection, as [`Site::update_by_id`] does. Sends one with an `_id`
    /// that the site cannot store: without the permission it answers 401, with it 400 or 500 (measured on 14.2.6, 15.0.3
    /// and 15.0.7). `None` where this version might store it: from 15.0.7 on, a treatment takes any `_id` as its identifier.
    pub(crate) fn may_update(
        &self,
        collection: Collection,
        version: SiteVersion,
    ) -> Result<Option<bool>> {
        let is_refused = version >= OLDEST_KNOWN
            && match collection {
                Collection::Treatments => version < SiteVersion::UPSERTS_BY_IDENTIFIER,
                Collection::Profile => true,
                Collection::Entries | Collection::DeviceStatus => false,
            };
        if !is_refused {
            return Ok(None);
        }
        let body = br#"{"_id":"x"}"#.to_vec();
        let call = self.sending(Method::PUT, collection, body, Repeat::Never);
        let answer = self.ask(call)?;
        match answer.status() {
            401 | 403 => Ok(Some(false)),
            400 | 500 => Ok(Some(true)),
            _ => bail!(answer.failure()),
        }
    }

    fn allowed(&self, call: Call) -> Result<bool> {
        let answer = self.ask(call)?;
        match answer.status() {
            401 | 403 => Ok(false),
            _ => self.read_json::<IgnoredAny>(&answer).map(|_| true),
        }
    }
}
