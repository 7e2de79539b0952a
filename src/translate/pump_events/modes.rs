//! Sleep and exercise, one document for each period.
//!
//! A period that has not ended lasts to the newest known event and says so. Later passes extend and complete it, provided that
//! its start is among the days fetched. Without its start, its document cannot be identified, so it stays as it is until a
//! run covers all of it. Eating-soon mode only ends the other modes; its boluses say that they come from it.

use chrono::{DateTime, Duration, Utc};

use crate::nightscout::document::{Cause, Content, EventType, Subject, Treatment};
use crate::pump::clock::DatedEvent;
use crate::pump::event::{Detail, EventId, ModeAction, UserMode, UserModeChange};

use super::super::{History, minutes, note, treatment_of};

pub(super) fn treatments(history: &History<'_>) -> Vec<Treatment> {
    let Some(newest) = history.newest() else {
        return Vec::new();
    };
    let mut treatments = Vec::new();
    let mut running: Option<Stretch<'_>> = None;
    for event in history.events {
        let Detail::UserModeChange(change) = &event.event.detail else {
            continue;
        };
        let mode = mode_after(change, running.as_ref());
        if mode.is_none() && change.previous.is_none() {
            continue;
        }
        let on_until_now = |stretch: &Stretch<'_>| {
            change
                .previous
                .is_none_or(|previous| previous == stretch.mode)
        };
        let goes_on = |stretch: &Stretch<'_>| on_until_now(stretch) && mode == Some(stretch.mode);
        if running.as_ref().is_some_and(goes_on) {
            continue;
        }
        if let Some(stretch) = running.take() {
            let recorded = on_until_now(&stretch).then_some(event.event.id);
            let how = match recorded {
                None => ", end unknown",
                Some(_) if stretch.mode == UserMode::Exercise && change.exercise_timed_out => {
                    ", timer ran out"
                }
                Some(_) => "",
            };
            treatments.push(stretch.treatment(history, event.at, how, recorded));
        }
        running = Stretch::begin(event, change, mode);
    }
    treatments.extend(running.map(|stretch| {
        let mut treatment = stretch.treatment(history, newest, ", goes on", None);
        treatment.content.open_ended = true;
        treatment
    }));
    treatments
}

/// The mode that a change leads to.
fn mode_after(change: &UserModeChange, running: Option<&Stretch<'_>>) -> Option<UserMode> {
    let running = running.map(|stretch| stretch.mode);
    change.current.or_else(|| {
        Some(match change.action? {
            ModeAction::StartSleep => UserMode::Sleep,
            ModeAction::StartExercise => UserMode::Exercise,
            ModeAction::StartEatingSoon => UserMode::EatingSoon,
            // Stops a mode that is not on.
            ModeAction::StopSleep if running == Some(UserMode::Exercise) => UserMode::Exercise,
            ModeAction::StopExercise if running == Some(UserMode::Sleep) => UserMode::Sleep,
            ModeAction::StopEatingSoon => return running,
            ModeAction::StopSleep | ModeAction::StopExercise | ModeAction::StopAll => {
                UserMode::Normal
            }
        })
    })
}

/// A period of sleep or exercise that has begun.
struct Stretch<'a> {
    start: &'a DatedEvent,
    change: &'a UserModeChange,
    mode: UserMode,
    event_type: EventType,
}

impl<'a> Stretch<'a> {
    /// The period that a change begins, unless the mode was already on and its start is unknown.
    fn begin(
        start: &'a DatedEvent,
        change: &'a UserModeChange,
        mode: Option<UserMode>,
    ) -> Option<Stretch<'a>> {
        let mode = mode.filter(|mode| change.previous != Some(*mode))?;
        let event_type = match mode {
            UserMode::Sleep => EventType::Sleep,
            UserMode::Exercise => EventType::Exercise,
            UserMode::Normal | UserMode::EatingSoon => return None,
        };
        Some(Stretch {
            start,
            change,
            mode,
            event_type,
        })
    }

    /// The document of a period that lasts `until` then. `how` it ended follows its name, and `recorded` is the event that
    /// ended it, if there is one. The notes are short because Nightscout writes them across the period's bar.
    fn treatment(
        &self,
        history: &History<'_>,
        until: DateTime<Utc>,
        how: &str,
        recorded: Option<EventId>,
    ) -> Treatment {
        let what = match (self.mode, self.change.exercise_minutes) {
            (UserMode::Sleep, _) if self.change.sleep_by_hand => "Sleep (by hand)".to_owned(),
            (UserMode::Sleep, _) => "Sleep (scheduled)".to_owned(),
            (_, Some(planned)) => format!("Exercise ({planned} min)"),
            (_, None) => "Exercise".to_owned(),
        };
        let lasted = (until - self.start.at).max(Duration::zero());
        let content = Content {
            duration: Some(minutes(lasted)),
            ..note(what + how)
        };
        let told = (Subject::Mode, self.event_type, content);
        let mut treatment = treatment_of(history, self.start, Cause::Pump, told);
        treatment.identity.events.extend(recorded);
        treatment
    }
}
