//! Whose account it is, and the pumps on it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::history::calendar::stamp;
use super::super::history::{self, History, Model};

/// Where an account lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// United States, Canada, Mexico.
    Us,
    /// Everywhere else.
    Eu,
}

impl Region {
    /// The OIDC client id of the region's web app.
    pub fn client_id(self) -> &'static str {
        match self {
            Self::Us => "0oa4wnbvtladeyVZX4h7",
            Self::Eu => "1519e414-eeec-492e-8c5e-97bea4815a10",
        }
    }
}

/// An account. The personal fields are what no log may contain.
#[derive(Clone, Debug)]
pub struct Account {
    /// Where it lives.
    pub region: Region,
    /// What its owner signs in with.
    pub email: String,
    /// The password.
    pub password: String,
    /// UUID in the data API's paths.
    pub pumper_id: String,
    /// UUID of the sign-in.
    pub account_id: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// `YYYY-MM-DD`.
    pub date_of_birth: String,
    /// Two letters.
    pub country: String,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            region: Region::Us,
            email: "ada.example@example.org".to_owned(),
            password: "correct horse+battery&staple".to_owned(),
            pumper_id: "c9d0a1b2-3c4d-4e5f-8a6b-7c8d9e0f1a2b".to_owned(),
            account_id: "1f2e3d4c-5b6a-4798-8897-a6b5c4d3e2f1".to_owned(),
            first_name: "Adalberta".to_owned(),
            last_name: "Quillfeather".to_owned(),
            date_of_birth: "1987-03-29".to_owned(),
            country: "US".to_owned(),
        }
    }
}

impl Account {
    /// The default account's owner, in Europe.
    pub fn european() -> Self {
        Self {
            region: Region::Eu,
            country: "DE".to_owned(),
            ..Self::default()
        }
    }

    /// Texts that must never appear in a log, beside the tokens.
    pub fn private_texts(&self) -> Vec<String> {
        let texts = [
            &self.email,
            &self.password,
            &self.first_name,
            &self.last_name,
            &self.date_of_birth,
        ];
        texts.into_iter().cloned().collect()
    }
}

/// A pump on the account.
#[derive(Clone, Debug)]
pub struct Pump {
    /// What it did; none for a pump that never uploaded.
    pub history: Option<Arc<History>>,
    /// The cloud has what happened until then; everything, without one. Overrides the account's.
    pub uploaded_until: Option<DateTime<Utc>>,
    /// The account's answer is from when the cloud had what happened until then: the phone uploads before the next call.
    pub answered_before: Option<DateTime<Utc>>,
    /// Whether the account means the greatest time that the pump's clock ever showed by the one of its newest event: which
    /// one Tandem means is unverified.
    pub newest_is_greatest: bool,
    /// Members of the pump's entry to replace, for example `{"maxDateOfEvents": "2099-01-01T00:00:00"}`; null stays null.
    pub replace: Value,
    /// Members to leave out.
    pub leave_out: Vec<String>,
    /// The entry's identity where there is no history.
    pub assignment: String,
    /// The serial number.
    pub serial: String,
}

impl Pump {
    /// A pump with this history.
    pub fn of(history: Arc<History>) -> Self {
        let (assignment, serial) = (history.plan.assignment.clone(), history.plan.serial.clone());
        let history = Some(history);
        Self {
            history,
            uploaded_until: None,
            answered_before: None,
            newest_is_greatest: false,
            replace: json!({}),
            leave_out: Vec::new(),
            assignment,
            serial,
        }
    }

    /// A pump that never uploaded anything.
    pub fn silent(assignment: &str, serial: &str) -> Self {
        Self {
            history: None,
            uploaded_until: None,
            answered_before: None,
            newest_is_greatest: false,
            replace: json!({}),
            leave_out: Vec::new(),
            assignment: assignment.to_owned(),
            serial: serial.to_owned(),
        }
    }

    /// The pump's entry in the pumper answer. `until` is how far the account is uploaded.
    pub(super) fn entry(&self, until: Option<DateTime<Utc>>) -> Value {
        let until = self.answered_before.or(self.uploaded_until).or(until);
        let mut entry = match &self.history {
            Some(history) => active(history, until, self.newest_is_greatest),
            None => json!({
                "algorithm": "Basal-IQ",
                "availableDataRange": {"start": null, "end": null},
                "assignmentId": self.assignment,
                "glucoseUnit": null,
                "lastUploadDate": null,
                "maxDateOfEvents": null,
                "modelNumber": "1000096",
                "modelName": "t:slim X2™ Insulin Pump",
                "partNumber": "1003314",
                "serialNumber": self.serial,
                "softwareVersion": "6.0.3.0",
                "lastUploadClientType": null,
                "settings": null,
            }),
        };
        if let (Some(entry), Some(replace)) = (entry.as_object_mut(), self.replace.as_object()) {
            entry.extend(replace.clone());
            entry.retain(|key, _| !self.leave_out.contains(key));
        }
        entry
    }
}

fn active(history: &History, until: Option<DateTime<Utc>>, newest_is_greatest: bool) -> Value {
    let plan = &history.plan;
    let stamp_of = |event: Option<&history::Event>| event.map(|event| stamp(event.wall));
    let first = history.events.first();
    let newest = match newest_is_greatest {
        true => history.greatest(until),
        false => history.newest(until),
    };
    // The phone uploads what it has: the newest upload is when the history ends, unless a test says otherwise.
    let uploaded = until.unwrap_or(plan.end);
    // A phone does not reach a pump that is off.
    let mut off = history.truth.shut_downs.iter();
    let off = off.find(|off| off.from < uploaded && uploaded < off.to);
    let uploaded = off.map_or(uploaded, |off| off.from);
    let newest = newest.filter(|_| first.is_some_and(|first| first.at <= uploaded.timestamp()));
    let (number, name, part) = match plan.model {
        Model::TslimX2 => ("1000354", "t:slim X2™ Insulin Pump", "1011979"),
        Model::Mobi => ("0", "Tandem Mobi™ System", "1013339"),
    };
    let uploaded_text = uploaded.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let ever = newest.is_some();
    json!({
        "algorithm": "Control-IQ",
        "availableDataRange": {"start": stamp_of(first.filter(|_| ever)), "end": stamp_of(newest)},
        "assignmentId": plan.assignment,
        "lastUploadDate": ever.then(|| uploaded_text.clone()),
        "maxDateOfEvents": stamp_of(newest),
        "modelNumber": number,
        "modelName": name,
        "partNumber": part,
        "serialNumber": plan.serial,
        "softwareVersion": "7.8.0.0",
        "lastUploadClientType": "mobile_tconnect",
        "settings": ever.then(|| history::settings(plan, &uploaded_text)),
    })
}
