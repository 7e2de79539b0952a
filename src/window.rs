//! Which time span a run covers, and which of the pump's days it has to fetch.

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::pump::dating;
use crate::tandem::MAX_DAYS;

/// The days in one page. Tandem Source allows at most [`MAX_DAYS`] per request. With half of that, and Nightscout's documents
/// of the same days, a run stays below 64 MiB; a test holds that.
const DAYS_A_PAGE: u64 = 14;

/// The day before and after a page complete its events: the request of a bolus, the end of a basal rate.
const PADDING: u64 = 1;

const _: () = assert!(
    DAYS_A_PAGE + 2 * PADDING <= MAX_DAYS.unsigned_abs(),
    "one request asks for a page and its padding"
);

/// A phone's clock may be ahead by this much; what it just uploaded still belongs to the window.
pub(crate) const CLOCKS_DIFFER_BY: Duration = Duration::minutes(10);

/// A catch-up starts this long before the newest document, since older events may have arrived after it.
const OVERLAP: Duration = Duration::hours(24);

/// How late readings arrive at most, when a phone or transmitter was out of reach. If no run took place for a while, they may
/// be older than the usual window.
const LATE: Duration = Duration::hours(12);

/// A document is still found if it is this far from its right time: the pump's clock was judged differently when it was
/// written, or tconnectsync wrote it with another time zone.
pub(crate) const ASTRAY: Duration = Duration::hours(25);

/// Longer than any bolus takes, extended part included.
const LONGEST_BOLUS: Duration = Duration::hours(12);

/// A span of time: documents in it are uploaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The first instant.
    pub start: DateTime<Utc>,
    /// The end, which is not part of it.
    pub end: DateTime<Utc>,
}

impl Window {
    /// Whether it contains an instant.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.start <= at && at < self.end
    }
}

/// The window of an ordinary run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recent {
    /// The window.
    pub(crate) window: Window,
    /// Where it would start without the limit on catching up, if that limit cuts it.
    pub(crate) cut_off: Option<DateTime<Utc>>,
}

/// The last `days`. If the newest document is older or nearly so, the window reaches back to it, so that an outage is made up
/// for, but at most `max_catch_up_days`.
pub(crate) fn recent(
    now: DateTime<Utc>,
    days: u16,
    newest_uploaded: Option<DateTime<Utc>>,
    max_catch_up_days: u16,
) -> Recent {
    let usual = now - Duration::days(i64::from(days));
    let earliest = usual.min(now - Duration::days(i64::from(max_catch_up_days)));
    let needed = newest_uploaded
        .filter(|newest| *newest < usual + LATE)
        .map_or(usual, |newest| newest - OVERLAP);
    let window = Window {
        start: needed.max(earliest),
        end: now + CLOCKS_DIFFER_BY,
    };
    Recent {
        window,
        cut_off: newest_uploaded.filter(|newest| *newest < earliest),
    }
}

/// How far back a run looks once a day, for events that arrived late.
const LOOKS_BACK: Duration = Duration::days(7);

/// The hour in the owner's zone at which the day's look back is due: by then the phone has usually been near the pump for
/// hours.
const LOOKS_BACK_AT: u32 = 3;

/// The look back that a run makes once a day, if it has anything new to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LookBack {
    /// The start of the day: only events from then on count as new.
    pub(crate) since: DateTime<Utc>,
    /// How far back to look.
    pub(crate) start: DateTime<Utc>,
}

/// The look back, which is due as long as the site has no document of this day. The day begins at three in the morning. `None`
/// for a site without any document.
pub(crate) fn look_back(
    zone: Tz,
    now: DateTime<Utc>,
    newest_uploaded: Option<DateTime<Utc>>,
) -> Option<LookBack> {
    let hours = NaiveTime::from_hms_opt(LOOKS_BACK_AT, 0, 0)?;
    let today = local_date(zone, now);
    let begins = |date: NaiveDate| {
        let local = zone.from_local_datetime(&date.and_time(hours)).earliest();
        local.map_or_else(|| midnight(zone, date), |local| local.to_utc())
    };
    let since = [today, today - Days::new(1)].map(begins);
    let since = since.into_iter().find(|since| *since <= now)?;
    newest_uploaded.filter(|newest| *newest < since)?;
    Some(LookBack {
        since,
        start: now - LOOKS_BACK,
    })
}

/// The window from the first day through the last, in a zone.
pub(crate) fn of_dates(zone: Tz, first: NaiveDate, last: NaiveDate) -> Window {
    Window {
        start: midnight(zone, first),
        end: midnight(zone, last + Days::new(1)),
    }
}

/// The part of a window that one request covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The part.
    pub(crate) window: Window,
    /// The first day to fetch, by the pump's clock.
    pub(crate) first_day: NaiveDate,
    /// The last day to fetch.
    pub(crate) last_day: NaiveDate,
}

impl Page {
    /// The same in the form that dating needs.
    pub(crate) fn days(&self) -> dating::Days {
        dating::Days {
            first: self.first_day,
            last: self.last_day,
            start: self.window.start,
            end: self.window.end,
        }
    }

    /// The last day with any time in the window.
    pub(crate) fn last_day_inside(&self, zone: Tz) -> NaiveDate {
        local_date(zone, self.window.end - Duration::milliseconds(1))
    }

    /// The part of the days fetched in which no document lacks events. It starts some hours after the first event, or earlier
    /// if the window does.
    pub(crate) fn whole(&self, zone: Tz) -> Window {
        let first = midnight(zone, self.first_day) + LONGEST_BOLUS;
        Window {
            start: first.min(self.window.start),
            end: self.window.end,
        }
    }
}

/// The pages of a window, oldest first, each with an extra day on either side.
pub(crate) fn pages(zone: Tz, window: Window) -> Vec<Page> {
    let last = local_date(zone, window.end - Duration::milliseconds(1));
    let mut first = local_date(zone, window.start);
    let mut pages = Vec::new();
    while first <= last {
        let end = last.min(first + Days::new(DAYS_A_PAGE - 1));
        pages.push(Page {
            window: Window {
                start: window.start.max(midnight(zone, first)),
                end: window.end.min(midnight(zone, end + Days::new(1))),
            },
            first_day: first - Days::new(PADDING),
            last_day: end + Days::new(PADDING),
        });
        first = end + Days::new(1);
    }
    pages
}

/// The days from an instant to the start of a window as one page, cut to the size of a page; `None` if there are none.
pub(crate) fn page_before(zone: Tz, window: Window, from: DateTime<Utc>) -> Option<Page> {
    let start = from.max(window.start - Duration::days(DAYS_A_PAGE.cast_signed()));
    (start < window.start).then(|| Page {
        window: Window {
            start,
            end: window.start,
        },
        first_day: local_date(zone, start) - Days::new(PADDING),
        last_day: local_date(zone, window.start) + Days::new(PADDING),
    })
}

/// The date in a zone.
pub(crate) fn local_date(zone: Tz, at: DateTime<Utc>) -> NaiveDate {
    zone.from_utc_datetime(&at.naive_utc()).date_naive()
}

/// The first instant of a date. If the zone changes its offset at midnight, the date begins with the change.
fn midnight(zone: Tz, date: NaiveDate) -> DateTime<Utc> {
    let start = date.and_time(NaiveTime::MIN);
    let quarters = (0..=12).map(|quarter| start + Duration::minutes(15 * quarter));
    quarters
        .filter_map(|reading| zone.from_local_datetime(&reading).earliest())
        .map(|local| local.with_timezone(&Utc))
        .next()
        .unwrap_or_else(|| start.and_utc())
}
