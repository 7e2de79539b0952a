//! The features: what can be copied from the pump to Nightscout, by the names that tconnectsync gave them.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::anyhow;

use super::reader::Reader;
use super::sources::Sources;

/// The collections of Nightscout's API v1 that a pass reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// Boluses, temporary basals, site changes: upserted by `identifier` (15.0.7 on), `_id`, or time and type.
    Treatments,
    /// Glucose readings: upserted by time and type.
    Entries,
    /// States of devices: only ever added.
    DeviceStatus,
    /// Profile stores: only ever added, the one with the newest `startDate` counts.
    Profile,
}

/// What is known of a feature.
#[derive(Clone, Copy)]
struct Row {
    feature: Feature,
    /// Its name in the configuration.
    name: &'static str,
    /// What it uploads, as `--help` and the README say it.
    uploads: &'static str,
    /// Whether it is on where no features are chosen.
    is_default: bool,
    /// Where its documents go, the main collection first.
    fills: &'static [Collection],
    /// The event types of its treatments, this program's and tconnectsync's.
    event_types: &'static [&'static str],
    /// The plugins by which the site shows them, for its `ENABLE` variable.
    plugins: &'static [&'static str],
}

impl Row {
    const fn new(feature: Feature, name: &'static str, uploads: &'static str) -> Row {
        Row {
            feature,
            name,
            uploads,
            is_default: false,
            fills: &[Collection::Treatments],
            event_types: &[],
            plugins: &[],
        }
    }

    const fn is_default(mut self) -> Row {
        self.is_default = true;
        self
    }

    const fn fills(mut self, collections: &'static [Collection]) -> Row {
        self.fills = collections;
        self
    }

    const fn event_types(mut self, types: &'static [&'static str]) -> Row {
        self.event_types = types;
        self
    }

    const fn plugins(mut self, plugins: &'static [&'static str]) -> Row {
        self.plugins = plugins;
        self
    }
}

/// The table, in the order of the features: a new one is a variant and a row here, and one file under `translate/`.
const ROWS: [Row; FEATURES] = [
    Row::new(Feature::Basal, "BASAL", "basal rates, as temporary basals").is_default().event_types(&["Temp Basal"]).plugins(&["basal"]),
    Row::new(Feature::Bolus, "BOLUS", "boluses and their carbs").is_default().event_types(&["Meal Bolus", "Correction Bolus", "Combo Bolus"]).plugins(&["iob", "cob"]),
    Row::new(Feature::PumpEvents, "PUMP_EVENTS", "site and cartridge changes, suspensions, alarms, sleep and exercise, sensor sessions").event_types(&[
                    "Site Change",
                    "Insulin Change",
                    "Note",
                    "Basal Suspension",
                    "Basal Resume",
                    "Alarm",
                    "Exercise",
                    "Sleep",
                    "Sensor Start",
                    "Sensor Stop",
                ]).plugins(&["cage", "iage", "sage"]),
    Row::new(Feature::PumpEventsBasalSuspension, "PUMP_EVENTS_BASAL_SUSPENSION", "of PUMP_EVENTS only suspensions and resumes").event_types(&["Basal Suspension", "Basal Resume"]),
    Row::new(Feature::PumpAlerts, "PUMP_ALERTS", "the pump's alerts until they were cleared: low insulin, low power, incomplete changes, Control-IQ's").event_types(&["Pump Alert"]),
    Row::new(Feature::Cgm, "CGM", "the pump's glucose readings, where no other uploader has one; they come late").fills(&[Collection::Entries]),
    Row::new(Feature::CgmAlerts, "CGM_ALERTS", "the pump's glucose alerts").event_types(&["CGM Alert"]),
    Row::new(Feature::BolusBg, "BOLUS_BG", "glucose values typed in, as finger checks").event_types(&["BG Check"]),
    Row::new(Feature::DeviceStatus, "DEVICE_STATUS", "the pump's reservoir and battery, and whether it is suspended, as far as it reports them").fills(&[Collection::DeviceStatus]).plugins(&["pump"]),
    Row::new(Feature::Iob, "IOB", "the pump's insulin on board, which Nightscout then shows instead of its own").fills(&[Collection::DeviceStatus]).plugins(&["iob"]),
    Row::new(Feature::Profiles, "PROFILES", "the pump's profiles: basal rates, carb ratios, sensitivities, targets; and when another one was activated").fills(&[Collection::Profile, Collection::Treatments]).event_types(&["Profile Switch"]),
];

const FEATURES: usize = 11;

/// One kind of data that a pass copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the table above describes each")]
pub enum Feature {
    Basal,
    Bolus,
    PumpEvents,
    PumpEventsBasalSuspension,
    PumpAlerts,
    Cgm,
    CgmAlerts,
    BolusBg,
    DeviceStatus,
    Iob,
    Profiles,
}

impl Feature {
    /// Every feature, in the order in which they are listed and worked through.
    pub const ALL: [Feature; FEATURES] = {
        let mut all = [Feature::Basal; FEATURES];
        let mut index = 0;
        while index < FEATURES {
            let feature = ROWS[index].feature;
            assert!(
                feature as usize == index,
                "the rows stand in the features' order"
            );
            all[index] = feature;
            index += 1;
        }
        all
    };

