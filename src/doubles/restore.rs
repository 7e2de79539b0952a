//! `--restore`: puts back what `--remove-doubles` removed.

use std::path::Path;

use anyhow::Result;
use chrono::{FixedOffset, SecondsFormat};
use serde_json::Value;

use super::saved;
use crate::config::{Collection, Config};
use crate::failure::{ExitStatus, Failure};
use crate::http::RunLimits;
use crate::nightscout::{Document, Site, parse_created_at};
use crate::state::RunLock;

/// How many documents are there again.
#[derive(Debug, Default)]
pub struct Restored {
    /// So many.
    pub documents: usize,
    /// Why not all of them are.
    pub failure: Option<anyhow::Error>,
}

/// Puts the documents of a file back under their own `_id`, as they were. Doing so twice does no harm.
pub fn restore(config: &Config, limits: &RunLimits, file: &Path) -> Restored {
    let mut restored = Restored::default();
    restored.failure = put_back(config, limits, file, &mut restored.documents).err();
    restored
}

fn put_back(config: &Config, limits: &RunLimits, file: &Path, restored: &mut usize) -> Result<()> {
    let documents = saved::read(file)?;
    let _lock = RunLock::take(config)?;
    let site = Site::new(&config.nightscout, config.proxy.as_ref(), limits.clone())?;
    site.status()?;
    let mut refused = Vec::new();
    for document in documents {
        let written = site.update_by_id(Collection::Treatments, &as_sent(document))?;
        *restored += written.accepted;
        refused.extend(written.refused);
    }
    match refused.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(
            ExitStatus::Refused,
            format!(
                "Nightscout refused {} of the documents; the first: {}",
                refused.len(),
                first.reason
            ),
            "The others are there again. Please report this with the version of the site",
        )
        .into()),
    }
}

/// A document as it was sent once. Nightscout keeps the offset of its time in a field of its own and takes it from the time
/// only; what it gave as `null` was not there, and would come to be 0.
fn as_sent(mut document: Document) -> Document {
    document.retain(|_, value| !value.is_null());
    let offset = document.remove("utcOffset").as_ref().and_then(minutes_east);
    let time = document.get("created_at").and_then(Value::as_str);
    let time = time.and_then(parse_created_at);
    if let Some((time, offset)) = time.zip(offset) {
        let local = time.with_timezone(&offset);
        let text = local.to_rfc3339_opts(SecondsFormat::Millis, false);
        document.insert("created_at".to_owned(), text.into());
    }
    document
}

fn minutes_east(offset: &Value) -> Option<FixedOffset> {
    let minutes = i32::try_from(offset.as_i64()?).ok()?;
    FixedOffset::east_opt(minutes.checked_mul(60)?)
}
