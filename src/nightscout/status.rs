//! What a site says about itself.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::time::{instant_of, parse_created_at};
use crate::failure::{ExitStatus, Failure};
use crate::pump::quantity::MgDl;

/// The units that a site shows glucose in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlucoseUnits {
    /// mg/dL.
    MgDl,
    /// mmol/L.
    Mmol,
}

/// How many mg/dL a mmol/L of glucose is, by its molar mass of 180.1559 g. Newer Nightscouts compute with the same, older
/// ones with 18.018; two decimals go back to the same whole mg/dL with either.
const MG_DL_IN_MMOL: f64 = 18.015_59;

impl GlucoseUnits {
    /// Nightscout's own name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            GlucoseUnits::MgDl => "mg/dl",
            GlucoseUnits::Mmol => "mmol",
        }
    }

    /// A glucose, or a difference of two, in these units. Two decimals of mmol/L tell every whole mg/dL from its neighbours.
    pub(crate) fn of(self, mg_dl: f64) -> f64 {
        self.rounded(mg_dl, 100.0)
    }

    /// A glucose in these units as Nightscout shows it: with one decimal of mmol/L.
    pub(crate) fn shown(self, glucose: MgDl) -> f64 {
        self.rounded(f64::from(glucose.0), 10.0)
    }

    /// What people call them.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            GlucoseUnits::MgDl => "mg/dL",
            GlucoseUnits::Mmol => "mmol/L",
        }
    }

    /// A glucose in these units as people read it: `142`, `7.9`.
    pub(crate) fn in_words(self, glucose: MgDl) -> String {
        match self {
            GlucoseUnits::MgDl => glucose.0.to_string(),
            GlucoseUnits::Mmol => format!("{:.1}", self.shown(glucose)),
        }
    }

    fn rounded(self, mg_dl: f64, scale: f64) -> f64 {
        match self {
            GlucoseUnits::MgDl => mg_dl,
            GlucoseUnits::Mmol => (mg_dl / MG_DL_IN_MMOL * scale).round() / scale,
        }
    }
}

/// A Nightscout version, ordered: 15.0.7 is `SiteVersion(15, 0, 7)`. What follows the numbers (`-dev`) does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SiteVersion(pub u32, pub u32, pub u32);

impl SiteVersion {
    /// The first version that upserts treatments by `identifier`.
    pub(crate) const UPSERTS_BY_IDENTIFIER: SiteVersion = SiteVersion(15, 0, 7);

    /// The first version that answers an empty list of any collection.
    pub(crate) const ANSWERS_EMPTY_LISTS: SiteVersion = SiteVersion(15, 0, 7);

    /// Reads a version. Missing numbers count as 0; a text that is no version is 0.0.0.
    pub(crate) fn parse(text: &str) -> SiteVersion {
        let text = text.trim().trim_start_matches(['v', 'V']);
        let mut numbers = text.split('.').map(|part| {
            let end = part
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(part.len());
            part[..end].parse().unwrap_or(0)
        });
        let mut next = || numbers.next().unwrap_or(0);
        SiteVersion(next(), next(), next())
    }
}

impl fmt::Display for SiteVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// What a site's `status.json` says that a pass uses. Its name is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteStatus {
    /// The Nightscout version; 0.0.0 when it does not say, as services that imitate Nightscout may not.
    pub version: SiteVersion,
    /// The units of the site; `mg/dl` when it does not say.
    pub units: GlucoseUnits,
    /// Whether treatments can be written; taken for granted when it does not say.
    pub careportal_enabled: bool,
    /// The plugins that are on, by their names in `ENABLE`; `None` when it does not say.
    pub plugins: Option<Vec<String>>,
    /// Whether the chart draws the basal rates for those who chose nothing in their browser, by `BASAL_RENDER`, which is
    /// `none` unless the owner sets it; `None` when it does not say.
    pub draws_basal: Option<bool>,
    /// The server's clock at the time of the answer.
    pub server_time: Option<DateTime<Utc>>,
}

impl SiteStatus {
    /// The failure of a run that has treatments for a site whose careportal is off.
    pub(crate) fn treatments_are_off() -> Failure {
        Failure::new(
            ExitStatus::Configuration,
            "Nightscout: the site does not take treatments, because careportal is in its DISABLE variable",
            "Remove careportal from DISABLE in the site's settings",
        )
    }

