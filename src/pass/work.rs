//! The pages that a pass still has to do, and what makes it begin again further back.

use std::collections::{HashSet, VecDeque};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::ages::MissingAges;
use super::site_side::ThereAlready;
use crate::config::{Config, Span};
use crate::window::{self, LookBack, Page, Window};

/// The pages still to do.
pub(super) struct Work {
    pub(super) pages: VecDeque<Page>,
    pub(super) window: Window,
    /// The span of what is written. Further back only what is there is corrected.
    pub(super) writes: Window,
    /// What the site holds around the first page, as long as that is not another one.
    pub(super) prefetched: Option<ThereAlready>,
    pub(super) may_widen: bool,
    /// The ages to fill with the first page.
    pub(super) missing_ages: MissingAges,
    /// The documents that the page before was about, by their identifiers.
    pub(super) of_the_page_before: HashSet<Uuid>,
    /// The day's look back, as long as it is due.
    pub(super) look_back: Option<LookBack>,
    /// The window that the run had before the day's look back; `None` where it did not look back.
    ordinary: Option<Window>,
    zone: Tz,
}

impl Work {
    pub(super) fn new(config: &Config, window: Window, existing: ThereAlready) -> Work {
        Work {
            pages: window::pages(config.zone, window).into(),
            window,
            writes: window,
            prefetched: Some(existing),
            may_widen: matches!(config.span, Span::Recent { .. }),
            missing_ages: MissingAges::default(),
            of_the_page_before: HashSet::new(),
            look_back: None,
            ordinary: None,
            zone: config.zone,
        }
    }

    /// Begins again a week back, once a day, where there is something of this day to write: what arrived late is looked for.
    pub(super) fn looks_back(
        &mut self,
        mut news: impl Iterator<Item = DateTime<Utc>>,
        written_until: DateTime<Utc>,
    ) -> bool {
        let of_today = |due: &mut LookBack| news.any(|at| due.since <= at && at <= written_until);
        let Some(due) = self.look_back.take_if(of_today) else {
            return false;
        };
        self.ordinary = Some(self.window);
        self.begin(self.window.start.min(due.start), self.window.end);
        self.writes.start = self.window.start;
        true
    }

    /// Whether this is the day's look back.
    pub(super) fn has_looked_back(&self) -> bool {
        self.ordinary.is_some()
    }

    /// Begins again with the ordinary window, where this was the day's look back.
    pub(super) fn gives_up_the_look_back(&mut self) -> bool {
        let Some(ordinary) = self.ordinary.take() else {
            return false;
        };
        self.begin(ordinary.start, ordinary.end);
        self.writes = self.window;
        true
    }

    /// Begins again further back where documents there may have been written at a wrong time. Each time it is further back,
    /// and never further than such a doubt can reach.
    pub(super) fn widen(&mut self, doubtful_from: Option<DateTime<Utc>>) -> bool {
        let further_back = |from: &DateTime<Utc>| self.may_widen && *from < self.window.start;
        let Some(start) = doubtful_from.filter(further_back) else {
            return false;
        };
        self.begin(start, self.window.end);
        true
    }

    fn begin(&mut self, start: DateTime<Utc>, end: DateTime<Utc>) {
        self.window = Window { start, end };
        self.pages = window::pages(self.zone, self.window).into();
        self.prefetched = None;
    }
}
