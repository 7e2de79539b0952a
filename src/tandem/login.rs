//! The login: e-mail and password into an access token, by the chain that Tandem's web app goes through.
//!
//! Login page, login, authorize (OAuth 2.0 authorization code with PKCE, RFC 7636), token. The steps and their answers
//! are as observed up to October 2026.

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{HeaderValue, REFERER};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use super::region::{Origins, Region};
use super::tokens::Tokens;
use super::{SERVICE, blocked};
use crate::config::{self, RegionChoice, Secret};
use crate::failure::{self, ExitStatus, Failure};
use crate::http::{Answer, Call, Client, below};
use crate::random;

/// The longest chain of redirects from authorize to the code.
const MAX_REDIRECTS: usize = 15;

/// The regions to try a login in, in this order. `auto` tries the US and, if it does not know the account, the EU.
pub(super) fn regions(choice: RegionChoice) -> &'static [Region] {
    match choice {
        RegionChoice::Us => &[Region::Us],
        RegionChoice::Eu => &[Region::Eu],
        RegionChoice::Auto => &[Region::Us, Region::Eu],
    }
}

/// Logs in to the first of these regions that knows the account. Calls `rejected_in` for each region that rejects the login, at
/// once, so that it is recorded even if the run fails later.
pub(super) fn log_in(
    client: &Client,
    config: &config::Tandem,
    regions: &[Region],
    mut rejected_in: impl FnMut(Region),
) -> Result<Tokens> {
    let origins = |region: Region| region.origins(config.base_url.as_ref());
    // Both regions share the page, so one request is enough for its cookies.
    open_login_page(
        client,
        &origins(regions.first().copied().unwrap_or(Region::Us)),
    )?;
    for &region in regions {
        match attempt(client, config, region, &origins(region)) {
            Ok(Some(tokens)) => {
                if config.region == RegionChoice::Auto && region == Region::Eu {
                    log::warn!(
                        "Tandem Source: the account is in the EU region. Set TCONNECT_REGION=EU: the US is asked first otherwise"
                    );
                }
                return Ok(tokens);
            }
            Ok(None) => rejected_in(region),
            Err(error) => {
                if failure::status(&error) == ExitStatus::CredentialsRejected {
                    rejected_in(region);
                }
                return Err(error);
            }
        }
    }
    bail!(rejected(config.region))
}

/// One login in one region; `None` where it does not know the account: the password is wrong, or the region. A rejection is
/// never tried again: after a few of them Tandem locks the account.
fn attempt(
    client: &Client,
    config: &config::Tandem,
    region: Region,
    origins: &Origins,
) -> Result<Option<Tokens>> {
    if !sign_in(client, config, origins)? {
        return Ok(None);
    }
    let mut answer = exchange(client, origins)?;
    if answer.status() == 400 && answer.tries > 1 {
        // The code is valid once. An earlier try whose answer was lost has used it up.
        answer = exchange(client, origins)?;
    }
    Tokens::read(region, &answer).map(Some)
}

/// Step 1: the login page, for its cookies. Whether they are needed is unverified; other working clients request it.
fn open_login_page(client: &Client, origins: &Origins) -> Result<()> {
    let answer = client.send(Call::get("login page", origins.login_page.clone()))?;
    match answer.status() {
        // The page may not be needed: go on without it.
        429 | 500.. => Err(answer.failure().into()),
        _ => Ok(()),
    }
}

