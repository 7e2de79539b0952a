//! The file of removed documents: one JSON object per line, as Nightscout returned them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};

use crate::config::regular_file;
use crate::failure::{ExitStatus, Failure};
use crate::foreign;
use crate::nightscout::{Document, ObjectId, parse_created_at};
use crate::state;

/// The largest file that is read back, in bytes: a few hundred thousand documents.
const LARGEST: u64 = 64 * 1024 * 1024;

/// How many files may be written in the same second.
const FILES: u32 = 100;

/// Documents as lines.
pub(super) fn as_lines<'d>(documents: impl IntoIterator<Item = &'d Document>) -> String {
    let documents = documents.into_iter();
    // A JSON value always serialises.
    let lines = documents.filter_map(|document| serde_json::to_string(document).ok());
    lines.map(|line| line + "\n").collect()
}

/// Writes documents, as lines, to a new file in a directory, readable by its owner only, and flushes it to the disk. Existing files are
/// not touched.
///
/// # Errors
/// With 78 if no file can be written there.
pub(super) fn save(directory: &Path, now: DateTime<Utc>, lines: &str) -> Result<PathBuf> {
    for number in 1..=FILES {
        let time = now.format("%Y-%m-%dT%H%M%SZ");
        let name = match number {
            1 => format!("removed-doubles-{time}.jsonl"),
            number => format!("removed-doubles-{time}-{number}.jsonl"),
        };
        let path = directory.join(name);
        let new = state::create_new(&path);
        match new.and_then(|new| state::fill_new(new, lines.as_bytes())) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => bail!(cannot_save(&error.kind().to_string())),
        }
    }
    bail!(cannot_save("every name is taken"))
}

fn cannot_save(why: &str) -> Failure {
    Failure::new(
        ExitStatus::Configuration,
        format!(
            "The documents could not be saved in this directory ({why}), so that none was removed"
        ),
        "Run the program in a directory that it may write to",
    )
}

/// Reads such a file. Every line must be valid.
///
/// # Errors
/// With 78 if the file cannot be read or has an invalid line; the error names the line.
pub(super) fn read(path: &Path) -> Result<Vec<Document>> {
    let unreadable = |why: String| {
        Failure::new(
            ExitStatus::Configuration,
            format!("The file of --restore {why}"),
            "Give the file that --remove-doubles --yes named, unchanged",
        )
    };
    let text = regular_file::read(path, LARGEST).map_err(|error| {
        unreadable(match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::IsADirectory | ErrorKind::FileTooLarge => {
                "is none that this program wrote".to_owned()
            }
            kind => format!("cannot be read: {kind}"),
        })
    })?;
    let text = String::from_utf8(text)
        .map_err(|_| unreadable("is none that this program wrote".to_owned()))?;
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    let documents = lines.map(|(index, line)| {
        let document = serde_json::from_str(line).ok().filter(is_whole);
        document.ok_or_else(|| {
            unreadable(format!(
                "holds no removed document in line {}; nothing has been written",
                index + 1
            ))
        })
    });
    let documents: Vec<Document> = documents.collect::<Result<_, _>>()?;
    if documents.is_empty() {
        bail!(unreadable("is empty".to_owned()));
    }
    Ok(documents)
}

/// Whether a document can have been removed: it has an `_id`, a time, an event type and a pump event number.
fn is_whole(document: &Document) -> bool {
    let text = |name: &str| foreign::text_in(document, name);
    let has_id = text("_id").is_some_and(|id| ObjectId::parse(id).is_some());
    let has_time = text("created_at").is_some_and(|time| parse_created_at(time).is_some());
    let has = |name| text(name).is_some_and(|text| !text.is_empty());
    has_id && has_time && has("eventType") && has("pump_event_id")
}
