//! Whether the pump's clock has followed its zone since it was last moved: evidence first, then its owner's habit.
//!
//! The rules differ only around a change of the zone's offset: one puts the clock at the zone's own offset at each time,
//! one leaves it at the offset that it had, as if its owner had not moved it yet, and one has it at the new offset since
//! its newest movement, as if its owner had set it ahead.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use crate::pump::quantity::PumpTime;

use super::movement::{self, Movement};
use super::thresholds::{
    ANTICIPATION, BY_HAND_WITHIN, JUST_UPLOADED, LONGEST_JOURNEY, MOST_HOURS_LATE, TOLERANCE,
    WHOLE_HOURS_WITHIN,
};
use super::zone;

/// What tells the true time of the pump's newest event.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// What the pump's clock showed at the newest event known.
    pub newest: Option<PumpTime>,
    /// When that event was uploaded (Tandem Source's `lastUploadDate`).
    pub last_upload: Option<DateTime<Utc>>,
    /// Whether that is certainly its upload: no event is later than that.
    pub upload_is_certain: bool,
    /// The latest of what clocks say that it is now: this machine's may be slow.
    pub now: DateTime<Utc>,
}

impl Evidence {
    /// No event is later than this.
    fn latest_possible(&self) -> DateTime<Utc> {
        let upload = self.last_upload.filter(|_| self.upload_is_certain);
        upload.unwrap_or(self.now)
    }

    /// Whether the newest event can have happened at an instant.
    pub(super) fn allows(&self, at: DateTime<Utc>) -> bool {
        at <= self.latest_possible() + TOLERANCE
    }

    /// Whether that instant is right before the upload.
    pub(super) fn suggests(&self, at: DateTime<Utc>) -> bool {
        let since = self.last_upload.map(|upload| upload - JUST_UPLOADED);
        self.allows(at) && since.is_some_and(|since| at >= since)
    }
}

/// Which offset the clock has had since its newest movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
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
    /// The clock has been moved by hand after an earlier change of the zone, or for this one.
    MovedByHandBefore,
    /// The pump's owner is travelling: only the zone's offset before the newest movements, moved by them, puts the newest
    /// event right before its upload, or not after it.
    Travelling,
    /// Earlier passes went by it, or by an offset that the record of movements leads from to this one.
    Remembered,
    /// The clock was set after a loss, and only so does time not go backwards, or is the newest event not in the future.
    SetAfterALoss,
    /// Another uploader's glucose tells it.
    Witnessed,
    /// Nothing speaks against a clock that follows its zone.
    Default,
    /// Neither fits.
    NeitherFits,
}

/// How a pump's clock was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The rule for everything since the newest movement.
    pub(crate) rule: Rule,
    /// Why.
    pub reason: Reason,
    /// The offset from UTC that puts the newest event at its upload, where every rule puts it after that: the zone or the
    /// pump's clock is wrong. For a pump that is new to the site it may be the rule.
    pub misfit: Option<Duration>,
    /// The offset from UTC that would put the newest event right before its upload, where the rule puts it whole hours
    /// before that: a zone too far east contradicts nothing, it only makes everything look late.
    pub(crate) late: Option<Duration>,
    /// Whether the newest event, in the hour that the zone repeats in autumn, belongs to its second pass by the upload.
    pub(crate) second_pass: bool,
}

impl Verdict {
    /// A judgement that nothing speaks against.
    pub(super) fn of(rule: Rule, reason: Reason) -> Verdict {
        Verdict {
            rule,
            reason,
            misfit: None,
            late: None,
            second_pass: false,
        }
    }

    /// When the newest event happened, by this judgement.
    pub(super) fn newest(&self, zone: Tz, newest: PumpTime) -> DateTime<Utc> {
        let (first_pass, second_pass) = zone::offsets_at_reading(zone, newest.reading());
        let offset = match self.rule {
            Rule::Kept(offset) => offset,
            Rule::FollowsZone if self.second_pass => second_pass,
            Rule::FollowsZone => first_pass,
        };
        zone::subtract(newest.reading(), offset)
    }
}

/// A rule, and when it puts the pump's newest event.
#[derive(Clone, Copy, PartialEq)]
struct Candidate {
    rule: Rule,
    newest: DateTime<Utc>,
}

/// Chooses the rule, and says what speaks against it.
pub(super) fn judge(zone: Tz, movements: &[Movement], evidence: &Evidence) -> Verdict {
    let verdict = choose(zone, movements, evidence);
    let late = late(zone, &verdict, evidence);
    Verdict { late, ..verdict }
}

