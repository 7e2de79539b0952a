//! A pump's clock: at which offset it runs, whether `TIMEZONE_NAME` fits, and how old that makes its newest event.

use chrono::{DateTime, Duration, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use super::{Findings, Mark, Part, Step};
use crate::failure::{ExitStatus, Failure};
use crate::pump::clock::{Reason, Verdict, offset_name};
use crate::pump::dating::Dated;
use crate::report::{CHECK_THE_PHONE, SUSPICIOUS_AGE, span_in_words};
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
    let doubt = verdict
        .doubt()
        .map(|doubt| format!("pump {}: {doubt}", pump.serial));
    // A clock and a zone that cannot both be right.
    let misfit = (doubt.as_ref())
        .filter(|_| verdict.misfit.is_some())
        .map(|doubt| Failure::new(ExitStatus::Configuration, doubt, Verdict::ADVICE));
    let Some(newest) = dated.events.last() else {
        let none = format!(
            "pump {}: no events of the last day to judge it by",
            pump.serial
        );
        return match misfit {
            Some(misfit) => findings.bad(PART, misfit),
            None => findings.info(PART, none),
        };
    };
    let age = now - newest.at;
    let local = zone.from_utc_datetime(&newest.at.naive_utc());
    let newest_in_words = format!(
        "newest event {}, {} ago",
        local.format("%Y-%m-%d %H:%M %Z"),
        span_in_words(age.max(Duration::zero()))
    );
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
    let runs_at = format!(
        "pump {} runs at {}{zones}",
        pump.serial,
        offset_name(ran_at)
    );
    match misfit {
        Some(misfit) => findings.bad(PART, misfit),
        None => {
            findings.good(PART, format!("{runs_at}; {newest_in_words}"));
            if let Some(doubt) = doubt {
                findings.warning(PART, doubt);
            }
            if let Some(doubt) = &dated.doubt {
                let doubt = doubt.in_words(zone);
                findings.warning(PART, format!("pump {}: {doubt}", pump.serial));
            }
        }
    }
    freshness(age, stale_after, findings);
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
