//! Tandem's two regions: where each is found, and the identity that its web app has there.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::http::below;

/// One of the two regions. An account lives in one only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Region {
    /// The United States, also Canada and Mexico.
    #[serde(rename = "US")]
    Us,
    /// Europe, also the United Kingdom, Australia, New Zealand, Israel and South Africa.
    #[serde(rename = "EU")]
    Eu,
}

impl fmt::Display for Region {
    /// The name that `TCONNECT_REGION` takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Region::Us => "US",
            Region::Eu => "EU",
        })
    }
}

/// A region's addresses, each ending with a slash but for the last, and its OpenID Connect identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origins {
    pub(crate) login_page: Url,
    pub(crate) accounts: Url,
    pub(crate) source: Url,
    pub(crate) redirect: Url,
    pub(crate) client_id: &'static str,
    /// Whether one configured origin stands for all of them.
    pub(crate) replaced: bool,
}

/// The addresses that the web app of October 2026 uses: its login page, its accounts, the service itself, and where a login
/// leads back to; with its client id.
type Row = ([&'static str; 4], &'static str);

const US: Row = (
    [
        "https://sso.tandemdiabetes.com/",
        "https://tdcservices.tandemdiabetes.com/accounts/api/",
        "https://source.tandemdiabetes.com/",
        "https://sso.tandemdiabetes.com/auth/callback",
    ],
    "0oa4wnbvtladeyVZX4h7",
);

const EU: Row = (
    [
        "https://sso.tandemdiabetes.com/",
        "https://tdcservices.eu.tandemdiabetes.com/accounts/api/",
        "https://source.eu.tandemdiabetes.com/",
        "https://source.eu.tandemdiabetes.com/authorize/callback",
    ],
    "1519e414-eeec-492e-8c5e-97bea4815a10",
);

/// What stands for these addresses where one origin replaces all of Tandem's, relative to it.
const REPLACED: [&str; 4] = ["", "accounts/api/", "", "auth/callback"];

impl Region {
    /// The region's addresses. With `base`, all of them on that one origin; the client id stays the region's.
    pub(super) fn origins(self, base: Option<&Url>) -> Origins {
        let (addresses, client_id) = match self {
            Region::Us => US,
            Region::Eu => EU,
        };
        let [login_page, accounts, source, redirect] = match base {
            Some(base) => REPLACED.map(|path| below(base, path)),
            None => addresses.map(constant),
        };
        Origins {
            login_page,
            accounts,
            source,
            redirect,
            client_id,
            replaced: base.is_some(),
        }
    }
}

#[expect(clippy::expect_used, reason = "the tests parse the whole table")]
fn constant(url: &str) -> Url {
    Url::parse(url).expect("an address of the table")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_has_its_own_addresses() {
        let us = Region::Us.origins(None);
        let eu = Region::Eu.origins(None);
        assert_eq!(us.login_page, eu.login_page);
        assert_eq!(
            below(&eu.accounts, "login").as_str(),
            "https://tdcservices.eu.tandemdiabetes.com/accounts/api/login"
        );
        assert_eq!(us.source.as_str(), "https://source.tandemdiabetes.com/");
        assert_ne!(us.client_id, eu.client_id);
    }

    #[test]
    fn one_origin_replaces_all() {
        for base in ["http://127.0.0.1:4000", "http://127.0.0.1:4000/"] {
            let origins = Region::Eu.origins(Some(&base.parse().unwrap()));
            assert_eq!(origins.login_page.as_str(), "http://127.0.0.1:4000/");
            assert_eq!(
                origins.accounts.as_str(),
                "http://127.0.0.1:4000/accounts/api/"
            );
            assert_eq!(origins.source.as_str(), "http://127.0.0.1:4000/");
            assert_eq!(
                origins.redirect.as_str(),
                "http://127.0.0.1:4000/auth/callback"
            );
            assert_eq!(origins.client_id, EU.1);
        }
    }
}
