//! A few words of an answer, with everything that could identify or unlock something masked.

use super::error_text::{json_words, page_title, without_tags};

/// The longest excerpt, in characters.
const LONGEST: usize = 120;

/// How much of an answer is looked at, in bytes.
const LOOKED_AT: usize = 64 * 1024;

/// What stands in the place of what is masked.
const MASK: &str = "(redacted)";

/// Stands for a known secret until the end: a character of no text, so that no later step takes it for one.
const HIDDEN: char = '\u{e000}';

/// A short, single-line, redacted excerpt of a service's answer, for messages and logs: of a web page its title, of JSON
/// the values that say what went wrong, of other text its beginning. Masked are addresses of people and sites, tokens,
/// keys and anything that looks like one, and long numbers such as serials.
///
/// At most 120 characters; empty when nothing is worth telling.
pub fn excerpt(text: &str) -> String {
    excerpt_masking(text, &[])
}

/// [`excerpt`] that also masks these values wherever they stand, in capitals or not.
pub(super) fn excerpt_masking(text: &str, secrets: &[String]) -> String {
    let text = &hide(cut(text, LOOKED_AT), secrets);
    let words = match text.trim_start().chars().next() {
        Some('<') => page_title(text),
        Some('{' | '[') => json_words(text),
        _ => without_tags(text),
    };
    // Once more: what was escaped in JSON is plain now.
    let masked = mask(&hide(&words, secrets)).replace(HIDDEN, MASK);
    shorten(&one_line(&masked))
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
fn hide(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.trim().is_empty()) {
        let needle = secret.to_ascii_lowercase();
        let lower = text.to_ascii_lowercase();
        let mut hidden = String::with_capacity(text.len());
        let mut from = 0;
        while let Some(at) = lower[from..].find(&needle) {
            hidden.push_str(&text[from..from + at]);
            hidden.push(HIDDEN);
            from += at + needle.len();
        }
        hidden.push_str(&text[from..]);
        text = hidden;
    }
    text
}

/// Replaces words that look like an address, a token or a serial.
fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = belongs_to_word(first);
        let end = rest
            .find(|c| belongs_to_word(c) != is_word)
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        if !is_word {
            masked.push_str(piece);
        } else if is_address(piece) || has_token(piece) {
            masked.push_str(MASK);
        } else {
            masked.push_str(&without_long_numbers(piece));
        }
        rest = after;
    }
    masked
}

/// The characters of addresses, tokens and queries: what one mask replaces as a whole.
fn belongs_to_word(c: char) -> bool {
    c.is_alphanumeric() || "-_.~+/=%@:?&#$!*\\".contains(c)
}

/// A mail address, a URL, or a host name.
fn is_address(word: &str) -> bool {
    let host_like = |part: &str| {
        let mut labels = part.trim_matches('.').rsplit('.');
        let last = labels.next().unwrap_or_default();
        let known_ending = last.len() >= 2 && last.chars().all(char::is_alphabetic);
        known_ending && labels.next().is_some()
    };
    let lower = word.to_ascii_lowercase();
    lower.contains('@')
        || lower.contains("%40")
        || lower.contains("://")
        || lower.contains("%3a%2f%2f")
        || word
            .split(['/', ':', '?', '#', '=', '&'])
            .any(|part| host_like(part) || is_ip_address(part))
}

/// Four numbers with points between.
fn is_ip_address(part: &str) -> bool {
    let numbers: Vec<&str> = part.split('.').collect();
    numbers.len() == 4 && numbers.iter().all(|number| number.parse::<u8>().is_ok())
}

/// Whether a part of the word looks like a JWT, a key, a hash or other encoded data: 16 characters or more of base64,
/// hexadecimal or a UUID.
fn has_token(word: &str) -> bool {
    word.split(|c: char| !(c.is_alphanumeric() || "-_+/=".contains(c)))
        .any(|run| {
            run.starts_with("eyJ")
                || (run.chars().count() >= 16
                    && (run.chars().any(char::is_numeric) || is_shuffled(run)))
        })
}

/// Whether the letters of a run without digits change between capitals and small ones more often than those of words
/// (`PayloadTooLargeError`) do.
fn is_shuffled(run: &str) -> bool {
    let letters = run.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = run.chars().filter(|c| c.is_uppercase()).count();
    capitals * 4 > letters && capitals < letters
}

/// A word with its numbers of five digits or more masked.
fn without_long_numbers(word: &str) -> String {
    let mut result = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let is_number = first.is_numeric();
        let end = rest
            .find(|c: char| c.is_numeric() != is_number)
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        if is_number && piece.chars().count() >= 5 {
            result.push_str(MASK);
        } else {
            result.push_str(piece);
        }
        rest = after;
    }
    result
}

