//! Whether the pump's clock has followed its zone since it was last moved: evidence first, then its owner's habit.
//!
//! The two rules differ only after a change of the zone's offset: one puts the clock at the zone's new offset, the other
//! leaves it at the offset that it had, as if its owner had not moved it yet.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use crate::pump::quantity::PumpTime;

use super::movement::{self, Movement};
use super::zone;

/// A phone's or a server's clock may be off by this much without meaning anything.
const TOLERANCE: Duration = Duration::minutes(10);

/// The phone uploads everything it has at once, so that the newest event is about this much older than the upload.
const JUST_UPLOADED: Duration = Duration::minutes(20);

/// A journey is over after this long; whoever has moved house by then has set `TIMEZONE_NAME` too.
const LONGEST_JOURNEY: Duration = Duration::days(45);

/// Whoever moves the pump's clock by hand after a change of the zone does so within this time.
const BY_HAND_WITHIN: Duration = Duration::weeks(3);

/// What tells the true time of the pump's newest event.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// What the pump's clock showed at the newest event known.
    pub newest: Option<PumpTime>,
    /// When that event was uploaded (Tandem Source's `lastUploadDate`); no event is later than its upload.
    pub last_upload: Option<DateTime<Utc>>,
    /// Now.
    pub now: DateTime<Utc>,
    /// Whether the readings to date reach up to now without a gap, so that a change of the zone that the clock ignored
    /// tells of all of them. Pages of days gone by are judged alike only where none of them knows more than the others.
    pub up_to_now: bool,
}

/// Which offset the clock has had since its newest movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The zone's own at each time.
    FollowsZone,
    /// This one, whatever the zone did.
    Kept(Duration),
}

/// Why a rule was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The rules do not differ.
    NoDifference,
    /// The other one would put the newest event after its upload or after now.
    OtherIsInTheFuture,
    /// This one puts the newest event right before its upload.
    JustUploaded,
    /// The clock has been moved by hand after an earlier change of the zone.
    MovedByHandBefore,
    /// The pump's owner is travelling: only the zone's offset before the newest movements, moved by them, puts the newest
    /// event right before its upload.
    Travelling,
    /// Nothing speaks against a clock that follows its zone.
    Default,
    /// Neither fits.
    NeitherFits,
}

/// How a pump's clock was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The rule for everything since the newest movement.
    pub rule: Rule,
    /// Why.
    pub reason: Reason,
    /// The offset from UTC that would put the newest event at its upload, where the rule puts it after that: the zone
    /// or the pump's clock is wrong.
    pub misfit: Option<Duration>,
    /// Whether the newest event, in the hour that the zone repeats in autumn, belongs to its second pass by the upload.
    pub second_pass: bool,
}

/// Chooses the rule.
pub(super) fn judge(zone: Tz, movements: &[Movement], evidence: &Evidence) -> Verdict {
    let kept = match movements.last() {
        Some(newest) => movement::offset_after(zone, newest),
        None => zone::latest_transition(zone, evidence.now)
            .map_or(zone::offset_at(zone, evidence.now), |transition| {
                transition.before
            }),
    };
    let verdict = |rule, reason| Verdict {
        rule,
        reason,
        misfit: None,
        second_pass: false,
    };
    let set_ahead = movements
        .last()
        .is_some_and(|newest| movement::anticipates(zone, newest));
    let Some(newest) = evidence.newest else {
        return verdict(Rule::FollowsZone, Reason::Default);
    };
    let (first_pass, second_pass) = zone::offsets_at_reading(zone, newest.reading());
    let followed = zone::subtract(newest.reading(), first_pass);
    let lagging = zone::subtract(newest.reading(), kept);
    let fits = |at: DateTime<Utc>| at <= latest_possible(evidence) + TOLERANCE;
    let fresh = |at: DateTime<Utc>| {
        fits(at)
            && evidence
                .last_upload
                .is_some_and(|upload| at >= upload - JUST_UPLOADED)
    };
    if !fresh(followed) && !fresh(lagging) {
        if fresh(zone::subtract(newest.reading(), second_pass)) {
            return Verdict {
                second_pass: true,
                ..verdict(Rule::FollowsZone, Reason::JustUploaded)
            };
        }
        let abroad = offsets_abroad(zone, movements, newest)
            .find(|offset| fresh(zone::subtract(newest.reading(), *offset)));
        if let Some(offset) = abroad {
            return verdict(Rule::Kept(offset), Reason::Travelling);
        }
    }
    match (fits(followed), fits(lagging)) {
        (false, false) => Verdict {
            rule: Rule::FollowsZone,
            reason: Reason::NeitherFits,
            misfit: Some(fitting_offset(newest, evidence)),
            second_pass: false,
        },
        (true, true) if followed == lagging && set_ahead => {
            verdict(Rule::Kept(kept), Reason::NoDifference)
        }
        (true, true) if followed == lagging => verdict(Rule::FollowsZone, Reason::NoDifference),
        (true, false) => verdict(Rule::FollowsZone, Reason::OtherIsInTheFuture),
        (false, true) => verdict(Rule::Kept(kept), Reason::OtherIsInTheFuture),
        (true, true) => match (fresh(followed), fresh(lagging)) {
            (true, false) => verdict(Rule::FollowsZone, Reason::JustUploaded),
            (false, true) => verdict(Rule::Kept(kept), Reason::JustUploaded),
            _ if movements.iter().any(|movement| by_hand(zone, movement)) => {
                verdict(Rule::Kept(kept), Reason::MovedByHandBefore)
            }
            _ => verdict(Rule::FollowsZone, Reason::Default),
        },
    }
}

/// The offsets that the clock would have on a journey: the zone's before the first leg, moved by one leg, by two, and so
/// on from the newest back. What made up for a change of the zone was no journey.
fn offsets_abroad(
    zone: Tz,
    movements: &[Movement],
    newest: PumpTime,
) -> impl Iterator<Item = Duration> {
    let since = newest.reading() - LONGEST_JOURNEY;
    movements
        .iter()
        .rev()
        .take_while(move |leg| {
            leg.after >= since && !leg.sets_a_lost_clock() && !by_hand(zone, leg)
        })
        .scan(Duration::zero(), move |moved, leg| {
            *moved += leg.shift;
            Some(zone::offsets_at_reading(zone, leg.before).0 + *moved)
        })
}

/// No event is later than this.
fn latest_possible(evidence: &Evidence) -> DateTime<Utc> {
    evidence
        .last_upload
        .map_or(evidence.now, |upload| upload.min(evidence.now))
}

/// The offset, in whole quarters of an hour, at which the newest event would have happened right before its upload.
fn fitting_offset(newest: PumpTime, evidence: &Evidence) -> Duration {
    let ahead = newest.reading().and_utc() - latest_possible(evidence);
    let quarters = (ahead.num_seconds() as f64 / 900.0).round() as i64;
    Duration::minutes(quarters * 15)
}

/// Whether the clock's owner made up for a change of the zone with this movement, soon after it or in advance.
pub(super) fn by_hand(zone: Tz, movement: &Movement) -> bool {
    let at = movement::instant(zone, movement);
    let late = zone::latest_transition(zone, at).is_some_and(|change| {
        at - change.at <= BY_HAND_WITHIN && movement::about(change.shift(), movement.shift)
    });
    late || movement::anticipates(zone, movement)
}
