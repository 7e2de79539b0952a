//! Wall-clock arithmetic in whole seconds: a wall clock reading is the number of seconds since 1970 that it would be if it
//! were UTC. Written out by hand because a year has 600,000 of them to print.

use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// 2008-01-01T00:00:00, where the pump's own counters begin.
pub const EPOCH_2008: i64 = 1_199_145_600;

/// The instant at these seconds since 1970.
pub fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("an instant within chrono's range")
}

/// How far the zone is ahead of UTC at this true instant, in seconds.
pub fn zone_offset(zone: Tz, at: i64) -> i64 {
    i64::from(
        zone.offset_from_utc_datetime(&instant(at).naive_utc())
            .fix()
            .local_minus_utc(),
    )
}

/// The instants in `from..=to` at which the zone's offset changes.
pub fn transitions(zone: Tz, from: i64, to: i64) -> Vec<i64> {
    let mut found = Vec::new();
    let mut low = from;
    while low < to {
        let high = (low + 7 * DAY).min(to);
        if zone_offset(zone, low) != zone_offset(zone, high) {
            let (mut before, mut after) = (low, high);
            while after - before > 1 {
                let middle = before + (after - before) / 2;
                if zone_offset(zone, middle) == zone_offset(zone, low) {
                    before = middle
                } else {
                    after = middle
                }
            }
            found.push(after);
        }
        low = high;
    }
    found
}

/// `YYYY-MM-DDTHH:MM:SS` of a wall clock reading.
pub fn push_stamp(wall: i64, out: &mut String) {
    let (days, second) = (wall.div_euclid(DAY), wall.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    push_padded(year, 4, out);
    for (mark, value) in [
        ('-', month),
        ('-', day),
        ('T', second / 3600),
        (':', second / 60 % 60),
        (':', second % 60),
    ] {
        out.push(mark);
        push_padded(value, 2, out);
    }
}

/// `YYYY-MM-DDTHH:MM:SS` of a wall clock reading.
pub fn stamp(wall: i64) -> String {
    let mut out = String::with_capacity(19);
    push_stamp(wall, &mut out);
    out
}

/// The wall clock reading of `YYYY-MM-DDTHH:MM:SSZ`, if it is exactly that.
pub fn parse_stamp_z(text: &str) -> Option<i64> {
    if text.len() != 20 {
        return None;
    }
    let parsed = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ").ok()?;
    Some(parsed.and_utc().timestamp())
}

fn push_padded(value: i64, width: u32, out: &mut String) {
    for place in (0..width).rev() {
        let digit = value / 10_i64.pow(place) % 10;
        out.push(char::from(b'0' + digit as u8));
    }
}

/// Year, month and day of a day number since 1970 (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}
