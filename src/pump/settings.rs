//! The pump's settings in the account: its profiles.
//!
//! `settings.details.profiles` of the pumper answer, as observed in 2026. All glucose is in mg/dL, whatever the pump displays.

use serde_json::Value;

use super::quantity::MilliUnitsPerHour;
use crate::foreign::{number, whole};

/// The profiles of a pump.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PumpProfiles {
    /// All of them, in the pump's order.
    pub(crate) profiles: Vec<PumpProfile>,
    /// The `idp` of the active one.
    pub(crate) active: i64,
}

/// One profile.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PumpProfile {
    /// Its number on the pump.
    pub(crate) idp: i64,
    /// The name that its owner gave it.
    pub(crate) name: String,
    /// How long insulin acts, in minutes.
    pub(crate) insulin_minutes: f64,
    /// The segments in the order of the day, each start once.
    pub(crate) segments: Vec<Segment>,
}

/// The settings from a time of day on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Segment {
    /// Minutes since midnight.
    pub(crate) start: u16,
    /// The basal rate.
    pub(crate) basal: MilliUnitsPerHour,
    /// Carbs for a unit, in thousandths of a gram; 0 for none.
    pub(crate) carb_ratio: f64,
    /// How much a unit lowers glucose, in mg/dL; 0 for none.
    pub(crate) sensitivity: f64,
    /// The target in mg/dL; 0 for none.
    pub(crate) target: f64,
}

impl PumpProfiles {
    /// Reads the profiles, without those that cannot be read. `None` if there is none, or none is active.
    pub(crate) fn read(settings: &Value) -> Option<PumpProfiles> {
        let profiles = settings.get("details")?.get("profiles")?;
        let list = profiles.get("profile")?.as_array()?;
        let read = PumpProfiles {
            profiles: list.iter().filter_map(PumpProfile::read).collect(),
            active: whole(profiles.get("activeIdp")?)?,
        };
        let mut all = read.profiles.iter();
        all.any(|profile| profile.idp == read.active)
            .then_some(read)
    }
}

impl PumpProfile {
    fn read(value: &Value) -> Option<PumpProfile> {
        let listed = value.get("timeDependentSegments")?.as_array()?;
        Some(PumpProfile {
            idp: whole(value.get("idp")?)?,
            name: value.get("name")?.as_str()?.to_owned(),
            insulin_minutes: number(value.get("insulinDuration")?)
                .filter(|minutes| *minutes > 0.0)?,
            segments: segments(listed)?,
        })
    }
}

/// The segments in use. The pump has room for sixteen, and unused ones are all zeroes. But if the first segment is all zeroes
/// and another one begins later, there is no delivery until then.
fn segments(listed: &[Value]) -> Option<Vec<Segment>> {
    let all: Vec<Segment> = listed.iter().filter_map(Segment::read).collect();
    let used = all
        .iter()
        .copied()
        .filter(|segment| *segment != Segment::NOTHING);
    let mut segments: Vec<Segment> = used.collect();
    segments.sort_by_key(|segment| segment.start);
    segments.dedup_by_key(|segment| segment.start);
    let begins_at = segments.first()?.start;
    let begins_unused = all.first() == Some(&Segment::NOTHING);
    if begins_at > 0 && begins_unused {
        segments.insert(0, Segment::NOTHING);
    }
    Some(segments)
}

impl Segment {
    const NOTHING: Segment = Segment {
        start: 0,
        basal: MilliUnitsPerHour::ZERO,
        carb_ratio: 0.0,
        sensitivity: 0.0,
        target: 0.0,
    };

    fn read(value: &Value) -> Option<Segment> {
        let positive = |name: &str| number(value.get(name)?).filter(|number| *number >= 0.0);
        Some(Segment {
            start: u16::try_from(whole(value.get("startTime")?)?)
                .ok()
                .filter(|minutes| *minutes < 24 * 60)?,
            basal: MilliUnitsPerHour::new(positive("basalRate")?.round() as i64),
            carb_ratio: positive("carbRatio").unwrap_or(0.0),
            sensitivity: positive("isf").unwrap_or(0.0),
            target: positive("targetBg").unwrap_or(0.0),
        })
    }
}