    const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The name in `TCONNECTSYNC_HEROKU_FEATURES` and `--features`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// What it uploads, in a few words.
    pub const fn uploads(self) -> &'static str {
        self.row().uploads
    }

    /// Whether it is on where no features are chosen.
    pub const fn is_default(self) -> bool {
        self.row().is_default
    }

    /// Where in Nightscout its documents go. In the first it has something whenever the pump is in use, unless that is
    /// [`Collection::Treatments`].
    pub const fn fills(self) -> &'static [Collection] {
        self.row().fills
    }

    /// Where in Nightscout most of its documents go.
    pub(crate) const fn main_collection(self) -> Collection {
        self.row().fills[0]
    }

    /// The event types of its treatments: by these the check finds its newest one.
    pub const fn event_types(self) -> &'static [&'static str] {
        self.row().event_types
    }

    /// The plugins by which Nightscout shows its documents, by their names in the site's `ENABLE` variable. Without them the
    /// documents are there all the same.
    pub(crate) const fn plugins(self) -> &'static [&'static str] {
        self.row().plugins
    }

    /// The feature of this name, in capitals or not.
    pub fn named(name: &str) -> Option<Feature> {
        Feature::ALL
            .into_iter()
            .find(|feature| feature.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The features of a run, in the order of [`Feature::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureSet(BTreeSet<Feature>);

impl FeatureSet {
    /// Reads names separated by commas, semicolons or blanks, in capitals or not. Fails with the names, as they were written,
    /// that are no features (they may be anything, a pasted password too); with none of a list that names nothing.
    pub fn parse(list: &str) -> Result<FeatureSet, Vec<String>> {
        let mut features = BTreeSet::new();
        let mut unknown = Vec::new();
        for name in list.split(|c: char| c == ',' || c == ';' || c.is_whitespace()) {
            match Feature::named(name) {
                Some(feature) => drop(features.insert(feature)),
                None if name.is_empty() => {}
                None => unknown.push(name.to_owned()),
            }
        }
        match unknown.is_empty() && !features.is_empty() {
            true => Ok(FeatureSet(features)),
            false => Err(unknown),
        }
    }

    /// Whether any of the features fills a collection.
    pub(crate) fn fill(&self, collection: Collection) -> bool {
        self.iter()
            .any(|feature| feature.fills().contains(&collection))
    }

    /// Whether the feature is on.
    pub(crate) fn contains(&self, feature: Feature) -> bool {
        self.0.contains(&feature)
    }

    /// The features that are on, in the order of [`Feature::ALL`].
    pub(crate) fn iter(&self) -> impl Iterator<Item = Feature> + '_ {
        self.0.iter().copied()
    }
}

impl Default for FeatureSet {
    fn default() -> Self {
        Feature::ALL
            .into_iter()
            .filter(|feature| feature.is_default())
            .collect()
    }
}

impl FromIterator<Feature> for FeatureSet {
    fn from_iter<I: IntoIterator<Item = Feature>>(features: I) -> Self {
        FeatureSet(features.into_iter().collect())
    }
}

impl fmt::Display for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&names(self.iter()))
    }
}

/// The names of features, joined by commas, as a list is written in the configuration.
pub(crate) fn names(features: impl IntoIterator<Item = Feature>) -> String {
    let names: Vec<&str> = features.into_iter().map(Feature::name).collect();
    names.join(",")
}

/// The features of the command line, else of the variable.
pub(super) fn chosen(arguments: &[FeatureSet], reader: &mut Reader) -> Option<FeatureSet> {
    let chosen: FeatureSet = arguments.iter().flat_map(FeatureSet::iter).collect();
    if chosen.iter().next().is_some() {
        return Some(chosen);
    }
    let sources = reader.sources();
    reader.setting("TCONNECTSYNC_HEROKU_FEATURES", |list| {
        FeatureSet::parse(list).map_err(|unknown| anyhow!(unknown_features(&unknown, sources)))
    })
}

/// What is wrong with a list of features. A name is repeated where it looks like one and is no part of a secret.
fn unknown_features(unknown: &[String], sources: &Sources) -> String {
    let shown: Vec<&str> = unknown
        .iter()
        .map(String::as_str)
        .filter(|name| looks_like_a_feature(name) && !sources.any_secret_contains(name))
        .collect();
    let what = match (unknown.len(), shown.len()) {
        (0, _) => "names no feature".to_owned(),
        (all, named) if all == named => format!(
            "has {} in it, which this version does not know",
            shown.join(", ")
        ),
        (all, 0) => format!("holds what is no feature's name ({all} not shown)"),
        (all, named) => {
            let hidden = all - named;
            format!(
                "has {} ({hidden} more not shown) in it, which this version does not know",
                shown.join(", ")
            )
        }
    };
    format!("{what}: the features are {}", names(Feature::ALL))
}

fn looks_like_a_feature(name: &str) -> bool {
    name.len() <= 40
        && name
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}
