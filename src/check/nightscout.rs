//! Nightscout: whether the site answers, knows the secret, and lets it do what the chosen features need.

use chrono::{DateTime, Duration, Utc};

use super::{Findings, Mark, Part, Step, uploads};
use crate::config::{Feature, ProfileMode, Reading, features};
use crate::failure::{self, ExitStatus, Failure};
use crate::http::RunLimits;
use crate::nightscout::{Collection, GlucoseUnits, SecretCheck, Site, SiteStatus, SiteVersion};
use crate::report::span_in_words;

const PART: Part = Part::Nightscout;

/// Clocks may differ by this much without meaning anything.
const CLOCKS_DIFFER_BY: Duration = Duration::minutes(2);

/// Gives the site where its documents can be read.
pub(super) fn check(
    reading: &Reading,
    now: DateTime<Utc>,
    limits: &RunLimits,
    findings: &mut Findings<'_>,
) -> Option<Site> {
    let (Some(config), Some(proxy)) = (&reading.nightscout, &reading.proxy) else {
        findings.info(PART, "not tried, because of the configuration");
        return None;
    };
    log::info!("asking Nightscout");
    let site = Site::new(config, proxy.as_ref(), limits.clone());
    let site = findings.sound(PART, site)?;
    // First without the secret: a wrong one makes a site slow, and most sites tell anybody their version.
    let public = site.public_status();
    let public = findings.sound(PART, public)?;
    if let Some(status) = &public {
        describe(reading, status, now, findings);
    }
    let collections = uploads::collections(&reading.features);
    let permissions = permissions(&collections);
    let secret_check = site.check_secret();
    let secret_check = findings.sound(PART, secret_check)?;
    tell_secret(secret_check, findings);
    let status = match public {
        Some(status) => status,
        None => {
            let status = status_with_secret(&site, secret_check, &permissions);
            let status = findings.sound(PART, status)?;
            describe(reading, &status, now, findings);
            status
        }
    };
    let mut readable = true;
    for collection in collections {
        let needed = Needed {
            site: &site,
            status: &status,
            secret_check,
            collection,
            updates: updates(reading, collection, status.version),
            permissions: &permissions,
        };
        readable &= needed.check(findings)?;
    }
    readable.then_some(site)
}

/// The status of a site that tells it only to those who know its secret.
fn status_with_secret(
    site: &Site,
    secret_check: SecretCheck,
    permissions: &str,
) -> anyhow::Result<SiteStatus> {
    site.status().map_err(|error| {
        let token = secret_check == SecretCheck::Token;
        match failure::status(&error) {
            ExitStatus::CredentialsRejected if token => {
                missing_right("status", "read", permissions).into()
            }
            _ => error,
        }
    })
}

fn tell_secret(secret_check: SecretCheck, findings: &mut Findings<'_>) {
    match secret_check {
        SecretCheck::Everything => {
            findings.good(PART, "NS_SECRET is accepted and may do everything")
        }
        SecretCheck::Token => findings.good(PART, "NS_SECRET is accepted, as an access token"),
        SecretCheck::Unknown => {
            findings.info(PART, "the site does not say whether it knows NS_SECRET")
        }
    }
}

/// The permissions of a token that may do all that the features need, as the Admin Tools page takes them. It splits what is
/// typed there at commas too, so that `api:treatments:create,read` would become a permission and a word without meaning.
fn permissions(collections: &[Collection]) -> String {
    let names = collections.iter().map(|collection| collection.name());
    let each = names.map(|name| format!(" api:{name}:*"));
    format!("api:status:read{}", each.collect::<String>())
}

/// Whether a run replaces documents of a collection by their `_id`, for which a token needs a permission of its own.
fn updates(reading: &Reading, collection: Collection, version: SiteVersion) -> bool {
    match collection {
        Collection::Treatments => version < SiteVersion::UPSERTS_BY_IDENTIFIER,
        Collection::Profile => (reading.config.as_ref())
            .is_some_and(|config| config.profile.mode == ProfileMode::Replace),
        Collection::Entries | Collection::DeviceStatus => false,
    }
}

fn describe(
    reading: &Reading,
    status: &SiteStatus,
    now: DateTime<Utc>,
    findings: &mut Findings<'_>,
) {
    let version = match status.version {
        SiteVersion(0, 0, 0) => "answers without a version".to_owned(),
        version => format!("answers, version {version}"),
    };
    let units = match status.units {
        GlucoseUnits::MgDl => "mg/dl",
        GlucoseUnits::Mmol => "mmol/l",
    };
    findings.good(PART, format!("{version}, units {units}"));
    let treatments = reading.features.fill(Collection::Treatments);
    match (status.careportal_enabled, treatments) {
        (true, _) => {
            let text = "its careportal is on, so that it takes treatments";
            findings.add(Step::new(PART, Mark::Good, text).detail());
        }
        (false, true) => findings.bad(PART, SiteStatus::treatments_are_off()),
        (false, false) => findings.info(PART, "its careportal is off; no feature chosen needs it"),
    }
    tell_plugins(reading, status, findings);
    tell_how_basal_is_drawn(reading, status, findings);
    if let Some(difference) = status.server_time.map(|server| (now - server).abs())
        && difference > CLOCKS_DIFFER_BY
    {
        let differ = span_in_words(difference);
        let text = format!("its clock and this machine's differ by {differ}");
        let cure = "Correct the one that is wrong. Until then documents seem too young or too old";
        findings.add(Step::new(PART, Mark::Warning, text).cure(cure));
    }
}

