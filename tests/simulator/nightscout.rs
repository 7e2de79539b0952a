//! Nightscout's API v1 on loopback, as measured on 15.0.7 and read in the code of older versions.

mod auth;
mod dates;
mod entries;
mod others;
mod page;
mod pattern;
mod query;
mod querystring;
mod reading;
mod routes;
mod site;
mod store;
mod treatments;
mod values;

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::answer::Outcome;
use super::server::{self, Request, Server};
pub use page::BasalCurve;
use site::{Refusal, Site};
pub use site::{Settings, Version};
use store::Collection;

/// A simulated Nightscout site. Derefs to its [`Server`] for the log and the faults.
pub struct Nightscout {
    server: Server,
    site: Arc<Mutex<Site>>,
}

impl Deref for Nightscout {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Nightscout {
    /// The `API_SECRET` of every simulated site.
    pub const API_SECRET: &'static str = "a secret of some length";

    /// Starts a readable 15.0.7 site without any data.
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    /// Starts a site of this version.
    pub fn version(version: Version) -> Self {
        Self::with(|settings| settings.version = version)
    }

    /// Starts a site set up like this.
    pub fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let site = Arc::new(Mutex::new(Site::new(Self::API_SECRET)));
        change(&mut server::lock(&site).settings);
        let state = Arc::clone(&site);
        let server = Server::start(|_| Arc::new(move |request| meet_or_answer(&state, request)));
        Self { server, site }
    }

    /// The site's address, base path included, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}{}", self.server.url(), self.site().settings.base_path)
    }

    /// Changes how the site is set up.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.site().settings);
    }

    /// The site takes this for now.
    pub fn set_now(&self, now: DateTime<Utc>) {
        let mut site = self.site();
        site.settings.now = Some(now.timestamp_millis());
        site.tick();
    }

    /// Makes an access token with these permissions (`api:treatments:create,read`, `*:*:read`, ...).
    pub fn add_token(&self, name: &str, permissions: &[&str]) -> String {
        self.site().guard.add(name, permissions)
    }

    /// Makes an access token whose role has the permissions that somebody types into the form of the Admin Tools page, which
    /// splits the text at blanks, commas and semicolons.
    pub fn add_token_by_form(&self, name: &str, typed: &str) -> String {
        let typed = typed.to_lowercase();
        let permissions: Vec<&str> = typed
            .split([';', ',', ' '])
            .filter(|permission| !permission.is_empty())
            .collect();
        self.add_token(name, &permissions)
    }

    /// How many requests came with wrong credentials.
    pub fn auth_failures(&self) -> usize {
        self.site().guard.failures
    }

    /// From now on the database refuses documents like these with a 500: a whole array on 15.0.7, the rest of an array on
    /// older versions. Asked of the normalised document.
    pub fn refuse(&self, predicate: impl Fn(&Value) -> bool + Send + 'static) {
        self.refuse_with(500, predicate);
    }

    /// As `refuse`, with another status.
    pub fn refuse_with(&self, status: u16, predicate: impl Fn(&Value) -> bool + Send + 'static) {
        self.site().refusals.push(Refusal {
            status,
            predicate: Box::new(predicate),
        });
    }

    /// Refuses nothing any more.
    pub fn accept_all(&self) {
        self.site().refusals.clear();
    }

    /// Whether something killed the server's process; it answers nothing until `restart`.
    pub fn crashed(&self) -> bool {
        self.site().crashed
    }

    /// Brings a crashed server back with its data.
    pub fn restart(&self) {
        self.site().crashed = false;
    }

    /// All treatments, oldest first, as the database has them.
    pub fn treatments(&self) -> Vec<Value> {
        documents(&self.site().treatments)
    }

    /// The basal curve that the page draws now.
    pub fn basal_curve(&self) -> BasalCurve {
        BasalCurve::of(&self.treatments())
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> Vec<Value> {
        documents(&self.site().entries)
    }

    /// All device statuses, oldest first.
    pub fn devicestatuses(&self) -> Vec<Value> {
        documents(&self.site().devicestatus)
    }

    /// All profile documents, by `startDate`.
    pub fn profiles(&self) -> Vec<Value> {
        documents(&self.site().profiles)
    }

    /// Puts a treatment into the database as it is; gives its `_id`.
    pub fn insert_treatment(&self, doc: Value) -> String {
        insert(&mut self.site().treatments, doc)
    }

    /// Puts an entry into the database as it is; gives its `_id`.
    pub fn insert_entry(&self, doc: Value) -> String {
        insert(&mut self.site().entries, doc)
    }

    /// Puts a device status into the database as it is; gives its `_id`.
    pub fn insert_devicestatus(&self, doc: Value) -> String {
        insert(&mut self.site().devicestatus, doc)
    }

    /// Puts a profile document into the database as it is; gives its `_id`.
    pub fn insert_profile(&self, doc: Value) -> String {
        insert(&mut self.site().profiles, doc)
    }

    /// How many documents POST and PUT have written so far, in all collections.
    pub fn writes(&self) -> usize {
        self.site().writes
    }

    /// How many documents DELETE has removed so far.
    pub fn deletions(&self) -> usize {
        self.site().deletions
    }

    /// How many treatments were changed in a way that an open web page does not notice: older than 15 minutes and matched
    /// neither by `identifier` nor by `_id`.
    pub fn unseen_changes(&self) -> usize {
        self.site().unseen_changes
    }

    fn site(&self) -> MutexGuard<'_, Site> {
        server::lock(&self.site)
    }
}

/// The answer; of a POST, where these race, once another one to the same collection has looked at the data too.
fn meet_or_answer(state: &Arc<Mutex<Site>>, request: &Request) -> Outcome {
    let mut site = server::lock(state);
    site.tick();
    let posts = site.settings.races && request.method == "POST";
    let name = request.path.rsplit('/').next().unwrap_or_default();
    let name = name.trim_end_matches(".json").to_owned();
    let Some(collection) = site.collection(&name).filter(|_| posts) else {
        return routes::answer(&mut site, request);
    };
    let mark = collection.mark();
    let (state, request, place) = (Arc::clone(state), request.clone(), name.clone());
    let go_on = move || {
        let mut site = server::lock(&state);
        let looked_at = |site: &mut Site, mark: usize| {
            if let Some(collection) = site.collection(&name) {
                collection.looked_at(mark);
            }
        };
        looked_at(&mut site, mark);
        let outcome = routes::answer(&mut site, &request);
        looked_at(&mut site, usize::MAX);
        outcome
    };
    Outcome::Together(place, Box::new(go_on))
}

fn documents(collection: &Collection) -> Vec<Value> {
    collection
        .all()
        .map(|(_, doc)| Value::Object(doc.clone()))
        .collect()
}

fn insert(collection: &mut Collection, mut doc: Value) -> String {
    values::javascript(&mut doc);
    match doc {
        Value::Object(doc) => collection.insert(doc),
        other => panic!("a document is an object, not {other}"),
    }
}
