//! A site of the contract, real or simulated: what it holds, and what somebody else does there.

use std::collections::BTreeMap;
use std::thread;

use chrono::{DateTime, Duration, TimeZone, Utc};
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use crate::simulator::nightscout::{Nightscout, Version};

/// What the documents of the test are marked with.
pub const MARK: &str = "test data of tconnectsync-heroku";

/// What this program writes as author and device.
const OURS: &str = "Pump (tconnectsync)";

pub const COLLECTIONS: [&str; 4] = ["treatments", "entries", "devicestatus", "profile"];

/// What a site holds of the made-up pump: by collection and by what the document is, each without what sites add in different
/// ways.
pub type Held = BTreeMap<String, Vec<Value>>;

/// A site, and how to get in.
pub struct Site<'a> {
    pub url: String,
    pub secret: String,
    simulated: Option<&'a Nightscout>,
    client: Client,
}

/// A token on a site, as long as it is needed.
pub struct Token<'a> {
    pub text: String,
    site: &'a Site<'a>,
    /// Where to remove what it consists of.
    paths: Vec<String>,
}

impl Drop for Token<'_> {
    fn drop(&mut self) {
        for path in &self.paths {
            let url = format!("{}/api/v2/authorization/{path}", self.site.url);
            self.site.send(self.site.client.delete(url));
        }
    }
}

impl<'a> Site<'a> {
    pub fn real(url: &str, secret: &str) -> Self {
        Self::new(url, secret, None)
    }

    pub fn simulated(nightscout: &'a Nightscout) -> Self {
        Self::new(&nightscout.url(), Nightscout::API_SECRET, Some(nightscout))
    }

