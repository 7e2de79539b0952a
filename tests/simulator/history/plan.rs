//! What a generated history is to contain.

use chrono::{DateTime, Duration, TimeZone, Utc};
use chrono_tz::Tz;

use super::clock::ClockStory;

/// Everything that decides a history: the same plan gives the same history.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the randomness comes from.
    pub seed: u64,
    /// The zone where the pump's owner lives.
    pub zone: Tz,
    /// The true instant of the first events.
    pub start: DateTime<Utc>,
    /// No event is at or after this true instant.
    pub end: DateTime<Utc>,
    /// Movements of the clock between this instant and `start` are on record too: the pump is older than the history.
    pub clock_since: Option<DateTime<Utc>>,
    /// The pump's serial number.
    pub serial: String,
    /// Which pump it is.
    pub model: Model,
    /// The pump's UUID in the API.
    pub assignment: String,
    /// How its clock behaves.
    pub clock: ClockStory,
    /// What happens.
    pub features: Features,
    /// Which sensor, where `Feature::Cgm` is on.
    pub sensor: Sensor,
    /// The pump's `sequenceGroup`.
    pub group: i64,
    /// The first sequence number is a little greater.
    pub first_number: u64,
    /// From this true instant on the numbers begin again at 1, in the next group; they have to stay below the first number.
    pub restart: Option<DateTime<Utc>>,
    /// The personal profiles; the first is active.
    pub profiles: Vec<Profile>,
}

/// A Tandem pump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// t:slim X2.
    TslimX2,
    /// Tandem Mobi: no screen, its boluses come from the phone, and it measures no tubing fill.
    Mobi,
}

/// A CGM sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensor {
    /// Dexcom G6, event 256.
    DexcomG6,
    /// Dexcom G7, event 399.
    DexcomG7,
    /// Libre 2, event 372.
    Libre2,
    /// Libre 3, event 480.
    Libre3,
}

/// A personal profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Insulin duration, minutes.
    pub insulin_minutes: i64,
    /// Segments by time of day; the first starts at 0.
    pub segments: Vec<Segment>,
}

/// A segment of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Minutes since midnight.
    pub start: i64,
    /// mU/h.
    pub basal: i64,
    /// Thousandths of a gram per unit.
    pub carb_ratio: i64,
    /// mg/dL per unit.
    pub isf: i64,
    /// mg/dL.
    pub target: i64,
}

impl Plan {
    /// One day (2026-05-14 in New York) with the usual features.
    pub fn day(seed: u64) -> Self {
        Self::days(seed, 1)
    }

    /// So many days from midnight 2026-05-14 in New York, with the usual features and a clock that needs no change.
    pub fn days(seed: u64, days: i64) -> Self {
        let zone = chrono_tz::America::New_York;
        let start = zone
            .with_ymd_and_hms(2026, 5, 14, 0, 0, 0)
            .single()
            .expect("an unambiguous midnight")
            .to_utc();
        Self {
            seed,
            zone,
            start,
            end: start + Duration::days(days),
            clock_since: None,
            serial: "90001234".to_owned(),
            model: Model::TslimX2,
            assignment: "5f0c4f0e-2f0b-4a57-9d53-0d6c0a1be001".to_owned(),
            clock: ClockStory::FollowsZone,
            features: Features::USUAL,
            sensor: Sensor::DexcomG7,
            group: 0,
            first_number: 100_000,
            restart: None,
            profiles: vec![Profile::everyday(), Profile::second()],
        }
    }

    /// The same between these instants.
    pub fn between(mut self, start: DateTime<Utc>, end: DateTime<Utc>) -> Self {
        (self.start, self.end) = (start, end);
        self
    }

    /// The same of another pump.
    pub fn of_another_pump(self) -> Self {
        Self {
            serial: "90005678".to_owned(),
            assignment: "6a1d5a1f-3b1c-4c68-8e64-1e7d1b2cf002".to_owned(),
            first_number: 900_000,
            ..self
        }
    }

    /// The same in this zone; the instants stay.
    pub fn in_zone(mut self, zone: Tz) -> Self {
        self.zone = zone;
        self
    }

    /// The same with this clock.
    pub fn with_clock(mut self, clock: ClockStory) -> Self {
        self.clock = clock;
        self
    }

    /// The same with exactly these features.
    pub fn with_features(mut self, features: Features) -> Self {
        self.features = features;
        self
    }

    /// The active profile's basal rate (mU/h) at a wall clock reading.
    pub(super) fn segment_at(&self, wall: i64) -> Segment {
        let minute = wall.rem_euclid(86_400) / 60;
        let segments = &self.profiles[0].segments;
        let index = segments.partition_point(|segment| segment.start <= minute);
        segments[index.max(1) - 1]
    }
}

impl Profile {
    fn everyday() -> Self {
        let segment = |hour: i64, basal, carb_ratio, isf| Segment {
            start: hour * 60,
            basal,
            carb_ratio,
            isf,
            target: 110,
        };
        let segments = vec![
            segment(0, 800, 8_000, 45),
            segment(6, 1_125, 7_000, 40),
            segment(11, 950, 8_500, 45),
            segment(17, 1_050, 8_000, 45),
            segment(22, 875, 9_000, 50),
        ];
        Self {
            name: "Everyday".to_owned(),
            insulin_minutes: 300,
            segments,
        }
    }

    fn second() -> Self {
        let segments = vec![Segment {
            start: 0,
            basal: 700,
            carb_ratio: 10_000,
            isf: 55,
            target: 140,
        }];
        Self {
            name: "Sport".to_owned(),
            insulin_minutes: 300,
            segments,
        }
    }
}

