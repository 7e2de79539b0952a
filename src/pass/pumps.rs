//! Which of the account's pumps a pass is about.

use anyhow::{Result, bail};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::config::PumpSerial;
use crate::failure::{ExitStatus, Failure};
use crate::pump::clock::{DatedEvent, Remembered, Sighting};
use crate::pump::dating::{self, About, Dated, Sources};
use crate::pump::decode::Decoded;
use crate::pump::settings::PumpProfiles;
use crate::report::Report;
use crate::tandem::{self, Pump, Pumper, Session};
use crate::window::{Page, Window, local_date};

/// A pump's logs alone, without a site's evidence of its clock.
pub(crate) struct LogsAlone<'a> {
    pub(crate) session: &'a mut Session,
    pub(crate) pump: &'a Pump,
    /// Whether the pump's owner insists on the zone.
    pub(crate) trusts_zone: bool,
}

impl Sources for LogsAlone<'_> {
    fn events(&mut self, first: NaiveDate, last: NaiveDate) -> Result<Decoded> {
        logs(self.session, self.pump, first, last)
    }

    fn remembered(&mut self, _: &[DatedEvent]) -> Vec<Remembered> {
        Vec::new()
    }

    fn sightings_and_events(
        &mut self,
        _: (DateTime<Utc>, DateTime<Utc>),
        days: &[(NaiveDate, NaiveDate)],
    ) -> Result<(Vec<Sighting>, Vec<Decoded>)> {
        let events = days.iter().map(|(first, last)| self.events(*first, *last));
        Ok((Vec::new(), events.collect::<Result<_>>()?))
    }
}

impl LogsAlone<'_> {
    /// The pump's events of a page, dated without a site.
    pub(crate) fn dated(&mut self, page: &Page, zone: Tz, now: DateTime<Utc>) -> Result<Dated> {
        let events = self.events(page.first_day, page.last_day)?;
        dating::date(
            &about(self.pump, zone, now, self.trusts_zone),
            &page.days(),
            events,
            None,
            self,
        )
    }
}

/// The pump's events of some days, both included.
pub(super) fn logs(
    session: &mut Session,
    pump: &Pump,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Decoded> {
    let mut decoded = session.pump_logs(pump, first, last, Decoded::from_logs)?;
    let reaches = |earlier: &&Pump| {
        let newest = earlier.plausible_newest();
        earlier.has_uploaded() && newest.is_none_or(|at| at.date() >= first)
    };
    for earlier in pump.earlier.iter().filter(reaches) {
        decoded.add(session.pump_logs(earlier, first, last, Decoded::from_logs)?);
    }
    Ok(decoded)
}

/// What is known of a pump's clock besides its events.
pub(crate) fn about(pump: &Pump, zone: Tz, now: DateTime<Utc>, trusts_zone: bool) -> About {
    About {
        zone,
        newest: pump.plausible_newest(),
        last_upload: pump.last_upload,
        now,
        trusts_zone,
    }
}

/// The chosen pump; without a choice, every pump that may have events in the window, so that the first day of a
/// replacement pump is whole.
///
/// # Errors
/// When there is no such pump, or none at all.
pub(crate) fn choose<'a>(
    account: &'a Pumper,
    chosen: Option<&PumpSerial>,
    window: Window,
    zone: Tz,
    report: &mut Report,
) -> Result<Vec<&'a Pump>> {
    if account.pumps.is_empty() && account.malformed > 0 {
        bail!(tandem::none_readable(account.malformed));
    }
    if account.pumps.is_empty() {
        bail!(Failure::new(
            ExitStatus::Configuration,
            "Tandem Source: the account has no pump",
            "Upload the pump once with Tandem's app, and check that TCONNECT_EMAIL is the account that the app uses",
        ));
    }
    let Some(serial) = chosen else {
        let pumps = account
            .pumps
            .iter()
            .filter(|pump| may_have_events(pump, window, zone));
        return Ok(pumps.collect());
    };
    let (named, others): (Vec<&Pump>, Vec<&Pump>) = account
        .pumps
        .iter()
        .partition(|pump| pump.serial == *serial);
    let [pump] = named[..] else {
        bail!(no_such_pump(&others));
    };
    let newer = others
        .into_iter()
        .filter(|other| other.plausible_newest() > pump.plausible_newest())
        .max_by_key(|other| other.plausible_newest());
    if let Some(newer) = newer.filter(|_| ended_before(pump, window, zone)) {
        report.warn(format!(
            "PUMP_SERIAL_NUMBER names pump {}, which has no events any more; pump {} is newer: set its serial number, or \
             remove the variable",
            pump.serial, newer.serial
        ));
    }
    Ok(vec![pump])
}

fn no_such_pump(others: &[&Pump]) -> Failure {
    let serials: Vec<String> = others.iter().map(|pump| pump.serial.to_string()).collect();
    let serials = serials.join(", ");
    Failure::new(
        ExitStatus::Configuration,
        format!("PUMP_SERIAL_NUMBER names no pump of this account, which has {serials}"),
        "Set it to the serial number of one of these, or remove it to copy whichever pump is in use",
    )
}

/// The profiles of the chosen pump; without a choice, of the one with the newest event that has some.
pub(super) fn profiles(account: &Pumper, chosen: Option<&PumpSerial>) -> Option<PumpProfiles> {
    let candidates = account
        .pumps
        .iter()
        .filter(|pump| chosen.is_none_or(|serial| pump.serial == *serial));
    let with_profiles = candidates.filter_map(|pump| {
        let profiles = PumpProfiles::read(pump.settings.as_ref()?)?;
        Some((pump, profiles))
    });
    let newest = with_profiles.max_by_key(|(pump, _)| pump.age());
    newest.map(|(_, profiles)| profiles)
}

/// Whether a pump's record ends a day or more before the window does.
fn ended_before(pump: &Pump, window: Window, zone: Tz) -> bool {
    let last = local_date(zone, window.end);
    pump.plausible_newest()
        .is_none_or(|newest| newest.date() + Duration::days(1) < last)
}

/// Whether a pump's record may reach into the window. What the account does not say counts as yes.
fn may_have_events(pump: &Pump, window: Window, zone: Tz) -> bool {
    let first = local_date(zone, window.start) - Duration::days(1);
    let last = local_date(zone, window.end) + Duration::days(1);
    // The clock of a pump that uploads may have been set to a day long past.
    let uploads = pump
        .last_upload
        .is_some_and(|upload| upload >= window.start);
    let ended_before = pump
        .plausible_newest()
        .is_some_and(|newest| newest.date() < first && !uploads);
    let began_after = pump.available.0.is_some_and(|oldest| oldest.date() > last);
    pump.has_uploaded() && !ended_before && !began_after
}
