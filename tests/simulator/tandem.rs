//! Tandem Source on loopback: everything under one origin, as `TCONNECT_BASE_URL` has it.
//!
//! | path | what |
//! |---|---|
//! | `/` | login page |
//! | `/accounts/api/login`, `/accounts/api/connect/authorize`, `/accounts/api/connect/token` | the login chain |
//! | `/auth/callback` | where the chain ends |
//! | `/api/pumpers/pumpers/{id}` | a guardian's account |
//! | `/api/reports/bff/pumper/{id}`, `/api/reports/bff/pump-logs/{assignment}` | the data |

mod account;
mod data;
mod login;
mod state;

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::answer::{Answer, Outcome};
use super::history::History;
use super::server::{self, Request, Server};
pub use account::{Account, Pump, Region};
use state::State;
pub use state::{Behaviour, Guardian};

/// A simulated Tandem Source with one account. Derefs to its [`Server`] for the log and the faults.
pub struct Tandem {
    server: Server,
    state: Arc<Mutex<State>>,
}

impl Deref for Tandem {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Tandem {
    /// Starts with the default (US) account and no pump.
    pub fn start() -> Self {
        Self::with_account(Account::default())
    }

    /// Starts with this account and no pump.
    pub fn with_account(account: Account) -> Self {
        let mut shared = None;
        let server = Server::start(|base| {
            let state = Arc::new(Mutex::new(State::new(base, account)));
            shared = Some(Arc::clone(&state));
            Arc::new(move |request| route(&mut server::lock(&state), request))
        });
        let state = shared.expect("Server::start calls back before it returns");
        Self { server, state }
    }

    /// Starts with the default account and one pump of this history.
    pub fn with_history(history: impl Into<Arc<History>>) -> Self {
        let tandem = Self::start();
        tandem.add_history(history);
        tandem
    }

    /// Adds a pump with this history.
    pub fn add_history(&self, history: impl Into<Arc<History>>) {
        self.add_pump(Pump::of(history.into()));
    }

    /// Adds a pump.
    pub fn add_pump(&self, pump: Pump) {
        self.state().pumps.push(pump);
    }

    /// The zone of the first pump that has a history.
    pub fn zone(&self) -> Option<chrono_tz::Tz> {
        let state = self.state();
        let mut histories = state.pumps.iter().filter_map(|pump| pump.history.as_ref());
        histories.next().map(|history| history.plan.zone)
    }

    /// Changes the pumps.
    pub fn change_pumps(&self, change: impl FnOnce(&mut Vec<Pump>)) {
        change(&mut self.state().pumps);
    }

    /// The account.
    pub fn account(&self) -> Account {
        self.state().account.clone()
    }

    /// Changes the account, its password for instance.
    pub fn change_account(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.state().account);
    }

    /// Changes how the cloud behaves.
    pub fn configure(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.state().behaviour);
    }

    /// From now on the cloud has what happened until `until`, and `lastUploadDate` says so.
    pub fn set_uploaded_until(&self, until: DateTime<Utc>) {
        self.state().uploaded_until = Some(until);
    }

    /// How many logins were tried.
    pub fn login_attempts(&self) -> usize {
        self.state().login_attempts
    }

    /// The client ids that asked for authorization, in order.
    pub fn clients(&self) -> Vec<String> {
        self.state().clients.clone()
    }

    /// The next `count` logins are rejected as wrong credentials, right or wrong: the other region's server.
    pub fn reject_first_logins(&self, count: usize) {
        self.state().logins_to_reject = count;
    }

    /// All access tokens handed out so far are no longer good.
    pub fn expire_tokens(&self) {
        self.state().tokens.clear();
    }

    /// All sessions so far are no longer good: authorize leads to the login page.
    pub fn expire_sessions(&self) {
        self.state().sessions.clear();
    }

    /// Answers every pump-logs call with this JSON, whatever it asks for.
    pub fn serve_pump_logs(&self, json: Value) {
        self.state().raw_pump_logs = Some(json);
    }

    /// Answers every pumper call with this JSON.
    pub fn serve_pumper(&self, json: Value) {
        self.state().raw_pumper = Some(json);
    }

    /// Every cookie, code and token handed out, and what is private in the account: none of it belongs into a log.
    pub fn secrets(&self) -> Vec<String> {
        let state = self.state();
        state
            .secrets
            .iter()
            .cloned()
            .chain(state.account.private_texts())
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        server::lock(&self.state)
    }
}

fn route(state: &mut State, request: &Request) -> Outcome {
    let answer = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/") => login::page(state),
        ("POST", "/accounts/api/login") => login::login(state, request),
        ("GET", "/accounts/api/connect/authorize") => login::authorize(state, request, false),
        ("GET", "/accounts/api/connect/authorize/callback") => {
            login::authorize(state, request, true)
        }
        ("POST", "/accounts/api/connect/token") => login::token(state, request),
        ("GET", "/auth/callback") => Answer::html(200, "Tandem Source"),
        _ => data::answer(state, request).unwrap_or_else(|| Answer::html(404, "Not Found")),
    };
    answer.into()
}