macro_rules! features {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// One thing that may happen in a history.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Feature {
            $($(#[doc = $doc])+ $name,)+
        }

        /// Every feature there is.
        pub const EVERY_FEATURE: &[Feature] = &[$(Feature::$name,)+];
    };
}

features! {
    /// Event 279 every five minutes.
    Basal,
    /// The algorithm varies the rates; without it they are the profile's.
    ControlIq,
    /// Temporary rates, which begin and end at any second.
    TempRates,
    /// Boluses of the algorithm.
    AutomaticCorrections,
    /// Boluses with carbs.
    Meals,
    /// Correction boluses that somebody asked for.
    Corrections,
    /// Quick boluses by the button.
    QuickBoluses,
    /// Some boluses come from the phone.
    PhoneBoluses,
    /// Some boluses are cut short.
    AbortedBoluses,
    /// Some boluses are other than the calculator proposed, and some corrections are declined.
    Overrides,
    /// Boluses that end with nothing delivered.
    NothingDelivered,
    /// Extended boluses.
    ExtendedBoluses,
    /// Some extended parts are cut short.
    AbortedExtensions,
    /// Some extended boluses give nothing at once: no 55 and no 20. How the pump logs these has not been observed.
    AllLater,
    /// A bolus asked for before the pump's midnight and complete after it.
    MidnightBoluses,
    /// Boluses whose request events are missing.
    LostRequests,
    /// Suspensions by hand.
    UserSuspensions,
    /// Suspensions by an alarm or a malfunction.
    AlarmSuspensions,
    /// Suspensions because glucose is low.
    LowGlucoseSuspensions,
    /// No 279 between the one at a suspension and the one at its resume.
    QuietSuspensions,
    /// Event 3 in the second of a suspension, a resumption, a temp rate's start and end, and a new segment of the profile.
    /// Without it, only 279 tells of the rates.
    RateChanges,
    /// Hours without any event.
    Gaps,
    /// Cartridge, tubing and cannula every few days.
    CartridgeChanges,
    /// Alarms 5 and 28 that stop nothing, malfunctions 6.
    Alarms,
    /// Alerts 4 and 26.
    Alerts,
    /// Sleep every night.
    Sleep,
    /// Exercise on some days.
    Exercise,
    /// CGM readings every five minutes.
    Cgm,
    /// Readings that are high, low or not to be shown.
    CgmSentinels,
    /// Stretches of readings that come hours late.
    CgmBackfill,
    /// Sensor sessions: start, join, stop.
    CgmSessions,
    /// CGM alerts.
    CgmAlerts,
    /// Event 16 typed in by hand.
    FingerBg,
    /// Event 16 taken from the CGM before boluses.
    CgmBg,
    /// Events 90, 313 and 307 every day.
    NewDay,
    /// Status events 81, 9, 34 and 35.
    Status,
    /// Event 230 when the loop opens and closes.
    ControlMode,
    /// Codes that nobody knows.
    UnknownCodes,
    /// As many events without a meaning for Nightscout as a real pump logs, about a thousand a day.
    Chatter,
    /// Members and properties that nobody knows.
    UnknownFields,
    /// Alarm ids, reasons and sources that nobody knows.
    UnknownEnums,
    /// Elements of `events` that are no events.
    Malformed,
    /// Properties that are null or missing where nothing depends on them.
    NullProperties,
    /// Bit masks as integers.
    MaskIntegers,
    /// Boluses whose 20 or 21 is missing, so that only 280 says what was delivered.
    LostCompletions,
    /// Event 69: the second profile is activated for some hours on some days. The rates stay as they are.
    ProfileSwitches,
    /// Hours in which the pump is off, after its alarm that the battery is empty.
    ShutDowns,
    /// No 279 at all: a pump from before Control-IQ, which tells its rate by event 3.
    ChangesOnly,
}

/// A set of features.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Features(pub u64);

impl Features {
    /// Nothing happens.
    pub const NONE: Self = Self(0);
    /// All there is but the chatter, which adds nothing but bulk, and what only an old pump does.
    pub const ALL: Self = Self((1 << EVERY_FEATURE.len()) - 1)
        .without(Feature::Chatter)
        .without(Feature::ChangesOnly);
    /// What a pump in everyday use does: all but damage to the data (unknown, malformed, missing, null).
    pub const USUAL: Self = Self::ALL
        .without(Feature::UnknownCodes)
        .without(Feature::AllLater)
        .without(Feature::UnknownFields)
        .without(Feature::UnknownEnums)
        .without(Feature::Malformed)
        .without(Feature::NullProperties)
        .without(Feature::MaskIntegers)
        .without(Feature::LostRequests)
        .without(Feature::LostCompletions)
        .without(Feature::QuietSuspensions)
        .without(Feature::Gaps);

    /// Exactly these.
    pub fn only(features: &[Feature]) -> Self {
        features
            .iter()
            .fold(Self::NONE, |set, feature| set.with(*feature))
    }

    /// These bits, for property tests; bits without a meaning are ignored.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// The same and this one.
    pub const fn with(self, feature: Feature) -> Self {
        Self(self.0 | 1 << feature as u64)
    }

    /// The same but this one.
    pub const fn without(self, feature: Feature) -> Self {
        Self(self.0 & !(1 << feature as u64))
    }

    /// Whether this one is among them.
    pub const fn has(self, feature: Feature) -> bool {
        self.0 & 1 << feature as u64 != 0
    }
}

impl std::fmt::Debug for Features {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_set()
            .entries(EVERY_FEATURE.iter().filter(|feature| self.has(**feature)))
            .finish()
    }
}