    fn new(url: &str, secret: &str, simulated: Option<&'a Nightscout>) -> Self {
        // An error says that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Site {
            url: url.trim_end_matches('/').to_owned(),
            secret: secret.to_owned(),
            simulated,
            client: Client::new(),
        }
    }

    /// The simulated site takes this for now; a real one has a clock.
    pub fn set_now(&self, now: DateTime<Utc>) {
        if let Some(simulated) = self.simulated {
            simulated.set_now(now);
        }
    }

    fn send(&self, request: RequestBuilder) -> Value {
        let digest = Sha1::digest(&self.secret);
        let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let key = if self.has_token() {
            &self.secret
        } else {
            &hash
        };
        let request = request.header("api-secret", key);
        let answer = request.send().expect("the site answers");
        assert!(answer.status().is_success(), "{answer:?}");
        answer.json().expect("JSON")
    }

    /// Whether the secret is an access token, with which no others can be made.
    pub fn has_token(&self) -> bool {
        self.secret.rsplit_once('-').is_some_and(|(_, key)| {
            key.len() == 16 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    }

    fn v1(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.url)
    }

    /// The version of the simulated Nightscout that behaves like this site, and whether it shows mmol/L.
    pub fn kind(&self) -> (Version, bool) {
        let status = self.send(self.client.get(self.v1("status.json")));
        let text = status["version"].as_str().expect("a version");
        let version = match text {
            _ if text.starts_with("14.") => Version::V14_2_6,
            "15.0.0" | "15.0.1" | "15.0.2" | "15.0.3" | "15.0.4" | "15.0.5" | "15.0.6" => {
                Version::V15_0_6
            }
            _ => Version::V15_0_7,
        };
        let units = status["settings"]["units"].as_str().unwrap_or_default();
        (version, units.starts_with("mmol"))
    }

    /// The documents of a collection: of January 2015, but for profiles, which have no time of their own.
    pub fn documents(&self, collection: &str) -> Vec<Value> {
        let (from, to) = days();
        let request = self.client.get(self.v1(&format!("{collection}.json")));
        let request = match collection {
            "profile" => request,
            "entries" => request.query(&[
                ("find[date][$gte]", from.timestamp_millis().to_string()),
                ("find[date][$lte]", to.timestamp_millis().to_string()),
            ]),
            _ => request.query(&[
                ("find[created_at][$gte]", from.to_rfc3339()),
                ("find[created_at][$lte]", to.to_rfc3339()),
            ]),
        };
        let list = self.send(request.query(&[("count", "100000")]));
        list.as_array().expect("a list").clone()
    }

    /// What the site holds of the made-up pump.
    pub fn held(&self) -> Held {
        let mut held = Held::new();
        for collection in COLLECTIONS {
            for mut document in self.documents(collection) {
                let fields = document.as_object_mut().expect("a document");
                let name = ["identifier", "created_at", "date"].into_iter();
                let name = (name.filter(|_| collection != "profile"))
                    .find_map(|field| fields.get(field).cloned())
                    .unwrap_or_default();
                fields.retain(|name, value| !value.is_null() && compared(collection, name));
                held.entry(format!("{collection} {name}"))
                    .or_default()
                    .push(document);
            }
        }
        held
    }

    /// Somebody adds a document.
    pub fn add(&self, collection: &str, document: &Value) {
        let url = self.v1(&format!("{collection}.json"));
        self.send(self.client.post(url).json(&as_sent(document)));
    }

    /// Somebody changes a treatment.
    pub fn change(&self, document: &Value, change: impl FnOnce(&mut Value)) {
        let mut changed = document.clone();
        let fields = changed.as_object_mut().expect("an object");
        fields.retain(|_, value| !value.is_null());
        change(&mut changed);
        self.send(self.client.put(self.v1("treatments.json")).json(&changed));
    }

    /// Removes the one document of this `_id`.
    pub fn remove(&self, collection: &str, document: &Value) {
        let id = document["_id"].as_str().unwrap_or_default();
        // Without an id, the address would be that of the whole collection.
        assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        self.send(self.client.delete(self.v1(&format!("{collection}/{id}"))));
    }

    /// Makes the site hold some documents of this program twice or more, as programs do that write at the same moment. Gives
    /// how many there are too many; none where the site happened to keep the writers apart each time.
    pub fn make_twins(&self, collection: &str) -> usize {
        let mut documents = self.documents(collection);
        documents.retain(is_ours);
        documents.sort_by_key(|document| document["_id"].to_string());
        // Of the device statuses and profiles a run reads the newest ones alone.
        let races = matches!(collection, "treatments" | "entries");
        let some = match races {
            true => documents.split_off(documents.len().saturating_sub(20)),
            false => documents.pop().into_iter().collect(),
        };
        let sent: Vec<Value> = some.iter().map(as_sent).collect();
        // These the site adds without a look at what it holds. Profiles are twins only if written at about the same moment.
        if !races {
            self.remove(collection, &some[0]);
            self.add(collection, &sent[0]);
            self.add(collection, &sent[0]);
            return 1;
        }
        if let Some(simulated) = self.simulated {
            let insert = match collection {
                "treatments" => Nightscout::insert_treatment,
                _ => Nightscout::insert_entry,
            };
            for document in &sent {
                insert(simulated, document.clone());
            }
            return sent.len();
        }
        let url = self.v1(&format!("{collection}.json"));
        let same_ones = || {
            let mut held = self.documents(collection);
            held.retain(|held| {
                let mut sent = sent.iter();
                sent.any(|sent| sent["identifier"] == held["identifier"])
            });
            held
        };
        for _ in 0..60 {
            for document in same_ones() {
                self.remove(collection, &document);
            }
            thread::scope(|scope| {
                for _ in 0..6 {
                    scope.spawn(|| self.send(self.client.post(&url).json(&sent)));
                }
            });
            let surplus = same_ones().len() - sent.len();
            if surplus > 0 {
                return surplus;
            }
        }
        0
    }

    /// Makes a token with the permissions that somebody types into the form of the Admin Tools page.
    pub fn token(&'a self, typed: &str) -> Token<'a> {
        if let Some(simulated) = self.simulated {
            return Token {
                text: simulated.add_token_by_form("contract", typed),
                site: self,
                paths: Vec::new(),
            };
        }
        let name = format!("contract{}", Utc::now().timestamp_micros());
        let permissions: Vec<&str> = typed.split([' ', ',', ';']).collect();
        let url = |path: &str| format!("{}/api/v2/authorization/{path}", self.url);
        let role = json!({"name": name, "permissions": permissions, "notes": MARK});
        self.send(self.client.post(url("roles")).json(&role));
        let subject = json!({"name": name, "roles": [name], "notes": MARK});
        self.send(self.client.post(url("subjects")).json(&subject));
        let named = |path: &str| {
            let list = self.send(self.client.get(url(path)));
            let list = list.as_array().expect("a list");
            let of_this_name = list.iter().find(|one| one["name"] == name.as_str());
            of_this_name.expect("what was made").clone()
        };
        let (role, subject) = (named("roles"), named("subjects"));
        let path = |what: &str, document: &Value| {
            format!("{what}/{}", document["_id"].as_str().expect("an _id"))
        };
        Token {
            text: subject["accessToken"].as_str().expect("a token").to_owned(),
            site: self,
            paths: vec![path("subjects", &subject), path("roles", &role)],
        }
    }

    /// Removes what this program wrote.
    pub fn clean(&self) {
        for collection in COLLECTIONS {
            for document in self.documents(collection) {
                if is_ours(&document) {
                    self.remove(collection, &document);
                }
            }
        }
    }
}

/// The days around those of the made-up pump.
fn days() -> (DateTime<Utc>, DateTime<Utc>) {
    let day = |day| Utc.with_ymd_and_hms(2015, 1, day, 0, 0, 0).single();
    let middle = day(14).expect("an instant");
    (middle - Duration::days(4), middle + Duration::days(4))
}

fn is_ours(document: &Value) -> bool {
    let author = ["enteredBy", "device"].map(|field| document[field].as_str());
    author.contains(&Some(OURS))
}

/// A document without what the site adds to it.
fn as_sent(document: &Value) -> Value {
    let mut document = document.clone();
    let fields = document.as_object_mut().expect("an object");
    fields.retain(|name, value| name != "_id" && name != "mills" && !value.is_null());
    document
}

/// Whether a field is this program's, or the same on every site. The others were written with another zone, at another moment,
/// or are the site's own.
fn compared(collection: &str, field: &str) -> bool {
    match field {
        "_id" | "utcOffset" | "testData" | "mills" => false,
        "created_at" | "startDate" => collection != "profile",
        _ => true,
    }
}
