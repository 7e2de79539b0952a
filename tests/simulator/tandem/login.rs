//! The login chain: page, login, authorize, token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::answer::Answer;
use super::super::server::Request;
use super::state::{Grant, State};

const VISITOR: &str = "sso_visitor";
const SESSION: &str = "idsrv.session";

/// `GET /`: the login page and its cookie.
pub(super) fn page(state: &mut State) -> Answer {
    let visitor = state.secret("v");
    let cookie = format!("{VISITOR}={visitor}; Path=/; HttpOnly; SameSite=Lax");
    state.visitors.insert(visitor);
    Answer::html(200, "Tandem Source sign in").with("set-cookie", &cookie)
}

/// `POST /accounts/api/login`.
pub(super) fn login(state: &mut State, request: &Request) -> Answer {
    state.login_attempts += 1;
    let is_json = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    let Some(body) = request.json().filter(|_| is_json) else {
        return Answer::json(
            415,
            &json!({"status": 415, "title": "Unsupported Media Type"}),
        );
    };
    // The login page is the origin's root, with or without its slash.
    let referer = request.header("referer").unwrap_or_default();
    if referer.trim_end_matches('/') != state.base {
        return blocked();
    }
    let cookie = request.cookies().remove(VISITOR);
    if state.behaviour.login_page_required
        && !cookie.is_some_and(|cookie| state.visitors.contains(&cookie))
    {
        return Answer::json(
            400,
            &json!({"status": "ERROR", "error": "account/session_missing", "message": "Session missing."}),
        );
    }
    if state.rejected_in_a_row >= state.behaviour.attempts_before_lock {
        return Answer::json(
            400,
            &json!({"status": "ERROR", "message": "Max attempted logins exceeded."}),
        );
    }
    let given = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let right = given("username").eq_ignore_ascii_case(&state.account.email)
        && given("password") == state.account.password;
    let turned_away = state.logins_to_reject > 0;
    state.logins_to_reject = state.logins_to_reject.saturating_sub(1);
    if !right || turned_away {
        state.rejected_in_a_row += usize::from(!turned_away);
        let answer = json!({"status": "ERROR", "error": "account/invalid_credentials", "message": "Invalid username or password."});
        return Answer::json(401, &answer);
    }
    state.rejected_in_a_row = 0;
    let session = state.secret("s");
    let cookie = format!("{SESSION}={session}; Path=/; HttpOnly; SameSite=Lax");
    state.sessions.insert(session);
    Answer::json(200, &json!({"redirectUrl": "/", "status": "SUCCESS"})).with("set-cookie", &cookie)
}

/// `GET /accounts/api/connect/authorize` and the hop behind it: a chain of redirects that ends at the redirect URI with a
/// code, or at the login page.
pub(super) fn authorize(state: &mut State, request: &Request, second_hop: bool) -> Answer {
    let refused = Answer::redirect(&format!("{}/?returnUrl=%2Fconnect%2Fauthorize", state.base));
    let known = request
        .cookies()
        .remove(SESSION)
        .is_some_and(|cookie| state.sessions.contains(&cookie));
    let value = |key: &str| request.query_value(key).unwrap_or_default();
    let redirect_uri = format!("{}/auth/callback", state.base);
    let client_id = value("client_id");
    let challenge = value("code_challenge");
    let wanted = [
        ("client_id", state.account.region.client_id()),
        ("response_type", "code"),
        ("scope", "openid profile email"),
        ("redirect_uri", redirect_uri.as_str()),
        ("code_challenge_method", "S256"),
    ];
    if !second_hop {
        state.clients.push(client_id.clone());
    }
    // SHA-256 in base64url without padding is 43 characters (RFC 7636, 4.2).
    if !known || challenge.len() != 43 || wanted.iter().any(|(key, right)| value(key) != *right) {
        return refused;
    }
    if !second_hop {
        return Answer::redirect(&format!(
            "/accounts/api/connect/authorize/callback?{}",
            request.query
        ));
    }
    let code = state.secret("c");
    state.grants.insert(
        code.clone(),
        Grant {
            client_id,
            redirect_uri: redirect_uri.clone(),
            challenge,
        },
    );
    Answer::redirect(&format!(
        "{redirect_uri}?code={code}&scope=openid%20profile%20email&iss={}",
        state.base
    ))
}

/// `POST /accounts/api/connect/token`.
pub(super) fn token(state: &mut State, request: &Request) -> Answer {
    let error = |error: &str| Answer::json(400, &json!({"error": error}));
    let is_form = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return error("invalid_request");
    }
    let form = request.form();
    let value = |key: &str| form.get(key).map(String::as_str).unwrap_or_default();
    if value("grant_type") != "authorization_code" {
        return error("unsupported_grant_type");
    }
    // Removed whatever comes of it: a code is good for one try.
    let Some(grant) = state.grants.remove(value("code")) else {
        return error("invalid_grant");
    };
    let verifier = value("code_verifier");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let fits = grant.client_id == value("client_id") && grant.redirect_uri == value("redirect_uri");
    // RFC 7636, 4.1: 43 to 128 characters.
    if !fits || grant.challenge != challenge || !(43..=128).contains(&verifier.len()) {
        return error("invalid_grant");
    }
    let access_token = state.secret("at-");
    let id_token = id_token(state);
    state
        .tokens
        .insert(access_token.clone(), state.behaviour.uses_of_a_token);
    Answer::json(
        200,
        &json!({
            "id_token": id_token,
            "access_token": access_token,
            "expires_in": state.behaviour.expires_in,
            "token_type": "Bearer",
            "scope": "openid profile email",
        }),
    )
}

/// A JWT in shape; its signature is made up, for nobody can check it.
fn id_token(state: &mut State) -> String {
    let (account, numeric) = (state.account.clone(), state.behaviour.numeric_ids);
    let id = |text: &str, number: i64| if numeric { json!(number) } else { json!(text) };
    let issued = chrono::Utc::now().timestamp();
    let header = json!({"alg": "RS256", "kid": "59F0A3", "typ": "JWT"});
    let payload = json!({
        "iss": format!("{}/accounts/api", state.base),
        "nbf": issued,
        "iat": issued,
        "exp": issued + 300,
        "aud": account.region.client_id(),
        "amr": ["pwd"],
        "sub": account.account_id,
        "auth_time": issued,
        "idp": "local",
        "accountId": id(&account.account_id, 815),
        "pumperId": id(&account.pumper_id, 4711),
        "email": account.email,
        "name": format!("{} {}", account.first_name, account.last_name),
        "given_name": account.first_name,
        "family_name": account.last_name,
        "birthdate": account.date_of_birth,
    });
    let mut payload = payload;
    if state.behaviour.guardian == Some(super::state::Guardian::WithoutPumperId) {
        payload
            .as_object_mut()
            .expect("an object")
            .remove("pumperId");
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = URL_SAFE_NO_PAD.encode([0x5a_u8; 256]);
    let token = format!("{}.{}.{signature}", part(&header), part(&payload));
    state.secrets.push(token.clone());
    token
}

/// The firewall's page.
pub(super) fn blocked() -> Answer {
    Answer::html(403, "The request is blocked.")
        .with("x-azure-ref", "20261123T000000Z-000000000000")
}
