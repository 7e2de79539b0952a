//! Code 229: sleep, exercise or eating-soon mode started or stopped.

use super::fields::{coded, event};

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

event! {
    /// Code 229.
    pub struct UserModeChange, read(f), not used: ["activeSleepSchedule", "eatingSoonStoppedByTimer"] {
        /// The mode from now on.
        pub(crate) current: Option<UserMode> = f.one_of("currentUserMode"),
        /// The mode until now.
        pub(crate) previous: Option<UserMode> = f.one_of("previousUserMode"),
        /// What was asked for.
        pub(crate) action: Option<ModeAction> = f.one_of("requestedAction"),
        /// Whether sleep was started by hand rather than by its schedule.
        pub(crate) sleep_by_hand: bool = f.flag("sleepStartedByGui"),
        /// The planned length of a timed exercise, in minutes; `None` for a continuous one.
        pub(crate) exercise_minutes: Option<i64> = {
            // A continuous exercise can carry the minutes of the timed one before.
            let continuous = f.integer("exerciseChoice") == Some(0);
            f.minutes("exerciseTime").filter(|minutes| *minutes > 0 && !continuous)
        },
        /// Whether the exercise ended because its time was up.
        pub(crate) exercise_timed_out: bool = f.flag("exerciseStoppedByTimer"),
    }
}
