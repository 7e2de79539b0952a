//! Reads each kind of event from its properties.

use super::event::*;
use super::fields::{Fields, Missing};
use super::quantity::PumpTime;

/// The days since the pump's epoch that its clock can show: up to the end of 2199.
const CLOCK_DAYS: std::ops::Range<i64> = 0..70_127;

pub(super) fn basal_delivery(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    const SOURCES: &[(i64, RateSource)] = &[
        (0, RateSource::Suspended),
        (1, RateSource::Profile),
        (2, RateSource::TempRate),
        (3, RateSource::Algorithm),
        (4, RateSource::TempRateAndAlgorithm),
    ];
    let commanded = f.rate("commandedRate");
    Ok(Detail::BasalDelivery(BasalDelivery {
        commanded: f.required("commandedRate", commanded)?,
        profile: f.rate("profileBasalRate"),
        algorithm: f.rate("algorithmRate"),
        temp: f.rate("tempRate"),
        source: f.one_of("commandedRateSource", SOURCES),
    }))
}

pub(super) fn basal_rate_change(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    Ok(Detail::BasalRateChange(BasalRateChange {
        commanded: f.rate_in_units("commandedBasalRate"),
        base: f.rate_in_units("baseBasalRate"),
        max: f.rate_in_units("maxBasalRate"),
        change: f.bits("changeType"),
    }))
}

pub(super) fn bolus_id(f: &mut Fields<'_>) -> Result<BolusId, Missing> {
    let bolus = f.integer("bolusId");
    f.required("bolusId", bolus)
}

pub(super) fn bolus_requested_1(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    const KINDS: &[(i64, BolusKind)] = &[
        (0, BolusKind::Insulin),
        (1, BolusKind::Carb),
        (2, BolusKind::AutomaticCorrection),
        (3, BolusKind::Remote),
    ];
    Ok(Detail::BolusRequested1(BolusRequested1 {
        bolus: bolus_id(f)?,
        kind: f.one_of("bolusType", KINDS),
        carbs: f.decimal("carbAmount").filter(|grams| *grams > 0.0),
        bg: f.glucose("bg"),
        iob: f.decimal("iob"),
    }))
}

pub(super) fn bolus_requested_2(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    const OPTIONS: &[(i64, BolusOption)] = &[
        (0, BolusOption::Standard),
        (1, BolusOption::Extended),
        (2, BolusOption::Quick),
        (3, BolusOption::Automatic),
        (4, BolusOption::PhoneStandard),
        (5, BolusOption::PhoneExtended),
        (6, BolusOption::EatingSoonAutomatic),
        (7, BolusOption::Late),
    ];
    Ok(Detail::BolusRequested2(BolusRequested2 {
        bolus: bolus_id(f)?,
        option: f.one_of("options", OPTIONS),
        standard_percent: f
            .integer("standardPercent")
            .filter(|percent| (0..=100).contains(percent)),
        duration_minutes: length(f, "duration").unwrap_or(0),
        user_override: f.flag("userOverride"),
        declined_correction: f.flag("declinedCorrection"),
    }))
}

pub(super) fn bolus_requested_3(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    Ok(Detail::BolusRequested3(BolusRequested3 {
        bolus: bolus_id(f)?,
        food: f.units("foodBolusSize"),
        correction: f.units("correctionBolusSize"),
        total: f.units("totalBolusSize"),
    }))
}

pub(super) fn bolus_activated(f: &mut Fields<'_>, size: &str) -> Result<BolusActivated, Missing> {
    Ok(BolusActivated {
        bolus: bolus_id(f)?,
        iob: f.decimal("iob"),
        size: f.units(size),
    })
}

