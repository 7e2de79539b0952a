//! `PROFILES`: the pump's profiles in the form of Nightscout's profile store, and each activation of another profile.
//!
//! Nightscout takes sensitivities and targets to be in the site's units and does not convert them.

use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use crate::config::ProfileUpload;
use crate::nightscout::GlucoseUnits;
use crate::nightscout::document::{Cause, Content, EventType, Subject, Treatment};
use crate::pump::event::Detail;
use crate::pump::quantity::decimal;
use crate::pump::settings::{PumpProfile, PumpProfiles, Segment};

use super::{History, one_each};

/// A pump's profiles as Nightscout should have them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProfileStore {
    /// The name of the active one.
    pub(crate) default_profile: String,
    /// All of them, by name, as Nightscout stores them.
    pub(crate) store: Map<String, Value>,
    /// The units of their glucose values.
    pub(crate) units: &'static str,
}

/// The pump's profiles, for a site with these units. `None` if the active profile is missing.
pub(crate) fn store(
    profiles: &PumpProfiles,
    units: GlucoseUnits,
    zone: Tz,
    upload: &ProfileUpload,
) -> Option<ProfileStore> {
    let mut store = Map::new();
    let mut default_profile = None;
    for profile in &profiles.profiles {
        let name = free_name(&profile.name, &store);
        if profile.idp == profiles.active && default_profile.is_none() {
            default_profile = Some(name.clone());
        }
        store.insert(name, one(profile, units, zone, upload));
    }
    Some(ProfileStore {
        default_profile: default_profile?,
        store,
        units: units.name(),
    })
}

/// A `Profile Switch` for each activation of a profile. If two profiles share a name, it means the first.
///
/// Nightscout follows the newest switch since the `startDate` of its profile document. Duration 0 means "until the next
/// switch", and only such switches are loaded if they are more than two and a half days old.
pub(crate) fn switches(history: &History<'_>) -> Vec<Treatment> {
    one_each(history, Cause::Person, |detail| {
        let Detail::ProfileChange(change) = detail else {
            return None;
        };
        let content = Content {
            profile: Some(filed_name(change.activated.as_deref()?)),
            duration: Some(0.0),
            ..Content::default()
        };
        Some((Subject::ProfileSwitch, EventType::ProfileSwitch, content))
    })
}

/// The owner's name for a profile, without the `<` at which Nightscout's HTML filter would cut it.
fn filed_name(name: &str) -> String {
    let name = name.replace('<', "").trim().to_owned();
    match name.is_empty() {
        true => "Unnamed".to_owned(),
        false => name,
    }
}

/// The name to store a profile under: the owner's, with a number added if it is taken.
fn free_name(name: &str, taken: &Map<String, Value>) -> String {
    let name = filed_name(name);
    let numbered = (2..).map(|number| format!("{name} ({number})"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| !taken.contains_key(name)).unwrap_or(name)
}

fn one(profile: &PumpProfile, units: GlucoseUnits, zone: Tz, upload: &ProfileUpload) -> Value {
    let set = |of: fn(&Segment) -> f64, shown: &dyn Fn(f64) -> f64| {
        let set = profile.segments.iter().filter(|segment| of(segment) > 0.0);
        schedule(set.map(|segment| (segment.start, shown(of(segment)))))
    };
    let in_units = |value| units.of(value);
    let target = set(|segment| segment.target, &in_units);
    let basal = profile.segments.iter().map(|segment| {
        let rate = segment.basal.units_per_hour();
        (segment.start, rate)
    });
    json!({
        "dia": decimal(profile.insulin_minutes / 60.0),
        "carbratio": set(|segment| segment.carb_ratio, &|ratio| ratio / 1000.0),
        "carbs_hr": decimal(upload.carbs_hr),
        "delay": decimal(upload.delay),
        "sens": set(|segment| segment.sensitivity, &in_units),
        "basal": schedule(basal),
        "target_low": target,
        "target_high": target,
        "timezone": zone.name(),
        "startDate": "1970-01-01T00:00:00.000Z",
        "units": units.name(),
    })
}

/// Values by time of day. Nightscout needs one at midnight: if the pump has none, the last value of the day applies.
fn schedule(values: impl Iterator<Item = (u16, f64)>) -> Value {
    let mut values: Vec<(u16, f64)> = values.collect();
    if let (Some((start, _)), Some((_, last))) = (values.first().copied(), values.last().copied())
        && start > 0
    {
        values.insert(0, (0, last));
    }
    let entry = |(start, value): (u16, f64)| {
        json!({
            "time": format!("{:02}:{:02}", start / 60, start % 60),
            "timeAsSeconds": u32::from(start) * 60,
            "value": decimal(value),
        })
    };
    values.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_free_of_html_and_unique() {
        let mut taken = Map::new();
        for (name, expected) in [
            ("Everyday", "Everyday"),
            ("Everyday", "Everyday (2)"),
            (" <b>Sport", "b>Sport"),
            ("<", "Unnamed"),
        ] {
            let free = free_name(name, &taken);
            assert_eq!(free, expected);
            taken.insert(free, Value::Null);
        }
    }
}
