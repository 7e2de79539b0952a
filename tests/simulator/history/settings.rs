//! A pump's `settings` as the pumper answer has them.

use serde_json::{Value, json};

use super::super::truth::ProfileSwitch;
use super::calendar::DAY;
use super::event::Properties;
use super::plan::{Feature, Plan, Profile};
use super::world::World;

/// `status` of 69.
const CHANGED: i64 = 1;
const ACTIVATED: i64 = 3;

/// Event 69: a profile is edited, or another one activated. Only the status of an activation and the names of the letters'
/// properties were seen, by one client; what the letters look like was not.
pub(super) fn switch(world: &mut World<'_>) {
    let mut rng = world.rng(13);
    for day in world.days() {
        let (away, back) = (rng.between(0, DAY / 2), rng.between(DAY / 2, DAY - 1));
        if !rng.chance(40) || !world.has(Feature::ProfileSwitches) {
            continue;
        }
        profile_event(world, day + away - 1, 1, CHANGED);
        // Both or none: the settings name the first.
        if day + away >= world.start() && day + back < world.end() {
            for (at, idp) in [(day + away, 1), (day + back, 0)] {
                if let Some(number) = profile_event(world, at, idp, ACTIVATED) {
                    let at = world.instant(at);
                    let name = world.plan.profiles[idp].name.clone();
                    world
                        .truth
                        .switches
                        .push(ProfileSwitch { number, at, name });
                }
            }
        }
    }
}

fn profile_event(world: &mut World<'_>, at: i64, idp: usize, status: i64) -> Option<u64> {
    let name = world.plan.profiles[idp].name.as_bytes();
    let letters = (0..16).map(|index| i64::from(name.get(index).copied().unwrap_or(0)));
    let properties = Properties::new()
        .int("idp", idp as i64)
        .int("status", status);
    let properties = letters
        .enumerate()
        .fold(properties, |properties, (index, letter)| {
            properties.int(&format!("name{index}"), letter)
        });
    world.push(69, at, properties)
}

/// The `settings` of a pump with this plan's profiles, the first of them active.
pub fn settings(plan: &Plan, uploaded: &str) -> Value {
    let profiles: Vec<Value> = plan
        .profiles
        .iter()
        .enumerate()
        .map(|(idp, profile)| one(idp, profile))
        .collect();
    json!({
        "id": "0a5d4f43-52e2-4e31-90a7-1d2f5c8f7e10",
        "deviceAssignmentId": plan.assignment,
        "uploadedTimeStamp": uploaded,
        "settingsHash": "0011223344556677889900112233445566778899",
        "uploadId": "77a1c7a1-7c1c-4f0a-8a1f-0a4b3c2d1e0f",
        "details": {
            "profiles": {
                "numberOfProfiles": plan.profiles.len(),
                "activeSegment": 0,
                "activeIdp": 0,
                "profile": profiles,
            },
            "cgmSettings": {
                "highGlucoseAlertMgPerDl": 200,
                "highGlucoseAlertEnabled": true,
                "lowGlucoseAlertMgPerDl": 70,
                "lowGlucoseAlertEnabled": true,
                "riseRateAlertLevel": 3,
            },
            "basalLimitSettings": {"basalLimitDefault": 5000, "basalLimit": 3000},
            "controlIqSettings": {"weight": 140, "closedLoop": true},
        },
    })
}

fn one(idp: usize, profile: &Profile) -> Value {
    let mut segments: Vec<Value> = Vec::new();
    for segment in &profile.segments {
        segments.push(json!({
            "startTime": segment.start,
            "basalRate": segment.basal,
            "carbRatio": segment.carb_ratio,
            "targetBg": segment.target,
            "isf": segment.isf,
            "status": ["BasalRateAvailability"],
        }));
    }
    let count = segments.len();
    // The pump keeps room for 16 segments; what is unused has been seen as zeroes at the end.
    segments.push(json!({"startTime": 0, "basalRate": 0, "carbRatio": 0, "targetBg": 0, "isf": 0, "status": []}));
    json!({
        "idp": idp,
        "timeDependentSegmentNumber": count,
        "name": profile.name,
        "carbEntry": "UnitsAsCarbs",
        "maxBolus": 25_000,
        "insulinDuration": profile.insulin_minutes,
        "timeDependentSegments": segments,
    })
}
