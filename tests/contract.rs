//! The contract with a real Nightscout: a pass writes made-up data to the site of `CONTRACT_NS_URL`, what the site then
//! holds is compared with what the simulated one holds, and exactly that is removed again.
//!
//! ```text
//! CONTRACT_NS_URL=https://test-site.example CONTRACT_NS_SECRET=... cargo test -- --ignored contract
//! ```
//!
//! The site should be one for tests, and without anybody's data of January 2015, where the made-up data lie. Each document
//! gets a field that says that it is test data. Documents are removed by their `_id`, after their `identifier` has shown
//! that they are the made-up pump's; nothing else is changed or removed.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, TimeZone, Utc};
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::Value;
use sha1::{Digest, Sha1};

use crate::arrangement::{Arrangement, without_ids};
use crate::simulator::history::{Feature, Features, History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};
use crate::simulator::tandem::Tandem;

/// The made-up pump's serial number: the identifiers of its documents are those of no real pump's.
const SERIAL: &str = "00000000000000000042";

/// What the documents of the test are marked with.
const MARK: &str = "test data of tconnectsync-heroku";

/// A site, real or not, and how to get in.
struct Site {
    url: String,
    secret: String,
    client: Client,
}

impl Site {
    fn new(url: &str, secret: &str) -> Self {
        Site {
            url: url.trim_end_matches('/').to_owned(),
            secret: secret.to_owned(),
            client: Client::new(),
        }
    }

