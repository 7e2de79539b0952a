//! At which offset the clock ran when it wrote each event.

use chrono::{Duration, NaiveDateTime};

use super::judgement::Rule;
use crate::pump::event::EventId;

/// The clock's rules, one after the other in the order of events.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Timeline {
    pieces: Vec<Piece>,
}

/// A stretch of events that one rule holds for.
#[derive(Clone, Debug, PartialEq)]
struct Piece {
    /// The first event; the earliest piece has none.
    from: Option<EventId>,
    rule: Rule,
    /// In a stretch in which the pump lost its clock: readings up to this one, in 2008, are at this offset.
    lost: Option<(NaiveDateTime, Duration)>,
}

impl Timeline {
    /// One rule for everything.
    pub(super) fn of(rule: Rule) -> Timeline {
        Timeline {
            pieces: vec![Piece {
                from: None,
                rule,
                lost: None,
            }],
        }
    }

    /// Goes on with another rule from an event on.
    pub(super) fn then(&mut self, from: EventId, rule: Rule) {
        if self
            .pieces
            .last()
            .is_some_and(|last| last.rule == rule && last.lost.is_none())
        {
            return;
        }
        self.pieces.push(Piece {
            from: Some(from),
            rule,
            lost: None,
        });
    }

    /// In the stretch that is last by now the pump lost its clock.
    pub(super) fn was_lost(&mut self, last_reading: NaiveDateTime, offset: Duration) {
        if let Some(piece) = self.pieces.last_mut() {
            piece.lost = Some((last_reading, offset));
        }
    }

    /// The rule for an event.
    pub(super) fn rule(&self, id: EventId, reading: NaiveDateTime) -> Rule {
        let begun = |piece: &&Piece| piece.from.is_none_or(|from| from <= id);
        let Some(piece) = self.pieces.iter().rev().find(begun) else {
            return Rule::FollowsZone;
        };
        match piece.lost {
            Some((last, offset)) if reading <= last => Rule::Kept(offset),
            _ => piece.rule,
        }
    }
}