    /// Reads the status; `None` for JSON that is not a Nightscout status.
    pub(super) fn read(status: &Value) -> Option<SiteStatus> {
        let text = |key: &str| status.get(key).and_then(Value::as_str);
        let settings = status.get("settings").filter(|value| value.is_object());
        if settings.is_none() && text("version").is_none() && status.get("apiEnabled").is_none() {
            return None;
        }
        let units = settings.and_then(|settings| settings.get("units")?.as_str());
        let is_mmol = units.is_some_and(|units| units.to_ascii_lowercase().starts_with("mmol"));
        Some(SiteStatus {
            version: text("version").map(SiteVersion::parse).unwrap_or_default(),
            units: if is_mmol {
                GlucoseUnits::Mmol
            } else {
                GlucoseUnits::MgDl
            },
            careportal_enabled: status
                .get("careportalEnabled")
                .and_then(Value::as_bool)
                .unwrap_or(true),
            plugins: settings.and_then(plugins),
            draws_basal: status.get("extendedSettings").map(draws_basal),
            server_time: text("serverTime")
                .and_then(parse_created_at)
                .or_else(|| instant_of(status.get("serverTimeEpoch")?)),
        })
    }
}

/// What `settings.enable` lists: the owner's plugins and those that are always on.
fn plugins(settings: &Value) -> Option<Vec<String>> {
    let names = settings.get("enable")?.as_array()?.iter();
    Some(
        names
            .filter_map(Value::as_str)
            .map(str::to_lowercase)
            .collect(),
    )
}

/// Whether `basal.render` is something else than `none`. It is not there when it is not set (cgm-remote-monitor 14.2.6, 15.0.7).
fn draws_basal(extended_settings: &Value) -> bool {
    let render = extended_settings.pointer("/basal/render");
    render
        .and_then(Value::as_str)
        .is_some_and(|render| !render.eq_ignore_ascii_case("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_decimals_of_mmol_tell_every_mg_dl() {
        for mg_dl in 1..=600 {
            let mmol = GlucoseUnits::Mmol.of(f64::from(mg_dl));
            for factor in [MG_DL_IN_MMOL, 18.018_018] {
                assert_eq!((mmol * factor).round() as i32, mg_dl, "{mmol}");
            }
        }
        assert_eq!(GlucoseUnits::Mmol.shown(MgDl(116)), 6.4);
        assert_eq!(GlucoseUnits::MgDl.shown(MgDl(116)), 116.0);
    }

    #[test]
    fn versions_are_read_and_ordered() {
        let cases = [
            ("15.0.7", SiteVersion(15, 0, 7)),
            ("v14.2.6", SiteVersion(14, 2, 6)),
            ("15.0.7-dev-20261120", SiteVersion(15, 0, 7)),
            ("15.1", SiteVersion(15, 1, 0)),
            ("unknown", SiteVersion(0, 0, 0)),
            ("", SiteVersion(0, 0, 0)),
            ("99999999999.1.1", SiteVersion(0, 1, 1)),
        ];
        for (text, version) in cases {
            assert_eq!(SiteVersion::parse(text), version, "{text}");
        }
        assert!(SiteVersion::parse("15.0.10") > SiteVersion::UPSERTS_BY_IDENTIFIER);
        assert!(SiteVersion::parse("15.0.6") < SiteVersion::UPSERTS_BY_IDENTIFIER);
    }

    #[test]
    fn a_sparse_status_has_the_usual_values() {
        let status = SiteStatus::read(&serde_json::json!({"version": "14.2.6"})).unwrap();
        assert_eq!(status.units, GlucoseUnits::MgDl);
        assert!(status.careportal_enabled);
        assert_eq!(status.server_time, None);
        assert_eq!(status.plugins, None);
        assert_eq!(status.draws_basal, None);
    }

    #[test]
    fn a_full_status_is_read() {
        let status = SiteStatus::read(&serde_json::json!({
            "status": "ok", "name": "nightscout", "version": "15.0.7", "serverTime": "2026-11-20T13:00:00.000Z",
            "careportalEnabled": false, "settings": {"units": "mmol", "enable": ["Basal", "iob"]},
            "extendedSettings": {"devicestatus": {"advanced": true, "days": 1}},
        }))
        .unwrap();
        assert_eq!(status.version, SiteVersion(15, 0, 7));
        assert_eq!(status.units, GlucoseUnits::Mmol);
        assert!(!status.careportal_enabled);
        assert_eq!(
            status.plugins,
            Some(vec!["basal".to_owned(), "iob".to_owned()])
        );
        assert_eq!(status.draws_basal, Some(false));
        assert_eq!(status.server_time, "2026-11-20T13:00:00Z".parse().ok());
    }

    #[test]
    fn the_chart_draws_the_basal_where_its_owner_says_how() {
        for (render, draws) in [("none", false), ("default", true), ("icicle", true)] {
            let extended = serde_json::json!({"basal": {"render": render}});
            assert_eq!(draws_basal(&extended), draws, "{render}");
        }
    }

    #[test]
    fn other_json_is_no_status() {
        for other in [
            serde_json::json!(null),
            serde_json::json!([]),
            serde_json::json!({"ok": true}),
        ] {
            assert_eq!(SiteStatus::read(&other), None);
        }
    }
}