/// Step 2: e-mail and password, for the session's cookies. `false` when the region does not know them.
fn sign_in(client: &Client, config: &config::Tandem, origins: &Origins) -> Result<bool> {
    let credentials = serde_json::json!({
        "username": config.email.expose(),
        "password": config.password.expose(),
    });
    let mut call = Call::post(
        "login",
        below(&origins.accounts, "login"),
        "application/json",
        credentials.to_string().into_bytes(),
    );
    call.headers.insert(REFERER, header(&origins.login_page)?);
    let answer = client.send(call)?;
    match answer.status() {
        401 if body_says(&answer, "error", "account/invalid_credentials") => return Ok(false),
        // A page is not the service's own answer, and says nothing of the password.
        401 | 403 if answer.is_html() => bail!(blocked("login", &answer)),
        401 => bail!(SERVICE.failure(
            ExitStatus::CredentialsRejected,
            "login",
            answer.described(),
            ADVICE_REJECTED,
        )),
        400 if body_says(&answer, "message", "Max attempted logins exceeded") => {
            bail!(locked(config.region))
        }
        _ => {}
    }
    let body: Value = answer.json()?;
    ensure!(body.is_object(), answer.of_unexpected_shape());
    let status = body.get("status").and_then(Value::as_str);
    ensure!(
        status.is_none_or(|status| status.eq_ignore_ascii_case("SUCCESS")),
        SERVICE.not_understood(
            "login",
            "answered that there is more to do than to give a password"
        )
    );
    Ok(true)
}

/// Whether a value of a JSON body begins with this text.
fn body_says(answer: &Answer, key: &str, text: &str) -> bool {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let value = body.as_ref().and_then(|body| body.get(key)?.as_str());
    value.is_some_and(|value| value.starts_with(text))
}

/// Steps 3 and 4: a code for the session, and the code for the tokens.
fn exchange(client: &Client, origins: &Origins) -> Result<Answer> {
    let verifier = code_verifier()?;
    let code = authorize(client, origins, &code_challenge(&verifier))?;
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", "authorization_code"),
            ("client_id", origins.client_id),
            ("code", code.expose()),
            ("redirect_uri", origins.redirect.as_str()),
            ("code_verifier", verifier.expose()),
        ])
        .finish();
    let call = Call::post(
        "token",
        below(&origins.accounts, "connect/token"),
        "application/x-www-form-urlencoded",
        form.into_bytes(),
    );
    let answer = client.send(call)?;
    ensure!(answer.status() != 403, blocked("token", &answer));
    Ok(answer)
}

/// Step 3: follows the redirects from authorize, by the session's cookies, until one carries the code.
fn authorize(client: &Client, origins: &Origins, challenge: &str) -> Result<Secret> {
    const CALL: &str = "authorize";
    let mut url = below(&origins.accounts, "connect/authorize");
    url.query_pairs_mut().extend_pairs([
        ("client_id", origins.client_id),
        ("response_type", "code"),
        ("scope", "openid profile email"),
        ("redirect_uri", origins.redirect.as_str()),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ]);
    for _ in 0..MAX_REDIRECTS {
        let answer = client.send(Call::get(CALL, url.clone()))?;
        if answer.is_success() {
            // A page for people instead of a redirect: the login page.
            bail!(session_not_accepted());
        }
        ensure!(answer.status() != 403, blocked(CALL, &answer));
        let is_redirect = matches!(answer.status(), 300..=399);
        let location = answer.location.as_deref().filter(|_| is_redirect);
        let Some(next) = location.and_then(|location| url.join(location).ok()) else {
            bail!(answer.failure());
        };
        if same_page(&next, &origins.redirect) {
            return code(&next);
        }
        if same_page(&next, &origins.login_page) {
            bail!(session_not_accepted());
        }
        if !may_follow(origins, &next) {
            bail!(SERVICE.not_understood(CALL, "was redirected to another site"));
        }
        url = next;
    }
    bail!(SERVICE.not_understood(CALL, "was redirected too often"))
}

/// The code in the address that the chain ends with.
fn code(redirect: &Url) -> Result<Secret> {
    let value = |wanted: &str| {
        redirect
            .query_pairs()
            .find(|(key, _)| key == wanted)
            .and_then(|(_, value)| Secret::new(value))
    };
    value("code").with_context(|| match value("error").as_ref().map(Secret::expose) {
        Some("login_required" | "interaction_required" | "consent_required") => {
            session_not_accepted()
        }
        _ => SERVICE.not_understood("authorize", "ended without a code"),
    })
}

