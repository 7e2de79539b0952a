//! The phrases in answers that may be shown: those that servers, proxies and frameworks produce, never what a person typed.

/// The most phrases that are shown of one answer.
const MOST: usize = 4;

/// The phrases as they are shown. In an answer, capitals do not matter.
const PHRASES: &[&str] = &[
    // Tandem's login (observed 2026), OAuth 2.0 (RFC 6749, 5.2) and OpenID Connect Core (3.1.2.6).
    "account/invalid_credentials",
    "account/session_missing",
    "Max attempted logins exceeded",
    "Invalid username or password",
    "Session missing",
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_token",
    "insufficient_scope",
    "access_denied",
    "login_required",
    "interaction_required",
    "consent_required",
    // Tandem's checks of a request: Zod's codes, and the names of what is sent to it.
    "ZodError",
    "unrecognized_keys",
    "invalid_type",
    "invalid_format",
    "invalid_value",
    "invalid_string",
    "invalid_date",
    "invalid_enum_value",
    "invalid_union",
    "invalid_union_discriminator",
    "invalid_arguments",
    "invalid_literal",
    "too_small",
    "too_big",
    "not_multiple_of",
    "eventCodes",
    "startDate",
    "endDate",
    "pumperId",
    "Date range must not exceed 28 days",
    "Device assignment not found",
    "Invalid ISO datetime",
    // Nightscout, Express, MongoDB.
    "Boot error",
    "Unauthorized",
    "Invalid/Missing",
    "Mongo Error",
    "MongoError",
    "MongoServerError",
    "MongoNetworkError",
    "MongoTimeoutError",
    "MongoServerSelectionError",
    "E11000 duplicate key error",
    "Invalid _id format",
    "PayloadTooLargeError",
    "request entity too large",
    "SyntaxError",
    "TypeError",
    "RangeError",
    "ReferenceError",
    "CastError",
    "ValidationError",
    "BadRequestError",
    "NotFoundError",
    "Invalid time value",
    "incorrect header check",
    "Cannot read properties of undefined",
    "Cannot read properties of null",
    "Unexpected token",
    "Unexpected end of JSON input",
    "Cannot GET",
    "Cannot POST",
    "Cannot PUT",
    "Cannot DELETE",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENOTFOUND",
    "ENOSPC",
    // Firewalls, proxies, hosts.
    "The requested URL was rejected",
    "request is blocked",
    "Access Denied",
    "Attention Required",
    "Just a moment",
    "Checking your browser",
    "Rate limit",
    "Too Many Requests",
    "Bad Request",
    "Forbidden",
    "Not Found",
    "Method Not Allowed",
    "Request Timeout",
    "Payload Too Large",
    "Unsupported Media Type",
    "Unprocessable Entity",
    "Internal Server Error",
    "Bad Gateway",
    "Service Unavailable",
    "Service Temporarily Unavailable",
    "Gateway Timeout",
    "Gateway Time-out",
    "Proxy Authentication Required",
    "Web server is down",
    "Origin is unreachable",
    "SSL handshake failed",
    "Application error",
    "Application not found",
    "No such app",
    "There's nothing here, yet",
    "upstream timed out",
    "upstream connect error",
    "no healthy upstream",
    "Under maintenance",
    "Maintenance",
    "wakes up",
    "nginx",
    "openresty",
    "cloudflare",
    "CloudFront",
    "Akamai",
    "Varnish",
    "Apache",
    "squid",
    "Heroku",
    "awselb",
    "Microsoft-Azure-Application-Gateway",
];

/// The known phrases of a text, in its order.
pub(super) fn of(text: &str) -> String {
    let text = text.to_lowercase();
    let mut found: Vec<(usize, &str)> = PHRASES
        .iter()
        .filter_map(|phrase| Some((place(&text, &phrase.to_lowercase())?, *phrase)))
        .collect();
    // Of phrases that begin alike, show only the longest.
    found.sort_by_key(|(at, phrase)| (*at, std::cmp::Reverse(phrase.len())));
    let mut end = 0;
    found.retain(|(at, phrase)| {
        let is_new = *at >= end;
        if is_new {
            end = at + phrase.len();
        }
        is_new
    });
    let shown: Vec<&str> = found
        .into_iter()
        .take(MOST)
        .map(|(_, phrase)| phrase)
        .collect();
    shown.join(", ")
}

/// Where a phrase occurs as whole words.
fn place(text: &str, phrase: &str) -> Option<usize> {
    let places = text.match_indices(phrase).map(|(at, _)| at);
    let ends_there = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut whole = places.filter(|at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        ends_there(before) && ends_there(after)
    });
    whole.next()
}
