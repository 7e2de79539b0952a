//! The file of a capture.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tempfile::NamedTempFile;

use super::events::Logs;
use super::options::RunOptions;
use super::zone::RecordedZone;
use crate::config::regular_file;
use crate::failure::{ExitStatus, Failure};
use crate::state;

/// The form that this version writes and reads.
pub(super) const FORMAT: u32 = 1;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What was asked of both services in a run, and what they answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Capture {
    /// Which form the rest has.
    #[serde(rename = "tconnectsync_heroku_capture")]
    pub format: u32,
    /// The version that wrote it.
    pub version: String,
    /// The exit status of the run.
    pub exit_status: u8,
    /// When the run began.
    pub now: DateTime<Utc>,
    /// The zone of the pump's clock.
    pub zone: Option<RecordedZone>,
    /// What the run was asked to do; `None` if the configuration had problems.
    pub options: Option<RunOptions>,
    /// Each call, in the order in which they ended.
    pub calls: Vec<Call>,
}

/// One try of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Call {
    pub service: String,
    pub call: String,
    pub method: String,
    /// Tandem's host; `tandem` and `site` for all others.
    pub host: String,
    pub path: String,
    /// The query's keys, with the values that this program chose.
    pub query: Vec<(String, String)>,
    /// How many bytes were sent. Not told for Tandem, to which only logins are sent: their size would tell the password's length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_bytes: Option<usize>,
    pub status: Option<u16>,
    pub content_type: Option<String>,
    pub location: Option<String>,
    pub bytes: usize,
    pub milliseconds: u64,
    /// Names and types of the answer's properties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Value>,
    pub answer: Answer,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// Nothing.
    Nothing,
    /// JSON without unknown values.
    Json(Value),
    /// The logs of a pump.
    Logs(Logs),
    /// A web page: its known phrases.
    Page(String),
    /// Other text: its known phrases.
    Text(String),
    /// Begins like JSON and is not JSON.
    BrokenJson,
    /// More than a capture holds.
    TooLarge,
    /// The same answer as that of an earlier call, counted from 0.
    AsCall(usize),
}

fn failure(what: String, advice: &str) -> Failure {
    Failure::new(ExitStatus::Configuration, what, advice)
}

/// Makes the new file, which only its owner can read. Fails if it exists: it may be another capture.
pub(super) fn create(path: &Path) -> Result<NamedTempFile, Failure> {
    state::create_new(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => failure(
            "The file of --capture exists already and is not overwritten".to_owned(),
            "Give the name of a new file",
        ),
        _ => unwritten(&error),
    })
}

fn unwritten(error: &std::io::Error) -> Failure {
    failure(
        format!("The file of --capture cannot be written ({})", error.kind()),
        "Give the name of a new file in a directory that this program may write to",
    )
}

/// Writes a capture to the new file, or leaves none.
pub(super) fn write(new: NamedTempFile, capture: &Capture) -> Result<()> {
    let mut text = serde_json::to_string(capture).map_err(|_| {
        failure(
            "The capture cannot be written as JSON".to_owned(),
            "Please report this",
        )
    })?;
    text.push('\n');
    state::fill_new(new, text.as_bytes()).map_err(|error| unwritten(&error).into())
}

/// Reads a capture.
///
/// # Errors
/// With 78 if this version cannot read it; the error says what is wrong, and where.
pub(super) fn read(path: &Path) -> Result<Capture> {
    let wrong = |why: String| {
        failure(
            format!("The file of --replay {why}"),
            "Give a file that --capture wrote, unchanged",
        )
    };
    let text = regular_file::read(path, LARGEST).map_err(|error| {
        wrong(match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::IsADirectory => "is no regular file".to_owned(),
            ErrorKind::FileTooLarge => "is larger than any capture".to_owned(),
            kind => format!("cannot be read ({kind})"),
        })
    })?;
    let value: Value = serde_json::from_slice(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        wrong(format!("is not JSON (line {line}, column {column})"))
    })?;
    match value.get("tconnectsync_heroku_capture") {
        None => bail!(wrong("is no capture of this program".to_owned())),
        Some(format) if *format != FORMAT => bail!(failure(
            "The file of --replay was written by another version, in a format that this one cannot read".to_owned(),
            "Replay it with the version that it names, or a newer one",
        )),
        Some(_) => {}
    }
    let capture: Capture = serde_json::from_value(value)
        .map_err(|error| wrong(format!("is damaged: {}", what_is_wrong(&error))))?;
    for (index, call) in capture.calls.iter().enumerate() {
        if matches!(call.answer, Answer::AsCall(other) if other >= index) {
            bail!(wrong(format!(
                "is damaged: call {index} refers to a later one"
            )));
        }
    }
    Ok(capture)
}

/// The library's words for JSON of another shape, cut short. They help a maintainer who edited a capture.
fn what_is_wrong(error: &serde_json::Error) -> String {
    error.to_string().chars().take(120).collect()
}
