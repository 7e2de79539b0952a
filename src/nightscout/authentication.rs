//! How a request shows that it may: the `api-secret` header.

use anyhow::Result;
use reqwest::header::HeaderValue;
use sha1::{Digest, Sha1};

use super::SERVICE;
use crate::config::Secret;
use crate::failure::{ExitStatus, Failure};
use crate::http::Answer;

/// The words for a secret that the site does not know, in a run and in the check.
const NOT_ACCEPTED: &str = "the site does not accept NS_SECRET";

/// What the `api-secret` header carries, by what the configured secret looks like.
#[derive(Clone)]
pub(super) enum Credential {
    /// The hash of the site's `API_SECRET`: may do everything.
    ApiSecret(HeaderValue),
    /// The access token of a subject: may do what its roles allow.
    Token(HeaderValue),
}

impl Credential {
    /// Takes what looks like an access token as one, and anything else as the `API_SECRET`.
    pub(super) fn new(secret: &Secret) -> Result<Credential> {
        let secret = secret.expose();
        let sensitive = |text: &str| {
            let mut value = HeaderValue::from_str(text).map_err(|_| unsendable())?;
            value.set_sensitive(true);
            Ok(value)
        };
        if is_token(secret) {
            sensitive(secret).map(Credential::Token)
        } else {
            sensitive(&sha1_hex(secret)).map(Credential::ApiSecret)
        }
    }

    pub(super) fn header(&self) -> HeaderValue {
        match self {
            Credential::ApiSecret(value) | Credential::Token(value) => value.clone(),
        }
    }

    /// The failure of an answer 401. It is never tried again: each one delays every further request of this address by
    /// five seconds.
    pub(super) fn rejected(&self, call: &str, answer: &Answer) -> Failure {
        let what = match self {
            Credential::ApiSecret(_) => NOT_ACCEPTED.to_owned(),
            Credential::Token(_) => format!("{NOT_ACCEPTED}, or may not do this"),
        };
        let described = answer.described();
        if answer.is_html() {
            // Nightscout answers JSON.
            return SERVICE.failure(
                ExitStatus::CredentialsRejected,
                call,
                format!("{described}: something in front of the site wants a login of its own"),
                "Let this program reach the site's /api/v1 without that login (a reverse proxy's password, an access gateway)",
            );
        }
        SERVICE.failure(
            ExitStatus::CredentialsRejected,
            call,
            format!("{described}: {what}"),
            self.advice(),
        )
    }

    /// The failure of a secret that the site does not know.
    pub(super) fn unknown(&self) -> Failure {
        Failure::new(
            ExitStatus::CredentialsRejected,
            format!("{}: {NOT_ACCEPTED}", SERVICE.name),
            self.advice(),
        )
    }

    /// What to do when the site does not accept it.
    fn advice(&self) -> &'static str {
        match self {
            Credential::ApiSecret(_) => {
                "Set NS_SECRET to the site's API_SECRET, exactly, including capitals, or to an access token made on its Admin Tools page"
            }
            Credential::Token(_) => {
                "NS_SECRET looks like an access token: check on the site's Admin Tools page that it is still there, and that its \
                 role has the permissions api:status:read api:treatments:* (and api:entries:* api:devicestatus:* api:profile:* for \
                 the features that use them), with spaces between them"
            }
        }
    }
}

/// What Nightscout expects instead of the `API_SECRET` itself.
pub(super) fn sha1_hex(secret: &str) -> String {
    let hash = Sha1::digest(secret);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether this is an access token: up to ten word characters of the subject's name, a hyphen, 16 hexadecimal digits.
fn is_token(secret: &str) -> bool {
    let Some((name, key)) = secret.rsplit_once('-') else {
        return false;
    };
    (1..=10).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && key.len() == 16
        && key.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
}

fn unsendable() -> Failure {
    Failure::new(
        ExitStatus::Configuration,
        "NS_SECRET cannot be sent to Nightscout",
        "Write the site's API_SECRET or an access token",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_from_api_secrets() {
        let cases = [
            ("tandemuplo-bab7f31fa0884264", true),
            ("a-0123456789abcdef", true),
            ("tandem_upl-0123456789abcdef", true),
            ("tandemuploa-0123456789abcdef", false),
            ("-0123456789abcdef", false),
            ("tandem-0123456789ABCDEF", false),
            ("tandem-0123456789abcde", false),
            ("tan dem-0123456789abcdef", false),
            ("correct-horse-battery", false),
        ];
        for (secret, token) in cases {
            assert_eq!(is_token(secret), token, "{secret}");
        }
    }

    #[test]
    fn an_api_secret_is_hashed() {
        let credential = Credential::new(&Secret::new("my-secret-is-long").unwrap()).unwrap();
        let header = credential.header();
        assert_eq!(header.to_str().unwrap(), sha1_hex("my-secret-is-long"));
        assert_eq!(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(header.is_sensitive());
    }
}