/// Whether a redirect may be followed: only to Tandem's own hosts over https, or to the one origin that replaces them. The
/// requests carry no secret except cookies, which the client sends to their own site only; still, no other site is needed.
fn may_follow(origins: &Origins, next: &Url) -> bool {
    const TANDEM: &str = "tandemdiabetes.com";
    if origins.replaced {
        return next.origin() == origins.source.origin();
    }
    let is_tandems = next.host_str().is_some_and(|host| {
        let before = host.strip_suffix(TANDEM);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    });
    next.scheme() == "https" && next.port().is_none() && is_tandems
}

/// Whether two addresses are one page, whatever their queries.
fn same_page(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
        && one.path().trim_end_matches('/') == other.path().trim_end_matches('/')
}

/// 32 random bytes in base64url, as RFC 7636, 4.1 recommends.
fn code_verifier() -> Result<Secret> {
    let verifier = URL_SAFE_NO_PAD.encode(random::bytes::<32>()?);
    Secret::new(verifier).context("a verifier of no length")
}

fn code_challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()))
}

/// An address as a header value. Addresses are ASCII once parsed.
pub(super) fn header(url: &Url) -> Result<HeaderValue> {
    HeaderValue::from_str(url.as_str()).ok().with_context(|| {
        Failure::new(
            ExitStatus::Configuration,
            "TCONNECT_BASE_URL cannot be sent in a header",
            "Remove it, or write an origin such as https://example.org",
        )
    })
}

const ADVICE_REJECTED: &str = "Check TCONNECT_EMAIL and TCONNECT_PASSWORD by signing in at https://sso.tandemdiabetes.com; after \
                               several rejected logins Tandem locks the account";

fn rejected(choice: RegionChoice) -> Failure {
    const WRONG: &str = "the e-mail address or the password is wrong";
    let in_one = |region: Region, other: Region| {
        (
            format!(
                "was rejected in the {region} region: {WRONG}, or the account is in the {other} region"
            ),
            format!("{ADVICE_REJECTED}. If signing in there works, set TCONNECT_REGION={other}"),
        )
    };
    let (what, advice) = match choice {
        RegionChoice::Auto => (
            format!("was rejected in both regions: {WRONG}"),
            ADVICE_REJECTED.to_owned(),
        ),
        RegionChoice::Us => in_one(Region::Us, Region::Eu),
        RegionChoice::Eu => in_one(Region::Eu, Region::Us),
    };
    SERVICE.failure(ExitStatus::CredentialsRejected, "login", what, advice)
}

fn locked(choice: RegionChoice) -> Failure {
    let mut advice = "Wait, or unlock it by resetting the password at https://sso.tandemdiabetes.com; then set TCONNECT_PASSWORD \
                      to the right one before the next run"
        .to_owned();
    if choice == RegionChoice::Auto {
        advice.push_str(". If the account is not in the US region, set TCONNECT_REGION=EU");
    }
    SERVICE.failure(
        ExitStatus::CredentialsRejected,
        "login",
        "was refused: the account is locked after too many rejected logins",
        advice,
    )
}

fn session_not_accepted() -> Failure {
    SERVICE.failure(
        ExitStatus::NotUnderstood,
        "authorize",
        "ended on the login page: the session of a successful login was not accepted",
        "Sign in once at https://sso.tandemdiabetes.com and do what it asks for (terms to accept, a password to renew). If it asks \
         for nothing, look for a newer version of tconnectsync-heroku",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorize_leads_to_tandems_own_hosts_only() {
        let own = Region::Eu.origins(None);
        let follows = |url: &str| may_follow(&own, &url.parse().unwrap());
        for url in [
            "https://sso.tandemdiabetes.com/x",
            "https://tdcservices.eu.tandemdiabetes.com/accounts/api/x",
            "https://tandemdiabetes.com/",
        ] {
            assert!(follows(url), "{url}");
        }
        for url in [
            "http://sso.tandemdiabetes.com/",
            "https://sso.tandemdiabetes.com:8443/",
            "https://eviltandemdiabetes.com/",
            "https://tandemdiabetes.com.example/",
            "https://example.org/?tandemdiabetes.com",
            "https://tandemdiabetes.com@example.org/",
        ] {
            assert!(!follows(url), "{url}");
        }
    }

    #[test]
    fn the_code_challenge_is_that_of_rfc_7636() {
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert_eq!(
            code_challenge(&verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
