//! Nightscout: whether the site answers, knows the secret, and lets it do what the chosen features need.

use chrono::{DateTime, Duration, Utc};

use super::{Findings, uploads};
use crate::config::Usable;
use crate::failure::{ExitStatus, Failure};
use crate::http::RunLimits;
use crate::nightscout::{Collection, GlucoseUnits, SecretCheck, Site, SiteStatus, SiteVersion};
use crate::report::span_in_words;

const ABOUT: &str = "Nightscout";

/// Clocks may differ by this much without meaning anything.
const CLOCKS_DIFFER_BY: Duration = Duration::minutes(2);

/// Gives the site where its documents can be read.
pub(super) fn check(
    usable: &Usable,
    now: DateTime<Utc>,
    limits: &RunLimits,
    findings: &mut Findings<'_>,
) -> Option<Site> {
    let (Some(config), Some(proxy)) = (&usable.nightscout, &usable.proxy) else {
        findings.info(ABOUT, "not tried, because of the configuration");
        return None;
    };
    let site = Site::new(config, proxy.as_ref(), limits.clone());
    let site = findings.sound(ABOUT, site)?;
    // Without the secret first: a wrong one makes a site slow, and most tell their version to anybody.
    let public = site.public_status();
    let public = findings.sound(ABOUT, public)?;
    if let Some(status) = &public {
        describe(usable, status, now, findings);
    }
    let secret_check = site.check_secret();
    let secret_check = findings.sound(ABOUT, secret_check)?;
    match secret_check {
        SecretCheck::Everything => {
            findings.good(ABOUT, "NS_SECRET is accepted and may do everything")
        }
        SecretCheck::Token => findings.good(ABOUT, "NS_SECRET is accepted, as an access token"),
        SecretCheck::Unknown => {
            findings.info(ABOUT, "the site does not say whether it knows NS_SECRET")
        }
    }
    let status = match public {
        Some(status) => status,
        None => {
            let status = site.status();
            let status = findings.sound(ABOUT, status)?;
            describe(usable, &status, now, findings);
            status
        }
    };
    let mut readable = true;
    for collection in uploads::collections(&usable.features) {
        readable &= rights(&site, &status, collection, secret_check, findings)?;
    }
    readable.then_some(site)
}

fn describe(usable: &Usable, status: &SiteStatus, now: DateTime<Utc>, findings: &mut Findings<'_>) {
    let version = match status.version {
        SiteVersion(0, 0, 0) => "answers without a version".to_owned(),
        version => format!("answers, version {version}"),
    };
    let units = match status.units {
        GlucoseUnits::MgDl => "mg/dl",
        GlucoseUnits::Mmol => "mmol/l",
    };
    findings.good(ABOUT, format!("{version}, units {units}"));
    let treatments = uploads::collections(&usable.features).contains(&Collection::Treatments);
    match (status.careportal_enabled, treatments) {
        (true, _) => findings.good(ABOUT, "its careportal is on, so that it takes treatments"),
        (false, true) => findings.bad(ABOUT, SiteStatus::treatments_are_off()),
        (false, false) => findings.info(ABOUT, "its careportal is off; no feature chosen needs it"),
    }
    if let Some(difference) = status.server_time.map(|server| (now - server).abs())
        && difference > CLOCKS_DIFFER_BY
    {
        findings.warning(
                ABOUT,
                format!(
                    "its clock and this machine's differ by {}: set the wrong one right, or documents seem too young or too \
                     old",
                    span_in_words(difference)
                ),
            );
    }
}

/// Whether the collection may be read; `None` where asking on would only slow the site down.
fn rights(
    site: &Site,
    status: &SiteStatus,
    collection: Collection,
    secret_check: SecretCheck,
    findings: &mut Findings<'_>,
) -> Option<bool> {
    let name = collection.name();
    let may_read = site.may_read(collection);
    let may_read = findings.sound(ABOUT, may_read)?;
    let closed = collection == Collection::Treatments && !status.careportal_enabled;
    // Whoever may not read may not write either; and of a secret that is perhaps wrong one rejection is enough.
    let may_write = if !may_read || closed {
        Ok(None)
    } else {
        site.may_write(collection, status.version)
    };
    let may_write = findings.sound(ABOUT, may_write)?;
    match (may_read, may_write) {
        (true, Some(true)) => findings.good(ABOUT, format!("{name} may be read and written")),
        (true, None) if closed => findings.good(ABOUT, format!("{name} may be read")),
        (true, None) => findings.good(
            ABOUT,
            format!("{name} may be read; writing is not tested on this version, which has no harmless way to do so"),
        ),
        (false, _) | (true, Some(false)) => {
            let may_not = if may_read { "written" } else { "read" };
            findings.bad(ABOUT, missing_right(name, may_not));
            if secret_check == SecretCheck::Unknown {
                return None;
            }
        }
    }
    Some(may_read)
}

fn missing_right(collection: &str, may_not: &str) -> Failure {
    Failure::new(
        ExitStatus::CredentialsRejected,
        format!("{collection} may not be {may_not} with this NS_SECRET"),
        format!(
            "On the site's Admin Tools page give the token's role api:{collection}:create,read,update, or set NS_SECRET to the \
             site's API_SECRET"
        ),
    )
}
