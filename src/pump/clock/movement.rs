//! The record of how the pump's clock was moved, from codes 13 (time) and 14 (date).

use chrono::{DateTime, Duration, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;

use crate::pump::event::{Detail, Event, EventId};
use crate::pump::quantity::pump_epoch;

use super::thresholds::{
    ANTICIPATION, FIRST_YEARS, GRAIN, NO_JOURNEY, SETTING_A_LOST_CLOCK, SETTINGS_APART,
    SMALLEST_ZONE_STEP,
};
use super::zone::{self, Transition};

/// One movement of the pump's clock, made of one or more settings.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Movement {
    settings: Vec<Setting>,
    /// How far the clock moved in all, to the second.
    pub(crate) exact: Duration,
    /// How far that moved it between zones: whole quarters of an hour, nothing where it only corrected drift.
    pub(crate) shift: Duration,
    /// What the clock showed before.
    pub(crate) before: NaiveDateTime,
    /// What the clock showed afterwards.
    pub(crate) after: NaiveDateTime,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Setting {
    id: EventId,
    shift: Duration,
}

impl Movement {
    /// The last setting: later events were written on the new clock.
    pub(super) fn last(&self) -> EventId {
        self.settings[self.settings.len() - 1].id
    }

    /// The first setting.
    pub(super) fn first(&self) -> EventId {
        self.settings[0].id
    }

    /// From which event on the clock was how far short of where this movement put it: after each of its settings but the
    /// last, and nothing from that one on.
    pub(super) fn short_of_the_end(&self) -> impl Iterator<Item = (EventId, Duration)> {
        self.settings.iter().enumerate().map(|(index, setting)| {
            let later = self.settings[index + 1..].iter();
            let short = later.map(|setting| setting.shift).sum();
            (setting.id, self.rounded(short))
        })
    }

    /// Whether it only corrected a clock that ran fast or slow.
    pub(super) fn corrects_drift(&self) -> bool {
        self.shift.is_zero()
    }

    /// Whether no journey moves a clock as far: AM was set for PM, or a wrong day, or one of these was put right.
    pub(super) fn mends_the_date(&self) -> bool {
        let half_a_day = Duration::hours(12);
        (self.exact.abs() - half_a_day).abs() <= GRAIN || self.exact.abs() >= NO_JOURNEY
    }

    /// Whether the clock stood in the pump's first years before: the pump had lost its time.
    pub(super) fn sets_a_lost_clock(&self) -> bool {
        in_first_years(self.before) && self.exact > FIRST_YEARS
    }

    /// Whether the clock fell back to the pump's first years. Where that is on record, setting it again makes up for it.
    pub(super) fn loses_the_clock(&self) -> bool {
        in_first_years(self.after) && self.exact < -FIRST_YEARS
    }

    /// Whether a later setting goes on with this movement: the time and the date are set one after the other.
    fn goes_on_with(&self, setting: &Movement) -> bool {
        let (one, other) = (self.last(), setting.last());
        let neighbours =
            one.group == other.group && other.number.saturating_sub(one.number) <= SETTINGS_APART;
        let soon = (setting.before - self.after).abs() <= SETTING_A_LOST_CLOCK;
        neighbours || (in_first_years(self.before) && soon)
    }

    /// A lost clock ran at no zone's offset, so that what sets it right is not a whole number of quarters.
    fn rounded(&self, shift: Duration) -> Duration {
        if self.sets_a_lost_clock() {
            shift
        } else {
            to_grain(shift)
        }
    }
}

/// Whether a reading is from the pump's first years, where a clock starts that was lost.
pub(super) fn in_first_years(reading: NaiveDateTime) -> bool {
    reading < pump_epoch().and_time(NaiveTime::MIN) + FIRST_YEARS
}

/// The clock's movements, oldest first, corrections of its drift among them.
pub(super) fn movements(changes: &[Event]) -> Vec<Movement> {
    let mut movements: Vec<Movement> = Vec::new();
    for event in changes {
        let Some(next) = single(event) else { continue };
        match movements.last_mut() {
            Some(movement) if movement.goes_on_with(&next) => {
                movement.settings.extend(next.settings);
                movement.exact += next.exact;
                // The setting that came first says what the clock showed, the sum of the shifts where it ended.
                movement.after = movement.before + movement.exact;
            }
            _ => movements.push(next),
        }
    }
    for movement in &mut movements {
        movement.shift = movement.rounded(movement.exact);
    }
    movements.retain(|movement| !movement.exact.is_zero());
    movements
}

/// One setting as a movement of its own. The settings say themselves what the clock showed before and after; only the
/// other half (the day of a time, the time of a date) is taken from the event.
fn single(event: &Event) -> Option<Movement> {
    let reading = event.pump_time.reading();
    let (before, after) = match event.detail {
        Detail::TimeChanged(change) => {
            let time = |ms| {
                Some(reading.date().and_time(NaiveTime::MIN) + Duration::try_milliseconds(ms)?)
            };
            (time(change.prior_ms)?, time(change.after_ms)?)
        }
        Detail::DateChanged(change) => {
            let day = |days| pump_epoch().checked_add_signed(Duration::try_days(days)?);
            (
                day(change.prior_days)?.and_time(reading.time()),
                day(change.after_days)?.and_time(reading.time()),
            )
        }
        _ => return None,
    };
    let shift = after - before;
    Some(Movement {
        settings: vec![Setting {
            id: event.id,
            shift,
        }],
        exact: shift,
        shift,
        before,
        after,
    })
}

fn to_grain(shift: Duration) -> Duration {
    if shift.abs() < SMALLEST_ZONE_STEP {
        return Duration::zero();
    }
    let grain = GRAIN.num_seconds();
    let seconds = shift.num_seconds();
    let quarters = (seconds + seconds.signum() * grain / 2) / grain;
    Duration::seconds(quarters * grain)
}

/// Whether an offset may be a zone's: a whole number of quarters of an hour.
pub(super) fn is_a_zones(offset: Duration) -> bool {
    offset.num_seconds() % GRAIN.num_seconds() == 0
}

/// The zone's offset from UTC at a movement: the one at which the clock ran afterwards, if its owner set it to the zone's
/// time.
pub(super) fn zone_offset(zone: Tz, movement: &Movement) -> Duration {
    // Set forward in the last hour before the zone, a clock shows the hour that the zone leaves out.
    let left_out = zone::left_out(zone, movement.after);
    if let Some(change) = left_out.filter(|change| about(change.shift(), movement.shift)) {
        return change.after;
    }
    let (earlier, later) = zone::offsets_at_reading(zone, movement.after);
    if movement.shift < Duration::zero() {
        later
    } else {
        earlier
    }
}

/// The change of the zone that came at most so long after a movement and was as large: the clock may have been set to the
/// time that the zone would have.
pub(super) fn change_ahead(zone: Tz, movement: &Movement, within: Duration) -> Option<Transition> {
    let at = zone::subtract(movement.after, zone_offset(zone, movement));
    zone::next_transition(zone, at, at + within)
        .filter(|change| about(change.shift(), movement.shift))
}

/// The change of the zone that the owner set the clock for in advance, as people do on the evening before.
pub(super) fn anticipated(zone: Tz, movement: &Movement) -> Option<Transition> {
    change_ahead(zone, movement, ANTICIPATION)
}

/// The zone's offset right after a movement, or the one that it was made for.
pub(super) fn offset_after(zone: Tz, movement: &Movement) -> Duration {
    anticipated(zone, movement).map_or_else(|| zone_offset(zone, movement), |change| change.after)
}

/// When the clock was moved, as far as the zone tells.
pub(super) fn instant(zone: Tz, movement: &Movement) -> DateTime<Utc> {
    zone::subtract(movement.after, offset_after(zone, movement))
}

/// Whether two movements of a clock are the same but for a quarter of an hour.
pub(super) fn about(one: Duration, other: Duration) -> bool {
    (one - other).abs() <= GRAIN
}
