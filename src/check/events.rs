//! What the pump wrote, counted by kind.

use serde_json::{Map, Value, json};

use super::{Findings, Mark, Step};
use crate::failure::ExitStatus;
use crate::pump::clock::DatedEvent;
use crate::pump::decode::Skipped;
use crate::report::some_of;

/// Events by kind, in the order in which the kinds were met.
#[derive(Debug, Default)]
pub(super) struct Counts {
    kinds: Vec<(&'static str, usize)>,
    skipped: Skipped,
}

impl Counts {
    pub(super) fn skip(&mut self, skipped: Skipped) {
        self.skipped.merge(skipped);
    }

    pub(super) fn count<'e>(&mut self, events: impl Iterator<Item = &'e DatedEvent>) {
        for event in events {
            let kind = event.event.detail.kind();
            match self.kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, count)) => *count += 1,
                None => self.kinds.push((kind, 1)),
            }
        }
    }

    /// The line of the check. What is not known has no instant, so that it counts for all days asked for.
    pub(super) fn tell(mut self, findings: &mut Findings<'_>) {
        self.kinds
            .sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), *kind));
        let counted: Vec<String> = self
            .kinds
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        let mut text = match counted.is_empty() {
            true => "none in the last day".to_owned(),
            false => format!("in the last day {}", counted.join(", ")),
        };
        let unknown = &self.skipped.unknown_events;
        if !unknown.is_empty() {
            let codes: Vec<String> = unknown.kinds().map(|(code, _)| code.to_string()).collect();
            text += &format!(
                "; in the days around it {} of unknown kinds (code {}), left out",
                unknown.total(),
                some_of(&codes),
            );
        }
        let unreadable = self.skipped.unreadable();
        if unreadable > 0 {
            text += &format!("; {unreadable} unreadable, left out");
        }
        let kinds: Map<String, Value> = self
            .kinds
            .iter()
            .map(|(kind, count)| ((*kind).to_owned(), json!(count)))
            .collect();
        let unknown: Map<String, Value> = unknown
            .kinds()
            .map(|(code, count)| (code.to_string(), json!(count)))
            .collect();
        let mark = if counted.is_empty() {
            Mark::Warning
        } else {
            Mark::Good
        };
        findings.add(Step {
            about: "Events",
            mark,
            text,
            status: ExitStatus::Done,
            data: Some(json!({"kinds": kinds, "unknown": unknown, "unreadable": unreadable})),
        });
    }
}
