//! What a run says of its steps: to the log with `-v`, and to the line on a terminal.

use chrono::{DateTime, Utc};

use super::Pass;
use crate::reconcile::Plan;
use crate::reconcile::entries::EntryPlan;
use crate::report::counted;
use crate::tandem::Pump;
use crate::window::Window;

impl Pass<'_> {
    /// Says what the run is about.
    pub(super) fn tell_plan(&self, pumps: &[&Pump], window: Window) {
        let serials: Vec<String> = pumps.iter().map(|pump| pump.serial.to_string()).collect();
        let time = |at: DateTime<Utc>| {
            let local = at.with_timezone(&self.config.zone);
            local.format("%Y-%m-%d %H:%M %Z").to_string()
        };
        let (from, to) = (time(window.start), time(window.end));
        let pumps = match serials.as_slice() {
            [] => "no pump".to_owned(),
            several => several.join(", "),
        };
        let features = &self.config.features;
        log::info!("copying {features} of {pumps}, from {from} to {to}");
    }
}

/// Says what is about to be written of a page.
pub(super) fn tell_writes(plan: &Plan, entries: &EntryPlan) {
    log::info!(
        "writing {}, {} and {}; {} there",
        counted(plan.create.len(), "new treatment", "new treatments"),
        counted(plan.update.len(), "changed one", "changed ones"),
        counted(entries.create.len(), "reading", "readings"),
        counted(plan.already.len() + entries.already, "is", "are"),
    );
}
