//! The tokens of a login, kept until they expire: each run that finds them there saves the login's five requests.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::tokens::Tokens;
use crate::config::Config;
use crate::state;

/// The file that holds one account's tokens.
#[derive(Debug, Default)]
pub(super) struct TokenCache {
    path: Option<PathBuf>,
    /// Which account, in which region, at which address the tokens are for.
    key: String,
}

/// The file's content. A file chosen by the owner may be left from another account, hence the key.
#[derive(Serialize, Deserialize)]
struct CachedTokens<'a> {
    account: std::borrow::Cow<'a, str>,
    tokens: std::borrow::Cow<'a, Tokens>,
}

impl TokenCache {
    pub(super) fn new(config: &Config) -> TokenCache {
        let tandem = &config.tandem;
        let region = tandem.region.name();
        let base_url = tandem.base_url.as_ref().map_or("", |url| url.as_str());
        let key = state::fingerprint(&["tokens", tandem.email.expose(), region, base_url]);
        let usual = || {
            let directory = config.state_directory.as_ref()?;
            Some(directory.join(format!("tokens-{key}.json")))
        };
        let path = config.cache.path.clone().or_else(usual);
        TokenCache {
            path: path.filter(|_| config.cache.enabled),
            key,
        }
    }

    /// The cached tokens of this account; `None` if the file cannot be read or belongs to another account.
    pub(super) fn load(&self) -> Option<Tokens> {
        let content = state::read(self.path.as_ref()?)?;
        match serde_json::from_slice::<CachedTokens<'_>>(&content) {
            Ok(kept) if kept.account == self.key => {
                Some(kept.tokens.into_owned()).filter(Tokens::can_be_sent)
            }
            Ok(_) => {
                log::debug!("the tokens kept on disk are for another account or region");
                None
            }
            Err(_) => {
                log::debug!("the tokens kept on disk cannot be read");
                None
            }
        }
    }

    pub(super) fn keep(&self, tokens: &Tokens) {
        let Some(path) = &self.path else { return };
        let kept = CachedTokens {
            account: self.key.as_str().into(),
            tokens: std::borrow::Cow::Borrowed(tokens),
        };
        // Texts and a time always serialise.
        if let Ok(content) = serde_json::to_vec(&kept) {
            state::write_secret(path, &content);
        }
    }

    /// Forgets this account's tokens; those of another account stay.
    pub(super) fn forget(&self) {
        if let Some(path) = self.path.as_ref().filter(|_| self.load().is_some()) {
            state::remove(path);
        }
    }
}
