//! What the simulated cloud knows and remembers, and the ways in which a test may have it behave.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::super::rng::Rng;
use super::account::{Account, Pump};

/// How the cloud behaves; change it with [`super::Tandem::configure`].
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// Whether a login needs the cookie of the login page.
    pub login_page_required: bool,
    /// After so many rejected logins in a row the account is locked.
    pub attempts_before_lock: usize,
    /// `expires_in` of a token, seconds.
    pub expires_in: i64,
    /// A token is good for so many data calls; for ever, without a number.
    pub uses_of_a_token: Option<usize>,
    /// Whether `pumperId` and `accountId` in the id_token are numbers rather than texts (the pumper's id is then 4711).
    pub numeric_ids: bool,
    /// Whether the account is a guardian's, and what its login says.
    pub guardian: Option<Guardian>,
    /// Whether a data call without `eventCodes` is a 400.
    pub event_codes_required: bool,
    /// Whether the server has forgotten the key `eventCodes`, as it forgot `eventIds` in October 2026.
    pub event_codes_unknown: bool,
    /// Whether answers are compressed for clients that accept it.
    pub gzip: bool,
    /// Whether events come in a random order.
    pub shuffled: bool,
    /// This percentage of the events comes twice in an answer.
    pub duplicated: i64,
    /// Answers to these event codes are left out, as some accounts lack 9, 34, 35 and 81.
    pub hidden_codes: Vec<u32>,
    /// Only of events from this instant on: those before have been uploaded.
    pub hidden_from: Option<DateTime<Utc>>,
}

/// A guardian's account. What it answers is unverified but for the path and for `devices` and `account.role`, which one live
/// client reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guardian {
    /// Its id_token has a `pumperId`, which `bff/pumper` does not know.
    WithPumperId,
    /// Its id_token has none.
    WithoutPumperId,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            login_page_required: true,
            attempts_before_lock: 5,
            expires_in: 28_800,
            uses_of_a_token: None,
            numeric_ids: false,
            guardian: None,
            event_codes_required: false,
            event_codes_unknown: false,
            gzip: false,
            shuffled: true,
            duplicated: 0,
            hidden_codes: Vec::new(),
            hidden_from: None,
        }
    }
}

/// An authorization code not yet used.
pub(super) struct Grant {
    pub client_id: String,
    pub redirect_uri: String,
    pub challenge: String,
}

pub(super) struct State {
    pub base: String,
    pub account: Account,
    pub behaviour: Behaviour,
    pub pumps: Vec<Pump>,
    pub uploaded_until: Option<DateTime<Utc>>,
    pub raw_pump_logs: Option<Value>,
    pub raw_pumper: Option<Value>,
    pub rng: Rng,
    /// Cookies of the login page.
    pub visitors: HashSet<String>,
    /// Cookies of successful logins.
    pub sessions: HashSet<String>,
    pub grants: HashMap<String, Grant>,
    /// Data calls left for each token.
    pub tokens: HashMap<String, Option<usize>>,
    /// Everything secret that was ever handed out.
    pub secrets: Vec<String>,
    pub login_attempts: usize,
    pub rejected_in_a_row: usize,
    pub logins_to_reject: usize,
    pub clients: Vec<String>,
}

impl State {
    pub fn new(base: &str, account: Account) -> Self {
        Self {
            base: base.to_owned(),
            account,
            behaviour: Behaviour::default(),
            pumps: Vec::new(),
            uploaded_until: None,
            raw_pump_logs: None,
            raw_pumper: None,
            rng: Rng::new(7, 7),
            visitors: HashSet::new(),
            sessions: HashSet::new(),
            grants: HashMap::new(),
            tokens: HashMap::new(),
            secrets: Vec::new(),
            login_attempts: 0,
            rejected_in_a_row: 0,
            logins_to_reject: 0,
            clients: Vec::new(),
        }
    }

    /// A text that nobody can guess, remembered as a secret.
    pub fn secret(&mut self, prefix: &str) -> String {
        let text = format!("{prefix}{:016x}{:016x}", self.rng.next(), self.rng.next());
        self.secrets.push(text.clone());
        text
    }

    pub fn pumper_id(&self) -> String {
        if self.behaviour.guardian == Some(Guardian::WithoutPumperId) {
            return self.account.account_id.clone();
        }
        if self.behaviour.numeric_ids {
            "4711".to_owned()
        } else {
            self.account.pumper_id.clone()
        }
    }
}
