//! Modes: sleep, exercise, and who decides the basal rate.

/// The action of a user mode change (`requestedAction`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeAction {
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
pub enum UserMode {
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
    pub current: Option<UserMode>,
    /// The mode until now.
    pub previous: Option<UserMode>,
    /// What was asked for.
    pub action: Option<ModeAction>,
    /// Whether sleep was started by hand rather than by its schedule.
    pub sleep_by_hand: bool,
    /// The planned length of a timed exercise, in minutes.
    pub exercise_minutes: Option<i64>,
    /// Whether the exercise ended because its time was up.
    pub exercise_timed_out: bool,
}

/// Who decides the basal rate (`currentPcm`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlMode {
    /// Nobody: delivery is suspended.
    NoControl,
    /// The profile.
    OpenLoop,
    /// Control-IQ, waiting for glucose readings.
    Pining,
    /// Control-IQ.
    ClosedLoop,
}

/// Code 230.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlModeChange {
    /// From now on.
    pub current: Option<ControlMode>,
}