pub(super) fn bolus_delivery(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    const STATUSES: &[(i64, bool)] = &[(0, true), (1, false)];
    const SOURCES: &[(i64, BolusSource)] = &[
        (0, BolusSource::Button),
        (1, BolusSource::PumpScreen),
        (5, BolusSource::Remote),
        (7, BolusSource::Algorithm),
        (8, BolusSource::Phone),
        (9, BolusSource::EatingSoon),
    ];
    Ok(Detail::BolusDelivery(BolusDelivery {
        bolus: bolus_id(f)?,
        completed: f.one_of("bolusDeliveryStatus", STATUSES),
        parts: f.bits("bolusType"),
        source: f.one_of("bolusSource", SOURCES),
        requested_now: f.milliunits("requestedNow"),
        requested_later: f.milliunits("requestedLater"),
        delivered_total: f.milliunits("deliveredTotal"),
        extended_duration_minutes: length(f, "extendedDurationRequested"),
    }))
}

pub(super) fn completion(f: &mut Fields<'_>) -> Option<Completion> {
    const COMPLETIONS: &[(i64, Completion)] = &[
        (0, Completion::UserAborted),
        (1, Completion::Alarm),
        (2, Completion::Malfunction),
        (3, Completion::Completed),
        (5, Completion::Rejected),
        (6, Completion::LowGlucoseSuspend),
    ];
    f.one_of("completionStatus", COMPLETIONS)
}

pub(super) fn bolus_completed(f: &mut Fields<'_>) -> Result<BolusCompleted, Missing> {
    let delivered = f.units("insulinDelivered");
    Ok(BolusCompleted {
        bolus: bolus_id(f)?,
        delivered: f.required("insulinDelivered", delivered)?,
        requested: f.units("insulinRequested"),
        iob: f.decimal("iob"),
        completion: completion(f),
    })
}

pub(super) fn pumping_suspended(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    const REASONS: &[(i64, SuspendReason)] = &[
        (0, SuspendReason::User),
        (1, SuspendReason::Alarm),
        (2, SuspendReason::Malfunction),
        (6, SuspendReason::LowGlucoseSuspend),
    ];
    Ok(Detail::PumpingSuspended(PumpingSuspended {
        reservoir: f.units("insulinAmount"),
        reason: f.one_of("suspendReason", REASONS),
    }))
}

pub(super) fn pumping_resumed(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    Ok(Detail::PumpingResumed(PumpingResumed {
        reservoir: f.units("insulinAmount"),
    }))
}

pub(super) fn cartridge_filled(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    let new = f
        .units("insulinVolume")
        .filter(|volume| volume.milliunits() > 0);
    let old = f.units("v2Volume").filter(|volume| volume.milliunits() > 0);
    Ok(Detail::CartridgeFilled(CartridgeFilled {
        volume: new.or(old),
    }))
}

pub(super) fn filled(f: &mut Fields<'_>) -> Filled {
    Filled {
        prime: f.units("primeSize"),
        completion: completion(f),
    }
}

pub(super) fn signal(f: &mut Fields<'_>, name: &'static str) -> Result<Signal, Missing> {
    let id = f.integer(name);
    Ok(Signal {
        id: f.required(name, id)?,
    })
}

pub(super) fn cgm_reading(f: &mut Fields<'_>, sensor: Sensor) -> Result<Detail, Missing> {
    const STATUSES: &[(i64, ReadingStatus)] = &[
        (0, ReadingStatus::Value),
        (1, ReadingStatus::High),
        (2, ReadingStatus::Low),
        (6, ReadingStatus::DoNotShow),
    ];
    let taken = f
        .integer("egvTimeStamp")
        .and_then(PumpTime::from_pump_seconds);
    let rate = f.decimal("rate");
    Ok(Detail::CgmReading(CgmReading {
        sensor,
        taken: f.required("egvTimeStamp", taken)?,
        glucose: f.glucose("currentGlucoseDisplayValue"),
        status: f.one_of("glucoseValueStatus", STATUSES),
        data_type: f.bits("cgmDataType"),
        rate_tenths: rate.map(|rate| match sensor {
            Sensor::G7 => rate.round() as i64,
            Sensor::G6 | Sensor::Libre2 | Sensor::Libre3 => (rate * 10.0).round() as i64,
        }),
        rssi: f.integer("rssi"),
    }))
}

