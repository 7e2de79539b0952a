//! `--restore`: puts back what `--remove-doubles` removed.

use std::path::Path;

use anyhow::Result;
use chrono::{FixedOffset, SecondsFormat};
use serde_json::Value;

use super::saved;
use crate::config::{Collection, Config};
use crate::failure::{ExitStatus, Failure};
use crate::foreign;
use crate::http::RunLimits;
use crate::nightscout::{Document, Site, parse_created_at};
use crate::report::grouped;
use crate::state::RunLock;

/// The result of `--restore`.
#[derive(Debug, Default)]
pub struct Restored {
    /// How many documents were put back.
    pub documents: usize,
    /// Why not all of them were.
    pub failure: Option<anyhow::Error>,
}

/// Puts the documents of a file back under their own `_id`, unchanged. Doing so twice does no harm.
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
                grouped(refused.len()),
                first.reason
            ),
            "The others are back on the site. Please report this with the version of the site",
        )
        .into()),
    }
}

/// A document as it was first sent. Nightscout takes the offset only from `created_at` and stores it in `utcOffset`, so it is
/// put back there. Fields that came as `null` were not there, and Nightscout would store 0.
fn as_sent(mut document: Document) -> Document {
    document.retain(|_, value| !value.is_null());
    let offset = document.remove("utcOffset").as_ref().and_then(minutes_east);
    let time = foreign::text_in(&document, "created_at").and_then(parse_created_at);
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
