//! A cloud with a pump, a site, and a configuration that joins them: what most tests begin with.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use chrono::{DateTime, Duration, TimeZone, Utc};
use clap::Parser;
use serde_json::{Value, json};
use tconnectsync_heroku::config::Cli;
use tconnectsync_heroku::config::{Config, Reading, Sources};
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};
use tconnectsync_heroku::pass::{self, Outcome};

use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::Nightscout;
use crate::simulator::tandem::Tandem;
use crate::simulator::truth::Glucose;

pub struct Arrangement {
    pub tandem: Tandem,
    pub nightscout: Nightscout,
    pub variables: BTreeMap<String, String>,
}

impl Arrangement {
    /// One pump with this history, all of it uploaded, and an empty site.
    pub fn of(history: History) -> Self {
        Self::with(history, Nightscout::start())
    }

    /// One pump with this history, and this site.
    pub fn with(history: History, nightscout: Nightscout) -> Self {
        Self::joining(Tandem::with_history(history), nightscout)
    }

    /// This cloud, whose pump has a history, and this site.
    pub fn joining(tandem: Tandem, nightscout: Nightscout) -> Self {
        let zone = tandem.zone().expect("a pump with a history");
        let account = tandem.account();
        let variables = [
            ("TCONNECT_EMAIL", account.email),
            ("TCONNECT_PASSWORD", account.password),
            ("TCONNECT_REGION", "US".to_owned()),
            ("TCONNECT_BASE_URL", tandem.url()),
            ("NS_URL", nightscout.url()),
            ("NS_SECRET", Nightscout::API_SECRET.to_owned()),
            ("TIMEZONE_NAME", zone.name().to_owned()),
        ];
        Arrangement {
            tandem,
            nightscout,
            variables: variables
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        }
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// The configuration that the variables and these arguments make.
    pub fn config(&self, now: DateTime<Utc>, arguments: &[&str]) -> Config {
        let program = ["tconnectsync-heroku"].iter().chain(arguments);
        let arguments = Cli::try_parse_from(program).expect("the test's own arguments are good");
        let sources = Sources {
            environment: self.variables.clone().into(),
            ..Sources::default()
        };
        let reading = Reading::new(&arguments, &sources, now);
        let problems = reading.problems;
        (reading.config).unwrap_or_else(|| panic!("the test's own configuration: {problems:?}"))
    }

    /// One pass at this instant, by the library, without waiting between tries.
    pub fn pass(&self, now: DateTime<Utc>, arguments: &[&str]) -> Outcome {
        self.nightscout.set_now(now);
        let limits = RunLimits::without_pauses(Deadline::NONE, Stop::new());
        pass::run(&self.config(now, arguments), now, &limits)
    }

    /// One pass that has to go well.
    #[track_caller]
    pub fn good_pass(&self, now: DateTime<Utc>, arguments: &[&str]) -> Outcome {
        let outcome = self.pass(now, arguments);
        assert_eq!(outcome.status(), ExitStatus::Done, "{:?}", outcome.failure);
        outcome
    }

    /// Another pass, that finds everything done.
    #[track_caller]
    pub fn writes_nothing_more(&self, now: DateTime<Utc>, arguments: &[&str]) {
        let writes = self.nightscout.writes();
        let summary = self.good_pass(now, arguments).report.summary();
        assert_eq!(self.nightscout.writes(), writes, "{summary}");
    }

    /// The program itself with the variables as its whole environment, now, in a home of its own.
    pub fn program(&self, arguments: &[&str]) -> Said {
        let home = tempfile::tempdir().expect("a temporary directory");
        self.program_at(home.path(), arguments)
    }

    /// The program itself, in this home.
    pub fn program_at(&self, home: &Path, arguments: &[&str]) -> Said {
        let mut command = self.command(home, arguments);
        Said::of(command.output().expect("the program starts"))
    }

    /// The program itself, not started yet. A `HOME` among the variables counts instead of this one.
    pub fn command(&self, home: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tconnectsync-heroku"));
        command
            .env_clear()
            .env("HOME", home)
            .envs(&self.variables)
            .current_dir(home)
            .args(arguments);
        command
    }

    /// Another uploader brings the readings of the pump's own sensor, measured after the one instant and until the other.
    pub fn upload_glucose(&self, history: &History, (from, to): (DateTime<Utc>, DateTime<Utc>)) {
        let measured =
            (history.truth.readings.iter()).filter(|reading| from < reading.at && reading.at <= to);
        for reading in measured {
            let Glucose::Value(glucose) = reading.glucose else {
                continue;
            };
            self.nightscout.insert_entry(json!({
                "type": "sgv", "sgv": glucose, "device": "xDrip-DexcomG5",
                "date": reading.at.timestamp_millis(),
                "dateString": reading.at.to_rfc3339(),
            }));
        }
    }

    /// The phone uploads, at an instant, what the first pump wrote until another one.
    pub fn upload_pump(&self, at: DateTime<Utc>, until: DateTime<Utc>) {
        self.tandem.change_pumps(|pumps| {
            let text = at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
            pumps[0].uploaded_until = Some(until);
            pumps[0].replace = json!({"lastUploadDate": text});
        });
    }

    /// Somebody changes a treatment on the site, by its `_id`.
    pub fn edit_treatment(&self, document: &Value) {
        let answer = reqwest::blocking::Client::new()
            .put(format!("{}/api/v1/treatments.json", self.nightscout.url()))
            .header("api-secret", sha1_hex(Nightscout::API_SECRET))
            .json(document)
            .send()
            .expect("the site answers");
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// Somebody removes a treatment from the site, by its `_id`.
    pub fn remove_treatment(&self, document: &Value) {
        let id = document["_id"].as_str().expect("an _id");
        let url = format!("{}/api/v1/treatments/{id}", self.nightscout.url());
        let answer = reqwest::blocking::Client::new()
            .delete(url)
            .header("api-secret", sha1_hex(Nightscout::API_SECRET))
            .send()
            .expect("the site answers");
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// What no output may contain.
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = self.tandem.secrets();
        secrets.push(Nightscout::API_SECRET.to_owned());
        secrets
    }
}

/// A pump whose last day ended twenty minutes ago, as the program's own clock has it: nothing of it is held back, in
/// whichever moment the program looks.
pub fn day_until_now(seed: u64) -> History {
    let now = Utc
        .timestamp_opt(Utc::now().timestamp(), 0)
        .single()
        .expect("a second of today");
    let plan = Plan::day(seed)
        .in_zone(chrono_tz::America::Phoenix)
        .between(now - Duration::hours(26), now - Duration::minutes(20));
    History::generate(&plan)
}

/// What the program said.
#[derive(Debug)]
pub struct Said {
    pub status: Option<i32>,
    pub out: String,
    pub log: String,
}

impl Said {
    pub fn of(output: Output) -> Self {
        Said {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            log: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    #[track_caller]
    pub fn reveals_none_of(&self, secrets: &[String]) {
        for secret in secrets {
            let said = self.out.contains(secret) || self.log.contains(secret);
            assert!(!said, "{secret} is in {self:#?}");
        }
    }
}

/// The documents without what the site adds, so that two sites can be compared.
pub fn without_ids(documents: Vec<Value>) -> Vec<Value> {
    documents
        .into_iter()
        .map(|mut document| {
            if let Some(fields) = document.as_object_mut() {
                fields.remove("_id");
            }
            document
        })
        .collect()
}

pub fn sha1_hex(text: &str) -> String {
    use sha1::Digest;
    let digest = sha1::Sha1::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