    fn call(&self, request: RequestBuilder) -> Value {
        let is_token = self.secret.rsplit_once('-').is_some_and(|(_, key)| {
            key.len() == 16 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        let digest = Sha1::digest(&self.secret);
        let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let key = if is_token { &self.secret } else { &hash };
        let request = request.header("api-secret", key);
        let answer = request.send().expect("the site answers");
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.json().expect("JSON")
    }

    /// The treatments of a span.
    fn treatments(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Value> {
        let request = self
            .client
            .get(format!("{}/api/v1/treatments.json", self.url))
            .query(&[
                ("find[created_at][$gte]", from.to_rfc3339()),
                ("find[created_at][$lte]", to.to_rfc3339()),
                ("count", "100000".to_owned()),
            ]);
        let list = self.call(request);
        list.as_array().expect("a list").clone()
    }

    /// Marks a document that is there already: it is replaced by itself and the mark.
    fn mark(&self, mut marked: Value) {
        let fields = marked.as_object_mut().expect("an object");
        fields.retain(|_, value| !value.is_null());
        fields.insert("testData".to_owned(), MARK.into());
        let url = format!("{}/api/v1/treatments.json", self.url);
        self.call(self.client.put(url).json(&marked));
    }

    /// Removes the one document of this `_id`.
    fn remove(&self, document: &Value) {
        let id = document["_id"].as_str().unwrap_or_default();
        // Without an id, the address would be that of all treatments.
        assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let url = format!("{}/api/v1/treatments/{id}", self.url);
        self.call(self.client.delete(url));
    }
}

/// Removes what the test wrote, however it ends.
struct Clean<'a> {
    site: &'a Site,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    identifiers: Vec<String>,
}

impl Drop for Clean<'_> {
    fn drop(&mut self) {
        for document in self.site.treatments(self.from, self.to) {
            let identifier = document["identifier"].as_str().unwrap_or_default();
            if self.identifiers.iter().any(|ours| ours == identifier) {
                self.site.remove(&document);
            }
        }
    }
}

/// Some hours in January 2015 with all that becomes a treatment.
fn history() -> History {
    let start = Utc
        .with_ymd_and_hms(2015, 1, 14, 9, 0, 0)
        .single()
        .expect("an instant");
    let mut plan = Plan::day(42)
        .between(start, start + Duration::hours(8))
        .with_features(Features::USUAL.without(Feature::Cgm));
    plan.serial = SERIAL.to_owned();
    History::generate(&plan)
}

const DAYS: [&str; 4] = ["--start-date", "2015-01-14", "--end-date", "2015-01-14"];

/// An arrangement of the made-up pump with this site.
fn arrangement(url: &str, secret: &str) -> Arrangement {
    let tandem = Tandem::with_history(history());
    let mut arrangement = Arrangement::joining(tandem, Nightscout::start());
    arrangement.set("NS_URL", url);
    arrangement.set("NS_SECRET", secret);
    arrangement.set("NS_ALLOW_INSECURE_HTTP", "true");
    let features = "BASAL,BOLUS,PUMP_EVENTS,CGM_ALERTS,BOLUS_BG";
    arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", features);
    arrangement
}

/// The documents by their identifiers, without what sites add in different ways.
fn by_identifier(documents: Vec<Value>) -> BTreeMap<String, Value> {
    let documents = without_ids(documents).into_iter().map(|mut document| {
        if let Some(fields) = document.as_object_mut() {
            // The mark was written with a time in UTC.
            let own = |name: &str| !matches!(name, "testData" | "utcOffset");
            fields.retain(|name, value| !value.is_null() && own(name));
        }
        let identifier = document["identifier"].as_str().unwrap_or_default();
        (identifier.to_owned(), document)
    });
    documents.collect()
}

/// Holds a site to the contract. It has to hold nothing of the made-up pump's days.
fn hold(url: &str, secret: &str) {
    let now = Utc::now();
    let model = Nightscout::start();
    let expected = {
        let arrangement = arrangement(&model.url(), Nightscout::API_SECRET);
        arrangement.good_pass(now, &DAYS);
        by_identifier(model.treatments())
    };
    assert!(expected.len() > 80);

    let site = Site::new(url, secret);
    let history = history();
    let (from, to) = (
        history.plan.start - Duration::days(3),
        history.plan.end + Duration::days(3),
    );
    let there = site.treatments(from, to);
    assert!(
        there.is_empty(),
        "the site has {} treatments of these days",
        there.len()
    );
    let clean = Clean {
        site: &site,
        from,
        to,
        identifiers: expected.keys().cloned().collect(),
    };

    let arrangement = arrangement(url, secret);
    let first = arrangement.good_pass(now, &DAYS);
    assert_eq!(
        first.report.uploads.total(|tally| tally.created),
        expected.len()
    );
    assert_eq!(by_identifier(site.treatments(from, to)), expected);

    // What others add to the documents stays, and is no difference.
    for document in site.treatments(from, to) {
        site.mark(document);
    }
    let second = arrangement.good_pass(now, &DAYS);
    let written = second
        .report
        .uploads
        .total(|tally| tally.created + tally.updated);
    assert_eq!(written, 0, "{}", second.report.summary());

    // What is changed is put right.
    let mut changed = site.treatments(from, to)[0].clone();
    changed["duration"] = 77.into();
    site.mark(changed);
    let third = arrangement.good_pass(now, &DAYS);
    assert_eq!(third.report.uploads.total(|tally| tally.updated), 1);
    let after = site.treatments(from, to);
    assert!(after.iter().all(|document| document["testData"] == MARK));
    assert_eq!(by_identifier(after), expected);

    drop(clean);
    assert_eq!(site.treatments(from, to).len(), 0, "everything is removed");
}

#[test]
#[ignore = "needs a Nightscout: CONTRACT_NS_URL, CONTRACT_NS_SECRET"]
fn a_nightscout_keeps_the_contract() {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    hold(
        &variable("CONTRACT_NS_URL"),
        &variable("CONTRACT_NS_SECRET"),
    );
}

#[test]
fn the_simulated_ones_keep_the_contract() {
    for version in [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7] {
        let nightscout = Nightscout::version(version);
        hold(&nightscout.url(), Nightscout::API_SECRET);
        assert_eq!(nightscout.treatments().len(), 0);
        assert!(nightscout.deletions() > 80);
    }
}
