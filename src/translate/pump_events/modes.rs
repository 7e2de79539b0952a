//! Sleep and exercise, one document a stretch.
//!
//! A stretch that still runs lasts to the newest event known and says so; later passes let it grow and complete it, as
//! long as its start lies in the days fetched. One whose start lies before them is left as it is, until a run covers
//! all of it: without the start it is not known which document it is. Eating-soon mode only ends the others: what comes
//! of it are boluses, which say so.

use chrono::{DateTime, Utc};

use crate::nightscout::document::{Cause, Content, EventType, Identity, Subject, Treatment};
use crate::pump::clock::DatedEvent;
use crate::pump::event::{Detail, ModeAction, UserMode, UserModeChange};

use super::super::{History, minutes};

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
            let end = if on_until_now(&stretch) {
                End::Recorded(event, change)
            } else {
                End::Unrecorded(event.at)
            };
            treatments.push(stretch.treatment(history, end));
        }
        running = Stretch::begin(event, change, mode);
    }
    treatments.extend(running.map(|stretch| stretch.treatment(history, End::Pending(newest))));
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
            // Stops what is not on.
            ModeAction::StopSleep if running == Some(UserMode::Exercise) => UserMode::Exercise,
            ModeAction::StopExercise if running == Some(UserMode::Sleep) => UserMode::Sleep,
            ModeAction::StopEatingSoon => return running,
            ModeAction::StopSleep | ModeAction::StopExercise | ModeAction::StopAll => {
                UserMode::Normal
            }
        })
    })
}

/// Sleep or exercise that has begun.
struct Stretch<'a> {
    start: &'a DatedEvent,
    change: &'a UserModeChange,
    mode: UserMode,
    event_type: EventType,
}

/// How a stretch ends.
enum End<'a> {
    Recorded(&'a DatedEvent, &'a UserModeChange),
    /// Its end is not on record; something else began at this time.
    Unrecorded(DateTime<Utc>),
    /// It still runs at the newest event.
    Pending(DateTime<Utc>),
}

impl<'a> Stretch<'a> {
    /// What a change begins, unless it was on before and its start is not known.
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

    /// Nightscout writes the notes across the stretch's bar, which may be short.
    fn treatment(&self, history: &History<'_>, end: End<'_>) -> Treatment {
        let mut notes = match self.mode {
            UserMode::Sleep if self.change.sleep_by_hand => "Sleep (by hand)".to_owned(),
            UserMode::Sleep => "Sleep (scheduled)".to_owned(),
            _ => match self.change.exercise_minutes {
                Some(planned) => format!("Exercise ({planned} min)"),
                None => "Exercise".to_owned(),
            },
        };
        let (until, stop) = match &end {
            End::Recorded(event, change) => {
                if change.exercise_timed_out && self.mode == UserMode::Exercise {
                    notes.push_str(", timer ran out");
                }
                (event.at, Some(event.event.id))
            }
            End::Unrecorded(at) => {
                notes.push_str(", end unknown");
                (*at, None)
            }
            End::Pending(newest) => {
                notes.push_str(", goes on");
                (*newest, None)
            }
        };
        let id = self.start.event.id;
        Treatment {
            identity: Identity::new(history.serial, Subject::Mode, id, stop.as_slice()),
            event_type: self.event_type,
            at: self.start.at,
            cause: Cause::Pump,
            content: Content {
                duration: Some(minutes(
                    (until - self.start.at).max(chrono::Duration::zero()),
                )),
                open_ended: matches!(end, End::Pending(_)),
                notes: Some(notes),
                ..Content::default()
            },
            restated: None,
        }
    }
}