/// Names the plugins that would show what is copied, but are off. Without them it is on the site all the same.
fn tell_plugins(reading: &Reading, status: &SiteStatus, findings: &mut Findings<'_>) {
    let Some(on) = &status.plugins else { return };
    let mut missing = Vec::new();
    let mut blind = Vec::new();
    for feature in reading.features.iter() {
        let off = |plugin: &&&str| !on.iter().any(|name| name == **plugin);
        let off: Vec<&str> = feature.plugins().iter().filter(off).copied().collect();
        if !off.is_empty() {
            blind.push(feature);
        }
        missing.extend(off);
    }
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        let text = "its plugins show what the features copy";
        findings.add(Step::new(PART, Mark::Good, text).detail());
        return;
    }
    let plugins = match missing.as_slice() {
        [one] => format!("plugin {one} is off, which shows"),
        several => format!("plugins {} are off, which show", several.join(", ")),
    };
    let text = format!("{plugins} {}", features::names(blind));
    let cure = format!("Add to the site's ENABLE variable: {}", missing.join(" "));
    findings.add(Step::new(PART, Mark::Info, text).cure(cure));
}

/// Without `BASAL_RENDER` the plugin shows the current rate alone, and a new user looks for the others in vain.
fn tell_how_basal_is_drawn(reading: &Reading, status: &SiteStatus, findings: &mut Findings<'_>) {
    let plugins = status.plugins.as_deref().unwrap_or_default();
    let is_on = plugins.iter().any(|name| name == "basal");
    if is_on && reading.features.contains(Feature::Basal) && status.draws_basal == Some(false) {
        let text = "its chart does not draw the basal rates, unless you chose so in your browser";
        let cure = "Set the site's BASAL_RENDER variable to default, or choose Render Basal in the settings of its page";
        findings.add(Step::new(PART, Mark::Info, text).cure(cure));
    }
}

/// What a run needs of a collection.
struct Needed<'a> {
    site: &'a Site,
    status: &'a SiteStatus,
    secret_check: SecretCheck,
    collection: Collection,
    /// Whether it replaces documents by their `_id`.
    updates: bool,
    /// What to give to a token that may not do it.
    permissions: &'a str,
}

impl Needed<'_> {
    /// Whether the collection may be read; `None` if further requests would only slow the site down.
    fn check(&self, findings: &mut Findings<'_>) -> Option<bool> {
        let (site, version) = (self.site, self.status.version);
        let name = self.collection.name();
        let may_read = site.may_read(self.collection);
        let may_read = findings.sound(PART, may_read)?;
        let closed = self.collection == Collection::Treatments && !self.status.careportal_enabled;
        if !may_read {
            // Who may not read may not write either. And if the secret may be wrong, one rejection is enough.
            return self.missing("read", findings).map(|()| false);
        }
        let good = |text: String| Step::new(PART, Mark::Good, text).detail();
        if closed {
            findings.add(good(format!("{name} may be read")));
            return Some(true);
        }
        let may_create = site.may_create(self.collection, version);
        let may_create = findings.sound(PART, may_create)?;
        let may_update = match self.updates && may_create != Some(false) {
            true => site.may_update(self.collection, version),
            false => Ok(None),
        };
        let may_update = findings.sound(PART, may_update)?;
        match (may_create, may_update) {
            (Some(false), _) => self.missing("written", findings)?,
            (_, Some(false)) => self.missing("updated", findings)?,
            (Some(true), _) => findings.add(good(format!("{name} may be read and written"))),
            (None, _) => findings.add(good(format!(
                "{name} may be read; writing is not tested, since this version has no harmless way to do so"
            ))),
        }
        Some(true)
    }

    fn missing(&self, may_not: &str, findings: &mut Findings<'_>) -> Option<()> {
        let failure = missing_right(self.collection.name(), may_not, self.permissions);
        findings.bad(PART, failure);
        (self.secret_check != SecretCheck::Unknown).then_some(())
    }
}

fn missing_right(name: &str, may_not: &str, permissions: &str) -> Failure {
    Failure::new(
        ExitStatus::CredentialsRejected,
        format!("{name} may not be {may_not} with this NS_SECRET"),
        format!(
            "On the site's Admin Tools page, give the token's role these permissions, with spaces between them: {permissions}. Or \
             set NS_SECRET to the site's API_SECRET"
        ),
    )
}
