//! A pump's clock: at which offset it runs, whether `TIMEZONE_NAME` fits, and how old that makes its newest event.

use chrono::{DateTime, Duration, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use super::{Findings, Mark, Part, Screen, Step};
use crate::config::Reading;
use crate::failure::{ExitStatus, Failure};
use crate::http::RunLimits;
use crate::nightscout::Site;
use crate::pass::dated::is_a_first_run;
use crate::pump::clock::{DatedEvent, Reason, Verdict, offset_name};
use crate::pump::dating::Dated;
use crate::report::{CHECK_THE_PHONE, SUSPICIOUS_AGE, local_minute, span_in_words};
use crate::tandem::Pump;

const PART: Part = Part::Clock;

/// Tells of a pump's clock.
pub(super) fn check(
    (pump, dated): (&Pump, &Dated),
    (zone, now): (Tz, DateTime<Utc>),
    stale_after: Option<std::time::Duration>,
    findings: &mut Findings<'_>,
) {
    let verdict = *dated.verdict();
    findings.clocks.push(Screen {
        pump: pump.serial.to_string(),
        shows: verdict.shows(zone, now),
        doubted: verdict.forbids_a_first_run(zone, pump.plausible_newest(), pump.last_upload),
    });
    match (dated.events.last(), verdict.doubt()) {
        (Some(newest), Some(doubt)) if verdict.misfit.is_none() => {
            let what = format!("{}; {doubt}", runs_at(pump, &verdict, newest, zone));
            tell_doubt(what, &verdict, (zone, now), findings);
        }
        (_, Some(doubt)) => {
            let what = format!("pump {}: {doubt}", pump.serial);
            tell_doubt(what, &verdict, (zone, now), findings);
        }
        (Some(newest), None) => {
            tell_offset(pump, &verdict, newest, (zone, now), findings);
            if let Some(doubt) = &dated.doubt {
                let doubt = doubt.in_words(zone);
                findings.warning(PART, format!("pump {}: {doubt}", pump.serial));
            }
        }
        (None, None) => {
            let none = "no events of the last day to judge it by";
            findings.info(PART, format!("pump {}: {none}", pump.serial));
        }
    }
    if let Some(newest) = dated.events.last() {
        freshness(now - newest.at, stale_after, findings);
    }
}

/// Reports a doubt about a clock. If clock and zone cannot both be right, it is a problem to fix.
fn tell_doubt(
    what: String,
    verdict: &Verdict,
    (zone, now): (Tz, DateTime<Utc>),
    findings: &mut Findings<'_>,
) {
    let cure = format!("{}. {}", verdict.screen(zone, now), Verdict::ADVICE);
    if verdict.misfit.is_some() {
        findings.bad(PART, Failure::new(ExitStatus::Configuration, what, cure));
    } else {
        findings.add(Step::new(PART, Mark::Warning, what).cure(cure));
    }
}

/// At which offset a clock runs that nothing speaks against.
fn tell_offset(
    pump: &Pump,
    verdict: &Verdict,
    newest: &DatedEvent,
    (zone, now): (Tz, DateTime<Utc>),
    findings: &mut Findings<'_>,
) {
    findings.good(
        PART,
        format!(
            "{}; newest event {}, {} ago; it should show {} now",
            runs_at(pump, verdict, newest, zone),
            local_minute(newest.at, zone),
            span_in_words((now - newest.at).max(Duration::zero())),
            verdict.shows(zone, now).format("%H:%M"),
        ),
    );
}

/// At which offset a clock runs, and how that compares with the zone.
fn runs_at(pump: &Pump, verdict: &Verdict, newest: &DatedEvent, zone: Tz) -> String {
    let local = zone.from_utc_datetime(&newest.at.naive_utc());
    let ran_at = newest.event.pump_time.reading().and_utc() - newest.at;
    let zone_at = Duration::seconds(i64::from(local.offset().fix().local_minus_utc()));
    let because = because(verdict.reason);
    let zones = match (ran_at == zone_at, verdict.reason) {
        (true, Reason::Witnessed) => format!(", which matches TIMEZONE_NAME{because}"),
        (true, _) => ", which matches TIMEZONE_NAME".to_owned(),
        (false, _) => format!(
            "{because}, and not at {}, which TIMEZONE_NAME says (corrected automatically)",
            offset_name(zone_at)
        ),
    };
    let offset = offset_name(ran_at);
    format!("pump {} runs at {offset}{zones}", pump.serial)
}

/// Reports if a first run would not begin because another zone fits better. Says nothing if the configuration lets no run begin.
pub(super) fn first_run(
    reading: &Reading,
    site: &Site,
    (now, limits): (DateTime<Utc>, &RunLimits),
    findings: &mut Findings<'_>,
) {
    let is_doubted = findings.clocks.iter().any(|clock| clock.doubted);
    let config = reading.config.as_ref().filter(|_| is_doubted);
    let Some(config) = config.filter(|config| !config.trusts_zone) else {
        return;
    };
    let is_first = is_a_first_run((config, now), limits, site);
    if findings.sound(Part::Uploads, is_first) == Some(true) {
        findings.bad(
            Part::Uploads,
            Failure::new(
                ExitStatus::Configuration,
                "the site holds nothing of the pump yet, and a first run does not begin with a time zone that is in doubt",
                "Look at the pump, and set TIMEZONE_NAME to the zone of its clock. If it is right, set \
                 TCONNECTSYNC_HEROKU_TRUST_TIMEZONE=true, or wait for the next upload",
            ),
        );
    }
}

fn because(reason: Reason) -> &'static str {
    match reason {
        Reason::OtherIsInTheFuture | Reason::JustUploaded => ", as its upload shows",
        Reason::MovedByHandBefore => ", since its owner moves it by hand",
        Reason::Travelling => ", since its owner is travelling",
        Reason::SetAfterALoss => ", as only that puts its events in order",
        Reason::Witnessed => ", as another uploader's glucose shows",
        _ => "",
    }
}

fn freshness(age: Duration, stale_after: Option<std::time::Duration>, findings: &mut Findings<'_>) {
    let limit = stale_after.and_then(|limit| Duration::from_std(limit).ok());
    if limit.is_some_and(|limit| age > limit) {
        let what = format!(
            "the newest event is {} old, more than TCONNECTSYNC_HEROKU_STALE_HOURS allows",
            span_in_words(age)
        );
        findings.bad(
            PART,
            Failure::new(ExitStatus::TryLater, what, CHECK_THE_PHONE),
        );
    } else if age > SUSPICIOUS_AGE {
        let text = format!("the newest event is {} old", span_in_words(age));
        findings.add(Step::new(PART, Mark::Warning, text).cure(CHECK_THE_PHONE));
    }
}
