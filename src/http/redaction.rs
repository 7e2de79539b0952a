//! What is shown of a foreign text: its known phrases ([`super::known_phrases`]), or, if there are none, its size and a fingerprint.
//! Anything else in an answer may be a name or a secret, or an attempt to mislead the reader of the log.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::error_text::{json_words, page_title, without_tags};
use super::known_phrases;

/// How much of an answer is looked at, in bytes.
const LOOKED_AT: usize = 64 * 1024;

/// What stands in the place of what is masked.
const MASK: &str = "(redacted)";

/// Stands for a known secret during the steps below. No text contains this character.
const HIDDEN: char = '\u{e000}';

/// The known phrases of an answer: in the title of a web page, in the values of JSON that say what went wrong, or anywhere in other
/// text. Empty if there are none. Masks these secrets, should one be part of a phrase.
pub(crate) fn excerpt_masking(text: &str, secrets: &[impl AsRef<str>]) -> String {
    let text = &hide(cut(text, LOOKED_AT), secrets);
    let words = match text.trim_start().chars().next() {
        Some('<') => page_title(text),
        Some('{' | '[') => json_words(text),
        _ => without_tags(text),
    };
    // Once more: what was escaped in JSON is plain now.
    let known = known_phrases::of(&hide(&words, secrets));
    hide(&known, secrets).replace(HIDDEN, MASK)
}

/// The size of an answer and a fingerprint. The fingerprint can tell two answers apart, and is too short to guess the text by.
pub(super) fn size_and_fingerprint(body: &[u8], secrets: &[impl AsRef<str>]) -> String {
    let beginning = &body[..body.len().min(LOOKED_AT)];
    let digest = Sha256::digest(hide(&String::from_utf8_lossy(beginning), secrets));
    let bytes = match body.len() {
        1 => "1 byte".to_owned(),
        bytes => format!("{bytes} bytes"),
    };
    format!("{bytes}, fingerprint {:02x}{:02x}", digest[0], digest[1])
}

/// The forms in which servers may repeat a secret: in JSON, HTML, an address, base64 or hexadecimal. Longest first, since one may
/// be part of another.
pub(crate) fn forms(secret: &str) -> Vec<Zeroizing<String>> {
    let percent = |c: char| {
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).bytes();
        bytes.map(|byte| format!("%{byte:02X}")).collect::<String>()
    };
    let units = |c: char| {
        let mut buffer = [0; 2];
        let units = c.encode_utf16(&mut buffer).iter();
        units
            .map(|unit| format!("\\u{unit:04x}"))
            .collect::<String>()
    };
    let named = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        c => c.to_string(),
    };
    let decimal = |c: char| format!("&#{};", c as u32);
    let hexadecimal = |c: char| format!("&#x{:x};", c as u32);
    let json = serde_json::to_string(secret).unwrap_or_default();
    let mut forms = vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ];
    let ways: [&dyn Fn(char) -> String; 5] = [&percent, &units, &named, &decimal, &hexadecimal];
    for write in ways {
        // Every character, or only those that are not plain.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        let unless_plain = |c: char| if plain(c) { c.to_string() } else { write(c) };
        forms.push(secret.chars().map(write).collect());
        let some: String = secret.chars().map(unless_plain).collect();
        forms.extend([some.replace("%20", "+"), some]);
    }
    forms.retain(|form| !form.trim().is_empty());
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms.into_iter().map(Zeroizing::new).collect()
}

/// The longest beginning of `text` that fits into `bytes`.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Replaces every occurrence of a known secret.
fn hide(text: &str, secrets: &[impl AsRef<str>]) -> String {
    let mut text = text.to_owned();
    let secrets = secrets.iter().map(AsRef::as_ref);
    for secret in secrets.filter(|secret| !secret.trim().is_empty()) {
        let needle = Zeroizing::new(secret.to_ascii_lowercase());
        let lower = text.to_ascii_lowercase();
        let mut hidden = String::with_capacity(text.len());
        let mut from = 0;
        while let Some(at) = lower[from..].find(needle.as_str()) {
            hidden.push_str(&text[from..from + at]);
            hidden.push(HIDDEN);
            from += at + needle.len();
        }
        hidden.push_str(&text[from..]);
        text = hidden;
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NO_SECRETS: &[&str] = &[];

    fn excerpt(text: &str) -> String {
        excerpt_masking(text, NO_SECRETS)
    }

    #[test]
    fn known_phrases_are_told_and_nothing_else() {
        let cases = [
            ("", ""),
            (
                r#"{"error":"account/invalid_credentials"}"#,
                "account/invalid_credentials",
            ),
            (
                r#"{"message":"Max attempted logins exceeded for Maria."}"#,
                "Max attempted logins exceeded",
            ),
            (
                r#"{"status":401,"message":"Unauthorized","description":"Invalid/Missing"}"#,
                "Unauthorized, Invalid/Missing",
            ),
            (
                r#"{"name":"ZodError","message":"[{\"code\":\"custom\",\"message\":\"Unrecognized keys: eventCodes\"}]"}"#,
                "ZodError, eventCodes",
            ),
            (
                "<html><head><TITLE>\n Maria's Nightscout - Boot error</TITLE><script>Forbidden</script></head>",
                "Boot error",
            ),
            (
                "<html><body><h1>502 bad gateway</h1><hr>nginx</body></html>",
                "Bad Gateway, nginx",
            ),
            ("born 1990-01-01, not foundling, NOT FOUND", "Not Found"),
            ("upstream\r\n\ttimed   out", ""),
            ("<unclosed", ""),
            (
                r#"{"firstName":"Forbidden","dateOfBirth":"1990-01-01"}"#,
                "",
            ),
        ];
        for (text, told) in cases {
            assert_eq!(excerpt(text), told, "{text}");
        }
    }

    #[test]
    fn a_secret_that_is_a_phrase_is_masked() {
        let secrets = ["bad gateway".to_owned()];
        assert_eq!(excerpt_masking("502 Bad Gateway, nginx", &secrets), "nginx");
        let part = ["Gateway".to_owned()];
        assert_eq!(excerpt_masking("502 Bad Gateway, nginx", &part), "nginx");
    }

    #[test]
    fn a_fingerprint_tells_two_texts_apart_and_no_secret() {
        let of = |text: &str, secrets: &[&str]| size_and_fingerprint(text.as_bytes(), secrets);
        assert_eq!(of("status 503", NO_SECRETS), "10 bytes, fingerprint 4e94");
        assert_ne!(of("status 503", NO_SECRETS), of("status 504", NO_SECRETS));
        // The same for one password and another.
        let known = |secret: &str| of(&format!("sign in as {secret}"), &[secret]);
        assert_eq!(known("hush1"), known("hush2"));
    }

    proptest! {
        #[test]
        fn a_known_secret_is_found_in_every_form(before in "[a-z ]{0,20}", secret in "[ -~äß€😀]{6,20}", after in "[a-z ]{0,20}") {
            prop_assume!(!secret.trim().is_empty());
            let forms = forms(&secret);
            for form in &forms {
                let hidden = hide(&format!("{before}{}{after}", **form), &forms);
                prop_assert!(hidden.contains(HIDDEN), "{}", **form);
            }
        }

        #[test]
        fn only_phrases_are_ever_shown(text in "\\PC*|(.|\n){0,400}") {
            let told = excerpt(&text);
            prop_assert!(told.len() <= 200);
            prop_assert!(told.chars().all(|c| c.is_ascii_graphic() || c == ' '));
        }
    }
}
