//! Plans made up from a seed, for property tests: any pump, anywhere, with any clock.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use super::super::rng::Rng;
use super::calendar::{DAY, instant, transitions};
use super::clock::ClockStory;
use super::plan::{Feature, Features, Model, Plan, Sensor};

/// With and without daylight saving, half-hour offsets, half-hour daylight saving, both hemispheres, east and west.
const ZONES: &[Tz] = &[
    chrono_tz::America::New_York,
    chrono_tz::America::Los_Angeles,
    chrono_tz::America::St_Johns,
    chrono_tz::America::Phoenix,
    chrono_tz::Europe::London,
    chrono_tz::Europe::Berlin,
    chrono_tz::Asia::Kolkata,
    chrono_tz::Australia::Sydney,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::Pacific::Auckland,
    chrono_tz::UTC,
];

impl Plan {
    /// A plan of so many days that only the seed decides: zone, season (often around a change of the zone's offset), clock,
    /// features, sensor and model. The data are sound: nothing unknown, malformed or lost.
    pub fn any(seed: u64, days: i64) -> Self {
        let mut rng = Rng::new(seed, 50);
        let zone = rng.pick(ZONES);
        // 2025-01-01 and two years from there.
        let year = 1_735_689_600;
        let changes = transitions(zone, year, year + 730 * DAY);
        let near_change = !changes.is_empty() && rng.chance(50);
        let start = if near_change {
            rng.pick(&changes) - rng.between(0, days * DAY)
        } else {
            year + rng.between(0, 729) * DAY + rng.between(0, DAY - 1)
        };
        let (start, end) = (instant(start), instant(start) + Duration::days(days));
        let damaged = [
            Feature::UnknownCodes,
            Feature::UnknownFields,
            Feature::UnknownEnums,
            Feature::Malformed,
            Feature::NullProperties,
            Feature::MaskIntegers,
            Feature::LostRequests,
            Feature::LostCompletions,
            Feature::AllLater,
            Feature::Chatter,
        ];
        let features = Features::from_bits(rng.next() | rng.next()).with(Feature::Basal);
        let features = damaged.into_iter().fold(features, Features::without);
        let clock = ClockStory::any(&mut rng, start, end);
        let sensor = rng.pick(&[
            Sensor::DexcomG6,
            Sensor::DexcomG7,
            Sensor::Libre2,
            Sensor::Libre3,
        ]);
        let model = rng.pick(&[Model::TslimX2, Model::Mobi]);
        let plan = Self::days(seed, days).between(start, end).in_zone(zone);
        Self {
            features,
            clock,
            sensor,
            model,
            ..plan
        }
    }
}

impl ClockStory {
    /// A story that the seed decides, for a history between these instants.
    pub fn any(rng: &mut Rng, start: DateTime<Utc>, end: DateTime<Utc>) -> Self {
        let span = (end - start).num_seconds();
        let within = |rng: &mut Rng| start + Duration::seconds(rng.between(0, span - 1));
        let hours = |rng: &mut Rng| rng.pick(&[-9, -6, -3, -1, 1, 2, 5, 8]) * 3600;
        match rng.between(0, 6) {
            0 => Self::FollowsZone,
            1 => Self::NeverChanged,
            2 => Self::ByHand(vec![rng.between(0, 3 * DAY), rng.between(0, DAY)]),
            3 => {
                let (away, shift) = (within(rng), hours(rng));
                let back = away + Duration::seconds(rng.between(DAY / 2, 3 * DAY));
                let legs = [(away, shift), (back, -shift)];
                Self::Travel(legs.into_iter().filter(|(at, _)| *at < end).collect())
            }
            4 => Self::Drift(vec![(within(rng), rng.between(-240, 240))]),
            5 => Self::DateChange(start),
            _ => Self::Moved(vec![(within(rng), hours(rng) + 900 * rng.between(0, 3))]),
        }
    }
}
