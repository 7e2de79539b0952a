//! A pump's clock: at which offset it runs, whether `TIMEZONE_NAME` fits, and how old that makes its newest event.

use chrono::{DateTime, Duration, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use super::{Findings, Mark, Part, Step};
use crate::failure::{ExitStatus, Failure};
use crate::pump::clock::{DatedEvent, Reason, Verdict, offset_name};
use crate::pump::dating::Dated;
use crate::report::{CHECK_THE_PHONE, SUSPICIOUS_AGE, span_in_words};
use crate::tandem::Pump;

const PART: Part = Part::Clock;

/// Tells of a pump's clock; gives its events with their instants.
pub(super) fn check(
    (pump, dated): (&Pump, Dated),
    (zone, now): (Tz, DateTime<Utc>),
    stale_after: Option<std::time::Duration>,
    findings: &mut Findings<'_>,
) -> Vec<DatedEvent> {
    let verdict = *dated.verdict();
    let doubt = verdict
        .doubt()
        .map(|doubt| format!("pump {}: {doubt}", pump.serial));
    // A clock and a zone that cannot both be right.
    let misfit = (doubt.as_ref())
        .filter(|_| verdict.misfit.is_some())
        .map(|doubt| Failure::new(ExitStatus::Configuration, doubt, Verdict::ADVICE));
    let dated = dated.events;
    let Some(newest) = dated.last() else {
        match &misfit {
            Some(misfit) => findings.bad(PART, misfit.clone()),
            None => findings.info(
                PART,
                format!(
                    "pump {}: no events of the last day to judge it by",
                    pump.serial
                ),
            ),
        }
        return dated;
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
    if let Some(misfit) = &misfit {
        findings.bad(PART, misfit.clone());
    } else if ran_at == zone_at {
        findings.good(
            PART,
            format!(
                "pump {} runs at {}, which matches TIMEZONE_NAME; {newest_in_words}",
                pump.serial,
                offset_name(ran_at),
            ),
        );
    } else {
        findings.good(
            PART,
            format!(
                "pump {} runs at {}{}, and not at {}, which TIMEZONE_NAME says (corrected automatically); {newest_in_words}",
                pump.serial,
                offset_name(ran_at),
                because(&verdict),
                offset_name(zone_at),
            ),
        );
    }
    if let Some(doubt) = doubt.filter(|_| misfit.is_none()) {
        findings.warning(PART, doubt);
    }
    freshness(age, stale_after, findings);
    dated
}

fn because(verdict: &Verdict) -> &'static str {
    match verdict.reason {
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
