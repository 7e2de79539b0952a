//! What a login yields: the access token and the account's id.

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::HeaderValue;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::SERVICE;
use super::region::Region;
use crate::config::Secret;
use crate::foreign::{number, text};
use crate::http::Answer;

/// The assumed lifetime of a token if the server does not say: the shorter of the two lifetimes seen.
const USUAL_LIFETIME_SECS: i64 = 1800;

/// What a login yields and the data calls need. Can be kept on disk until it expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tokens {
    /// The region that accepted the login.
    pub(crate) region: Region,
    /// The bearer token of the data calls.
    #[serde(serialize_with = "exposed", deserialize_with = "not_empty")]
    pub(crate) access_token: Secret,
    /// The id in the paths of the data calls: the pumper's or, if the login names none, the account's own.
    #[serde(serialize_with = "exposed", deserialize_with = "not_empty")]
    pub(crate) pumper_id: Secret,
    /// Whether it is a pumper's.
    #[serde(default = "usually")]
    pub(crate) names_pumper: bool,
    /// When the access token stops working, by this machine's clock.
    pub(crate) expires_at: DateTime<Utc>,
}

/// Writes a secret as it is. Only for the token cache, which only its owner can read.
fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

fn not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    let text = String::deserialize(deserializer)?;
    Secret::new(text).ok_or_else(|| serde::de::Error::custom("empty"))
}

/// Tokens that earlier versions kept are for pumpers.
fn usually() -> bool {
    true
}

/// The token answer (RFC 6749, 5.1). Numbers may come as text.
#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    access_token: Value,
    #[serde(default)]
    id_token: Value,
    #[serde(default)]
    expires_in: Value,
}

impl Tokens {
    /// The tokens of the login's token call, with the account's id out of the id_token.
    pub(super) fn read(region: Region, answer: &Answer) -> Result<Tokens> {
        let missing =
            |what: &str| SERVICE.not_understood("token", format!("answered without {what}"));
        let body: TokenAnswer = answer.json()?;
        let access_token = text(&body.access_token).and_then(Secret::new);
        let id_token = text(&body.id_token).unwrap_or_default();
        let claims = claims(&id_token).unwrap_or_default();
        let claimed = |claim| {
            let id = Secret::new(text(claims.get(claim)?)?);
            id.filter(|id| is_path_segment(id.expose()))
        };
        let pumper = claimed("pumperId");
        let names_pumper = pumper.is_some();
        let lifetime = number(&body.expires_in).map_or(USUAL_LIFETIME_SECS, |seconds| {
            seconds.clamp(0.0, 1e6) as i64
        });
        Ok(Tokens {
            region,
            access_token: access_token.ok_or_else(|| missing("an access token"))?,
            pumper_id: (pumper.or_else(|| claimed("accountId")))
                .ok_or_else(|| missing("the account's pumperId"))?,
            names_pumper,
            expires_at: Utc::now() + TimeDelta::seconds(lifetime),
        })
    }

    /// Whether the access token can stand in a header and the account's id in a path. Damaged ones may hold anything.
    pub(super) fn can_be_sent(&self) -> bool {
        HeaderValue::from_str(self.access_token.expose()).is_ok()
            && is_path_segment(self.pumper_id.expose())
    }
}

/// The claims of an id_token. Its signature is not checked: it comes from the token endpoint itself, over TLS (OpenID Connect
/// Core 3.1.3.7, 6).
pub(crate) fn claims(id_token: &str) -> Option<Value> {
    let payload = id_token.split('.').nth(1)?.trim_end_matches('=');
    let payload = payload.replace('+', "-").replace('/', "_");
    let claims = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// Whether an id can stand in a path by itself: UUIDs and numbers can.
pub(super) fn is_path_segment(id: &str) -> bool {
    !id.is_empty()
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pumper_id_is_text_or_a_number_padded_or_not() {
        let token = |claims: &str, padding: &str| {
            format!("e30.{}{padding}.x", URL_SAFE_NO_PAD.encode(claims))
        };
        let cases = [
            (token(r#"{"pumperId":"abc"}"#, ""), Some("abc")),
            (token(r#"{"pumperId":123456}"#, ""), Some("123456")),
            (token(r#"{"pumperId":"abc?>"}"#, "="), Some("abc?>")),
            (token(r#"{"pumperId":null}"#, ""), None),
            (token(r#"{"pumperId":""}"#, ""), None),
            (token("[]", ""), None),
            ("no token".to_owned(), None),
            ("a.!!!.c".to_owned(), None),
        ];
        for (token, id) in cases {
            let claimed = claims(&token).and_then(|claims| text(claims.get("pumperId")?));
            let claimed = claimed.and_then(Secret::new);
            assert_eq!(claimed.as_ref().map(Secret::expose), id, "{token}");
        }
    }

    #[test]
    fn tokens_survive_being_kept_and_never_print() {
        let tokens = Tokens {
            region: Region::Eu,
            access_token: Secret::new("hush").unwrap(),
            pumper_id: Secret::new("whisper").unwrap(),
            names_pumper: true,
            expires_at: "2026-11-20T08:00:00Z".parse().unwrap(),
        };
        let kept = serde_json::to_string(&tokens).unwrap();
        assert_eq!(serde_json::from_str::<Tokens>(&kept).unwrap(), tokens);
        let printed = format!("{tokens:?}");
        assert!(!printed.contains("hush") && !printed.contains("whisper"));
    }
}
