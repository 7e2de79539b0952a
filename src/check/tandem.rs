//! Tandem Source: the login, the account's pumps, and what those that are copied wrote in the last day, their clocks
//! judged as a run judges them.

use anyhow::Result;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use super::{Findings, Mark, Part, Step, clock, events};
use crate::config::{PumpSerial, Reading, RegionChoice};
use crate::http::RunLimits;
use crate::nightscout::Site;
use crate::pass::dated::as_a_run_would;
use crate::pass::pumps;
use crate::pump::clock::DatedEvent;
use crate::pump::dating::Dated;
use crate::report::{CHECK_THE_PHONE, Report, SUSPICIOUS_AGE, span_in_words};
use crate::tandem::{self, AccountSource, Memory, Pump, Pumper, Region, Session};
use crate::window::{self, Page, Window};

const PART: Part = Part::Tandem;

/// Gives the newest event of any pump that is copied. Where the site can be asked, the clocks are judged by what it holds
/// too.
pub(super) fn check(
    reading: &Reading,
    site: Option<&Site>,
    (now, limits): (DateTime<Utc>, &RunLimits),
    findings: &mut Findings<'_>,
) -> Option<DateTime<Utc>> {
    let (Some(config), Some(proxy)) = (&reading.tandem, &reading.proxy) else {
        findings.info(PART, "not tried, because of the configuration");
        return None;
    };
    log::info!("signing in to Tandem Source");
    let client = tandem::client(config, proxy.as_ref(), limits.clone());
    // A login that was rejected before is tried again, and the result counts for the next runs.
    let memory = match &reading.config {
        Some(whole) => Memory::new(whole, now),
        None => Memory::none(),
    };
    let session = client.and_then(|client| Session::open_anew(client, config, memory));
    let mut session = findings.sound(PART, session)?;
    tell_region(config.region, session.region(), findings);
    let account = session.pumper();
    let account = findings.sound(PART, account)?;
    tell_source(account.source, findings);
    let zone = reading.zone.unwrap_or(Tz::UTC);
    let window = window::recent(now, 1, None, 1).window;
    let chosen = choose(
        &account,
        config.pump_serial.as_ref(),
        (now, window, zone),
        findings,
    );
    let Some(zone) = reading.zone else {
        if !chosen.is_empty() {
            findings.info(Part::Clock, "not judged without TIMEZONE_NAME");
        }
        return None;
    };
    let mut look = Look::new((now, window, zone), findings);
    look.trusts_zone = (reading.config.as_ref()).is_some_and(|config| config.trusts_zone);
    match (&reading.config, site) {
        (Some(config), Some(site)) => {
            let note = |pump, page: &Page, dated| look.note(pump, page, dated);
            let (mut session, asked) =
                as_a_run_would((config, now), limits, site, session, &chosen, note);
            let asked = look.findings.sound(Part::Nightscout, asked);
            if asked.is_none() && look.newest_pages.is_empty() {
                look.begin_again();
                look.read_logs_alone(&chosen, &mut session);
            }
        }
        _ => look.read_logs_alone(&chosen, &mut session),
    }
    let config = reading.config.as_ref();
    look.tell(config.and_then(|config| config.stale_after))
}

/// The account's pumps and their clocks, in an open session, while nothing is known of the site.
pub(super) fn look_into_account(
    reading: &Reading,
    session: &mut Session,
    account: &Pumper,
    now: DateTime<Utc>,
    findings: &mut Findings<'_>,
) {
    let (Some(config), Some(zone)) = (&reading.tandem, reading.zone) else {
        return;
    };
    let window = window::recent(now, 1, None, 1).window;
    let about = (now, window, zone);
    let chosen = choose(account, config.pump_serial.as_ref(), about, findings);
    let mut look = Look::new(about, findings);
    look.read_logs_alone(&chosen, session);
    look.tell(None);
}

/// Reports which call listed the pumps: a detail, if it is the usual one.
fn tell_source(source: AccountSource, findings: &mut Findings<'_>) {
    let path = source.path();
    let step = |text| Step::new(PART, Mark::Info, text);
    findings.add(match source {
        AccountSource::Pumper => step(format!("the pumps are listed by {path}")).detail(),
        AccountSource::Guardian => step(format!(
            "the pumps are listed by {path}, as for a guardian's account"
        )),
    });
}

fn tell_region(choice: RegionChoice, region: Region, findings: &mut Findings<'_>) {
    if choice == RegionChoice::Auto && region == Region::Eu {
        let text = "signed in; the account is in the EU region";
        let cure = "Set TCONNECT_REGION=EU, or each run is rejected by the US first";
        findings.add(Step::new(PART, Mark::Warning, text).cure(cure));
    } else {
        findings.good(
            PART,
            format!("signed in; the account is in the {region} region"),
        );
    }
}

/// The pumps that a run would copy. Reports each pump, and what is odd about the choice.
fn choose<'a>(
    account: &'a Pumper,
    serial: Option<&PumpSerial>,
    (now, window, zone): (DateTime<Utc>, Window, Tz),
    findings: &mut Findings<'_>,
) -> Vec<&'a Pump> {
    let mut warnings = Report::new(now, zone, true);
    let (chosen, failure) = match pumps::choose(account, serial, window, zone, &mut warnings) {
        Ok(chosen) => (chosen, None),
        Err(failure) => (Vec::new(), Some(failure)),
    };
    describe(account, &chosen, now, findings);
    for warning in warnings.warnings {
        findings.warning(Part::Pump, warning);
    }
    match failure {
        Some(failure) => findings.bad(Part::Pump, failure),
        None if chosen.is_empty() => {
            let text = "no pump has events of the last day";
            findings.add(Step::new(Part::Pump, Mark::Warning, text).cure(CHECK_THE_PHONE));
        }
        None => {}
    }
    chosen
}