fn choose(zone: Tz, movements: &[Movement], evidence: &Evidence) -> Verdict {
    let verdict = Verdict::of;
    let Some(newest) = evidence.newest else {
        return verdict(Rule::FollowsZone, Reason::Default);
    };
    let at = |offset| zone::subtract(newest.reading(), offset);
    let keeps = |offset| Candidate {
        rule: Rule::Kept(offset),
        newest: at(offset),
    };
    let (first_pass, _) = zone::offsets_at_reading(zone, newest.reading());
    let follows = Candidate {
        rule: Rule::FollowsZone,
        newest: at(first_pass),
    };
    let lags = keeps(offset_before_changes(zone, movements, evidence.now));
    let usual = movements
        .last()
        .and_then(|movement| movement::anticipated(zone, movement));
    let set_ahead = usual.or_else(|| passed_change_ahead(zone, movements, newest));
    let is_ahead = set_ahead.map(|change| keeps(change.after));

    let candidates: Vec<Candidate> = [follows, lags].into_iter().chain(is_ahead).collect();
    let allowed = which(&candidates, |at| evidence.allows(at));
    let suggested = which(&candidates, |at| evidence.suggests(at));
    if suggested.is_empty()
        && let Some(told) = beyond_the_rules(zone, movements, evidence, allowed.is_empty())
    {
        return told;
    }
    if allowed.is_empty() {
        return Verdict {
            misfit: Some(fitting_offset(zone, newest, evidence)),
            ..verdict(Rule::FollowsZone, Reason::NeitherFits)
        };
    }
    let (left, told) = if suggested.is_empty() || suggested.len() == allowed.len() {
        let told = (allowed.len() < candidates.len()).then_some(Reason::OtherIsInTheFuture);
        (&allowed, told)
    } else {
        (&suggested, Some(Reason::JustUploaded))
    };
    let habit = Habit {
        sets_ahead: usual.is_some(),
        by_hand: (0..movements.len()).any(|index| by_hand(zone, movements, index)),
    };
    let (rule, reason) = by_habit(left, &habit, is_ahead);
    verdict(rule, told.unwrap_or(reason))
}

/// What puts the newest event right before its upload where no rule does: the second pass of a repeated hour, or a journey.
fn beyond_the_rules(
    zone: Tz,
    movements: &[Movement],
    evidence: &Evidence,
    nothing_fits: bool,
) -> Option<Verdict> {
    let newest = evidence.newest?.reading();
    let (_, second_pass) = zone::offsets_at_reading(zone, newest);
    if evidence.suggests(zone::subtract(newest, second_pass)) {
        return Some(Verdict {
            second_pass: true,
            ..Verdict::of(Rule::FollowsZone, Reason::JustUploaded)
        });
    }
    let offset = abroad(zone, movements, evidence, nothing_fits)?;
    Some(Verdict::of(Rule::Kept(offset), Reason::Travelling))
}

/// The offset on a journey that puts the newest event right before its upload; where no other rule is possible, one that is.
fn abroad(
    zone: Tz,
    movements: &[Movement],
    evidence: &Evidence,
    nothing_fits: bool,
) -> Option<Duration> {
    let newest = evidence.newest?;
    let at = |offset| zone::subtract(newest.reading(), offset);
    let offsets: Vec<Duration> = offsets_abroad(zone, movements, newest, nothing_fits).collect();
    let mut just_uploaded = offsets
        .iter()
        .filter(|offset| evidence.suggests(at(**offset)));
    // A phone that is some minutes behind ends no journey.
    let mut possible = offsets
        .iter()
        .filter(|offset| nothing_fits && evidence.allows(at(**offset)));
    just_uploaded.next().or_else(|| possible.next()).copied()
}

/// The rule that was not chosen, of those between which only habit could.
pub(super) fn other(
    zone: Tz,
    movements: &[Movement],
    evidence: &Evidence,
    chosen: &Verdict,
) -> Option<Rule> {
    let newest = evidence.newest?;
    let change = zone::latest_transition(zone, chosen.newest(zone, newest))?;
    let lags = Rule::Kept(offset_before_changes(zone, movements, evidence.now));
    let other = match chosen.rule {
        Rule::FollowsZone => lags,
        Rule::Kept(_) => Rule::FollowsZone,
    };
    let at = Verdict::of(other, Reason::Default).newest(zone, newest);
    let recent = at - change.at <= BY_HAND_WITHIN;
    (recent && evidence.allows(at)).then_some(other)
}

/// The candidates that put the newest event at such an instant.
fn which(candidates: &[Candidate], is: impl Fn(DateTime<Utc>) -> bool) -> Vec<Candidate> {
    let matching = candidates.iter().filter(|candidate| is(candidate.newest));
    matching.copied().collect()
}

/// What the clock's owner is known to do.
struct Habit {
    /// Set the clock ahead, on the evening before the zone changed.
    sets_ahead: bool,
    /// Move it by hand, soon after a change of the zone.
    by_hand: bool,
}

/// The rule among those that the evidence leaves.
fn by_habit(left: &[Candidate], habit: &Habit, ahead: Option<Candidate>) -> (Rule, Reason) {
    let first = left[0];
    let agree = left.iter().all(|other| other.newest == first.newest);
    if let Some(ahead) = ahead.filter(|ahead| left.contains(ahead))
        // A clock that has the zone's new offset, and had that movement, did not follow the zone by itself.
        && (agree || habit.sets_ahead)
    {
        return (ahead.rule, Reason::MovedByHandBefore);
    }
    let lagging = left.iter().find(|other| other.rule != Rule::FollowsZone);
    match lagging {
        _ if agree => (first.rule, Reason::NoDifference),
        Some(lagging) if habit.by_hand => (lagging.rule, Reason::MovedByHandBefore),
        _ => (first.rule, Reason::Default),
    }
}

