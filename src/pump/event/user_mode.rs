//! Code 229: sleep, exercise or eating-soon mode started or stopped.

use super::fields::{Fields, Missing};

/// The action of a user mode change (`requestedAction`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModeAction {
    /// Sleep begins.
    StartSleep,
    /// Sleep ends.
    StopSleep,
    /// Exercise begins.
    StartExercise,
    /// Exercise ends.
    StopExercise,
    /// Every mode ends.
    StopAll,
    /// Eating soon begins.
    StartEatingSoon,
    /// Eating soon ends.
    StopEatingSoon,
}

/// A user mode (`currentUserMode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserMode {
    /// No mode.
    Normal,
    /// Sleep.
    Sleep,
    /// Exercise.
    Exercise,
    /// Eating soon.
    EatingSoon,
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

pub(super) fn read(f: &mut Fields<'_>) -> Result<UserModeChange, Missing> {
    f.not_used(&["activeSleepSchedule", "eatingSoonStoppedByTimer"]);
    const ACTIONS: &[(i64, ModeAction)] = &[
        (1, ModeAction::StartSleep),
        (2, ModeAction::StopSleep),
        (3, ModeAction::StartExercise),
        (4, ModeAction::StopExercise),
        (5, ModeAction::StopAll),
        (6, ModeAction::StartEatingSoon),
        (7, ModeAction::StopEatingSoon),
    ];
    const MODES: &[(i64, UserMode)] = &[
        (0, UserMode::Normal),
        (1, UserMode::Sleep),
        (2, UserMode::Exercise),
        (3, UserMode::EatingSoon),
    ];
    // A continuous exercise can carry the minutes of the timed one before.
    let continuous = f.integer("exerciseChoice") == Some(0);
    Ok(UserModeChange {
        current: f.one_of("currentUserMode", MODES),
        previous: f.one_of("previousUserMode", MODES),
        action: f.one_of("requestedAction", ACTIONS),
        sleep_by_hand: f.flag("sleepStartedByGui"),
        exercise_minutes: f
            .minutes("exerciseTime")
            .filter(|minutes| *minutes > 0 && !continuous),
        exercise_timed_out: f.flag("exerciseStoppedByTimer"),
    })
}
