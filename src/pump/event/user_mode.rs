//! Code 229: sleep, exercise or eating-soon mode started or stopped.

use super::fields::{Fields, coded};

coded! {
    /// The action of a user mode change (`requestedAction`).
    pub enum ModeAction {
        /// Sleep begins.
        StartSleep = 1,
        /// Sleep ends.
        StopSleep = 2,
        /// Exercise begins.
        StartExercise = 3,
        /// Exercise ends.
        StopExercise = 4,
        /// Every mode ends.
        StopAll = 5,
        /// Eating soon begins.
        StartEatingSoon = 6,
        /// Eating soon ends.
        StopEatingSoon = 7,
    }
}

coded! {
    /// A user mode (`currentUserMode`).
    pub enum UserMode {
        /// No mode.
        Normal = 0,
        /// Sleep.
        Sleep = 1,
        /// Exercise.
        Exercise = 2,
        /// Eating soon.
        EatingSoon = 3,
    }
}

/// Code 229.
#[derive(Clone, Debug, PartialEq)]
pub struct UserModeChange {
    /// The mode from now on.
    pub(crate) current: Option<UserMode>,
    /// The mode until now.
    pub(crate) previous: Option<UserMode>,
    /// What was asked for.
    pub(crate) action: Option<ModeAction>,
    /// Whether sleep was started by hand rather than by its schedule.
    pub(crate) sleep_by_hand: bool,
    /// The planned length of a timed exercise, in minutes; `None` for a continuous one.
    pub(crate) exercise_minutes: Option<i64>,
    /// Whether the exercise ended because its time was up.
    pub(crate) exercise_timed_out: bool,
}

pub(super) fn read(f: &mut Fields) -> Option<UserModeChange> {
    f.not_used(&["activeSleepSchedule", "eatingSoonStoppedByTimer"]);
    // A continuous exercise can carry the minutes of the timed one before.
    let continuous = f.integer("exerciseChoice") == Some(0);
    Some(UserModeChange {
        current: f.one_of("currentUserMode"),
        previous: f.one_of("previousUserMode"),
        action: f.one_of("requestedAction"),
        sleep_by_hand: f.flag("sleepStartedByGui"),
        exercise_minutes: f
            .minutes("exerciseTime")
            .filter(|minutes| *minutes > 0 && !continuous),
        exercise_timed_out: f.flag("exerciseStoppedByTimer"),
    })
}
