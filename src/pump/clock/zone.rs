//! What the time zone database says: offsets at wall-clock times, and when they change.

use chrono::{DateTime, Duration, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// A change of the zone's offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transition {
    /// The first instant of the new offset.
    pub(crate) at: DateTime<Utc>,
    /// The offset until then.
    pub(crate) before: Duration,
    /// The offset from then on.
    pub(crate) after: Duration,
}

impl Transition {
    /// How far a clock that follows the zone moves.
    pub(super) fn shift(&self) -> Duration {
        self.after - self.before
    }

    /// The dates of the hours that the zone repeats or leaves out, and of those around them.
    pub(super) fn dates(&self) -> (NaiveDate, NaiveDate) {
        let hour = Duration::hours(1);
        let at = self.at.naive_utc();
        let (from, to) = (at + self.before, at + self.after);
        ((from.min(to) - hour).date(), (from.max(to) + hour).date())
    }
}

/// The zone's offset at an instant.
pub(super) fn offset_at(zone: Tz, at: DateTime<Utc>) -> Duration {
    let offset = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    Duration::seconds(i64::from(offset.local_minus_utc()))
}

/// The instant of a wall-clock time at a known offset.
pub(super) fn subtract(reading: NaiveDateTime, offset: Duration) -> DateTime<Utc> {
    reading
        .checked_sub_signed(offset)
        .unwrap_or(reading)
        .and_utc()
}

/// The zone's offsets at a wall-clock time: the earlier and the later reading of an ambiguous one, twice the same of
/// any other; one that does not exist counts with the offset before the jump.
pub(super) fn offsets_at_reading(zone: Tz, reading: NaiveDateTime) -> (Duration, Duration) {
    let seconds = |offset: &<Tz as TimeZone>::Offset| {
        Duration::seconds(i64::from(offset.fix().local_minus_utc()))
    };
    match zone.offset_from_local_datetime(&reading) {
        LocalResult::Single(offset) => (seconds(&offset), seconds(&offset)),
        LocalResult::Ambiguous(earlier, later) => (seconds(&earlier), seconds(&later)),
        LocalResult::None => {
            // A day before, read as UTC, lies before the jump wherever the zone is and after any earlier change.
            let before = offset_at(zone, reading.and_utc() - Duration::days(1));
            (before, before)
        }
    }
}

/// The change of the zone that leaves a wall-clock time out, if one does.
pub(super) fn left_out(zone: Tz, reading: NaiveDateTime) -> Option<Transition> {
    let skipped = matches!(zone.offset_from_local_datetime(&reading), LocalResult::None);
    let around = reading.and_utc();
    let day = Duration::days(1);
    skipped
        .then(|| next_transition(zone, around - day, around + day))
        .flatten()
}

/// The newest change of the zone's offset not after `until`, if there is one within two years.
pub(super) fn latest_transition(zone: Tz, until: DateTime<Utc>) -> Option<Transition> {
    let after = offset_at(zone, until);
    let mut late = until;
    for _ in 0..732 {
        let early = late - Duration::days(1);
        let before = offset_at(zone, early);
        if before != after {
            return Some(pinpoint(zone, early, late));
        }
        late = early;
    }
    None
}

/// The first change of the zone's offset after `from` and not after `until`, if there is one within two years.
pub(super) fn next_transition(
    zone: Tz,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Option<Transition> {
    // Day by day: within a span a zone may change there and back, as Morocco's does around Ramadan.
    let mut early = from;
    let until = until.min(from + Duration::days(732));
    while early < until {
        let late = until.min(early + Duration::days(1));
        if offset_at(zone, early) != offset_at(zone, late) {
            return Some(pinpoint(zone, early, late));
        }
        early = late;
    }
    None
}

/// The change between two instants of different offsets, to the second.
fn pinpoint(zone: Tz, mut early: DateTime<Utc>, mut late: DateTime<Utc>) -> Transition {
    let before = offset_at(zone, early);
    while late - early > Duration::seconds(1) {
        let middle = early + (late - early) / 2;
        if offset_at(zone, middle) == before {
            early = middle;
        } else {
            late = middle;
        }
    }
    // Offsets change on whole seconds; halving may have stopped a fraction past it.
    let at = DateTime::from_timestamp(late.timestamp(), 0).unwrap_or(late);
    let at = if offset_at(zone, at) == before {
        late
    } else {
        at
    };
    Transition {
        at,
        before,
        after: offset_at(zone, late),
    }
}

/// An offset as people write it: `UTC-04:00`.
pub(crate) fn offset_name(offset: Duration) -> String {
    let minutes = offset.num_minutes();
    let sign = if minutes < 0 { '-' } else { '+' };
    format!(
        "UTC{sign}{:02}:{:02}",
        minutes.abs() / 60,
        minutes.abs() % 60
    )
}
