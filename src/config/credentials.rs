//! E-mail, password and secret: taken as they are, since a blank or a quote may belong to them, but looked at for what
//! people paste by mistake.

use zeroize::Zeroizing;

use super::Secret;
use super::reader::Reader;

/// The e-mail address of the account.
pub(super) fn email(reader: &mut Reader) -> Option<Secret> {
    let email = credential(reader, "TCONNECT_EMAIL")?;
    if !email.expose().contains('@') {
        reader.warn("TCONNECT_EMAIL has no @ in it: is it the account's e-mail address?");
    }
    Some(email)
}

/// The API_SECRET or token of the site.
pub(super) fn nightscout_secret(reader: &mut Reader) -> Option<Secret> {
    let name = reader
        .found("NS_SECRET")
        .map_or("NS_SECRET", |found| found.name);
    let secret = credential(reader, "NS_SECRET")?;
    // An address with a token in it ends in `?token=…`.
    let pasted = secret.expose().trim_start().trim_start_matches('?');
    if pasted.starts_with("token=") {
        reader.warn(format!(
            "{name} begins with token=: remove that, the token is what follows"
        ));
    }
    // Nightscout itself does not start with a shorter API_SECRET, and tokens are longer.
    if secret.expose().chars().count() < 12 {
        reader.warn(format!(
                "{name} is shorter than 12 characters, which no Nightscout site accepts as its API_SECRET: is it complete?"
            ),
        );
    }
    Some(secret)
}

/// Any of the three, without what examples put in its place.
pub(super) fn credential(reader: &mut Reader, name: &'static str) -> Option<Secret> {
    let found = reader.required(name)?;
    let (name, value) = (found.name, found.value);
    if is_placeholder(value) {
        reader.problem(
            name,
            "still holds the example's text: replace it with your own",
        );
        return None;
    }
    if value.starts_with(char::is_whitespace) || value.ends_with(char::is_whitespace) {
        reader.warn(format!("{name} begins or ends with a space, which is sent too: remove it unless it belongs to the value"),
        );
    }
    if value.trim().starts_with(is_quote) || value.trim().ends_with(is_quote) {
        reader.warn(format!("{name} begins or ends with a quote, which is sent too: remove it unless it belongs to the value"),
        );
    }
    Secret::new(value)
}

fn is_quote(character: char) -> bool {
    matches!(character, '"' | '\'' | '“' | '”' | '‘' | '’' | '„')
}

/// Whether a value is an example's or a form's placeholder, such as tconnectsync's defaults.
fn is_placeholder(value: &str) -> bool {
    let value = Zeroizing::new(value.trim().trim_matches(is_quote).to_lowercase());
    let bare = Zeroizing::new(value.replace(['_', '-', '.', ' '], ""));
    let one_character = |of: char| value.chars().count() >= 3 && value.chars().all(|c| c == of);
    (value.starts_with('<') && value.ends_with('>'))
        || ['x', '*', '.'].into_iter().any(one_character)
        || matches!(
            bare.as_str(),
            "changeme"
                | "password"
                | "apisecret"
                | "secret"
                | "todo"
                | "placeholder"
                | "email@emailcom"
        )
        || bare
            .strip_prefix("your")
            .is_some_and(is_name_of_a_credential)
        || value.split_once('@').is_some_and(|(user, domain)| {
            (user.starts_with("you") || user == "email") && domain.starts_with("example.")
        })
}

/// `tandempassword`, `nightscoutapisecret`, `emailaddress` and the like.
fn is_name_of_a_credential(words: &str) -> bool {
    const WORDS: [&str; 15] = [
        "tandem",
        "source",
        "tconnect",
        "nightscout",
        "ns",
        "api",
        "account",
        "email",
        "mail",
        "address",
        "username",
        "password",
        "secret",
        "token",
        "here",
    ];
    words.is_empty()
        || WORDS
            .iter()
            .filter_map(|word| words.strip_prefix(word))
            .any(is_name_of_a_credential)
}
