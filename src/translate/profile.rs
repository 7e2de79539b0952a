//! `PROFILES`: the pump's profiles as Nightscout's profile store has them, and when another one was activated.
//!
//! Nightscout reads sensitivities and targets in the units of the site, without converting them.

use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use crate::config::ProfileUpload;
use crate::nightscout::GlucoseUnits;
use crate::nightscout::document::{Cause, Content, EventType, Subject, Treatment};
use crate::pump::event::Detail;
use crate::pump::quantity::decimal;
use crate::pump::settings::{PumpProfile, PumpProfiles, Segment};

use super::{History, treatment_of};

/// What Nightscout should have of a pump's profiles.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProfileStore {
    /// The name of the active one.
    pub(crate) default_profile: String,
    /// All of them, by name, as Nightscout stores them.
    pub(crate) store: Map<String, Value>,
    /// The units that their glucose values are in.
    pub(crate) units: &'static str,
}

/// The pump's profiles, for a site with these units. `None` where the active one has no name to be filed under.
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

/// A `Profile Switch` for each profile that was activated. Of two profiles of one name, the first is meant.
///
/// Nightscout goes by the newest one since the `startDate` of its profile document, until the next: that is what a length of
/// 0 says, and only such a one is loaded beyond two and a half days.
pub(crate) fn switches(history: &History<'_>) -> Vec<Treatment> {
    let treatments = history.events.iter().filter_map(|event| {
        let Detail::ProfileChange(change) = &event.event.detail else {
            return None;
        };
        let content = Content {
            profile: Some(filed_name(change.activated.as_deref()?)),
            duration: Some(0.0),
            ..Content::default()
        };
        let what = (EventType::ProfileSwitch, Cause::Person);
        Some(treatment_of(
            history,
            event,
            Subject::ProfileSwitch,
            what,
            content,
        ))
    });
    treatments.collect()
}

/// The owner's name of a profile, without what Nightscout's HTML filter would cut off.
fn filed_name(name: &str) -> String {
    let name = name.replace('<', "").trim().to_owned();
    match name.is_empty() {
        true => "Unnamed".to_owned(),
        false => name,
    }
}

/// The name to file a profile under: the owner's, with a number where it is taken.
fn free_name(name: &str, taken: &Map<String, Value>) -> String {
    let name = filed_name(name);
    if !taken.contains_key(&name) {
        return name;
    }
    (2..)
        .map(|number| format!("{name} ({number})"))
        .find(|numbered| !taken.contains_key(numbered))
        .unwrap_or(name)
}

fn one(profile: &PumpProfile, units: GlucoseUnits, zone: Tz, upload: &ProfileUpload) -> Value {
    let segments = &profile.segments;
    let positive = |of: fn(&Segment) -> f64| {
        let set = segments.iter().filter(|segment| of(segment) > 0.0);
        set.map(|segment| (segment.start, of(segment)))
            .collect::<Vec<_>>()
    };
    let glucose = |of: fn(&Segment) -> f64| {
        let values = positive(of).into_iter();
        schedule(values.map(|(start, value)| (start, units.of(value))))
    };
    let basal = segments.iter().map(|segment| {
        let rate = segment.basal.units_per_hour();
        (segment.start, rate)
    });
    let ratios = positive(|segment| segment.carb_ratio).into_iter();
    let target = glucose(|segment| segment.target);
    json!({
        "dia": decimal(profile.insulin_minutes / 60.0),
        "carbratio": schedule(ratios.map(|(start, ratio)| (start, ratio / 1000.0))),
        "carbs_hr": decimal(upload.carbs_hr),
        "delay": decimal(upload.delay),
        "sens": glucose(|segment| segment.sensitivity),
        "basal": schedule(basal),
        "target_low": target,
        "target_high": target,
        "timezone": zone.name(),
        "startDate": "1970-01-01T00:00:00.000Z",
        "units": units.name(),
    })
}

/// Values by time of day. Nightscout wants one at midnight: where the pump has none, what holds at the end of the day does.
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
