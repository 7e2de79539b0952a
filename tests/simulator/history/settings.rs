//! A pump's `settings` as the pumper answer has them.

use serde_json::{Value, json};

use super::plan::{Plan, Profile};

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
