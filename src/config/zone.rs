//! The zone of the pump's clock. A wrong one shifts every document by hours, so nothing is guessed.

use anyhow::{Result, anyhow, bail};
use chrono_tz::{TZ_VARIANTS, Tz};
use log::Level;

use super::reader::Reader;

/// The zone from `TIMEZONE_NAME`, else from `TZ`.
pub(super) fn zone(reader: &mut Reader) -> Option<Tz> {
    let found = reader.required("TIMEZONE_NAME")?;
    let value = reader.cleaned(&found);
    if found.name != "TZ" {
        let judgement = named(value);
        return reader.judged(found.name, judgement);
    }
    let judgement = named(zone_of_tz(value))
        .map_err(|what| anyhow!("is not set, and TZ, which stands in for it, {what}"));
    let zone = reader.judged("TIMEZONE_NAME", judgement)?;
    // Servers are often set to UTC, pumps hardly ever.
    if matches!(zone, Tz::UTC | Tz::Etc__UTC) {
        reader.warn("TIMEZONE_NAME is not set and TZ says UTC: unless the pump's clock shows UTC, set TIMEZONE_NAME, or everything \
             comes out hours off",
        );
    } else {
        reader.remark(Level::Info, "TIMEZONE_NAME is not set; TZ stands in for it");
    }
    Some(zone)
}

/// `TZ` may begin with a colon and be a path into the zone files (POSIX 8.3, glibc).
fn zone_of_tz(value: &str) -> &str {
    let value = value.strip_prefix(':').unwrap_or(value);
    value.strip_prefix("/usr/share/zoneinfo/").unwrap_or(value)
}

/// The IANA zone of this name, in capitals or not. The error proposes one where the value is a usual mistake.
fn named(value: &str) -> Result<Tz> {
    if let Some(what) = without_daylight_saving(value) {
        bail!(what);
    }
    if let Some(zone) = variant(value) {
        return Ok(zone);
    }
    match proposal(value) {
        Some(zone) => bail!("is not an IANA time zone: write {zone}, if that is where the pump is"),
        None if is_offset(value) => bail!(
            "is a difference in hours, which daylight saving time changes: write the name of the zone, such as \
             America/New_York or Europe/Berlin"
        ),
        None => bail!(
            "is not an IANA time zone: write continent and city, such as America/New_York or Europe/Berlin \
             (https://en.wikipedia.org/wiki/List_of_tz_database_time_zones)"
        ),
    }
}

fn variant(name: &str) -> Option<Tz> {
    TZ_VARIANTS
        .into_iter()
        .find(|zone| zone.name().eq_ignore_ascii_case(name))
}

/// These two are IANA zones without daylight saving time, which hardly anyone means.
fn without_daylight_saving(value: &str) -> Option<String> {
    let (zone, unchanging) = match value.to_ascii_uppercase().as_str() {
        "EST" => ("America/New_York", "America/Panama"),
        "MST" => ("America/Denver", "America/Phoenix"),
        _ => return None,
    };
    Some(format!(
        "has no daylight saving time: write {zone}, or {unchanging} if your clocks never change"
    ))
}

/// Zones, and what people write who usually mean them, letters and digits only. The first matching row counts.
const HABITS: &str = "
    Europe/Berlin: cet cest mez mesz centraleuropean
    Europe/Athens: eet eest easterneuropean
    Europe/Lisbon: wet west westerneuropean
    Europe/London: bst uk england britain british
    Australia/Sydney: aest aedt australianeastern auseastern
    Australia/Adelaide: acst acdt australiancentral auscentral
    Australia/Perth: awst australianwestern
    Pacific/Auckland: nzst nzdt newzealand
    Africa/Johannesburg: sast southafrica
    Asia/Jerusalem: israel idt
    America/New_York: edt et eastern
    America/Chicago: cst cdt ct central
    America/Denver: mdt mt mountain
    America/Los_Angeles: pst pdt pt pacific
    America/Anchorage: akst akdt alaska alaskan
    Pacific/Honolulu: hdt hawaii hawaiian
    America/Halifax: ast adt atlantic
    America/St_Johns: nst ndt newfoundland
    Europe/Berlin: germany deutschland
    Europe/Paris: france
";

/// A zone that the value seems to mean.
fn proposal(value: &str) -> Option<&'static str> {
    let wanted = letters(value);
    if wanted.is_empty() {
        return None;
    }
    same_letters(&wanted).or_else(|| {
        let usual = |habit: &str| wanted == habit || (habit.len() > 5 && wanted.contains(habit));
        let mut rows = HABITS.lines().filter_map(|row| row.trim().split_once(": "));
        let row = rows.find(|(_, habits)| habits.split(' ').any(usual));
        row.map(|(zone, _)| zone)
    })
}

/// The one zone whose name, or whose name's last part, has the same letters: `America/New York`, `berlin`.
fn same_letters(wanted: &str) -> Option<&'static str> {
    let whole = TZ_VARIANTS
        .iter()
        .find(|zone| letters(zone.name()) == wanted);
    let mut cities = TZ_VARIANTS.iter().filter(|zone| {
        let city = zone.name().rsplit_once('/').map(|(_, city)| city);
        city.is_some_and(|city| letters(city) == wanted)
    });
    let city = cities.next().filter(|_| cities.next().is_none());
    whole.or(city).map(|zone| zone.name())
}

fn letters(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// `GMT+2`, `UTC-05:00`, `+0100`.
fn is_offset(value: &str) -> bool {
    let value = value.to_ascii_uppercase();
    let offset = value
        .strip_prefix("GMT")
        .or_else(|| value.strip_prefix("UTC"))
        .unwrap_or(&value);
    offset.trim_start().starts_with(['+', '-'])
        && offset.chars().any(|c| c.is_ascii_digit())
        && !offset.contains(|c: char| c.is_ascii_alphabetic())
}
