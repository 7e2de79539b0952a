//! What the pump wrote, counted by kind.

use serde_json::{Map, Value, json};

use super::{Findings, Mark, Part, Step};
use crate::pump::clock::DatedEvent;
use crate::pump::decode::Skipped;
use crate::report::{counted, some_of};

/// Events by kind, in the order in which the kinds were met.
#[derive(Debug, Default)]
pub(super) struct Counts {
    kinds: Vec<([&'static str; 2], usize)>,
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

    /// The line of the check. Unknown events have no instant, so all of the days asked for are counted.
    pub(super) fn tell(mut self, findings: &mut Findings<'_>) {
        self.kinds
            .sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), *kind));
        let counted: Vec<String> = self
            .kinds
            .iter()
            .map(|(kind, count)| counted(*count, kind[0], kind[1]))
            .collect();
        let mut text = match counted.is_empty() {
            true => "no events in the last day".to_owned(),
            false => format!("events of the last day: {}", counted.join(", ")),
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
            .map(|(kind, count)| (kind[1].to_owned(), json!(count)))
            .collect();
        let unknown: Map<String, Value> = unknown
            .kinds()
            .map(|(code, count)| (code.to_string(), json!(count)))
            .collect();
        let (mark, is_detail) = match counted.is_empty() {
            true => (Mark::Warning, false),
            false => (Mark::Good, true),
        };
        let data = json!({"kinds": kinds, "unknown": unknown, "unreadable": unreadable});
        findings.add(Step {
            is_detail,
            data: Some(data),
            ..Step::new(Part::Pump, mark, text)
        });
    }
}