/// The offset at which the clock has run, if its owner has not moved it since the zone changed.
fn offset_before_changes(zone: Tz, movements: &[Movement], now: DateTime<Utc>) -> Duration {
    match movements.last() {
        Some(newest) => movement::zone_offset(zone, newest),
        None => zone::latest_transition(zone, now)
            .map_or(zone::offset_at(zone, now), |change| change.before),
    }
}

/// Whether a movement came some weeks at the most before a change of the zone that was as large.
pub(super) fn may_be_set_ahead(zone: Tz, movement: &Movement) -> bool {
    movement::change_ahead(zone, movement, LONGEST_JOURNEY).is_some()
}

/// The change of the zone, by now passed, that the newest movement came before and was as large as: that the clock then
/// has the zone's new offset needs no movement that is not on record.
fn passed_change_ahead(
    zone: Tz,
    movements: &[Movement],
    newest: PumpTime,
) -> Option<zone::Transition> {
    let change = movement::change_ahead(zone, movements.last()?, LONGEST_JOURNEY)?;
    let passed = zone::subtract(newest.reading(), change.after) >= change.at;
    passed.then_some(change)
}

/// The offsets that the clock would have on a journey: the zone's before the first leg, moved by one leg, by two, and so
/// on from the newest back. What made up for a change of the zone was no journey, unless nothing else fits: a clock that
/// had followed its zone without a record needed no making up.
fn offsets_abroad(
    zone: Tz,
    movements: &[Movement],
    newest: PumpTime,
    nothing_fits: bool,
) -> impl Iterator<Item = Duration> {
    let since = newest.reading() - LONGEST_JOURNEY;
    let legs = (0..movements.len()).rev().take_while(move |index| {
        let leg = &movements[*index];
        let may_be_one = nothing_fits || !by_hand(zone, movements, *index);
        leg.after >= since && !leg.sets_a_lost_clock() && may_be_one
    });
    legs.scan(Duration::zero(), move |moved, index| {
        let leg = &movements[index];
        *moved += leg.shift;
        Some(zone::offsets_at_reading(zone, leg.before).0 + *moved)
    })
}

/// The offset at which the newest event would have happened right before its upload: one that differs from the zone's by whole
/// hours, else by half ones, as nearly all others do; else the nearest in whole quarters.
fn fitting_offset(zone: Tz, newest: PumpTime, evidence: &Evidence) -> Duration {
    let newest = newest.reading();
    let ahead = newest.and_utc() - evidence.latest_possible();
    let zones = zone::offsets_at_reading(zone, newest).0;
    let in_steps_of = |step: Duration| {
        let steps = (ahead + WHOLE_HOURS_WITHIN - zones)
            .num_seconds()
            .div_euclid(step.num_seconds());
        let offset = zones + Duration::seconds(steps * step.num_seconds());
        (offset >= ahead - TOLERANCE).then_some(offset)
    };
    let whole = in_steps_of(Duration::hours(1)).or_else(|| in_steps_of(Duration::minutes(30)));
    whole.unwrap_or_else(|| {
        let quarters = (ahead.num_seconds() as f64 / 900.0).round() as i64;
        Duration::minutes(quarters * 15)
    })
}

/// The offset at which the newest event would have happened right before its upload, where it is whole hours before that.
pub(super) fn late(zone: Tz, verdict: &Verdict, evidence: &Evidence) -> Option<Duration> {
    let newest = evidence.newest?;
    let at = verdict.newest(zone, newest);
    let behind = evidence.last_upload? - at;
    let hours = behind.num_hours();
    let rest = behind - Duration::hours(hours);
    let whole = (1..=MOST_HOURS_LATE).contains(&hours) && rest <= WHOLE_HOURS_WITHIN;
    let offset = newest.reading().and_utc() - at;
    whole.then(|| offset - Duration::hours(hours))
}

/// Whether the clock's owner made up for a change of the zone with this one of the movements, soon after it or in advance.
/// Nobody does so twice: another movement of that size is a journey of one hour.
pub(super) fn by_hand(zone: Tz, movements: &[Movement], index: usize) -> bool {
    let Some(change) = change_made_up_for(zone, &movements[index]) else {
        return false;
    };
    let mut since = movements[..index]
        .iter()
        .filter(|earlier| movement::instant(zone, earlier) >= change.at - ANTICIPATION);
    !since.any(|earlier| movement::about(change.shift(), earlier.shift))
}

/// The change of the zone that a movement makes up for by its time and size.
fn change_made_up_for(zone: Tz, movement: &Movement) -> Option<zone::Transition> {
    let at = movement::instant(zone, movement);
    let late = zone::latest_transition(zone, at).filter(|change| {
        at - change.at <= BY_HAND_WITHIN && movement::about(change.shift(), movement.shift)
    });
    late.or_else(|| movement::anticipated(zone, movement))
}