/// A line for each pump, those first that are copied.
fn describe(account: &Pumper, chosen: &[&Pump], now: DateTime<Utc>, findings: &mut Findings<'_>) {
    let is_chosen = |pump: &&Pump| chosen.iter().any(|other| other.serial == pump.serial);
    for pump in account.pumps.iter().filter(is_chosen) {
        let text = format!("pump {}, {}", pump.serial, known_of(pump, now));
        let silent = pump
            .last_upload
            .is_some_and(|upload| now - upload > SUSPICIOUS_AGE);
        findings.add(match silent {
            true => Step::new(Part::Pump, Mark::Warning, text).cure(CHECK_THE_PHONE),
            false => Step::new(Part::Pump, Mark::Good, text),
        });
    }
    for pump in account.pumps.iter().filter(|pump| !is_chosen(pump)) {
        findings.info(
            Part::Pump,
            format!("not copied: pump {}, {}", pump.serial, known_of(pump, now)),
        );
    }
    if let Some(remark) = account.remark_on_malformed() {
        findings.warning(Part::Pump, remark);
    }
}

fn known_of(pump: &Pump, now: DateTime<Utc>) -> String {
    let mut parts = vec![ascii(&pump.model, "unknown model")];
    if !pump.software.is_empty() {
        parts.push(format!("software {}", ascii(&pump.software, "unknown")));
    }
    parts.extend(pump.algorithm.as_deref().map(|name| ascii(name, "")));
    parts.push(last_heard_of(pump, now));
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

/// What tells an account's pumps apart: the end of the serial number, the model, and when each was last heard of.
pub(crate) fn told_apart(pump: &Pump, now: DateTime<Utc>) -> String {
    let model = ascii(&pump.model, "unknown model");
    let heard = last_heard_of(pump, now);
    format!("pump {}, {model}, {heard}", pump.serial)
}

fn last_heard_of(pump: &Pump, now: DateTime<Utc>) -> String {
    let newest = match pump.plausible_newest() {
        Some(newest) => format!(
            "newest event {} by its clock",
            newest.format("%Y-%m-%d %H:%M")
        ),
        None if pump.newest_event.is_some() => "newest event at a nonsensical time".to_owned(),
        None => "no events".to_owned(),
    };
    let upload = match pump.last_upload {
        Some(upload) => format!(
            "last upload {} ago",
            span_in_words((now - upload).max(Duration::zero()))
        ),
        None => "never uploaded".to_owned(),
    };
    format!("{newest}, {upload}")
}

/// A name from the service, in ASCII and not too long, for logs.
fn ascii(name: &str, otherwise: &str) -> String {
    let plain: String = name
        .chars()
        .filter(|c| c.is_ascii_graphic() || *c == ' ')
        .take(40)
        .collect();
    match plain.trim() {
        "" => otherwise.to_owned(),
        plain => plain.to_owned(),
    }
}

/// What was found in the pumps' logs so far.
struct Look<'p, 'f, 'a> {
    now: DateTime<Utc>,
    /// The last day.
    window: Window,
    zone: Tz,
    trusts_zone: bool,
    newest: Option<DateTime<Utc>>,
    counts: events::Counts,
    /// The newest page of each pump.
    newest_pages: Vec<(&'p Pump, Dated)>,
    findings: &'f mut Findings<'a>,
}

impl<'p, 'f, 'a> Look<'p, 'f, 'a> {
    fn new(
        (now, window, zone): (DateTime<Utc>, Window, Tz),
        findings: &'f mut Findings<'a>,
    ) -> Self {
        Look {
            now,
            window,
            zone,
            trusts_zone: false,
            newest: None,
            counts: events::Counts::default(),
            newest_pages: Vec::new(),
            findings,
        }
    }

    /// Forgets what was counted so far.
    fn begin_again(&mut self) {
        self.counts = events::Counts::default();
        self.newest = None;
    }

    /// Reads the logs without a site, or with an incomplete configuration.
    fn read_logs_alone(&mut self, chosen: &[&'p Pump], session: &mut Session) {
        for pump in chosen {
            for page in window::pages(self.zone, self.window) {
                let mut logs = pumps::LogsAlone {
                    session,
                    pump,
                    trusts_zone: self.trusts_zone,
                };
                let dated = logs.dated(&page, self.zone, self.now);
                self.note(pump, &page, dated);
            }
        }
    }

    /// Counts a pump's events of the last day. Earlier pages only help to judge the clock.
    fn note(&mut self, pump: &'p Pump, page: &Page, dated: Result<Dated>) {
        let Some(dated) = self.findings.sound(Part::Pump, dated) else {
            return;
        };
        if page.window.end <= self.window.start {
            return;
        }
        self.counts.skip(dated.skipped.clone());
        let of_the_last_day = |event: &&DatedEvent| {
            [self.window, page.window]
                .iter()
                .all(|span| span.contains(event.at))
        };
        let events = dated.events.iter().filter(of_the_last_day);
        self.counts.count(events);
        self.newest = self.newest.max(dated.events.last().map(|event| event.at));
        if page.window.end >= self.window.end {
            self.newest_pages.push((pump, dated));
        }
    }

    /// Tells of the events and the clocks; gives the newest event.
    fn tell(self, stale_after: Option<std::time::Duration>) -> Option<DateTime<Utc>> {
        if !self.newest_pages.is_empty() {
            self.counts.tell(self.findings);
        }
        for (pump, dated) in &self.newest_pages {
            let about = (self.zone, self.now);
            clock::check((pump, dated), about, stale_after, self.findings);
        }
        self.newest
    }
}