/// Whitespace and control characters as single blanks.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LONGEST - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tells_what_went_wrong() {
        let cases = [
            ("", ""),
            (
                r#"{"error":"account/invalid_credentials"}"#,
                "account/invalid_credentials",
            ),
            (
                r#"{"message":"Max attempted logins exceeded."}"#,
                "Max attempted logins exceeded.",
            ),
            (
                r#"{"status":401,"message":"Unauthorized","description":"Invalid/Missing"}"#,
                "Unauthorized, Invalid/Missing",
            ),
            (
                r#"{"name":"ZodError","issues":[{"code":"unrecognized_keys","keys":["eventIds"],"path":[]}]}"#,
                "ZodError, unrecognized_keys",
            ),
            (
                r#"{"name":"ZodError","message":"[{\"code\":\"custom\",\"message\":\"Too long\"}]","issues":[{"code":"custom"}]}"#,
                "ZodError, custom, Too long",
            ),
            (
                "<!DOCTYPE html>\n<html><head><TITLE>\n Nightscout - Boot error</TITLE><script>var a='<b>';</script></head>",
                "Nightscout - Boot error",
            ),
            (
                "<html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>",
                "502 Bad Gateway nginx",
            ),
            (
                "<p>PayloadTooLargeError: request entity too large",
                "PayloadTooLargeError: request entity too large",
            ),
            ("upstream\r\n\ttimed   out", "upstream timed out"),
            ("<unclosed", ""),
        ];
        for (text, told) in cases {
            assert_eq!(excerpt(text), told, "{text}");
        }
    }

    #[test]
    fn masks_what_identifies_or_unlocks() {
        let cases = [
            (
                "no account some.one+x@example.org here",
                "no account (redacted) here",
            ),
            ("pump 90556643 unknown", "pump (redacted) unknown"),
            (
                "see https://my-site.example/a?token=abc for more",
                "see (redacted) for more",
            ),
            (
                "at my-site.herokuapp.com Port 443",
                "at (redacted) Port 443",
            ),
            ("from 10.11.12.13:8080", "from (redacted)"),
            ("token eyJhbGci.e30.sig bad", "token (redacted) bad"),
            ("id 4ff6bebc-d4d6-4423-b123-eecfcf5a4238", "id (redacted)"),
            ("key=QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "(redacted)"),
            (
                "hash da39a3ee5e6b4b0d3255bfef95601890afd80709",
                "hash (redacted)",
            ),
        ];
        for (text, told) in cases {
            assert_eq!(excerpt(text), told, "{text}");
        }
    }

    #[test]
    fn personal_data_in_json_is_not_told() {
        let json =
            r#"{"firstName":"Maria","dateOfBirth":"1990-01-01","pumps":[{"serialNumber":"1234"}]}"#;
        assert_eq!(excerpt(json), "");
        assert_eq!(excerpt(&json[..40]), "");
    }

    #[test]
    fn known_secrets_are_masked_wherever_they_stand() {
        let secrets = ["a b".to_owned(), "Hush".to_owned(), "e".to_owned()];
        assert_eq!(
            excerpt_masking("say a b, hUSH or xhushx", &secrets),
            "say (redacted), (redacted) or x(redacted)x"
        );
    }

    proptest! {
        #[test]
        fn an_excerpt_is_one_short_line(text in "\\PC*|(.|\n){0,400}") {
            let told = excerpt(&text);
            prop_assert!(told.chars().count() <= LONGEST);
            prop_assert!(!told.chars().any(char::is_control));
        }

        #[test]
        fn a_known_secret_never_shows(before in ".{0,40}", secret in "[ -~]{6,20}", after in ".{0,40}") {
            prop_assume!(!secret.trim().is_empty() && !MASK.contains(secret.trim()));
            let told = excerpt_masking(&format!("{before}{secret}{after}"), std::slice::from_ref(&secret));
            prop_assert!(!told.contains(&secret), "{told}");
        }

        #[test]
        fn a_number_of_five_digits_never_shows(before in "[a-z ]{0,40}", number in "[0-9]{5,12}", after in "[a-z ]{0,40}") {
            let told = excerpt(&format!("{before}{number}{after}"));
            prop_assert!(!told.contains(&number), "{told}");
        }

        #[test]
        fn a_key_never_shows(key in "[0-9a-f]{16,64}|[0-9A-Za-z+/]{22,64}", around in "[\"' ,;(]") {
            // A key without any digit, and with the capitals of words, is beyond telling.
            prop_assume!(key.chars().any(char::is_numeric));
            let told = excerpt(&format!("the key {around}{key}{around} was refused"));
            prop_assert!(!told.contains(&key), "{told}");
        }

        #[test]
        fn a_mail_address_never_shows(address in "[a-z0-9._+-]{1,20}@[a-z0-9-]{1,20}\\.[a-z]{2,8}") {
            let told = excerpt(&format!("user {address} is locked"));
            prop_assert!(!told.contains(&address), "{told}");
        }
    }
}
