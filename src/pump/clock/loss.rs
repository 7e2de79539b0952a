//! A clock that the pump lost, as one does whose battery was empty: it starts in 2008, and its owner sets it again, not always to
//! the right half of the day.

use chrono::{DateTime, Duration, NaiveTime, Utc};

use super::continuity::{Continuity, Decision};
use super::course::breaks;
use super::judgement::{Reason, Rule};
use super::movement::{self, Movement};
use super::thresholds::{ANTICIPATION, LONGEST_JOURNEY, TOLERANCE};
use super::zone;
use crate::pump::quantity::pump_epoch;

impl Continuity<'_> {
    /// Whether the pump had lost its clock not long before a movement.
    pub(super) fn lost_before(&self, index: usize) -> bool {
        let soon =
            |moved: &&Movement| self.movements[index].before - moved.after <= LONGEST_JOURNEY;
        let lost = self.movements[..index]
            .iter()
            .rev()
            .find(|moved| breaks(moved));
        lost.filter(soon).is_some()
    }

    /// The clock was set after a loss, perhaps AM for PM or to a wrong day, and that may have been put right since. Its time
    /// since the loss is on record, and time does not go backwards across a loss.
    pub(super) fn after_a_loss(&self) -> Option<Decision> {
        let since = self.movements.iter().rposition(breaks)?;
        let set = &self.movements[since];
        let later = &self.movements[since + 1..];
        let corrects = |moved: &Movement| moved.mends_the_date() || moved.corrects_drift();
        let are_corrections = later.iter().all(corrects);
        let last = later.iter().rfind(|moved| !moved.corrects_drift());
        let last = last.unwrap_or(set);
        if !set.sets_a_lost_clock() || !are_corrections {
            return None;
        }
        let moved_on: Duration = later.iter().map(|moved| moved.shift).sum();
        let zones = movement::zone_offset(self.zone, last);
        let ran = set
            .before
            .signed_duration_since(pump_epoch().and_time(NaiveTime::MIN));
        let before = self.last_before(since, ran);
        let possible = |offset: &Duration| {
            let at = zone::subtract(set.after, *offset - moved_on);
            self.allows(Rule::Kept(*offset)) && before.is_none_or(|before| at + TOLERANCE >= before)
        };
        let as_before = self.remembered(since).map(|held| held.offset);
        let bases = [Some(zones), self.not_moved_yet(set, moved_on), as_before];
        let offsets = [0, -12, 12, -24, 24].into_iter().flat_map(|hours| {
            let bases = bases.into_iter().flatten();
            bases.map(move |base| base + Duration::hours(hours))
        });
        let offsets: Vec<Duration> = offsets.filter(possible).collect();
        let first = *offsets.first()?;
        let suggested = |offset: &&Duration| self.suggests(Rule::Kept(**offset));
        let told = offsets.iter().find(suggested).copied();
        let is_set_up = before.is_none() && self.is_new() && self.knows_the_upload();
        if told.is_none() && is_set_up {
            // Nothing tells that it was worn before: a pump that was set up may as well have been so abroad. What fits its
            // upload errs to the side that later uploads contradict.
            return None;
        }
        let told = told.unwrap_or(first);
        (told != zones).then(|| Decision {
            remembered: false,
            ..self.settled(Rule::Kept(told), Reason::SetAfterALoss)
        })
    }

    /// The zone's offset before it changed on the day of a setting, which later movements put right: the owner may go by a
    /// clock that still shows that.
    fn not_moved_yet(&self, set: &Movement, moved_on: Duration) -> Option<Duration> {
        let zones = zone::offsets_at_reading(self.zone, set.after + moved_on).0;
        let at = zone::subtract(set.after + moved_on, zones);
        let change = zone::latest_transition(self.zone, at)?;
        (at - change.at <= ANTICIPATION).then_some(change.before)
    }

    /// The earliest instant at which a clock can have been set, by one of the movements, that had run so long since it was
    /// lost.
    fn last_before(&self, set: usize, ran: Duration) -> Option<DateTime<Utc>> {
        let begins = self.movements[set].first();
        let before = self.knowledge.events.iter().rev().find(|event| {
            event.id < begins && !movement::in_first_years(event.pump_time.reading())
        })?;
        let reading = before.pump_time.reading();
        let held = self.remembered(set);
        let offset = held.map_or(zone::offsets_at_reading(self.zone, reading).0, |held| {
            held.offset
        });
        Some(zone::subtract(reading, offset) + ran)
    }
}