pub(super) fn user_mode_change(f: &mut Fields<'_>) -> Result<Detail, Missing> {
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
    Ok(Detail::UserModeChange(UserModeChange {
        current: f.one_of("currentUserMode", MODES),
        previous: f.one_of("previousUserMode", MODES),
        action: f.one_of("requestedAction", ACTIONS),
        sleep_by_hand: f.flag("sleepStartedByGui"),
        exercise_minutes: length(f, "exerciseTime").filter(|minutes| *minutes > 0),
        exercise_timed_out: f.flag("exerciseStoppedByTimer"),
    }))
}

pub(super) fn control_mode_change(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    const MODES: &[(i64, ControlMode)] = &[
        (0, ControlMode::NoControl),
        (1, ControlMode::OpenLoop),
        (2, ControlMode::Pining),
        (3, ControlMode::ClosedLoop),
    ];
    Ok(Detail::ControlModeChange(ControlModeChange {
        current: f.one_of("currentPcm", MODES),
    }))
}

pub(super) fn bg_entered(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    const SOURCES: &[(i64, BgSource)] = &[(0, BgSource::Typed), (1, BgSource::Cgm)];
    let bg = f.glucose("bg");
    Ok(Detail::BgEntered(BgEntered {
        bg: f.required("bg", bg)?,
        source: f.one_of("bgEntryType", SOURCES),
        calibration: f.flag("cgmCalibration"),
        iob: f.decimal("iob"),
    }))
}

pub(super) fn daily_rate(f: &mut Fields<'_>) -> DailyRate {
    DailyRate {
        commanded: f.rate_in_units("commandedBasalRate"),
    }
}

pub(super) fn time_changed(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    const MS_A_DAY: i64 = 86_400_000;
    let mut ms = |name| f.integer(name).filter(|ms| (0..=MS_A_DAY).contains(ms));
    let (prior, after) = (ms("timePrior"), ms("timeAfter"));
    Ok(Detail::TimeChanged(TimeChanged {
        prior_ms: f.required("timePrior", prior)?,
        after_ms: f.required("timeAfter", after)?,
    }))
}

pub(super) fn date_changed(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    let mut days = |name| f.integer(name).filter(|days| CLOCK_DAYS.contains(days));
    let (prior, after) = (days("datePrior"), days("dateAfter"));
    Ok(Detail::DateChanged(DateChanged {
        prior_days: f.required("datePrior", prior)?,
        after_days: f.required("dateAfter", after)?,
    }))
}

pub(super) fn daily_basal(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    Ok(Detail::DailyBasal(DailyBasal {
        total: f.units("dailyTotalBasal"),
        last_rate: f.rate_in_units("lastBasalRate"),
        iob: f.decimal("iob"),
        battery_percent: percent(f, "batteryChargePercent"),
        battery_millivolts: f.integer("batteryLipoMilliVolts"),
    }))
}

/// Code 9 gives `iob` in hundredths of a unit; 34 and 35 only have `ibc`.
pub(super) fn status_snapshot(f: &mut Fields<'_>) -> Result<Detail, Missing> {
    Ok(Detail::StatusSnapshot(StatusSnapshot {
        reservoir: f.units("insulin"),
        battery_percent: percent(f, "ibc"),
        iob: f.decimal("iob").map(|hundredths| hundredths / 100.0),
    }))
}

/// How long something is to last, in minutes; nothing that a pump does by itself lasts a week.
fn length(f: &mut Fields<'_>, name: &str) -> Option<i64> {
    f.integer(name)
        .filter(|minutes| (0..=10_080).contains(minutes))
}

pub(super) fn percent(f: &mut Fields<'_>, name: &str) -> Option<i64> {
    f.integer(name).filter(|value| (0..=100).contains(value))
}
